"""Do the intervals of the standard methods profile cover? ``python -m benchmarks.agreement.coverage [STUDIES]`` prints the table.

Studies are simulated from a population whose alpha is known from a very large sample; the share of 95 % intervals that hold it should
lie in [.92, .98], over excerpts, over documents, and with unequal weights. Widths should fall as 1/sqrt(n).
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from service.agreement.interval import interval
from service.agreement.metric import Metric
from service.agreement.moments import Moments, alpha_moments
from service.agreement.profile import STANDARD_1
from service.agreement.ratings import Ratings, ratings_from_matrix

NOMINAL_RANGE = (0.92, 0.98)
REPLICATES = 1_000
POPULATION = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A design. ``spread`` is how much documents differ (log odds); ``sampled`` draws excerpts with unequal probabilities."""

    coders: int
    shares: tuple[float, ...]
    keep: float
    missing: float
    documents: int
    excerpts: int
    spread: float = 0.0
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a design came to."""

    study: Study
    truth: float
    covered: float
    mean_width: float
    studies: int


FEW = Study(coders=2, shares=(0.5, 0.5), keep=0.9, missing=0, documents=100, excerpts=1)
RARE = Study(coders=3, shares=(0.85, 0.15), keep=0.95, missing=0.1, documents=250, excerpts=1)
FIVE = Study(coders=3, shares=(0.4, 0.3, 0.15, 0.1, 0.05), keep=0.85, missing=0.1, documents=100, excerpts=1)
STUDIES = (
    FEW,
    replace(FEW, documents=400),
    RARE,
    replace(RARE, documents=1_000),
    FIVE,
    replace(FIVE, documents=400),
    replace(FEW, documents=25, excerpts=10, spread=0.7),
    replace(RARE, documents=40, excerpts=10, spread=0.7),
    replace(FIVE, documents=60, excerpts=8, spread=0.7),
    replace(FIVE, documents=400, sampled=True),
)


def draw(study: Study, rng: np.random.Generator) -> Ratings:
    """Draw one study's ratings: documents differ in their codes and in how hard they are."""
    n, q = study.documents * study.excerpts, len(study.shares)
    document = np.repeat(np.arange(study.documents), study.excerpts)
    odds = np.log(study.shares) + rng.normal(0, study.spread, (study.documents, q))
    share = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    true = np.minimum((rng.random((n, 1)) > np.cumsum(share[document], axis=1)).sum(axis=1), q - 1)
    hard = np.log(study.keep / (1 - study.keep)) + rng.normal(0, study.spread, study.documents)
    kept = rng.random((study.coders, n)) < 1 / (1 + np.exp(-hard[document]))
    given = np.where(kept, true, rng.choice(q, (study.coders, n), p=study.shares))
    given[rng.random(given.shape) < study.missing] = -1
    ratings = ratings_from_matrix(given, scale=[str(code) for code in range(q)])
    if study.sampled:
        # The first code is drawn four times as rarely as the others, and weighs four times as much.
        chosen = rng.random(n) < np.where(true == 0, 0.25, 1.0)
        ratings = ratings_from_matrix(given[:, chosen], scale=ratings.scale).weighted(np.where(true[chosen] == 0, 4.0, 1.0))
    return ratings if study.excerpts == 1 else ratings.clustered([str(at) for at in document])


def coverage(study: Study, studies: int) -> Coverage:
    """Simulate a design and count how often its interval holds the population's alpha."""
    rng = np.random.default_rng(11)
    # The population has the same documents and no sampling, so that its alpha is what a census would find.
    everyone = replace(study, documents=POPULATION // study.excerpts, sampled=False)
    truth = _alpha(_moments(draw(everyone, rng)))
    held: list[bool] = []
    widths: list[float] = []
    for at in range(studies):
        totals = _moments(draw(study, rng))
        how = replace(STANDARD_1.uncertainty(by_cluster=study.excerpts > 1), replicates=REPLICATES, seed=at)
        found = interval(_alpha(totals), totals, how)
        low, high = getattr(found, "low", np.nan), getattr(found, "high", np.nan)
        held.append(bool(low <= truth <= high))
        widths.append(high - low)
    return Coverage(study, truth, float(np.mean(held)), float(np.nanmean(widths)), studies)


def lines(studies: int) -> Iterator[str]:
    """Print-ready lines, one a design, as they are done."""
    yield f"{'coders':>6} {'codes':>5} {'documents x excerpts':>21} {'weights':>8} {'alpha':>6} {'covered':>8} {'width':>6}"
    for study in STUDIES:
        found = coverage(study, studies)
        size = f"{study.documents} x {study.excerpts}"
        flag = "" if NOMINAL_RANGE[0] <= found.covered <= NOMINAL_RANGE[1] else "  outside [.92, .98]"
        weights = "unequal" if study.sampled else "-"
        yield (
            f"{study.coders:>6} {len(study.shares):>5} {size:>21} {weights:>8} {found.truth:>6.3f} {found.covered:>8.3f} "
            f"{found.mean_width:>6.3f}{flag}"
        )


def _moments(ratings: Ratings) -> Moments:
    totals = alpha_moments(ratings, metric=Metric.NOMINAL)
    return totals if ratings.clusters is None else totals.clustered(ratings.clusters)


def _alpha(totals: Moments) -> float:
    return float(totals.formula(totals.totals()))


def main() -> None:
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    for line in lines(studies):
        print(line, flush=True)


if __name__ == "__main__":
    main()
