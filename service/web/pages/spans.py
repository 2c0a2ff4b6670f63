"""Spans on pages: a text cut where spans begin and end, and words with numbers for those who mark without a mouse."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from service.coding.model import CodedSpan
from service.errors import BadInput

COLOURS = 6
_VALUE = re.compile(r"(\d{1,9})-(\d{1,9})-(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the excerpt with its number, the first being 1, and its offsets."""

    number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text under the same codes throughout; ``ends`` names the codes whose span ends with it."""

    text: str
    codes: tuple[str, ...]
    ends: tuple[str, ...]
    colour: int

    @property
    def exact(self) -> Markup:
        """Give the text for a page so that a browser counts the same characters: it would take a bare CR for an LF."""
        return escape(self.text).replace("\r", Markup("&#13;"))


def words(text: str) -> list[Word]:
    """Number the words of a text."""
    return [Word(number, found.start(), found.end(), found[0]) for number, found in enumerate(re.finditer(r"\S+", text), 1)]


def segments(text: str, spans: Iterable[CodedSpan], codes: Sequence[str]) -> list[Segment]:
    """Cut a text where spans begin and end; a code's colour follows its place in the codebook."""
    given = sorted(spans, key=lambda span: (span.start, span.end, span.code))
    cuts = sorted({0, len(text), *(min(span.start, len(text)) for span in given), *(min(span.end, len(text)) for span in given)})
    made: list[Segment] = []
    for start, end in pairwise(cuts):
        over = [span for span in given if span.start <= start < span.end]
        colour = codes.index(over[-1].code) % COLOURS if over and over[-1].code in codes else 0
        ends = tuple(span.code for span in over if span.end == end)
        made.append(Segment(text[start:end], tuple(span.code for span in over), ends, colour))
    return made


def value_of(span: CodedSpan, codes: Sequence[str]) -> str:
    """Write a span as a form's value: start, end, place of the code."""
    return f"{span.start}-{span.end}-{codes.index(span.code)}"


def span_of(value: str, codes: Sequence[str]) -> CodedSpan:
    """Read a form's value back."""
    found = _VALUE.fullmatch(value)
    if found is None or int(found[3]) >= len(codes):
        message = "A span of the form cannot be read. Mark it again."
        raise BadInput(message)
    return CodedSpan(start=int(found[1]), end=int(found[2]), code=codes[int(found[3])])


def span_by_words(text: str, first: str, last: str, code: str, codes: Sequence[str]) -> CodedSpan:
    """Make the span from one word to another, both included; without a last word it is the first one alone."""
    numbered = words(text)
    numbers = [
        int(number) if number.isascii() and number.isdigit() and len(number) < len(str(10**9)) else 0 for number in (first, last or first)
    ]
    if not 1 <= numbers[0] <= numbers[1] <= len(numbered):
        message = f"A span goes from a word to the same or a later one; the excerpt has words 1 to {len(numbered)}."
        raise BadInput(message)
    if not (code.isascii() and code.isdigit() and int(code) < len(codes)):
        message = "Choose the code of the span."
        raise BadInput(message)
    return CodedSpan(start=numbered[numbers[0] - 1].start, end=numbered[numbers[1] - 1].end, code=codes[int(code)])
