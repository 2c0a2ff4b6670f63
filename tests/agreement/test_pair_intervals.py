"""A pair's interval is that of the generic jackknife over the same two coders, and of the derivative of pooled kappa."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from service.agreement.coefficients import Choice, Coefficient, with_interval
from service.agreement.estimate import Estimate, Interval, Reason, Undefined
from service.agreement.interval import Method, Uncertainty
from service.agreement.long import Columns
from service.agreement.metric import Metric
from service.agreement.pair_intervals import with_intervals
from service.agreement.summary import PairAgreement, Reading, Scheme, Variable, read, summary_of
from service.agreement.weights import Weights

CODES = ("a", "b", "c")
VARIABLE = Variable(name=None, scheme=Scheme.ONE_CODE, metric=Metric.NOMINAL, codes=CODES)
SETS = Variable(name=None, scheme=Scheme.SEVERAL_CODES, metric=Metric.MASI, codes=CODES)
COHEN = Choice(coefficient=Coefficient.COHEN, weights=Weights.IDENTITY)


def reading_of(seed: int, variable: Variable, *, weighted: bool = False, documents: int | None = None, without: str = "") -> Reading:
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, str]] = []
    for unit in range(50):
        usual = int(rng.integers(3))
        for coder in ("Ann", "Ben", "Cid"):
            chosen = {CODES[usual if rng.random() < 0.7 else int(rng.integers(3))]}
            if variable is SETS and rng.random() < 0.4:
                chosen.add(CODES[int(rng.integers(3))])
            if rng.random() < 0.9 and coder != without:
                rows += [(f"u{unit}", coder, code) for code in sorted(chosen)]
    table = pl.DataFrame(rows, schema={"unit": pl.String, "coder": pl.String, "code": pl.String}, orient="row")
    found = read(table, variable, columns=Columns())
    ratings = found.ratings
    if weighted:
        ratings = ratings.weighted(1 + np.arange(len(ratings.units)) % 3)
    if documents:
        ratings = ratings.clustered({unit: f"d{int(unit[1:]) % documents}" for unit in ratings.units})
    return replace(found, ratings=ratings, sets=replace(found.sets, ratings=ratings) if found.sets else None)


def pairs_of(reading: Reading, variable: Variable, *, by_cluster: bool) -> tuple[PairAgreement, ...]:
    plain = summary_of(reading, variable, sample=None, list_at_most=0).pairs
    return with_intervals(reading, plain, level=0.95, by_cluster=by_cluster)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("documents", [None, 9])
def test_cohens_kappa_of_a_pair_has_the_interval_of_the_generic_jackknife(*, weighted: bool, documents: int | None) -> None:
    reading = reading_of(1, VARIABLE, weighted=weighted, documents=documents)
    how = Uncertainty(method=Method.INFINITESIMAL_JACKKNIFE, level=0.95, by_cluster=documents is not None)
    found = pairs_of(reading, VARIABLE, by_cluster=documents is not None)
    assert len(found) == 3
    for pair in found:
        ratings = reading.ratings
        both = [ratings.coders.index(name) for name in pair.coders]
        generic = with_interval(ratings.keep(np.isin(ratings.coder, both)), COHEN, how)
        assert isinstance(generic, Estimate)
        close(pair.kappa, generic)


def test_pooled_kappa_of_one_code_is_cohens_of_given_or_not() -> None:
    only = Variable(name=None, scheme=Scheme.SEVERAL_CODES, metric=Metric.MASI, codes=("a",))
    table = pl.DataFrame(
        [
            (f"u{unit}", coder, "a" if (unit * step) % 7 < 3 else "")
            for unit in range(40)
            for coder, step in (("Ann", 1), ("Ben", 8), ("Ben2", 3))
        ],
        schema={"unit": pl.String, "coder": pl.String, "code": pl.String},
        orient="row",
    ).filter(pl.col("coder") != "Ben")
    reading = read(table, only, columns=Columns())
    [pair] = pairs_of(reading, only, by_cluster=False)
    [(_, given)] = reading.indicators()
    how = Uncertainty(method=Method.INFINITESIMAL_JACKKNIFE, level=0.95, by_cluster=False)
    generic = with_interval(given, COHEN, how)
    assert isinstance(generic, Estimate)
    close(pair.kappa, generic)


def test_pooled_kappa_of_several_codes_moves_with_a_units_weight_as_its_interval_says() -> None:
    reading = reading_of(4, SETS, without="Cid")
    [pair] = pairs_of(reading, SETS, by_cluster=False)
    base = np.ones(len(reading.ratings.units))
    shared = np.flatnonzero(reading.ratings.per_unit() == 2)
    step = 1e-6
    moved: list[float] = []
    for unit in shared:
        heavier = base.copy()
        heavier[unit] += step
        ratings = reading.ratings.weighted(heavier)
        [other] = summary_of(replace(reading, ratings=ratings), SETS, sample=None, list_at_most=0).pairs
        assert isinstance(other.kappa, Estimate)
        assert isinstance(pair.kappa, Estimate)
        moved.append((other.kappa.value - pair.kappa.value) / step)
    n = len(shared)
    assert isinstance(pair.kappa, Estimate)
    assert isinstance(pair.kappa.interval, Interval)
    assert pair.kappa.interval.standard_error == pytest.approx(np.sqrt(np.square(moved).sum() * n / (n - 1)), rel=1e-4)


def test_one_shared_unit_says_nothing_of_spread() -> None:
    rows = [("u0", "Ann", "a"), ("u0", "Ben", "b"), ("u1", "Ann", "a"), ("u2", "Ben", "b")]
    table = pl.DataFrame(rows, schema={"unit": pl.String, "coder": pl.String, "code": pl.String}, orient="row")
    [pair] = pairs_of(read(table, VARIABLE, columns=Columns()), VARIABLE, by_cluster=False)
    assert isinstance(pair.kappa, Estimate)
    assert isinstance(pair.kappa.interval, Undefined)
    assert pair.kappa.interval.reason is Reason.ONE_UNIT


def close(found: Estimate | Undefined, generic: Estimate) -> None:
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(generic.value, abs=1e-12)
    assert isinstance(found.interval, Interval)
    assert isinstance(generic.interval, Interval)
    assert (found.interval.low, found.interval.high) == pytest.approx((generic.interval.low, generic.interval.high), abs=1e-9)
    assert found.interval.method == generic.interval.method
    assert found.interval.clusters == generic.interval.clusters
