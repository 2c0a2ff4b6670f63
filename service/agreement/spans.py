"""Who marked which stretch of which text: the form in which span codings reach a coefficient."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from service.errors import BadInput


class Span(NamedTuple):
    """A coded stretch of a text: half-open offsets in code points."""

    text: str
    coder: str
    start: int
    end: int
    code: str


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of several texts. A coder listed without spans saw the texts and marked nothing, which is a coding.

    Attributes
    ----------
    texts
        Length of each text in code points.
    coders
        All who read the texts.
    spans
        In order of text, coder and start.
    weights
        How many times each text counts in the unitizing alphas (1/inclusion probability, say), or None for once.
    """

    texts: dict[str, int]
    coders: tuple[str, ...]
    spans: tuple[Span, ...]
    weights: Mapping[str, float] | None = None

    def weight(self, text: str) -> float:
        """Say how many times a text counts."""
        return 1.0 if self.weights is None else self.weights[text]

    def codes(self) -> tuple[str, ...]:
        """Name the codes used, by code point."""
        return tuple(sorted({span.code for span in self.spans}))

    def collapsed(self) -> "Spans":
        """Forget which code it was: marked or not."""
        return replace(self, spans=tuple(span._replace(code="marked") for span in self.spans))

    def merged(self) -> "Spans":
        """Forget the codes and make one span of those of a coder that touch or overlap."""
        made: list[Span] = []
        for span in self.collapsed().spans:
            last = made[-1] if made else None
            if last and (last.text, last.coder) == (span.text, span.coder) and span.start <= last.end:
                made[-1] = last._replace(end=max(last.end, span.end))
            else:
                made.append(span)
        return replace(self, spans=tuple(made))

    def only(self, code: str) -> "Spans":
        """Keep one code, so that spans of different codes that overlap can be compared one code at a time."""
        return replace(self, spans=tuple(span for span in self.spans if span.code == code))


def spans_of(spans: Iterable[Span], *, texts: dict[str, int], coders: Sequence[str]) -> Spans:
    """Check spans against their texts and coders and put them in order.

    Raises
    ------
    BadInput
        For a span outside its text, empty, or of an unknown text or coder; the place in the list is named, the first being 1.
    """
    given = list(spans)
    for at, span in enumerate(given, 1):
        if span.text not in texts or span.coder not in coders:
            raise BadInput(f"Span {at}: its text or its coder is not among those declared.")
        if not 0 <= span.start < span.end <= texts[span.text]:
            raise BadInput(f"Span {at}: it is empty or reaches outside its text.")
    return Spans(dict(sorted(texts.items())), tuple(coders), tuple(sorted(given)))


def refuse_overlaps(spans: Spans) -> None:
    """Refuse spans of one coder that overlap: the unitizing alphas have one value at each place of the text."""
    if overlapping(spans):
        raise BadInput("Spans of one coder overlap: compare one code at a time, or take gamma.")


def overlapping(spans: Spans) -> bool:
    """Say whether two spans of one coder overlap."""
    pairs = zip(spans.spans, spans.spans[1:], strict=False)
    return any(before.text == after.text and before.coder == after.coder and after.start < before.end for before, after in pairs)
