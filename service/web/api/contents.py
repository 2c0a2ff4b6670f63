"""What a coding holds, as the API takes it in and gives it out."""

from typing import Annotated
from uuid import UUID

import msgspec

from service.coding.model import Answer, CodedSpan, Coding, Content
from service.coding.submission import MOST_CODINGS, MOST_SPANS
from service.errors import BadInput

LARGEST_OFFSET = 2_147_483_647
Texts = Annotated[str, msgspec.Meta(max_length=10_000)]
Short = Annotated[str, msgspec.Meta(max_length=200)]


class SpanIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of the excerpt's text with a code; the end is the first character after it, all counted in Unicode code points."""

    start: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_OFFSET)]
    end: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_OFFSET)]
    code: Short


class AnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The codes for one variable, or the spans where it takes spans; an empty list of either says that none applies."""

    variable: Short
    codes: Annotated[list[Short], msgspec.Meta(max_length=5000)] | None = None
    spans: Annotated[list[SpanIn], msgspec.Meta(max_length=MOST_SPANS)] | None = None

    def answer(self) -> Answer:
        """Give the answer as the coding room knows it, spans in the order of the text."""
        if (self.codes is None) == (self.spans is None):
            message = "An answer gives either codes or spans; an empty list says that none applies."
            raise BadInput(message)
        spans = sorted((CodedSpan(start=span.start, end=span.end, code=span.code) for span in self.spans or []), key=place_of)
        return Answer(variable=self.variable, codes=tuple(self.codes or ()), spans=tuple(spans))


class ContentIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What you give one assignment: answers, or a reason for skipping it.

    ``confidence``: 1 unsure, 2 fairly sure, 3 sure. ``flag`` marks it for discussion; others see that after the close.
    """

    answers: Annotated[list[AnswerIn], msgspec.Meta(max_length=50)] = []
    skip: Texts | None = None
    confidence: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None
    memo: Texts = ""
    flag: bool = False

    def content(self) -> Content:
        """Give the content as the coding room knows it."""
        answers = tuple(answer.answer() for answer in self.answers)
        return Content(answers=answers, skip=self.skip, confidence=self.confidence, memo=self.memo, flag=self.flag)


class CodingIn(ContentIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A coding of one of your assignments; sent again for the same assignment it is a correction."""

    assignment_id: UUID


class BatchIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Codings that are stored all or not at all."""

    codings: Annotated[list[CodingIn], msgspec.Meta(min_length=1, max_length=MOST_CODINGS)]


class ContentOut(msgspec.Struct, frozen=True):
    """What was given; null where it was erased."""

    answers: list[Answer]
    skip: str | None
    confidence: int | None
    memo: str
    flag: bool


class CodingOut(msgspec.Struct, frozen=True):
    """A stored coding; ``sequence`` is its place in your chain of the round's ledger."""

    id: str
    assignment_id: str
    sequence: int
    at: str
    supersedes: str | None
    content: ContentOut | None


A_BATCH: dict[str, object] = {
    "codings": [
        {
            "assignment_id": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
            "answers": [{"variable": "theme", "codes": ["Support"]}],
            "confidence": 2,
        },
        {"assignment_id": "9b2c7d0e-52c1-4c1c-8a4e-3d0b6a3f2f11", "skip": "The recording breaks off."},
    ]
}


def place_of(span: CodedSpan) -> tuple[int, int, str]:
    """Order spans by where they begin."""
    return span.start, span.end, span.code


def coding_out(coding: Coding) -> CodingOut:
    """Show a coder's own coding."""
    return CodingOut(
        id=coding.id,
        assignment_id=coding.assignment_id,
        sequence=coding.sequence,
        at=coding.at,
        supersedes=coding.supersedes,
        content=content_out(coding),
    )


def content_out(coding: Coding) -> ContentOut | None:
    """Show what a coding holds; nothing once it is erased."""
    given = coding.content
    if given is None:
        return None
    answers = list(given.answers)
    return ContentOut(answers=answers, skip=given.skip, confidence=given.confidence, memo=given.memo, flag=given.flag)
