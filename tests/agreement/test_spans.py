"""Spans, segmentations and gamma: edges, properties, and what the literature says in words."""

import gzip
import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.agreement.alignment import Alignment, Dissimilarity, Units, apart, best_alignment, candidates
from service.agreement.cover import EMPTY, cheapest_cover
from service.agreement.estimate import Estimate, Interval, Reason, Undefined
from service.agreement.gamma import Gamma, Sampling, gamma, habits, random_continuum, units_of
from service.agreement.interval import Method, Uncertainty, interval
from service.agreement.segmentation import boundaries, boundary_similarity, compare, pk, segmentation_agreement, segmentation_similarity
from service.agreement.spans import Span, Spans, overlapping, refuse_overlaps, spans_of
from service.agreement.unitizing import unitizing_alphas, unitizing_moments
from service.agreement.unitizing1995 import alpha_u
from service.errors import BadInput
from tests.agreement.strategies import MANY, SOME, spans

ONES = Dissimilarity(alpha=1, beta=1, empty=1)


def marked(*rows: tuple[str, int, int, str], length: int = 20, coders: str = "ab") -> Spans:
    return spans_of([Span("t", *row) for row in rows], texts={"t": length}, coders=list(coders))


def sampling(samples: int = 10, *, precision: float | None = None, unaligned: bool = False) -> Sampling:
    return Sampling(seed=1, samples=samples, precision=precision, level=0.95, unaligned_count=unaligned)


@MANY
@given(spans())
def test_unitizing_alphas_are_numbers_or_reasons(given_spans: Spans) -> None:
    found, old = unitizing_alphas(given_spans), alpha_u(given_spans)
    figures = [found.u_alpha, found.binary, found.cu_alpha.estimate, *(one.estimate for one in found.per_code.values())]
    for figure in [*figures, old.overall, *old.per_code.values()]:
        assert isinstance(figure, Undefined) or np.isfinite(figure.value)


@SOME
@given(spans())
def test_unitizing_by_moments_is_unitizing(given_spans: Spans) -> None:
    found = unitizing_alphas(given_spans).u_alpha
    if isinstance(found, Estimate):
        totals = unitizing_moments(given_spans)
        assert float(totals.formula(totals.totals())) == pytest.approx(found.value, abs=1e-9)


def test_splitting_a_span_is_no_disagreement_and_silence_is() -> None:
    whole = marked(("a", 2, 8, "x"), ("b", 2, 5, "x"), ("b", 5, 8, "x"))
    assert unitizing_alphas(whole).u_alpha.value == pytest.approx(1, abs=0.05)
    silent = marked(("a", 2, 8, "x"), ("b", 2, 8, "x"), coders="abc")
    loud = marked(("a", 2, 8, "x"), ("b", 2, 8, "x"))
    values = [unitizing_alphas(one).u_alpha.value for one in (silent, loud)]
    assert values[0] is not None
    assert values[1] == 1
    assert values[0] < 0.8


def test_unitizing_without_gaps_codes_or_coders() -> None:
    full = marked(("a", 0, 20, "x"), ("b", 0, 20, "x"))
    assert isinstance(unitizing_alphas(full).binary, Undefined)
    nobody = unitizing_alphas(marked())
    assert isinstance(nobody.u_alpha, Undefined)
    assert nobody.u_alpha.reason is Reason.NO_DATA
    alone = unitizing_alphas(marked(("a", 0, 3, "x"), coders="a")).u_alpha
    assert isinstance(alone, Undefined)
    assert alone.reason is Reason.ONE_CODER
    assert isinstance(alpha_u(marked()).overall, Undefined)
    assert isinstance(alpha_u(marked(("a", 0, 20, "x"), length=20)).overall, Estimate)
    apart_spans = unitizing_alphas(marked(("a", 0, 3, "x"), ("b", 5, 8, "y")))
    assert isinstance(apart_spans.cu_alpha.estimate, Undefined)
    assert apart_spans.cu_alpha.estimate.reason is Reason.NO_PAIRABLE_UNITS


@SOME
@given(spans(), st.data())
def test_a_text_that_counts_three_times_is_a_text_that_stands_there_three_times(found: Spans, data: st.DataObject) -> None:
    if overlapping(found):
        found = found.merged()
    times = {text: data.draw(st.integers(1, 3)) for text in found.texts}
    copies = spans_of(
        [span._replace(text=f"{span.text} {copy}") for span in found.spans for copy in range(times[span.text])],
        texts={f"{text} {copy}": length for text, length in found.texts.items() for copy in range(times[text])},
        coders=found.coders,
    )
    weighed, stood = unitizing_alphas(replace(found, weights=times)), unitizing_alphas(copies)
    assert weighed.u_alpha.value == pytest.approx(stood.u_alpha.value)
    assert weighed.binary.value == pytest.approx(stood.binary.value)
    assert weighed.cu_alpha.estimate.value == pytest.approx(stood.cu_alpha.estimate.value)
    assert weighed.cu_alpha.coverage == pytest.approx(stood.cu_alpha.coverage)
    assert {code: one.estimate.value for code, one in weighed.per_code.items()} == pytest.approx(
        {code: one.estimate.value for code, one in stood.per_code.items()}
    )


def test_texts_are_what_an_interval_of_u_alpha_resamples() -> None:
    rng = np.random.default_rng(1)
    rows: list[Span] = []
    for text in range(20):
        start = int(rng.integers(0, 8))
        rows += [Span(f"t{text:02}", "a", start, start + 6, "x"), Span(f"t{text:02}", "b", start + int(rng.integers(0, 3)), start + 6, "x")]
    given_spans = spans_of(rows, texts={f"t{text:02}": 20 for text in range(20)}, coders=["a", "b"])
    found = unitizing_alphas(given_spans).u_alpha
    how = Uncertainty(method=Method.BCA, level=0.95, by_cluster=True, replicates=200, seed=1)
    got = interval(found.value or np.nan, unitizing_moments(given_spans), how)
    assert isinstance(got, Interval)
    assert got.low < (found.value or np.nan) < got.high
    assert got.clusters == 20


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param([("a", 5, 5, "x")], "Span 1: it is empty", id="empty"),
        pytest.param([("a", 5, 21, "x")], "reaches outside", id="outside"),
        pytest.param([("z", 0, 1, "x")], "not among those declared", id="unknown coder"),
    ],
)
def test_a_span_outside_its_text_is_refused(rows: list[tuple[str, int, int, str]], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        marked(*rows)


def test_overlaps_are_for_gamma() -> None:
    over = marked(("a", 0, 5, "x"), ("a", 3, 8, "y"), ("b", 0, 5, "x"))
    with pytest.raises(BadInput, match="overlap"):
        refuse_overlaps(over)
    assert unitizing_alphas(over.only("x")).u_alpha.value == 1
    assert gamma(over, by=ONES, sampling=sampling()).gamma.value is not None


@SOME
@given(spans(), st.booleans())
def test_gamma_is_a_number_or_a_reason(given_spans: Spans, unaligned: bool) -> None:
    assert_gamma(given_spans, unaligned=unaligned)


@pytest.mark.long
@MANY
@given(spans(), st.booleans())
def test_gamma_is_a_number_or_a_reason_a_thousand_times(given_spans: Spans, unaligned: bool) -> None:
    assert_gamma(given_spans, unaligned=unaligned)


def assert_gamma(given_spans: Spans, *, unaligned: bool) -> None:
    found = gamma(given_spans, by=ONES, sampling=sampling(3, unaligned=unaligned))
    for figure in (found.gamma, found.gamma_cat, *found.per_code.values()):
        assert isinstance(figure, Undefined) or np.isfinite([figure.value, figure.observed]).all()


def test_gamma_is_one_for_the_same_spans_and_its_interval_is_the_error_of_chance() -> None:
    same = marked(("a", 1, 4, "x"), ("b", 1, 4, "x"), ("a", 6, 9, "y"), ("b", 6, 9, "y"), length=30)
    found = gamma(same, by=ONES, sampling=sampling(30))
    assert (found.gamma.value, found.disorder) == (1, 0)
    near = gamma(marked(("a", 1, 5, "x"), ("b", 2, 6, "x"), ("a", 8, 12, "y"), ("b", 8, 12, "x")), by=ONES, sampling=sampling(30))
    assert isinstance(near.gamma, Estimate)
    assert isinstance(near.gamma.interval, Interval)
    assert "Monte-Carlo" in near.gamma.interval.method
    assert near.gamma.interval.low < near.gamma.value < near.gamma.interval.high


def test_gamma_draws_until_it_is_precise() -> None:
    near = marked(("a", 1, 5, "x"), ("b", 2, 6, "x"), ("a", 8, 12, "y"), ("b", 8, 12, "x"))
    assert gamma(near, by=ONES, sampling=sampling(5, precision=0.05)).samples > 5
    assert gamma(near, by=ONES, sampling=sampling(5, precision=10.0)).samples == 5
    assert gamma(near, by=ONES, sampling=sampling(1, precision=0.5)).samples == 1


def test_gamma_needs_spans_of_every_coder() -> None:
    def why(found: Gamma) -> Reason | None:
        return found.gamma.reason if isinstance(found.gamma, Undefined) else None

    assert why(gamma(marked(("a", 0, 3, "x")), by=ONES, sampling=sampling())) is Reason.NO_PAIRABLE_UNITS
    assert why(gamma(marked(), by=ONES, sampling=sampling())) is Reason.NO_DATA
    assert why(gamma(marked(("a", 0, 3, "x"), coders="a"), by=ONES, sampling=sampling())) is Reason.ONE_CODER


def brute_force(units: Units, by: Dissimilarity) -> float:
    """Try every way to put units together, three coders at most with few units each."""
    everything = np.arange(len(units.coder))
    d = apart(units, everything, everything, by)
    groups = [np.flatnonzero(units.coder == at).tolist() + [EMPTY] * int((units.coder != at).sum()) for at in range(units.coders)]
    longest = max(len(group) for group in groups)
    padded = [group + [EMPTY] * (longest - len(group)) for group in groups]
    best = np.inf
    for orders in [
        (first, second) for first in set(permutations(padded[1])) for second in (set(permutations(padded[2])) if len(padded) > 2 else [()])
    ]:
        columns = [padded[0], *(order for order in orders if order)]
        cost = 0.0
        for row in zip(*columns, strict=True):
            if any(unit != EMPTY for unit in row):
                pairs = [(a, b) for at, a in enumerate(row) for b in row[at + 1 :]]
                cost += sum(float(d[a, b]) if EMPTY not in (a, b) else by.empty for a, b in pairs) / len(pairs)
        best = min(best, cost)
    return best * units.coders / len(units.coder)


@pytest.mark.parametrize("seed", range(12))
def test_the_best_alignment_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [2, 2] if seed % 2 else [1, 2, 1]
    coder = np.repeat(np.arange(len(sizes)), sizes)
    start = rng.integers(0, 12, len(coder)).astype(np.float64)
    units = Units(len(sizes), coder, start, start + rng.integers(1, 8, len(coder)), rng.integers(0, 2, len(coder)))
    by = Dissimilarity(alpha=1 + seed % 3, beta=1, empty=1)
    found = best_alignment(units, by)
    assert found.disorder == pytest.approx(brute_force(units, by))
    assert sorted(unit for unit in found.members.ravel().tolist() if unit != EMPTY) == list(range(len(coder)))


@pytest.mark.parametrize("coders", [3, 4])
def test_search_and_integer_programme_find_the_same_cost(coders: int) -> None:
    # Dense spans: in about half of such continua the relaxation of some stretch is not whole.
    rng = np.random.default_rng(5)
    starts = np.cumsum(rng.integers(10, 30, 40)).tolist()
    rows = [
        (name, start, start + int(rng.integers(6, 10)), "xyzw"[start % 4])
        for name in "abcd"[:coders]
        for start in starts
        if rng.random() > 0.1
    ]
    like = habits(units_of(marked(*rows, length=1_200, coders="abcd"[:coders])), 4)
    for seed in range(20):
        units = random_continuum(like, coders, np.random.default_rng(seed))
        by_search, by_programme = (_covered(units, steps) for steps in (200, 0))
        assert by_search == pytest.approx(by_programme, abs=1e-9)


def _covered(units: Units, steps: int) -> float:
    groups = [np.flatnonzero(units.coder == at) for at in range(units.coders)]
    members, costs = candidates(units, groups, ONES)
    return float(costs[cheapest_cover(members, costs, units=len(units.coder), steps=steps)].sum())


@pytest.mark.reference
@pytest.mark.parametrize("number", ["01_two_annotators_simple", "02_unequal_counts", "03_identical_perfect", "04_three_annotators",
                                    "05_larger_two_annotators", "06_weighted_alpha3_beta2"])  # fmt: skip
def test_disorders_of_pygamma(reference_data: Path, number: str) -> None:
    file = reference_data / "data/span_goldens/original" / f"dkpro_pygamma_fixture_{number}.json"
    content = json.loads(file.read_text())
    by = Dissimilarity(alpha=content["params"]["alpha"], beta=content["params"]["beta"], empty=content["params"]["deltaEmpty"])
    assert _alignment(content["continuum"], by).disorder == pytest.approx(content["tier1"]["bestAlignmentDisorder"], abs=1e-5)
    for drawn in content["tier2"]["sampledContinua"]:
        disorder = next(value for key, value in drawn.items() if "isorder" in key)
        assert _alignment(drawn["units"], by).disorder == pytest.approx(disorder, abs=1e-5)


def _alignment(rows: list[dict[str, str | float]], by: Dissimilarity) -> Alignment:
    coders, codes = (sorted({str(row[field]) for row in rows}) for field in ("annotator", "category"))
    return best_alignment(
        Units(
            len(coders),
            np.array([coders.index(str(row["annotator"])) for row in rows]),
            np.array([float(row["start"]) for row in rows]),
            np.array([float(row["end"]) for row in rows]),
            np.array([codes.index(str(row["category"])) for row in rows]),
        ),
        by,
    )


@pytest.mark.reference
def test_gamma_of_a_thousand_units_is_the_published_one(reference_data: Path) -> None:
    lines = gzip.decompress((reference_data / "data/pygamma_examples/original/2by1000.csv.gz").read_bytes()).decode().split()
    rows = [line.split(",") for line in lines]
    made = [Span("t", coder, int(float(start)), int(float(end)), code) for coder, code, start, end in rows]
    given_spans = spans_of(made, texts={"t": max(span.end for span in made)}, coders=sorted({span.coder for span in made}))
    found = gamma(given_spans, by=Dissimilarity(alpha=3, beta=1, empty=1), sampling=sampling(10, unaligned=True))
    assert 0.39 <= (found.gamma.value or 0) <= 0.42
    assert 0.38 <= (found.gamma_cat.value or 0) <= 0.42


masses = st.lists(st.integers(1, 4), min_size=1, max_size=6)


@MANY
@given(masses, st.data())
def test_segmentation_measures_lie_between_nought_and_one(first: list[int], data: st.DataObject) -> None:
    total = sum(first)
    cuts = sorted(data.draw(st.sets(st.integers(1, total), max_size=5)) - {total})
    second = np.diff([0, *cuts, total]).tolist()
    for measure in (boundary_similarity, segmentation_similarity):
        assert 0 <= measure(first, second, near=2) <= 1
        assert measure(first, second, near=2) == pytest.approx(measure(second, first, near=2))
        assert measure(first, first, near=2) == 1
    assert 0 <= pk(first, second) <= 1
    found = segmentation_agreement({"t": {"a": first, "b": second}}, near=2)
    assert isinstance(found.pi, Undefined) or np.isfinite(found.pi.value)


def test_a_near_miss_is_half_a_miss_and_only_within_reach() -> None:
    assert compare([4, 6], [5, 5], near=2).near_weight == 0.5
    assert compare([4, 6], [6, 4], near=2).near == 0
    assert compare([4, 6], [6, 4], near=3).near_weight == pytest.approx(2 / 3)
    assert boundary_similarity([10], [10], near=2) == 1
    assert segmentation_similarity([1], [1], near=2) == 1


def test_segmentations_that_cannot_be_compared() -> None:
    with pytest.raises(BadInput, match="different length"):
        pk([3], [4])
    with pytest.raises(BadInput, match="from 1 on"):
        boundaries([0, 3])
    with pytest.raises(BadInput, match="Every coder"):
        segmentation_agreement({"t": {"a": [3], "b": [3]}, "u": {"a": [3]}}, near=2)
    for texts, why in (({}, Reason.NO_DATA), ({"t": {"a": [2, 2]}}, Reason.ONE_CODER), ({"t": {"a": [4], "b": [4]}}, Reason.NO_VARIATION)):
        found = segmentation_agreement(texts, near=2).pi
        assert isinstance(found, Undefined)
        assert found.reason is why
    everywhere = segmentation_agreement({"t": {"a": [1, 1, 1], "b": [1, 1, 1]}}, near=2)
    assert isinstance(everywhere.pi, Undefined)


def test_results_are_json() -> None:
    near = marked(("a", 1, 5, "x"), ("b", 2, 6, "x"), ("a", 8, 12, "y"), ("b", 8, 12, "x"))
    for found in (
        gamma(near, by=ONES, sampling=sampling()),
        unitizing_alphas(near),
        alpha_u(near),
        segmentation_agreement({"t": {"a": [2, 3], "b": [1, 4]}}, near=2),
    ):
        assert msgspec.json.decode(msgspec.json.encode(found))
