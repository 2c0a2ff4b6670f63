"""A round, its assignments and codings, as frozen data."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

import msgspec

from service.coding.plan import PLAIN, Design, Draw
from service.corpus.model import ExcerptId, StudyId

PersonId = NewType("PersonId", str)
RoundId = NewType("RoundId", str)
AssignmentId = NewType("AssignmentId", str)
CodingId = NewType("CodingId", str)


class RoundKind(StrEnum):
    """What a round is for; only a reliability round's figures are meant for a paper."""

    PILOT = "pilot"
    TRAINING = "training"
    RELIABILITY = "reliability"


class RoundState(StrEnum):
    """Where a round stands; it follows from the round's events and is stored nowhere."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    REOPENED = "reopened"
    ARCHIVED = "archived"

    @property
    def takes_codings(self) -> bool:
        """Say whether coders code now, and so whether they are blind now."""
        return self in {RoundState.OPEN, RoundState.REOPENED}

    @property
    def is_revealed(self) -> bool:
        """Say whether codings and results can be read now."""
        return self in {RoundState.CLOSED, RoundState.ARCHIVED}


class SuggestionPolicy(StrEnum):
    """When a coder of the round may ask for the model's suggestions for an own assignment; *randomised*: by the assignment's arm."""

    NONE = "none"
    AFTER_OWN_ANSWER = "after_own_answer"
    BEFORE = "before"
    RANDOMISED = "randomised"


class Arm(StrEnum):
    """When a round of randomised suggestions shows one for an assignment: before the own answer, after it, or never."""

    BEFORE = "before"
    AFTER = "after"
    NEVER = "never"


class RoundEvent(StrEnum):
    """The acts that change a round's state; each is one appended row."""

    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"
    ARCHIVED = "archived"


class Provenance(StrEnum):
    """Where a coding was made; said on every report."""

    IN_SERVICE = "in service"
    IMPORTED = "imported"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A coder who took over the whole set of one who left."""

    leaver: PersonId
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFrom:
    """Where a training round's key stands: in an earlier round's resolutions, or in what one of its coders gave."""

    round_id: RoundId
    person_id: PersonId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One reliability exercise, with everything needed to recompute its numbers."""

    id: RoundId
    study_id: StudyId
    name: str
    kind: RoundKind
    policy: SuggestionPolicy
    revision_id: str
    sample_method: str
    sample_seed: int
    close_by: str | None
    state: RoundState
    opened_at: str | None
    closed_at: str | None
    seal: str | None
    coders: tuple[PersonId, ...]
    first_closed_at: str | None = None
    names_hidden: bool = False
    snapshot_id: str | None = None
    draw: Draw | None = None
    design: Design = PLAIN
    replacements: tuple[Replacement, ...] = ()

    @property
    def leavers(self) -> frozenset[PersonId]:
        """Those whose place somebody else took."""
        return frozenset(one.leaver for one in self.replacements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One turn of one coder at one excerpt; ``position`` is its place in that coder's own order.

    ``arm`` is there in a round of randomised suggestions and is shown to nobody before the close.
    """

    id: AssignmentId
    round_id: RoundId
    person_id: PersonId
    excerpt_id: ExcerptId
    occasion: int
    position: int
    arm: Arm | None = None


class CodedSpan(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """A stretch of the excerpt's text with a code: half-open offsets in Unicode code points."""

    start: int
    end: int
    code: str


class Answer(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The codes given for one variable, or the spans; nothing of either says that none applies, which is a coding too."""

    variable: str
    codes: tuple[str, ...]
    spans: tuple[CodedSpan, ...] = ()


class Content(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a coder gave one assignment: answers, or a reason for skipping it; ``flag`` asks to talk about it, after the close."""

    answers: tuple[Answer, ...] = ()
    skip: str | None = None
    confidence: int | None = None
    memo: str = ""
    flag: bool = False


class Coding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stored coding; ``content`` is None once erased. ``sequence`` is its place in the coder's chain.

    A report reads 100,000 of them: hence a struct, which the collector of cycles need not look through.
    """

    id: CodingId
    round_id: RoundId
    person_id: PersonId
    assignment_id: AssignmentId
    excerpt_id: ExcerptId
    occasion: int
    sequence: int
    at: str
    supersedes: CodingId | None
    provenance: Provenance
    content: Content | None


def state_of(events: list[RoundEvent]) -> RoundState:
    """Say where a round stands from its events in order."""
    if not events:
        return RoundState.DRAFT
    return {
        RoundEvent.OPENED: RoundState.OPEN,
        RoundEvent.CLOSED: RoundState.CLOSED,
        RoundEvent.REOPENED: RoundState.REOPENED,
        RoundEvent.ARCHIVED: RoundState.ARCHIVED,
    }[events[-1]]
