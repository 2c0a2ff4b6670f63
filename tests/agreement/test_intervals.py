"""Intervals: what each is called, what it rests on, that it is reproducible, and that it behaves as an interval must."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from service.agreement.coefficients import TWO_CODERS, Choice, Coefficient, estimate, with_interval
from service.agreement.estimate import Estimate, Interval, Reason, Undefined
from service.agreement.interval import Method, Uncertainty, interval
from service.agreement.kalpha import hayes_krippendorff, hayes_krippendorff_replicates
from service.agreement.metric import Metric
from service.agreement.moments import MANY_CLUSTERS, alpha_moments
from service.agreement.pairs import only_pair
from service.agreement.ratings import Floats, Ratings, documents_of, ratings_from_matrix
from service.agreement.resample import drawn_counts
from service.agreement.variance import alpha_error, conger_error, kappa_error, percent_error, pi_error
from service.agreement.verdict import Verdict, verdict_of
from service.agreement.weights import Weights
from service.errors import BadInput
from tests.agreement.strategies import MANY, SOME, ratings

ALPHA = Choice(coefficient=Coefficient.ALPHA, metric=Metric.NOMINAL)
RESAMPLED = (Method.JACKKNIFE, Method.INFINITESIMAL_JACKKNIFE, Method.PERCENTILE, Method.BCA, Method.EXPANDED_BCA)
ANALYTIC = tuple(
    one
    for one in Coefficient
    if one
    in {
        *TWO_CODERS,
        Coefficient.PERCENT,
        Coefficient.CONGER,
        Coefficient.FLEISS,
        Coefficient.BRENNAN_PREDIGER,
        Coefficient.GWET,
        Coefficient.ALPHA,
    }
)


def how(method: Method, *, level: float = 0.95, by_cluster: bool = False, seed: int = 1, replicates: int = 200) -> Uncertainty:
    return Uncertainty(method=method, level=level, by_cluster=by_cluster, seed=seed, replicates=replicates)


def choice(one: Coefficient) -> Choice:
    return Choice(coefficient=one, metric=Metric.NOMINAL, weights=Weights.IDENTITY)


def simulated(units: int, *, coders: int = 3, keep: float = 0.8, missing: float = 0.1, seed: int = 4) -> Ratings:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, units)
    values = np.where(rng.random((coders, units)) < keep, true, rng.integers(0, 3, (coders, units)))
    values[rng.random(values.shape) < missing] = -1
    return ratings_from_matrix(values, scale=["1", "2", "3"]).clustered([str(at // 5) for at in range(units)])


def limits(found: Estimate | Undefined) -> Interval:
    assert isinstance(found, Estimate)
    assert isinstance(found.interval, Interval)
    return found.interval


@SOME
@given(ratings())
def test_an_interval_is_finite_and_holds_its_estimate_or_says_not(given_ratings: Ratings) -> None:
    assert_intervals(given_ratings)


@pytest.mark.long
@MANY
@given(ratings())
def test_an_interval_is_finite_and_holds_its_estimate_or_says_not_a_thousand_times(given_ratings: Ratings) -> None:
    assert_intervals(given_ratings)


def assert_intervals(given_ratings: Ratings) -> None:
    for one in (Coefficient.ALPHA, Coefficient.FLEISS, Coefficient.CONGER, Coefficient.LIGHT, Coefficient.HOLSTI, Coefficient.PERCENT):
        for method in RESAMPLED:
            asked = how(method, level=0.9, by_cluster=given_ratings.clusters is not None, replicates=40)
            found = with_interval(given_ratings, choice(one), asked)
            if isinstance(found, Undefined) or isinstance(found.interval, Undefined):
                continue
            got = limits(found)
            numbers = [got.low, got.high, got.at_least_667, got.at_least_800, got.standard_error or 0.0]
            assert np.isfinite(numbers).all(), (one, method)
            assert got.contains_estimate == (got.low - 1e-9 <= found.value <= got.high + 1e-9), (one, method)
            assert 0 <= got.at_least_800 <= got.at_least_667 <= 1, (one, method)


@SOME
@given(ratings())
def test_an_analytic_interval_is_finite_or_has_its_reason(given_ratings: Ratings) -> None:
    for one in (one for one in ANALYTIC if one not in TWO_CODERS):
        found = with_interval(given_ratings, choice(one), how(Method.ANALYTIC))
        if isinstance(found, Estimate) and isinstance(found.interval, Interval):
            assert np.isfinite([found.interval.low, found.interval.high]).all(), one


@pytest.mark.parametrize("one", ANALYTIC)
def test_the_published_error_is_near_the_jackknife_and_the_bootstrap(one: Coefficient) -> None:
    data = simulated(400, coders=2 if one in TWO_CODERS else 3)
    errors = [
        limits(with_interval(data, choice(one), how(method, replicates=2_000))).standard_error
        for method in (Method.ANALYTIC, Method.JACKKNIFE, Method.INFINITESIMAL_JACKKNIFE, Method.PERCENTILE)
    ]
    assert errors == pytest.approx([errors[1]] * 4, rel=0.12)


@pytest.mark.parametrize("one", list(Coefficient))
@pytest.mark.parametrize("method", RESAMPLED)
def test_every_coefficient_has_every_resampling_interval(one: Coefficient, method: Method) -> None:
    data = simulated(60, coders=2 if one in TWO_CODERS else 3)
    got = limits(with_interval(data, choice(one), how(method)))
    assert got.low < got.high
    assert got.contains_estimate
    assert got.clusters is None
    by_document = limits(with_interval(data, choice(one), how(method, by_cluster=True)))
    assert by_document.clusters == 12


def test_width_falls_as_one_over_the_root_of_n() -> None:
    for method in RESAMPLED:
        few, many = (limits(with_interval(simulated(n, seed=2), ALPHA, how(method, replicates=1_000))) for n in (400, 6_400))
        assert (few.high - few.low) / (many.high - many.low) == pytest.approx(4, rel=0.2), method


def test_the_same_seed_is_the_same_interval_and_another_is_not() -> None:
    data = simulated(80)
    first, again, other = (limits(with_interval(data, ALPHA, how(Method.BCA, seed=seed))) for seed in (1, 1, 2))
    assert first == again
    assert first.low != other.low
    assert (first.seed, first.replicates) == (1, 200)


def test_the_order_of_units_does_not_change_a_bootstrap() -> None:
    data = simulated(80, missing=0.2)
    order = np.random.default_rng(1).permutation(80)
    shuffled = ratings_from_matrix(data.matrix()[:, order], scale=data.scale)
    first, second = (limits(with_interval(one, ALPHA, how(Method.PERCENTILE))) for one in (data, shuffled))
    assert (first.low, first.high) == (second.low, second.high)


def test_documents_that_differ_make_the_interval_wider() -> None:
    rng = np.random.default_rng(6)
    hard = np.repeat(rng.random(30) < 0.5, 10)
    true = rng.integers(0, 2, 300)
    values = np.where(rng.random((2, 300)) < np.where(hard, 0.55, 0.99), true, 1 - true)
    data = ratings_from_matrix(values, scale=["0", "1"]).clustered([str(at // 10) for at in range(300)])
    units, documents = (limits(with_interval(data, ALPHA, how(Method.BCA, by_cluster=one, replicates=1_000))) for one in (False, True))
    assert documents.high - documents.low > 1.3 * (units.high - units.low)


def test_drawn_counts_are_a_multinomial_of_the_units() -> None:
    times = np.array([500, 300, 40, 3, 2, 2, 1, 1, 1], np.int64)
    parts = list(drawn_counts(times, 4_000, np.random.default_rng(1)))
    counts = np.hstack([part for _, part in parts])
    assert len(parts) == 2
    assert (counts.sum(axis=1) == times.sum()).all()
    assert counts.mean(axis=0) == pytest.approx(times, rel=0.06, abs=0.08)
    share = times / times.sum()
    assert counts.var(axis=0) == pytest.approx(times * (1 - share), rel=0.12)


def test_one_unit_has_no_interval_and_no_error() -> None:
    one = ratings_from_matrix([[0], [1], [2], [0]], scale=["x", "y", "z"]).clustered(["d"])
    found = estimate(one, ALPHA)
    assert found.value == pytest.approx(0)
    assert isinstance(found, Estimate)
    for method in (*RESAMPLED, Method.ANALYTIC):
        got = with_interval(one, ALPHA, how(method))
        assert isinstance(got, Estimate)
        assert isinstance(got.interval, Undefined)
        assert got.interval.reason is Reason.ONE_UNIT
    errors = [percent_error(one), alpha_error(one, metric=Metric.NOMINAL), conger_error(one, weights=np.eye(3))]
    assert [error.reason for error in errors if isinstance(error, Undefined)] == [Reason.ONE_UNIT] * 3


def test_two_coders_and_one_unit_have_no_error_either() -> None:
    one = ratings_from_matrix([[0], [1]], scale=["x", "y"])
    for coefficient in TWO_CODERS:
        got = with_interval(one, choice(coefficient), how(Method.ANALYTIC))
        assert isinstance(got, Estimate)
        assert isinstance(got.interval, Undefined)


def test_an_error_of_nought_is_said_and_not_tested() -> None:
    perfect = ratings_from_matrix([[0, 1, 0, 1], [0, 1, 0, 1]], scale=["x", "y"])
    got = limits(with_interval(perfect, choice(Coefficient.COHEN), how(Method.ANALYTIC)))
    assert (got.standard_error, got.low, got.high, got.at_least_800) == (0, 1, 1, 1)


def test_replicates_without_variation_are_counted() -> None:
    rare = ratings_from_matrix([[0] * 9 + [1], [0] * 9 + [1]], scale=["x", "y"])
    got = limits(with_interval(rare, ALPHA, how(Method.PERCENTILE, replicates=500)))
    assert got.undefined_replicates is not None
    assert 100 < got.undefined_replicates < 250


def test_hayes_and_krippendorff_are_labelled_and_narrower() -> None:
    data = simulated(40)
    theirs = hayes_krippendorff(data, metric=Metric.NOMINAL, how=how(Method.HAYES_KRIPPENDORFF, replicates=1_000))
    units = limits(with_interval(data, ALPHA, how(Method.PERCENTILE, replicates=1_000)))
    assert isinstance(theirs, Interval)
    assert "under-covers" in theirs.method
    assert theirs.high - theirs.low < units.high - units.low
    same = limits(with_interval(data, ALPHA, how(Method.HAYES_KRIPPENDORFF, replicates=1_000)))
    assert same == theirs


def test_what_hayes_and_krippendorff_do_not_know_is_refused() -> None:
    data = simulated(40)
    with pytest.raises(BadInput, match="neither weights nor documents"):
        hayes_krippendorff_replicates(data, metric=Metric.NOMINAL, how=how(Method.HAYES_KRIPPENDORFF, by_cluster=True))
    with pytest.raises(BadInput, match="no interval by the method"):
        with_interval(data, choice(Coefficient.FLEISS), how(Method.HAYES_KRIPPENDORFF))
    constant = ratings_from_matrix([[0], [0]], scale=["x"])
    assert isinstance(hayes_krippendorff(constant, metric=Metric.NOMINAL, how=how(Method.HAYES_KRIPPENDORFF)), Undefined)


@pytest.mark.parametrize("one", [Coefficient.LIGHT, Coefficient.HOLSTI, Coefficient.PERCENT_ALL_AGREE])
def test_where_the_literature_has_no_variance_none_is_invented(one: Coefficient) -> None:
    with pytest.raises(BadInput, match="no analytic variance"):
        with_interval(simulated(20), choice(one), how(Method.ANALYTIC))


def test_choices_that_cannot_be_made_are_refused() -> None:
    data = simulated(20)
    with pytest.raises(BadInput, match="between 0 and 1"):
        how(Method.JACKKNIFE, level=95)
    with pytest.raises(BadInput, match="replicates and a seed"):
        Uncertainty(method=Method.BCA, level=0.95, by_cluster=False)
    with pytest.raises(BadInput, match="take units as independent"):
        with_interval(data, ALPHA, how(Method.ANALYTIC, by_cluster=True))
    with pytest.raises(BadInput, match="which document"):
        with_interval(replace(data, clusters=None), ALPHA, how(Method.BCA, by_cluster=True))
    with pytest.raises(BadInput, match="needs a metric"):
        Choice(coefficient=Coefficient.ALPHA)
    with pytest.raises(BadInput, match="needs weights"):
        Choice(coefficient=Coefficient.COHEN)


def test_a_weighted_sample_recovers_the_census() -> None:
    census = simulated(20_000, missing=0, seed=12)
    truth = estimate(census, ALPHA).value
    rng = np.random.default_rng(3)
    share = np.where(census.matrix()[0] == 0, 0.02, 0.08)
    drawn = rng.random(20_000) < share
    sample = ratings_from_matrix(census.matrix()[:, drawn], scale=census.scale).weighted(1 / share[drawn])
    got = with_interval(sample, ALPHA, how(Method.EXPANDED_BCA, replicates=1_000))
    assert limits(got).low < (truth or np.nan) < limits(got).high
    errors = [limits(with_interval(sample, ALPHA, how(method))).standard_error for method in (Method.ANALYTIC, Method.JACKKNIFE)]
    assert errors[0] == pytest.approx(errors[1], rel=0.1)


def test_the_errors_of_two_coders_are_those_of_the_crossed_table() -> None:
    pair = only_pair(simulated(100, coders=2))
    for error in (kappa_error(pair, weights=np.eye(3)), pi_error(pair, weights=np.eye(3))):
        assert isinstance(error, float)
        assert 0 < error < 0.2


@pytest.mark.parametrize(
    ("p667", "p800", "verdict"),
    [(1.0, 0.95, Verdict.RELIABLE), (0.95, 0.9, Verdict.TENTATIVE), (0.05, 0.0, Verdict.NOT_RELIABLE), (0.5, 0.1, Verdict.UNDECIDED)],
)
def test_verdicts_are_said_of_probabilities(p667: float, p800: float, verdict: Verdict) -> None:
    got = limits(with_interval(simulated(60), ALPHA, how(Method.JACKKNIFE)))
    assert verdict_of(replace(got, at_least_667=p667, at_least_800=p800)) is verdict


def test_no_interval_no_verdict() -> None:
    totals = alpha_moments(ratings_from_matrix([[0], [1]], scale=["x", "y"]), metric=Metric.NOMINAL)
    assert verdict_of(interval(0.0, totals, how(Method.JACKKNIFE))) is Verdict.UNDEFINED


def test_replicates_that_are_all_undefined_make_no_interval() -> None:
    totals = alpha_moments(simulated(20), metric=Metric.NOMINAL)

    def nothing(sums: Floats) -> Floats:
        return np.full(sums.shape[:-1], np.nan)

    never = replace(totals, formula=nothing)
    for method in (Method.PERCENTILE, Method.BCA):
        got = interval(0.5, never, how(method, replicates=5))
        assert isinstance(got, Undefined)
        assert got.reason is Reason.NO_VARIATION


@pytest.mark.parametrize("method", RESAMPLED)
def test_very_many_documents_that_add_the_same_are_drawn_together(method: Method) -> None:
    """Where each of very many documents is one unit, resampling documents is resampling units."""
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 2, MANY_CLUSTERS)
    values = np.where(rng.random((2, MANY_CLUSTERS)) < 0.8, truth, 1 - truth)
    data = ratings_from_matrix(values, scale=["0", "1"]).clustered([str(at) for at in range(MANY_CLUSTERS)])
    told = [
        with_interval(data, ALPHA, Uncertainty(method=method, level=0.95, by_cluster=by_cluster, replicates=2_000, seed=1))
        for by_cluster in (False, True)
    ]
    units, documents = (one.interval for one in told if isinstance(one, Estimate))
    assert isinstance(units, Interval)
    assert isinstance(documents, Interval)
    assert (documents.low, documents.high) == pytest.approx((units.low, units.high), abs=0.005)
    assert documents.clusters == MANY_CLUSTERS
    assert len(alpha_moments(data, metric=Metric.NOMINAL).clustered(documents_of(data)).rows) == 3
