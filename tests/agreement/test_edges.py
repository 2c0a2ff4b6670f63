"""The edge cases in which the big tools part, by name, and the errors of rivals that this one must not have."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from service.agreement.alpha import PACKAGE_CELLS, krippendorff_alpha
from service.agreement.chance import brennan_prediger, fleiss_kappa, fleiss_null, gwet_ac
from service.agreement.coefficients import Choice, Coefficient, estimate, moments
from service.agreement.conger import conger_kappa
from service.agreement.estimate import Estimate, Reason, Undefined
from service.agreement.kappa import cohen_kappa, kappa_max, kappa_of_pair, light_kappa, pi_of, pooled_kappa, scott_pi
from service.agreement.long import Columns, one_code_ratings, variables
from service.agreement.metric import Metric
from service.agreement.pairs import confusion, only_pair, pair_basis
from service.agreement.percent import pair_percent, percent_agreement
from service.agreement.ratings import Ratings, basis, ratings_from_matrix
from service.agreement.sets import set_alpha
from service.agreement.tally import count_matrix, tally
from service.agreement.weights import Weights, weight_matrix
from service.errors import BadInput
from tests.agreement.data import long_table, set_ratings, unit_ratings

SAME = unit_ratings([["u1", "a", "x"], ["u1", "b", "x"], ["u2", "a", "x"], ["u2", "b", "x"]], ["x", "y"])
NONE = unit_ratings([["u1", "a", None]], ["x", "y"])
ALONE = unit_ratings([["u1", "a", "x"], ["u2", "a", "y"]])
APART = unit_ratings([["u1", "a", "x"], ["u2", "b", "y"], ["u3", "a", "y"]])


def reason(found: Estimate | Undefined) -> Reason | None:
    return found.reason if isinstance(found, Undefined) else None


@pytest.mark.parametrize("one", list(Coefficient))
@pytest.mark.parametrize(
    ("ratings", "why"),
    [
        pytest.param(NONE, Reason.NO_DATA, id="all missing"),
        pytest.param(ALONE, Reason.ONE_CODER, id="one coder"),
        pytest.param(APART, Reason.NO_PAIRABLE_UNITS, id="nothing pairable"),
    ],
)
def test_every_coefficient_says_why_it_is_undefined(one: Coefficient, ratings: Ratings, why: Reason) -> None:
    assert reason(estimate(ratings, Choice(coefficient=one, metric=Metric.NOMINAL, weights=Weights.IDENTITY))) is why


def test_one_code_used_by_everybody() -> None:
    assert reason(krippendorff_alpha(SAME, metric=Metric.NOMINAL)) is Reason.NO_VARIATION
    assert reason(fleiss_kappa(SAME, weights=Weights.IDENTITY)) is Reason.NO_VARIATION
    assert reason(conger_kappa(SAME, weights=Weights.IDENTITY)) is Reason.NO_VARIATION
    assert reason(cohen_kappa(SAME, weights=Weights.IDENTITY)) is Reason.CHANCE_AGREEMENT_IS_ONE
    assert reason(scott_pi(SAME, weights=Weights.IDENTITY)) is Reason.CHANCE_AGREEMENT_IS_ONE
    assert reason(light_kappa(SAME, weights=Weights.IDENTITY)) is Reason.CHANCE_AGREEMENT_IS_ONE
    assert percent_agreement(SAME).value == 1
    # With two declared codes these are defined: chance is 0 for AC1 and 1/2 for Brennan-Prediger.
    assert gwet_ac(SAME, weights=Weights.IDENTITY).value == 1
    assert brennan_prediger(SAME, weights=Weights.IDENTITY).value == 1
    declared_alone = SAME.recode([0, 0], ["x"])
    assert reason(gwet_ac(declared_alone, weights=Weights.IDENTITY)) is Reason.NO_VARIATION


def test_the_second_code_only_in_a_unit_that_one_coder_coded() -> None:
    # The krippendorff package answers NaN with a warning.
    ratings = unit_ratings([["u1", "a", "x"], ["u1", "b", "x"], ["u2", "a", "y"]])
    assert reason(krippendorff_alpha(ratings, metric=Metric.NOMINAL)) is Reason.NO_VARIATION
    assert reason(krippendorff_alpha(ratings, metric=Metric.INTERVAL)) is Reason.NO_VARIATION


def test_all_codes_at_one_place_of_the_scale() -> None:
    ratings = unit_ratings([["u1", "a", "1"], ["u1", "b", "1.0"]])
    assert reason(krippendorff_alpha(ratings, metric=Metric.INTERVAL)) is Reason.NO_VARIATION


def test_a_coder_without_codings_is_left_out_and_named() -> None:
    ratings = ratings_from_matrix([[0, 1, 1], [-1, -1, -1], [0, 1, 0]], scale=["x", "y"], coders=["a", "b", "c"])
    resting_on = basis(ratings)
    assert (resting_on.coders, resting_on.silent_coders, resting_on.missing_share) == (2, ("b",), 0.0)
    two = ratings_from_matrix([[0, 1, 1], [0, 1, 0]], scale=["x", "y"])
    assert conger_kappa(ratings, weights=Weights.IDENTITY).value == conger_kappa(two, weights=Weights.IDENTITY).value


@pytest.mark.parametrize("label", ["nan", "None", "NA", "null", "#N/A", " x", "é", "1.0"])
def test_any_text_is_a_code(label: str) -> None:
    rows = [("u1", "a", label), ("u1", "b", label), ("u2", "a", "x"), ("u2", "b", "x"), ("u3", "a", label), ("u3", "b", "x")]
    ratings = one_code_ratings(long_table(rows), columns=Columns(), variable=None, scale=None)
    renamed = [(unit, coder, "z" if code == label else code) for unit, coder, code in rows]
    other = one_code_ratings(long_table(renamed), columns=Columns(), variable=None, scale=None)
    first, second = (krippendorff_alpha(one, metric=Metric.NOMINAL).value for one in (ratings, other))
    assert first == pytest.approx(second, abs=1e-12)
    assert set(ratings.scale) == {label, "x"}


def test_numbers_are_ordered_as_numbers_and_words_by_rank() -> None:
    ratings = unit_ratings([["u1", "a", 10], ["u1", "b", 2], ["u2", "a", 1], ["u2", "b", 1]])
    assert ratings.scale == ("1", "2", "10")
    found = krippendorff_alpha(ratings, metric=Metric.INTERVAL)
    assert isinstance(found, Estimate)
    assert found.distances == "numeric values"
    words = krippendorff_alpha(ratings.recode([0, 1, 2], ["low", "mid", "high"]), metric=Metric.INTERVAL)
    assert isinstance(words, Estimate)
    assert words.distances == "ranks"
    assert words.value != found.value


def test_ratio_has_a_true_zero() -> None:
    zero = unit_ratings([["u1", "a", 0], ["u1", "b", 0], ["u2", "a", 1], ["u2", "b", 2]])
    assert np.isfinite(krippendorff_alpha(zero, metric=Metric.RATIO).value or np.nan)
    with pytest.raises(BadInput, match="true zero"):
        krippendorff_alpha(unit_ratings([["u1", "a", 1], ["u1", "b", -1]]), metric=Metric.RATIO)
    with pytest.raises(BadInput, match="codes that are numbers"):
        krippendorff_alpha(unit_ratings([["u1", "a", "x"], ["u1", "b", "y"]]), metric=Metric.RATIO)
    with pytest.raises(BadInput, match="true zero"):
        gwet_ac(unit_ratings([["u1", "a", 1], ["u1", "b", -1]]), weights=Weights.RATIO)


def test_first_and_last_are_neighbours_on_a_circle() -> None:
    hours = unit_ratings([["u1", "a", 0], ["u1", "b", 3], ["u2", "a", 1], ["u2", "b", 1], ["u3", "a", 2], ["u3", "b", 2]], [0, 1, 2, 3])
    near = krippendorff_alpha(hours, metric=Metric.CIRCULAR).value
    far = krippendorff_alpha(hours.recode([0, 1, 3, 2], ["0", "1", "2", "3"]), metric=Metric.CIRCULAR).value
    assert near is not None
    assert far is not None
    assert near > far


def test_set_metrics_are_refused_for_one_code() -> None:
    with pytest.raises(BadInput, match="compares sets"):
        krippendorff_alpha(unit_ratings([["u1", "a", "x"], ["u1", "b", "y"]]), metric=Metric.JACCARD)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        pytest.param([[0, 1]], "one finite number for every two codes", id="shape"),
        pytest.param([[0, -1], [-1, 0]], "nothing negative", id="negative"),
        pytest.param([[0, 1], [2, 0]], "symmetric", id="asymmetric"),
    ],
)
def test_a_distance_matrix_is_checked(matrix: list[list[float]], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        krippendorff_alpha(SAME, metric=Metric.NOMINAL, distance=np.array(matrix, np.float64))


def test_a_value_outside_the_scale_is_refused() -> None:
    with pytest.raises(BadInput, match="not a place of the scale"):
        ratings_from_matrix([[0, 2]], scale=["x", "y"])


def test_kappa_adds_where_qualcoder_multiplies() -> None:
    # 1,000 characters, A marks 100, B marks 100, overlap 50: QualCoder says .2987.
    first = [1] * 100 + [0] * 900
    second = [0] * 50 + [1] * 100 + [0] * 850
    ratings = ratings_from_matrix([first, second], scale=["0", "1"])
    assert cohen_kappa(ratings, weights=Weights.IDENTITY).value == pytest.approx(0.4444, abs=5e-5)


def test_ordinal_is_not_the_difference_of_ranks() -> None:
    # Potato's "ordinal" alpha uses |a - b| and says .8004 on Krippendorff's table; right is .8154.
    wide = {"A": "123321412...", "B": "1233224125..", "C": ".33323422513", "D": "12332441251."}
    rows = [[f"u{at}", coder, code] for coder, codes in wide.items() for at, code in enumerate(codes) if code != "."]
    assert krippendorff_alpha(unit_ratings(rows), metric=Metric.ORDINAL).value == pytest.approx(0.8154, abs=5e-5)


def test_two_coders_of_many_are_named() -> None:
    three = ratings_from_matrix([[0, 1, 1], [0, 1, 0], [0, 0, 1]], scale=["x", "y"], coders=["a", "b", "c"])
    with pytest.raises(BadInput, match="exactly two"):
        cohen_kappa(three, weights=Weights.IDENTITY)
    with pytest.raises(BadInput, match="two different coders"):
        confusion(three, "a", "a")
    assert kappa_of_pair(three, "a", "b", weights=Weights.IDENTITY).value == pytest.approx(0.4)
    assert reason(kappa_of_pair(APART, "a", "b", weights=Weights.IDENTITY)) is Reason.NO_PAIRABLE_UNITS


def test_kappa_max_of_constant_coders_is_undefined() -> None:
    assert kappa_max(only_pair(SAME)) is None


def test_light_leaves_out_pairs_without_a_kappa_and_says_so() -> None:
    ratings = ratings_from_matrix([[0, 0, 0, 1], [0, 0, 0, -1], [0, 0, 0, -1], [0, 1, 0, 1]], scale=["x", "y"])
    found = light_kappa(ratings, weights=Weights.IDENTITY)
    assert isinstance(found, Estimate)
    assert found.notes == ("3 of 6 pairs of coders have no kappa and are left out",)


def test_fleiss_null_needs_complete_data() -> None:
    gaps = ratings_from_matrix([[0, 1, 1], [0, -1, 0], [1, 0, 1]], scale=["x", "y"])
    found = fleiss_null(gaps)
    assert isinstance(found, Undefined)
    assert found.reason is Reason.NOT_ENOUGH_DATA
    assert isinstance(fleiss_null(SAME), Undefined)


@pytest.mark.parametrize("weights", list(Weights))
def test_weights_are_one_on_the_diagonal_and_nought_at_the_far_ends(weights: Weights) -> None:
    scale = ratings_from_matrix([[0]], scale=["1", "2", "3", "4"])
    w = weight_matrix(scale, weights)
    assert (w.diagonal() == 1).all()
    assert (w == w.T).all()
    assert w.min() == pytest.approx(0)
    assert (weight_matrix(ratings_from_matrix([[0]], scale=["1"]), weights) == [[1]]).all()


def test_thousands_of_codes_need_no_table_of_units_and_codes() -> None:
    rng = np.random.default_rng(5)
    true = rng.integers(0, 3_000, 2_000)
    values = np.where(rng.random((2, 2_000)) < 0.7, true, rng.integers(0, 3_000, (2, 2_000)))
    ratings = ratings_from_matrix(values, scale=[str(k) for k in range(3_000)])
    assert len(ratings.units) * len(ratings.scale) ** 2 > PACKAGE_CELLS
    agreed = float((values[0] == values[1]).mean())
    n_c = np.bincount(values.ravel(), minlength=3_000)
    expected = 1 - float((n_c * (n_c - 1)).sum()) / (4_000 * 3_999)
    assert krippendorff_alpha(ratings, metric=Metric.NOMINAL).value == pytest.approx(1 - (1 - agreed) / expected)


@pytest.mark.parametrize("m", [2, 40])
def test_pairs_by_columns_and_by_blocks_count_the_same(m: int) -> None:
    rng = np.random.default_rng(m)
    values = rng.integers(0, 6, (m, 30))
    counted = tally(ratings_from_matrix(values, scale=list("abcdef")), identities_only=False).coincidences
    counts = count_matrix(values.T.astype(np.int32), 6)
    assert counted == pytest.approx((counts.T @ counts - np.diag(counts.sum(axis=0))) / (m - 1))


def test_coders_of_a_crowd_are_crossed_without_a_matrix() -> None:
    rng = np.random.default_rng(8)
    values = np.full((60, 200), -1)
    for unit in range(200):
        values[rng.choice(60, 3, replace=False), unit] = rng.integers(0, 3, 3)
    ratings = ratings_from_matrix(values, scale=["x", "y", "z"])
    found = light_kappa(ratings.weighted([1.0, 2.0] * 100), weights=Weights.IDENTITY)
    assert isinstance(found, Estimate)
    pair = confusion(ratings, "coder 1", "coder 2")
    both = (values[0] >= 0) & (values[1] >= 0)
    assert pair.units == int(both.sum())


def test_a_table_in_any_order_of_rows() -> None:
    rng = np.random.default_rng(9)
    table = pl.DataFrame(
        {
            "unit": [f"u{at % 500}" for at in range(1_500)],
            "coder": [f"c{at // 500}" for at in range(1_500)],
            "code": rng.choice(list("xyz"), 1_500),
        }
    )
    orders = (table, table.sort("unit"), table.sample(fraction=1, shuffle=True, seed=1), table.sort("coder", "code"))
    read = [one_code_ratings(one, columns=Columns(), variable=None, scale=None) for one in orders]
    alphas = {krippendorff_alpha(one, metric=Metric.NOMINAL).value for one in read}
    assert len(alphas) == 1
    assert read[0].units.to_list() == sorted(set(table["unit"]))


def test_a_code_declared_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="declared twice"):
        one_code_ratings(long_table([("u1", "a", "x")]), columns=Columns(), variable=None, scale=["x", "x"])


def test_clusters_name_a_document_for_each_unit() -> None:
    with pytest.raises(BadInput, match="one document for each unit"):
        SAME.clustered(["d1"])
    by_name = SAME.clustered({"u1": "d1", "u2": "d2"})
    assert by_name.clusters is not None
    assert by_name.clusters.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        pytest.param([[1, 0.5]], "one number from 0 to 1", id="shape"),
        pytest.param([[1, 2], [2, 1]], "one number from 0 to 1", id="range"),
        pytest.param([[1, 0.5], [0.2, 1]], "symmetric", id="asymmetric"),
    ],
)
def test_a_weight_matrix_is_checked(matrix: list[list[float]], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        cohen_kappa(SAME, weights=np.array(matrix, np.float64))


def test_ranks_can_be_asked_for_where_codes_are_numbers() -> None:
    ratings = unit_ratings([["u1", "a", 1], ["u1", "b", 2], ["u2", "a", 10], ["u2", "b", 10], ["u3", "a", 2], ["u3", "b", 10]])
    by_value, by_rank = (cohen_kappa(one, weights=Weights.QUADRATIC).value for one in (ratings, ratings.ranked()))
    words = cohen_kappa(ratings.recode([0, 1, 2], ["a", "b", "c"]), weights=Weights.QUADRATIC).value
    assert by_rank == words
    assert by_value != by_rank


def test_an_interval_over_the_pairs_of_a_crowd_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.agreement.moments.CELLS", 10)
    ratings = ratings_from_matrix([[0, 1], [0, 1], [1, 0]], scale=["x", "y"])
    for one in (Coefficient.LIGHT, Coefficient.HOLSTI):
        with pytest.raises(BadInput, match="fewer coders"):
            moments(ratings, Choice(coefficient=one, weights=Weights.IDENTITY))
    with pytest.raises(BadInput, match="fewer codes"):
        moments(ratings.recode([0, 9], [str(k) for k in range(10)]), Choice(coefficient=Coefficient.ALPHA, metric=Metric.ORDINAL))


def test_a_table_of_one_variable_names_none() -> None:
    assert variables(long_table([("u1", "a", "x")]), columns=Columns()) == ()


def test_a_repeated_row_is_found_in_a_sparse_crowd() -> None:
    rows = [(f"u{at}", f"c{at}", "x") for at in range(300)]
    with pytest.raises(BadInput, match="Row 301"):
        one_code_ratings(long_table([*rows, rows[7]]), columns=Columns(), variable=None, scale=None)


def test_two_coders_without_shared_units_have_no_percent() -> None:
    three = unit_ratings([["u1", "a", "x"], ["u1", "b", "x"], ["u2", "c", "y"], ["u2", "b", "y"]])
    pair = confusion(three, "a", "c")
    assert reason(pair_percent(pair, pair_basis(three, pair))) is Reason.NO_PAIRABLE_UNITS
    assert reason(pi_of(pair, weights=np.eye(2), resting_on=pair_basis(three, pair))) is Reason.NO_PAIRABLE_UNITS
    assert reason(pooled_kappa([pair], pair_basis(three, pair))) is Reason.NO_PAIRABLE_UNITS


def test_pairable_units_of_next_to_no_weight_are_not_enough() -> None:
    rows = [["u1", "a", "x"], ["u1", "b", "y"], *([f"u{at}", "a", "x"] for at in range(2, 6))]
    light = unit_ratings(rows).weighted([0.5, 3, 3, 3, 3])
    assert reason(krippendorff_alpha(light, metric=Metric.NOMINAL)) is Reason.NOT_ENOUGH_DATA
    totals = moments(light, Choice(coefficient=Coefficient.ALPHA, metric=Metric.NOMINAL))
    assert np.isnan(totals.formula(totals.totals()))
    sets = set_ratings([[unit, coder, [code]] for unit, coder, code in rows])
    weighted = replace(sets, ratings=sets.ratings.weighted([0.5, 3, 3, 3, 3]))
    assert reason(set_alpha(weighted, metric=Metric.MASI)) is Reason.NOT_ENOUGH_DATA
