"""One task of ours in a process of its own: ``python -m benchmarks.agreement.ours TASK FILE`` prints seconds and value as JSON."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from service.agreement.alignment import Dissimilarity
from service.agreement.alpha import krippendorff_alpha
from service.agreement.codes import code_table
from service.agreement.coefficients import Choice, Coefficient, with_interval
from service.agreement.gamma import Sampling, gamma
from service.agreement.interval import Method, Uncertainty
from service.agreement.long import Columns
from service.agreement.metric import Metric
from service.agreement.overall import overall
from service.agreement.ratings import Ratings
from service.agreement.spans import Span, spans_of
from service.agreement.summary import Reading, Scheme, Variable, read
from service.agreement.weights import Weights

REPLICATES = 1_000
DOCUMENT = 20
"""Units of one document in the tasks that resample documents."""
ALPHA = Choice(coefficient=Coefficient.ALPHA, metric=Metric.NOMINAL)


def long_table(file: Path) -> pl.DataFrame:
    """Lay the matrix out as a long table of texts in the order of units: what the store hands over."""
    given = np.load(file)
    unit, coder = np.nonzero(given.T >= 0)
    columns = {"unit": unit, "coder": coder, "code": given[coder, unit]}
    table = pl.DataFrame(columns).select(pl.all().cast(pl.String))
    return table.with_columns(unit="excerpt " + pl.col("unit").str.zfill(7))


def reading(table: pl.DataFrame) -> Reading:
    """Read the table as the product does."""
    return read(table, Variable(name=None, scheme=Scheme.ONE_CODE, metric=Metric.NOMINAL, codes=None), columns=Columns())


def point(table: pl.DataFrame) -> float | None:
    """Nominal alpha from the long table."""
    return krippendorff_alpha(reading(table).ratings, metric=Metric.NOMINAL).value


def all_coefficients(table: pl.DataFrame) -> float | None:
    """The overall table, from the long table."""
    found = overall(reading(table).ratings, metric=Metric.NOMINAL, weights=Weights.IDENTITY)
    return found[Coefficient.ALPHA].value


def interval_by(method: Method) -> Callable[[pl.DataFrame], float | None]:
    """Nominal alpha with an interval, from the long table."""

    def task(table: pl.DataFrame) -> float | None:
        how = Uncertainty(method=method, level=0.95, by_cluster=False, replicates=REPLICATES, seed=1)
        return with_interval(reading(table).ratings, ALPHA, how).value

    return task


def codes_by_document(table: pl.DataFrame) -> float | None:
    """The per-code table with intervals over documents, from the long table."""
    found = reading(table)
    ratings = by_document(found.ratings)
    how = Uncertainty(method=Method.EXPANDED_BCA, level=0.95, by_cluster=True, replicates=REPLICATES, seed=1)
    return code_table(ratings, codes=found.codes, members=found.members, how=how).rows[0].alpha.value


def by_document(ratings: Ratings) -> Ratings:
    """Cut the units into documents."""
    return ratings.clustered([str(at // DOCUMENT) for at in range(len(ratings.units))])


def gamma_of(file: Path) -> tuple[float, float | None]:
    """Gamma of a file of spans with 30 random continua."""
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    made = [Span("text", coder, int(start), int(end), code) for coder, code, start, end in rows]
    given = spans_of(made, texts={"text": max(span.end for span in made)}, coders=sorted({span.coder for span in made}))
    sampling = Sampling(seed=1, samples=30, precision=None, level=0.95, unaligned_count=False)
    start = perf_counter()
    found = gamma(given, by=Dissimilarity(alpha=1, beta=1, empty=1), sampling=sampling)
    return perf_counter() - start, found.disorder


TASKS: dict[str, Callable[[pl.DataFrame], float | None]] = {
    "alpha": point,
    "all coefficients": all_coefficients,
    "alpha, infinitesimal jackknife": interval_by(Method.INFINITESIMAL_JACKKNIFE),
    "alpha, analytic interval": interval_by(Method.ANALYTIC),
    "alpha, 1,000 bootstrap replicates": interval_by(Method.PERCENTILE),
    "table of codes, documents resampled": codes_by_document,
}


def main() -> None:
    task, file = sys.argv[1], Path(sys.argv[2])
    if task == "gamma":
        seconds, value = gamma_of(file)
    else:
        table = long_table(file)
        start = perf_counter()
        value = TASKS[task](table)
        seconds = perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024  # of this program alone, not of what started it
    sys.stdout.write(json.dumps({"seconds": seconds, "value": value, "peak_rss_mb": peak}) + "\n")


if __name__ == "__main__":
    main()
