"""What must hold for any ratings at all."""

from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.agreement.alpha import alpha_of, krippendorff_alpha
from service.agreement.chance import Chance, expected_agreement
from service.agreement.coefficients import TWO_CODERS, Choice, Coefficient, estimate, moments
from service.agreement.estimate import Estimate, Undefined
from service.agreement.metric import Metric, distances
from service.agreement.overall import overall
from service.agreement.ratings import MISSING, Ratings, basis, ratings_from_matrix
from service.agreement.tally import tally
from service.agreement.weights import Weights, weight_matrix
from service.errors import BadInput
from tests.agreement.strategies import MANY, SOME, matrices, ratings

METRICS = (Metric.NOMINAL, Metric.ORDINAL, Metric.INTERVAL, Metric.CIRCULAR)
CHOICES = [
    *(Choice(coefficient=Coefficient.ALPHA, metric=metric) for metric in METRICS),
    *(
        Choice(coefficient=one, weights=weights)
        for one in Coefficient
        if one is not Coefficient.ALPHA
        for weights in (Weights.IDENTITY, Weights.QUADRATIC)
    ),
]
NAMES = [f"{one.coefficient.value} {one.metric or one.weights}" for one in CHOICES]
MANY_CODERS = [choice for choice in CHOICES if choice.coefficient not in TWO_CODERS]


def value(found: Estimate | Undefined) -> float | str:
    return found.value if isinstance(found, Estimate) else found.reason.value


def close(first: Estimate | Undefined, second: Estimate | Undefined) -> bool:
    return value(first) == pytest.approx(value(second), abs=1e-12) if isinstance(first, Estimate) else value(first) == value(second)


@MANY
@given(ratings())
def test_every_coefficient_is_a_number_or_a_reason(given_ratings: Ratings) -> None:
    for choice in MANY_CODERS:
        found = estimate(given_ratings, choice)
        assert isinstance(found, Undefined) or np.isfinite([found.value, found.observed, found.expected or 0]).all(), choice


@MANY
@given(ratings(coders=(2, 2)))
def test_two_coder_coefficients_are_a_number_or_a_reason(given_ratings: Ratings) -> None:
    for choice in (one for one in CHOICES if one.coefficient in TWO_CODERS):
        found = estimate(given_ratings, choice)
        assert isinstance(found, Undefined) or np.isfinite(found.value)


@MANY
@given(matrices(), st.randoms(use_true_random=False))
def test_permuting_coders_and_units_changes_nothing(drawn: tuple[np.ndarray, int], random: Random) -> None:
    values, q = drawn
    scale = [str(k) for k in range(q)]
    rows, columns = list(range(values.shape[0])), list(range(values.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    first = ratings_from_matrix(values, scale=scale)
    second = ratings_from_matrix(values[np.ix_(rows, columns)], scale=scale)
    for choice in MANY_CODERS:
        assert close(estimate(first, choice), estimate(second, choice)), choice


@MANY
@given(matrices(), st.data())
def test_renaming_nominal_codes_changes_nothing(drawn: tuple[np.ndarray, int], data: st.DataObject) -> None:
    values, q = drawn
    scale = [f"code {k}" for k in range(q)]
    renamed = data.draw(st.permutations(scale))
    first, second = ratings_from_matrix(values, scale=scale), ratings_from_matrix(values, scale=scale)
    second = second.recode([scale.index(name) for name in renamed], scale)
    for choice in MANY_CODERS:
        if choice.metric in {None, Metric.NOMINAL} and choice.weights in {None, Weights.IDENTITY}:
            assert close(estimate(first, choice), estimate(second, choice)), choice


@MANY
@given(matrices(coders=(2, 4)), st.integers(0, 4))
def test_an_unpairable_unit_changes_no_alpha(drawn: tuple[np.ndarray, int], code: int) -> None:
    values, q = drawn
    scale = [str(k) for k in range(q)]
    lone = np.full((values.shape[0], 1), MISSING)
    lone[0] = code % q
    first, second = ratings_from_matrix(values, scale=scale), ratings_from_matrix(np.hstack([values, lone]), scale=scale)
    for metric in METRICS:
        before, after = krippendorff_alpha(first, metric=metric), krippendorff_alpha(second, metric=metric)
        assert before.value == after.value


@MANY
@given(ratings(weighted=False), st.sampled_from([1.0, 0.25, 7.0]))
def test_equal_weights_are_bit_equal_to_none(given_ratings: Ratings, weight: float) -> None:
    n = len(given_ratings.units)
    weighted = given_ratings.weighted([weight] * n) if n else given_ratings
    for choice in MANY_CODERS:
        assert value(estimate(given_ratings, choice)) == value(estimate(weighted, choice))


@SOME
@given(matrices(coders=(2, 4), codes=(2, 4)))
def test_weights_count_like_copies_of_units(drawn: tuple[np.ndarray, int]) -> None:
    values, q = drawn
    scale = [str(k) for k in range(q)]
    times = np.arange(values.shape[1], dtype=np.int64) % 3 + 1
    if not values.shape[1] or (times == times[0]).all():
        return
    weighted = ratings_from_matrix(values, scale=scale).weighted(times)
    # Weights sum to the number of units, so a total that is not homogeneous (the n-1 of alpha) differs: D_o and p_e do not.
    copied = ratings_from_matrix(np.repeat(values, times, axis=1), scale=scale)
    for choice in MANY_CODERS:
        if choice.coefficient is not Coefficient.ALPHA:
            assert close(estimate(weighted, choice), estimate(copied, choice)), choice


@SOME
@given(ratings())
def test_the_formula_of_the_totals_is_the_coefficient(given_ratings: Ratings) -> None:
    for choice in MANY_CODERS:
        found = estimate(given_ratings, choice)
        if isinstance(found, Estimate):
            totals = moments(given_ratings, choice)
            assert float(totals.formula(totals.totals())) == pytest.approx(found.value, abs=1e-9), choice


@SOME
@given(ratings())
def test_the_overall_table_is_the_coefficients_one_by_one(given_ratings: Ratings) -> None:
    for metric, weights in ((Metric.NOMINAL, Weights.IDENTITY), (Metric.INTERVAL, Weights.QUADRATIC)):
        for coefficient, found in overall(given_ratings, metric=metric, weights=weights).items():
            alone = estimate(given_ratings, Choice(coefficient=coefficient, metric=metric, weights=weights))
            assert close(found, alone), coefficient


@MANY
@given(ratings(weighted=False), st.sampled_from([Metric.NOMINAL, Metric.ORDINAL, Metric.INTERVAL]))
def test_alpha_is_the_one_of_the_krippendorff_package(given_ratings: Ratings, metric: Metric) -> None:
    # krippendorff_alpha lets the package compute at this size; the own path is what runs at every other.
    by_package = krippendorff_alpha(given_ratings, metric=metric)
    if isinstance(by_package, Estimate):
        own = alpha_of(given_ratings, tally(given_ratings, identities_only=False), basis(given_ratings), metric=metric)
        assert own.value == pytest.approx(by_package.value, abs=1e-9)


@SOME
@given(matrices(coders=(2, 4), codes=(2, 4)), st.sampled_from(METRICS))
def test_alpha_is_its_definition_pair_by_pair(drawn: tuple[np.ndarray, int], metric: Metric) -> None:
    values, q = drawn
    found = krippendorff_alpha(given_ratings := ratings_from_matrix(values, scale=[str(k * 3) for k in range(q)]), metric=metric)
    if isinstance(found, Undefined):
        return
    columns = [column[column != MISSING] for column in values.T]
    pairable = [column for column in columns if len(column) > 1]
    pool = np.concatenate(pairable)
    delta = distances(given_ratings, metric, np.bincount(pool, minlength=q).astype(np.float64))
    within = sum(delta[a, b] / (len(column) - 1) for column in pairable for a, b in permutations(column.tolist(), 2))
    across = sum(delta[a, b] for a, b in permutations(pool.tolist(), 2))
    assert found.value == pytest.approx(1 - (len(pool) - 1) * within / across, abs=1e-9)


@SOME
@given(matrices(coders=(2, 4), codes=(2, 4)), st.sampled_from(list(Chance)), st.sampled_from(list(Weights)))
def test_chance_corrected_coefficients_are_their_definition(drawn: tuple[np.ndarray, int], chance: Chance, weights: Weights) -> None:
    values, q = drawn
    given_ratings = ratings_from_matrix(values, scale=[str(k + 1) for k in range(q)])
    found = estimate(given_ratings, Choice(coefficient=Coefficient(chance.value), weights=weights))
    if isinstance(found, Undefined):
        return
    w = weight_matrix(given_ratings, weights)
    columns = [column[column != MISSING] for column in values.T]
    agreed = [np.mean([w[a, b] for a, b in permutations(column.tolist(), 2)]) for column in columns if len(column) > 1]
    shares = np.mean([np.bincount(column, minlength=q) / len(column) for column in columns if len(column)], axis=0)
    p_e = float(expected_agreement(chance, shares, w))
    assert found.value == pytest.approx((np.mean(agreed) - p_e) / (1 - p_e), abs=1e-9)


@pytest.mark.parametrize("choice", CHOICES, ids=NAMES)
def test_perfect_agreement_is_one_and_chance_is_nought(choice: Choice) -> None:
    perfect = ratings_from_matrix([[0, 1, 2, 0], [0, 1, 2, 0]], scale=["1", "2", "3"])
    assert estimate(perfect, choice).value == pytest.approx(1)
    if choice.coefficient in {Coefficient.COHEN, Coefficient.SCOTT, Coefficient.CONGER, Coefficient.LIGHT, Coefficient.FLEISS}:
        chance = ratings_from_matrix([[0, 0, 1, 1] * 25, [0, 1, 0, 1] * 25], scale=["1", "2"])
        assert estimate(chance, choice).value == pytest.approx(0)


def test_a_permuted_million_is_the_same_bit_for_bit() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(-1, 7, (5, 20_000), dtype=np.int32)
    scale = [str(k) for k in range(7)]
    order = rng.permutation(values.shape[1])
    for choice in MANY_CODERS:
        found = [estimate(ratings_from_matrix(one, scale=scale), choice).value for one in (values, values[:, order])]
        assert found[0] == found[1], choice


def test_weights_that_are_no_weights_are_refused() -> None:
    given_ratings = ratings_from_matrix([[0, 1], [1, 0]], scale=["a", "b"])
    for wrong in ([1.0], [1.0, 0.0], [1.0, float("nan")]):
        with pytest.raises(BadInput, match="Weights must be"):
            given_ratings.weighted(wrong)
