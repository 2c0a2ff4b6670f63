"""Parts of a round of spans: a document's figures are those of its texts alone, and the quarters' mean is the round's u-alpha."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from service.agreement.breakdown import Part
from service.agreement.estimate import Estimate, Reason, Undefined
from service.agreement.marked import Marked
from service.agreement.marked_parts import marked_by_document, marked_by_quarter
from service.agreement.spans import Span
from tests.agreement.test_marked import board, of

CODERS = ("a", "b", "c")
LENGTH = 40
Places = dict[tuple[str, str], int]


def random_marked(seed: int, *, gaps: float) -> Marked:
    rng = np.random.default_rng(seed)
    rows: dict[tuple[str, str], tuple[Span, ...]] = {}
    for number in range(24):
        text, at = f"t{number}", int(rng.integers(LENGTH - 12))
        for coder in CODERS:
            if rng.random() >= gaps:
                begin = at if rng.random() < 0.7 else at + int(rng.integers(1, 4))
                spans = [Span(text, coder, begin, begin + 8, "xy"[int(rng.random() < 0.3)])]
                rows[text, coder] = tuple(spans) if rng.random() < 0.9 else ()
    return Marked({f"t{number}": LENGTH + number for number in range(24)}, CODERS, rows)


def placed(marked: Marked, seed: int) -> Places:
    rng = np.random.default_rng(seed)
    places: Places = {}
    for coder in CODERS:
        mine = [key for key in marked.given if key[1] == coder]
        places |= {mine[at]: place for place, at in enumerate(rng.permutation(len(mine)), 1)}
    return places


@pytest.mark.parametrize("seed", range(4))
def test_a_documents_figures_are_those_of_its_texts_alone(seed: int) -> None:
    marked = random_marked(seed, gaps=0.15)
    documents = {text: f"d{number % 5}" for number, text in enumerate(marked.texts)}
    parts = marked_by_document(marked, documents)
    assert [part.name for part in parts] == ["d0", "d1", "d2", "d3", "d4"]
    for part in parts:
        texts = [text for text in marked.texts if documents[text] == part.name]
        alone = board(
            Marked({text: marked.texts[text] for text in texts}, CODERS, {k: s for k, s in marked.given.items() if k[0] in texts})
        )
        assert (part.alpha, part.percent) == (alone.alpha.value, alone.percent.value)
        assert part.units == len(texts)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_quarters_weighted_mean_is_the_u_alpha_of_the_round(*, weighted: bool) -> None:
    marked = random_marked(7, gaps=0)
    if weighted:
        marked = replace(marked, weights={text: 1.0 + number % 3 for number, text in enumerate(marked.texts)})
    places = placed(marked, 3)
    parts, whole = marked_by_quarter(marked, places), board(marked).alpha
    alphas = [value(part) for part in parts]
    lengths = [length_of(marked, places, quarter) for quarter in range(4)]
    assert isinstance(whole, Estimate)
    mean = sum(alpha * length for alpha, length in zip(alphas, lengths, strict=True)) / sum(lengths)
    assert mean == pytest.approx(whole.value, abs=1e-12)
    assert any(one != other for one, other in pairwise(alphas)), "the quarters differ, so the mean says something"
    assert sum(part.codings for part in parts) == len(marked.given)


def value(part: Part) -> float:
    assert not isinstance(part.alpha, Undefined)
    return part.alpha


def length_of(marked: Marked, places: Places, quarter: int) -> float:
    most = {coder: max(place for (_, who), place in places.items() if who == coder) for coder in CODERS}
    own = [text for (text, coder), place in places.items() if (place - 1) * 4 // most[coder] == quarter]
    return sum(marked.texts[text] * (marked.weights[text] if marked.weights else 1) for text in own)


def test_a_text_that_not_everybody_coded_counts_in_the_percentage_only() -> None:
    both = {"a": [(0, 4, "x")], "b": [(0, 4, "x")]}
    marked = of({"t1": both | {"c": [(0, 4, "x")]}, "t2": both, "t3": {"a": [(0, 4, "x")]}}, coders="abc")
    places = {("t1", "a"): 1, ("t2", "a"): 2, ("t3", "a"): 3, ("t2", "b"): 1}
    first, second, third, last = marked_by_quarter(marked, places)
    assert (first.alpha, first.percent, first.units, first.pairable, first.codings) == (1, 1, 2, 2, 2)
    assert (second.percent, reason(second)) == (1, Reason.NO_PAIRABLE_UNITS)
    assert (third.units, third.pairable, reason(third)) == (1, 0, Reason.NO_PAIRABLE_UNITS)
    assert isinstance(third.percent, Undefined)
    assert reason(last) is Reason.NO_DATA


def reason(part: Part) -> Reason:
    assert isinstance(part.alpha, Undefined)
    return part.alpha.reason


def test_overlaps_of_a_coder_leave_the_percentage() -> None:
    marked = of({"t": {"a": [(0, 6, "x"), (4, 8, "y")], "b": [(0, 8, "x")]}, "u": {"a": [(1, 3, "x")], "b": [(1, 3, "x")]}})
    parts = marked_by_quarter(marked, {key: place for place, key in enumerate(marked.given, 1)})
    assert {reason(part) for part in parts} <= {Reason.OVERLAPPING_SPANS, Reason.NO_DATA}
    assert parts[0].percent == 0
    [overlapping, plain] = marked_by_document(marked, {"t": "one", "u": "two"})
    assert reason(overlapping) is Reason.OVERLAPPING_SPANS
    assert plain.alpha == 1


def test_nothing_coded_is_said() -> None:
    nothing = Marked({"t": 10}, ("a", "b"), {})
    for part in marked_by_document(nothing, {"t": "d"}) + marked_by_quarter(nothing, {}):
        assert reason(part) is Reason.NO_DATA
        assert isinstance(part.percent, Undefined)
        assert part.codings == 0
