"""Cuts a text into spans; the text itself is never changed, so line ends stay as they came."""

import re
from collections.abc import Iterator

from service.corpus.characters import is_blank
from service.corpus.model import Span

# One line with its end; CRLF is one end, not two.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def paragraphs(text: str) -> tuple[Span, ...]:
    """Give the spans between blank lines, without the white space around them; none for a text of white space only."""
    return tuple(span for block in _blocks(text) if (span := trimmed(text, block)))


def whole(text: str) -> tuple[Span, ...]:
    """Give one span over the text without the white space around it; none for a text of white space only."""
    span = trimmed(text, Span(0, len(text)))
    return (span,) if span else ()


def trimmed(text: str, span: Span) -> Span | None:
    """Take white space off both ends of a span; nothing when no visible character is left."""
    chunk = text[span.start : span.end]
    if is_blank(chunk):
        return None
    start = span.start + len(chunk) - len(chunk.lstrip())
    return Span(start, start + len(chunk.strip()))


def _blocks(text: str) -> Iterator[Span]:
    start = 0
    for line in _LINE.finditer(text):
        if not line[0].strip():
            yield Span(start, line.start())
            start = line.end()
    yield Span(start, len(text))
