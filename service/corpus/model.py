"""Documents and excerpts as data; offsets are half-open and count Unicode code points, never bytes or UTF-16 units."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, NewType

from service.corpus.characters import LONGEST_NAME, name_fault, storing_fault
from service.errors import BadInput

StudyId = NewType("StudyId", str)
DocumentId = NewType("DocumentId", str)
ExcerptId = NewType("ExcerptId", str)

LONGEST_EXCERPT = 100_000
LONGEST_LABEL = LONGEST_NAME
MOST_COLUMNS = 50


class Span(NamedTuple):
    """Where an excerpt stands in its document: ``text[start:end]`` is the excerpt."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A source text before it is stored, with the spans that will be its excerpts.

    ``labels`` has one entry a span: what the source calls it (a speaker, a row id), or ``""``. ``metadata`` has one entry a
    column: a value a span, or ``""``; samples are drawn by them, and coders never see them. ``content_hash`` covers name, text
    and spans: two people who both answered "Yes." are two documents, the same file again is the same one.
    """

    name: str
    text: str
    spans: tuple[Span, ...]
    labels: tuple[str, ...] = ()
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    content_hash: str = field(init=False)

    def __post_init__(self) -> None:
        labels = self.labels or ("",) * len(self.spans)
        object.__setattr__(self, "labels", labels)
        if fault := _fault(self.name, self.text, self.spans, labels) or _metadata_fault(len(self.spans), self.metadata):
            raise BadInput(fault)
        object.__setattr__(self, "content_hash", _content_hash(self.name, self.text, self.spans))

    @property
    def excerpts(self) -> tuple[str, ...]:
        """The excerpt texts, in order."""
        return tuple(self.text[start:end] for start, end in self.spans)


def _fault(name: str, text: str, spans: tuple[Span, ...], labels: tuple[str, ...]) -> str | None:
    if fault := name_fault(name):
        return f"The document's name {fault}."
    if fault := storing_fault(text):
        return f"The text of the document {fault}."
    if fault := _span_fault(len(text), spans):
        return fault
    if len(labels) != len(spans):
        return f"The document has {len(spans)} excerpts and {len(labels)} labels; give one label an excerpt."
    if number := next((n for n, label in enumerate(labels, 1) if label and name_fault(label, longest=LONGEST_LABEL)), None):
        return f"The label of excerpt {number} {name_fault(labels[number - 1], longest=LONGEST_LABEL)}."
    return None


def _metadata_fault(spans: int, metadata: Mapping[str, tuple[str, ...]]) -> str | None:
    if len(metadata) > MOST_COLUMNS:
        return f"The document has {len(metadata)} metadata columns; {MOST_COLUMNS} is the most."
    for place, (name, values) in enumerate(metadata.items(), 1):
        if fault := name_fault(name, longest=LONGEST_LABEL):
            return f"The name of metadata column {place} {fault}."
        if len(values) != spans:
            return f"Metadata column {place} has {len(values)} values and the document {spans} excerpts; give one an excerpt."
        if number := next((n for n, value in enumerate(values, 1) if value and name_fault(value, longest=LONGEST_LABEL)), None):
            return f"Metadata column {place} of excerpt {number} {name_fault(values[number - 1], longest=LONGEST_LABEL)}."
    return None


def _span_fault(length: int, spans: tuple[Span, ...]) -> str | None:
    if not spans:
        return "The document has no excerpt."
    for number, (start, end) in enumerate(spans, 1):
        if not 0 <= start < end <= length:
            return f"Excerpt {number} ({start} to {end}) is empty or lies outside the text, which has {length} characters."
        if end - start > LONGEST_EXCERPT:
            return f"Excerpt {number} is longer than {LONGEST_EXCERPT:,} characters."
    if any(before.end > after.start for before, after in pairwise(spans)):
        return "The excerpts overlap or are not in the order of the text."
    return None


def _content_hash(name: str, text: str, spans: tuple[Span, ...]) -> str:
    # Each part is preceded by its length, so that no two different documents are one string of bytes. The spans, of which there may be
    # a million, go in one by one: first for their length, then for themselves.
    digest = hashlib.sha256()
    for part in (name, text):
        data = part.encode()
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    digest.update(sum(map(len, _written(spans))).to_bytes(8))
    for some in _written(spans):
        digest.update(some)
    return digest.hexdigest()


def _written(spans: Iterable[Span]) -> Iterator[bytes]:
    """Spans as they are hashed: ``0-12,14-30``."""
    between = b""
    for start, end in spans:
        yield b"%b%d-%d" % (between, start, end)
        between = b","
