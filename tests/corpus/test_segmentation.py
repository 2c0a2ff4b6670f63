import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.corpus.model import Span
from service.corpus.segmentation import paragraphs, trimmed, whole

# Pieces whose code points, UTF-16 units, bytes and graphemes all differ in number.
PIECES = (
    "word",
    "👩‍👩‍👧",
    "🇩🇪",
    "e\u0301",
    "\u00e9",
    "שלום",
    "مرحبا",
    "\u200f",
    "한",
    "한",
    "\U0001f468\U0001f3fd",
    "\ufeff",
    "x\u2028y",
    "\x0b",
)
LINE_ENDS = ("\n", "\r\n", "\r")
texts = st.lists(st.sampled_from((*PIECES, *LINE_ENDS, " ", "\t", "\u00a0"))).map("".join)


@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_blank_line_ends_a_paragraph_and_a_line_end_does_not(end: str) -> None:
    text = f"  one{end}still one{end} \t{end}two {end}{end}{end}"
    assert [text[start:stop] for start, stop in paragraphs(text)] == [f"one{end}still one", "two"]


def test_crlf_is_one_line_end() -> None:
    assert paragraphs("one\r\ntwo") == (Span(0, 8),)


@given(texts)
def test_spans_are_trimmed_ordered_and_cover_every_visible_character(text: str) -> None:
    spans = paragraphs(text)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(a.end < b.start for a, b in pairwise(spans))
    covered = {place for start, end in spans for place in range(start, end)}
    outside = {character for place, character in enumerate(text) if place not in covered}
    assert {unicodedata.category(character) for character in outside} <= {"Cc", "Cf", "Zs", "Zl", "Zp"}


@given(texts)
def test_no_paragraph_holds_a_blank_line(text: str) -> None:
    for start, end in paragraphs(text):
        assert all(line.strip() for line in text[start:end].replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@given(st.lists(st.sampled_from(PIECES[:8]), min_size=1), st.sampled_from(LINE_ENDS))
def test_offsets_count_code_points_whatever_the_text(pieces: list[str], end: str) -> None:
    text = (end + end).join(pieces)
    seen = [piece for piece in pieces if piece != "\u200f"]
    assert [text[start:stop] for start, stop in paragraphs(text)] == seen


@given(texts)
def test_nfc_and_nfd_twins_are_cut_at_their_own_offsets(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    cut = [unicodedata.normalize("NFC", decomposed[start:end]) for start, end in paragraphs(decomposed)]
    assert cut == [composed[start:end] for start, end in paragraphs(composed)]


@given(texts)
def test_the_whole_text_is_one_span_or_none(text: str) -> None:
    assert [text[start:end] for start, end in whole(text)] in ([text.strip()], [])
    assert bool(whole(text)) == bool(paragraphs(text))


def test_a_span_of_white_space_is_none() -> None:
    assert trimmed("a  b", Span(1, 3)) is None
    assert trimmed("a  b", Span(1, 4)) == Span(3, 4)
