"""The figures of a variable of spans: which texts they rest on, by hand and against the coefficients they are made of."""

from dataclasses import replace

import pytest
from hypothesis import given

from service.agreement.estimate import Estimate, Interval, Reason, Undefined
from service.agreement.kinds import Kind
from service.agreement.marked import MOST_FOR_GAMMA, Marked, MarkedDashboard, marked_dashboard
from service.agreement.profile import STANDARD_1
from service.agreement.spans import Span, Spans, overlapping, spans_of
from service.agreement.unitizing import unitizing_alphas
from service.agreement.verdict import Verdict
from tests.agreement.strategies import SOME, spans

Given = dict[str, dict[str, list[tuple[int, int, str]]]]


def of(given: Given, *, coders: str = "ab", length: int = 10) -> Marked:
    """Read ``{text: {coder: [(start, end, code)]}}``; a coder who is not named did not code the text."""
    rows = {(text, coder): tuple(Span(text, coder, *one) for one in some) for text, by in given.items() for coder, some in by.items()}
    return Marked(dict.fromkeys(given, length), tuple(coders), rows)


def board(marked: Marked, *, codes: str = "xy", documents: dict[str, str] | None = None) -> MarkedDashboard:
    return marked_dashboard(marked, codes=list(codes), profile=STANDARD_1, documents=documents, parents={})


def test_by_hand() -> None:
    # Two texts of 10 characters. t1: both mark [0, 4) x. t2: a marks [0, 4) x, b marks [2, 6) x.
    # Lengths where a and b meet: x with x 4 + 2, x with gap 2 + 2, gap with gap 6 + 4: 20 in all, each ordered pair twice over 2(m - 1).
    # Observed: 4 of 20 differ. o_x = (6 + 6 + 4) / 1 = 16 of 40, o_gap = 24. Binary u-alpha = 1 - .2 / D_e, D_e by the paper's correction
    # for the lengths of the units themselves, as the library's own function has it.
    found = board(of({"t1": {"a": [(0, 4, "x")], "b": [(0, 4, "x")]}, "t2": {"a": [(0, 4, "x")], "b": [(2, 6, "x")]}}))
    assert isinstance(found.alpha, Estimate)
    assert found.alpha.observed == pytest.approx(4 / 20)
    assert found.percent.value == pytest.approx(0.5)
    assert found.all_agree.value == pytest.approx(0.5)
    assert found.kinds.counts == {Kind.SWAP: 0, Kind.OMISSION: 0, Kind.GRANULARITY: 0, Kind.BOUNDARY: 1}
    x, y = found.codes
    assert (x.spans, x.texts, x.spans_by_coder, x.verdict) == (4, 2, {"a": 2, "b": 2}, Verdict.NOT_ENOUGH_DATA)
    assert (y.spans, y.verdict) == (0, Verdict.UNDEFINED)
    assert isinstance(y.alpha, Undefined)
    assert y.alpha.reason is Reason.NO_DATA


def test_texts_that_not_every_coder_coded_are_left_out_and_pairs_use_their_own() -> None:
    both = {"a": [(0, 4, "x")], "b": [(1, 5, "x")], "c": [(0, 4, "y")]}
    found = board(of({"t1": both, "t2": {"a": [(0, 3, "y")], "b": []}, "t3": both}, coders="abc"))
    without = board(of({"t1": both, "t3": both}, coders="abc"))
    assert found.texts_used == 2
    assert found.alpha.value == without.alpha.value
    assert [(pair.coders, pair.texts) for pair in found.pairs] == [(("a", "b"), 3), (("a", "c"), 2), (("b", "c"), 2)]
    ab = unitizing_alphas(of({"t1": both, "t2": {"a": [(0, 3, "y")], "b": []}, "t3": both}).by("ab")).u_alpha
    assert found.pairs[0].alpha.value == ab.value
    assert found.pairs[0].percent.value == 0
    leaving_c = next(one for one in found.without_coder if one.coder == "c")
    assert leaving_c.without.value == unitizing_alphas(of({"t1": both, "t3": both}).by("ab")).u_alpha.value


def test_texts_weigh_and_equal_weights_change_nothing() -> None:
    rows: Given = {"t1": {"a": [(0, 4, "x")], "b": [(0, 4, "x")]}, "t2": {"a": [(0, 4, "x")], "b": [(2, 6, "x")]}}
    plain, even = board(of(rows)), board(replace(of(rows), weights={"t1": 3.0, "t2": 3.0}))
    assert (even.alpha, even.pairs, even.codes) == (plain.alpha, plain.pairs, plain.codes)
    heavy = board(replace(of(rows), weights={"t1": 3.0, "t2": 1.0}))
    # Weights come to 1.5 and .5: of 20 meeting lengths, half of 4 differ.
    assert isinstance(heavy.alpha, Estimate)
    assert heavy.alpha.observed == pytest.approx(2 / 20)
    assert heavy.percent.value == pytest.approx(0.75)
    assert heavy.pairs[0].percent.value == pytest.approx(0.75)
    assert "weighs 1/inclusion probability" in heavy.methods
    assert "weighs" not in plain.methods


def test_nothing_marked_is_a_coding() -> None:
    found = board(of({"t1": {"a": [], "b": []}, "t2": {"a": [(0, 5, "x")], "b": [(0, 5, "x")]}}))
    assert found.texts_used == 2
    assert found.percent.value == 1
    assert found.alpha.value == 1
    assert board(of({"t1": {"a": [], "b": []}})).percent.value == 1
    nothing = board(of({"t1": {"a": [], "b": []}})).alpha
    assert isinstance(nothing, Undefined)
    assert nothing.reason is Reason.NO_DATA


def test_overlaps_of_a_coder_leave_the_codes_one_by_one_the_places_and_gamma() -> None:
    found = board(of({"t": {"a": [(0, 6, "x"), (4, 8, "y")], "b": [(0, 8, "x")]}, "u": {"a": [(1, 3, "x")], "b": [(1, 3, "x")]}}))
    assert isinstance(found.alpha, Undefined)
    assert found.alpha.reason is Reason.OVERLAPPING_SPANS
    assert found.alpha.basis is not None
    assert found.binary.value == 1
    assert all(code.alpha.value is not None for code in found.codes)
    assert isinstance(found.codes[0].ku_alpha.estimate, Undefined)
    assert found.gamma is not None
    assert isinstance(found.gamma.gamma, Estimate)


def test_intervals_resample_excerpts_or_documents() -> None:
    given: Given = {f"t{n}": {"a": [(n % 4, n % 4 + 3, "xy"[n % 2])], "b": [(n % 3, n % 3 + 3, "xyx"[n % 3])]} for n in range(12)}
    by_text = board(of(given)).alpha
    by_document = board(of(given), documents={f"t{n}": f"d{n % 4}" for n in range(12)}).alpha
    assert isinstance(by_text, Estimate)
    assert isinstance(by_document, Estimate)
    assert isinstance(by_text.interval, Interval)
    assert isinstance(by_document.interval, Interval)
    assert by_text.value == by_document.value
    assert (by_text.interval.clusters, by_document.interval.clusters) == (None, 4)
    assert by_text.interval.low < by_text.value < by_text.interval.high


def test_one_text_has_no_interval() -> None:
    found = board(of({"t": {"a": [(0, 4, "x")], "b": [(1, 4, "x")]}})).alpha
    assert isinstance(found, Estimate)
    assert isinstance(found.interval, Undefined)
    assert found.interval.reason is Reason.ONE_UNIT


def test_gamma_is_left_out_where_it_would_take_minutes_or_a_coder_marked_nothing() -> None:
    many = {f"t{n}": {"a": [(0, 4, "x")], "b": [(1, 5, "x")]} for n in range(MOST_FOR_GAMMA // 2 + 1)}
    assert board(of(many)).gamma is None
    assert board(of({"t": {"a": [(0, 4, "x")], "b": []}})).gamma is None


@SOME
@given(spans())
def test_where_everybody_coded_everything_the_dashboard_has_the_coefficients_of_the_spans(drawn: Spans) -> None:
    rows = {
        (text, coder): tuple(s for s in drawn.spans if (s.text, s.coder) == (text, coder)) for text in drawn.texts for coder in drawn.coders
    }
    found = marked_dashboard(Marked(drawn.texts, drawn.coders, rows), codes=drawn.codes(), profile=STANDARD_1, documents=None, parents={})
    if overlapping(drawn):
        assert isinstance(found.alpha, Undefined)
        return
    whole = unitizing_alphas(drawn)
    assert found.alpha.value == whole.u_alpha.value
    assert found.binary.value == whole.binary.value
    assert found.cu_alpha.estimate.value == whole.cu_alpha.estimate.value


def test_merged_makes_one_of_what_touches_or_overlaps() -> None:
    rows = [
        Span("t", "a", 0, 3, "x"),
        Span("t", "a", 2, 5, "y"),
        Span("t", "a", 5, 6, "x"),
        Span("t", "a", 8, 9, "x"),
        Span("t", "b", 5, 7, "x"),
    ]
    merged = spans_of(rows, texts={"t": 10}, coders="ab").merged()
    assert [(span.coder, span.start, span.end) for span in merged.spans] == [("a", 0, 6), ("a", 8, 9), ("b", 5, 7)]
