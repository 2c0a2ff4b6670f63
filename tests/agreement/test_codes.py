"""The table of codes, and the diagnosis of where coders part."""

from itertools import combinations, product

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from service.agreement.alpha import krippendorff_alpha
from service.agreement.chance import brennan_prediger, gwet_ac
from service.agreement.codes import CodeTable, code_table
from service.agreement.craggs import mv_alpha
from service.agreement.diagnosis import coincidences, leave_one_coder_out, stability, unit_disagreement, what_if_merge
from service.agreement.estimate import Estimate, Interval
from service.agreement.interval import Method, Uncertainty
from service.agreement.kappa import cohen_kappa, light_kappa
from service.agreement.kinds import Kind, differences, split_codings, split_spans
from service.agreement.long import Columns, SetRatings
from service.agreement.metric import Metric
from service.agreement.percent import percent_agreement
from service.agreement.ratings import Ratings, ratings_from_matrix
from service.agreement.sets import set_alpha, set_distances, set_moments
from service.agreement.spans import Span, spans_of
from service.agreement.verdict import RULE, Verdict
from service.agreement.weights import Weights
from service.errors import BadInput
from tests.agreement.data import set_ratings, unit_ratings
from tests.agreement.strategies import MANY, SOME, ratings, sets

HOW = Uncertainty(method=Method.EXPANDED_BCA, level=0.95, by_cluster=False, replicates=200, seed=1)


def table(given_ratings: Ratings, how: Uncertainty = HOW) -> CodeTable:
    return code_table(given_ratings, codes=given_ratings.scale, members=[(code,) for code in given_ratings.scale], how=how)


def study(units: int = 200, *, keep: float = 0.9, coders: int = 3) -> Ratings:
    rng = np.random.default_rng(2)
    true = rng.choice(3, units, p=[0.6, 0.37, 0.03])
    values = np.where(rng.random((coders, units)) < keep, true, rng.choice(3, (coders, units), p=[0.6, 0.37, 0.03]))
    return ratings_from_matrix(values, scale=["a", "b", "c"]).clustered([str(at // 8) for at in range(units)])


@pytest.mark.parametrize("coders", [2, 3])
def test_a_row_is_the_coefficients_of_the_code_against_all_others(coders: int) -> None:
    found = table(data := study(coders=coders))
    for at, row in enumerate(found.rows):
        binary = data.recode(np.arange(3) == at, ("0", "1"))
        kappa = cohen_kappa(binary, weights=Weights.IDENTITY) if coders == 2 else light_kappa(binary, weights=Weights.IDENTITY)
        assert row.alpha.value == pytest.approx(krippendorff_alpha(binary, metric=Metric.NOMINAL).value)
        assert row.kappa.value == pytest.approx(kappa.value)
        assert row.ac1.value == gwet_ac(binary, weights=Weights.IDENTITY).value
        assert row.pabak.value == brennan_prediger(binary, weights=Weights.IDENTITY).value
        assert row.percent.value == percent_agreement(binary).value
        assert row.prevalence == pytest.approx(float((data.code == at).mean()))
        assert set(row.prevalence_by_coder) == set(data.coders)


def test_verdicts_come_after_enough_data() -> None:
    found = table(study(400, keep=0.98))
    assert [row.verdict for row in found.rows] == [Verdict.RELIABLE, Verdict.RELIABLE, Verdict.NOT_ENOUGH_DATA]
    assert found.rule == RULE
    assert found.rows[2].units < 30
    assert found.rows[2].excerpts_needed is not None
    assert found.rows[2].excerpts_needed > 400
    assert 0 < found.expected_below_by_chance < 3


def test_a_code_nobody_used_is_undefined_and_a_rare_one_shows_the_paradox() -> None:
    rng = np.random.default_rng(1)
    values = (rng.random((2, 300)) < 0.05).astype(int)
    found = table(ratings_from_matrix(values, scale=["no", "yes", "never"]))
    never, yes = found.rows[2], found.rows[1]
    assert never.verdict is Verdict.UNDEFINED
    assert never.excerpts_needed is None
    assert yes.paradox
    assert yes.prevalence_index is not None
    assert yes.prevalence_index > 0.8
    assert yes.bias_index is not None
    assert yes.bias_index < 0.1


def test_documents_are_resampled_together() -> None:
    by_document = Uncertainty(method=Method.PERCENTILE, level=0.95, by_cluster=True, replicates=200, seed=1)
    found = table(study(), by_document)
    alpha = found.rows[0].alpha
    assert isinstance(alpha, Estimate)
    assert isinstance(alpha.interval, Interval)
    assert alpha.interval.clusters == 25
    with pytest.raises(BadInput, match="which document"):
        table(ratings_from_matrix([[0, 1], [0, 1]], scale=["a", "b"]), by_document)


@SOME
@given(ratings())
def test_a_table_of_any_ratings_is_numbers_or_reasons(given_ratings: Ratings) -> None:
    assert_table(given_ratings)


@pytest.mark.long
@MANY
@given(ratings())
def test_a_table_of_any_ratings_is_numbers_or_reasons_a_thousand_times(given_ratings: Ratings) -> None:
    assert_table(given_ratings)


def assert_table(given_ratings: Ratings) -> None:
    found = table(given_ratings, Uncertainty(method=Method.EXPANDED_BCA, level=0.9, by_cluster=False, replicates=20, seed=1))
    for row in found.rows:
        figures = [row.percent, row.kappa, row.alpha, row.ac1, row.pabak]
        assert all(np.isfinite(figure.value) for figure in figures if isinstance(figure, Estimate))
        assert (row.verdict is Verdict.UNDEFINED) == (row.alpha.value is None)
    assert np.isfinite(found.expected_below_by_chance)


@MANY
@given(sets())
def test_set_alpha_is_a_number_or_a_reason(given_sets: SetRatings) -> None:
    for metric in (Metric.NOMINAL, Metric.JACCARD, Metric.MASI):
        found = set_alpha(given_sets, metric=metric)
        assert found.value is None or np.isfinite(found.value)


@MANY
@given(sets())
def test_multi_valued_alpha_is_a_number_or_a_reason(given_sets: SetRatings) -> None:
    found = mv_alpha(given_sets)
    assert found.value is None or np.isfinite(found.value)


def test_chance_of_multi_valued_alpha_counts_all_sets() -> None:
    rows: list[tuple[str, str, list[str]]] = [
        ("u1", "a", ["x", "y"]),
        ("u1", "b", ["x"]),
        ("u2", "a", ["z", "x"]),
        ("u2", "b", []),
        ("u3", "a", ["y", "z"]),
        ("u3", "b", ["y"]),
    ]
    given_sets = set_ratings(rows)
    used = {code: sum(code in codes for _, _, codes in rows) for code in "xyz"}
    sizes = [len(codes) for _, _, codes in rows]

    def chance(first: tuple[str, ...], second: tuple[str, ...]) -> float:
        return float(np.prod([used[code] for code in first]) * np.prod([used[code] - (code in first) for code in second]))

    expected = 0.0
    for one, other in product(sizes, sizes):
        pairs = list(product(combinations("xyz", one), combinations("xyz", other)))
        weight = sum(chance(*pair) for pair in pairs)
        apart = sum(chance(a, b) * (1 - 2 * len({*a} & {*b}) / (one + other) if one + other else 0) for a, b in pairs)
        expected += apart / weight / len(rows) ** 2
    found = mv_alpha(given_sets)
    assert isinstance(found, Estimate)
    assert found.expected == pytest.approx(expected)


def test_intervals_of_set_alpha_carry_the_distances_of_the_sets() -> None:
    given_sets = set_ratings(
        [["u1", "a", ["x"]], ["u1", "b", ["x", "y"]], ["u2", "a", []], ["u2", "b", []], ["u3", "a", ["y"]], ["u3", "b", ["y"]]]
    )
    for metric in (Metric.NOMINAL, Metric.JACCARD, Metric.MASI):
        totals = set_moments(given_sets, metric=metric)
        assert float(totals.formula(totals.totals())) == pytest.approx(set_alpha(given_sets, metric=metric).value)
    with pytest.raises(BadInput, match="compared by nominal, jaccard or masi"):
        set_distances(given_sets.sets, Metric.ORDINAL)


def test_too_many_distinct_sets_have_no_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.agreement.sets.RESAMPLED", 1)
    given_sets = set_ratings([["u1", "a", ["x"]], ["u1", "b", ["y"]]])
    with pytest.raises(BadInput, match="2 distinct sets"):
        set_moments(given_sets, metric=Metric.MASI)


@MANY
@given(ratings(codes=(2, 4), weighted=False))
def test_binary_alpha_of_one_code_sets_is_nominal_alpha(given_ratings: Ratings) -> None:
    rows = [
        [given_ratings.units[int(u)], given_ratings.coders[int(c)], [given_ratings.scale[int(k)]]]
        for u, c, k in zip(given_ratings.unit, given_ratings.coder, given_ratings.code, strict=True)
    ]
    as_sets = set_ratings(rows)
    for at, code in enumerate(as_sets.codes):
        binary = given_ratings.recode([int(name == code) for name in given_ratings.scale], ("0", "1"))
        expected = krippendorff_alpha(binary, metric=Metric.NOMINAL)
        assert krippendorff_alpha(as_sets.indicator(at), metric=Metric.NOMINAL).value == expected.value
    whole = krippendorff_alpha(given_ratings, metric=Metric.NOMINAL)
    assert set_alpha(as_sets, metric=Metric.JACCARD).value == (None if whole.value is None else pytest.approx(whole.value, abs=1e-9))


def test_the_mean_disagreement_of_units_makes_alpha() -> None:
    data = unit_ratings([["u1", "a", 1], ["u1", "b", 2], ["u2", "a", 1], ["u2", "b", 1], ["u3", "a", 3], ["u3", "b", 2], ["u4", "a", 3]])
    apart = unit_disagreement(data, metric=Metric.NOMINAL)
    assert apart.tolist()[:3] == [1, 0, 1]
    assert np.isnan(apart[3])
    found = krippendorff_alpha(data, metric=Metric.NOMINAL)
    assert isinstance(found, Estimate)
    assert found.expected is not None
    assert found.value == pytest.approx(1 - float(np.nanmean(apart)) / found.expected)


def test_coincidences_have_the_marginals_of_the_pairable_values() -> None:
    found = coincidences(study(30))
    assert found.matrix.sum(axis=1) == pytest.approx(found.marginals)
    assert found.scale == ("a", "b", "c")


def test_without_the_coder_who_differs_alpha_rises() -> None:
    rng = np.random.default_rng(5)
    good = rng.integers(0, 3, 100)
    ratings_of = ratings_from_matrix([good, good, rng.integers(0, 3, 100)], scale=["a", "b", "c"], coders=["x", "y", "odd"])
    changes = {one.coder: one.change for one in leave_one_coder_out(ratings_of, metric=Metric.NOMINAL)}
    assert changes["odd"] is not None
    assert changes["odd"] > 0.5
    pair = leave_one_coder_out(ratings_of.keep(ratings_of.coder != 2), metric=Metric.NOMINAL)
    assert [one.change for one in pair] == [None, None]


def test_a_merge_shows_alpha_before_and_after() -> None:
    data = ratings_from_matrix([[0, 0, 1, 2, 2], [0, 1, 1, 2, 2]], scale=["a", "b", "c"])
    found = what_if_merge(data, "a", "b", metric=Metric.NOMINAL)
    assert found.after.value == 1
    assert found.before.value is not None
    assert found.before.value < 1
    with pytest.raises(BadInput, match="two different codes"):
        what_if_merge(data, "a", "a", metric=Metric.NOMINAL)


def test_stability_compares_a_coder_with_themselves() -> None:
    rows = [("u1", "a", "1", "x"), ("u1", "a", "2", "x"), ("u2", "a", "1", "y"), ("u2", "a", "2", "x"), ("u1", "b", "1", "x")]
    long = pl.DataFrame(rows, schema=["unit", "coder", "time", "code"], orient="row")
    asked = {"columns": Columns(), "variable": None, "scale": None, "metric": Metric.NOMINAL}
    first, second = stability(long, occasion="time", columns=Columns(), variable=None, scale=None, metric=Metric.NOMINAL)
    assert (first.coder, first.units, first.percent.value) == ("a", 2, 0.5)
    assert (second.units, second.alpha.value) == (0, None)
    assert set(asked) == {"columns", "variable", "scale", "metric"}
    with pytest.raises(BadInput, match="needs the columns"):
        stability(long, occasion="day", columns=Columns(), variable=None, scale=None, metric=Metric.NOMINAL)


PARENTS = {"clarity": "boundaries", "depth": "clarity", "loop": "pool", "pool": "loop"}


@pytest.mark.parametrize(
    ("first", "second", "kinds"),
    [
        pytest.param(["a"], ["b"], {Kind.SWAP: 1}, id="another code"),
        pytest.param(["a"], [""], {Kind.OMISSION: 1}, id="none applies"),
        pytest.param(["a", "b"], ["a"], {Kind.OMISSION: 1}, id="one code less"),
        pytest.param(["depth"], ["boundaries"], {Kind.GRANULARITY: 1}, id="grandparent"),
        pytest.param(["depth", "a"], ["clarity", "b", "c"], {Kind.GRANULARITY: 1, Kind.SWAP: 1, Kind.OMISSION: 1}, id="all three"),
        pytest.param(["a"], ["a"], {}, id="the same"),
        pytest.param(["loop"], ["a"], {Kind.SWAP: 1}, id="a circle of parents ends"),
    ],
)
def test_a_difference_has_a_kind(first: list[str], second: list[str], kinds: dict[Kind, int]) -> None:
    assert {kind: n for kind, n in differences(first, second, PARENTS).items() if n} == kinds


def test_disagreements_split_into_shares() -> None:
    data = unit_ratings(
        [["u1", "a", "clarity"], ["u1", "b", "boundaries"], ["u2", "a", "x"], ["u2", "b", ""], ["u3", "a", "x"], ["u3", "b", "x"]]
    )
    found = split_codings(data, members=[(code,) for code in data.scale], parents=PARENTS)
    assert found.shares() == {Kind.SWAP: 0, Kind.OMISSION: 0.5, Kind.GRANULARITY: 0.5, Kind.BOUNDARY: 0}
    agreed = split_codings(data.recode([0] * len(data.scale), ["x"]), members=[("x",)], parents={})
    assert set(agreed.shares().values()) == {0.0}


def test_spans_differ_by_boundary_code_branch_or_absence() -> None:
    rows = [
        Span("t", "a", 0, 5, "x"), Span("t", "b", 0, 5, "x"),
        Span("t", "a", 10, 15, "x"), Span("t", "b", 11, 15, "x"),
        Span("t", "a", 20, 25, "x"), Span("t", "b", 20, 25, "y"),
        Span("t", "a", 30, 35, "clarity"), Span("t", "b", 30, 35, "depth"),
        Span("t", "a", 40, 45, "x"), Span("t", "b", 50, 55, "x"),
    ]  # fmt: skip
    found = split_spans(spans_of(rows, texts={"t": 60}, coders=["a", "b"]), parents=PARENTS)
    assert found.counts == {Kind.SWAP: 1, Kind.OMISSION: 2, Kind.GRANULARITY: 1, Kind.BOUNDARY: 1}


def test_a_codes_prevalence_weighs_excerpts_by_how_they_were_drawn() -> None:
    # Drawn with probabilities 1/4 and 1: the first excerpt stands for four, so a gave x on 4 of 5 and b on 1 of 5.
    plain = ratings_from_matrix([[1, 0], [0, 1]], scale=("other", "x"), coders=("a", "b"))
    both = ratings_from_matrix([[1, 0], [1, 0]], scale=("other", "x"), coders=("a", "b"))
    assert table(plain.weighted([4, 1])).rows[1].prevalence_by_coder == pytest.approx({"a": 0.8, "b": 0.2})
    assert (table(both).rows[1].prevalence, table(both.weighted([4, 1])).rows[1].prevalence) == (0.5, pytest.approx(0.8))
