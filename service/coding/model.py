"""A round, its assignments and codings, as frozen data."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

import msgspec

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
    """When a coder of the round may ask for the model's suggestions for an own assignment."""

    NONE = "none"
    AFTER_OWN_ANSWER = "after_own_answer"
    BEFORE = "before"


class RoundEvent(StrEnum):
    """The acts that change a round's state; each is one appended row."""

    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"
    ARCHIVED = "archived"


class Provenance(StrEnum):
    """Where a coding was made; said on every report."""

    IN_SERVICE = "in service"
    SIMULATED = "simulated"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One turn of one coder at one excerpt; ``position`` is its place in that coder's own order."""

    id: AssignmentId
    round_id: RoundId
    person_id: PersonId
    excerpt_id: ExcerptId
    occasion: int
    position: int


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The codes given for one variable; an empty list says that none applies, which is a coding too."""

    variable: str
    codes: tuple[str, ...]


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a coder gave one assignment: answers, or a reason for skipping it."""

    answers: tuple[Answer, ...] = ()
    skip: str | None = None
    confidence: int | None = None
    memo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """One stored coding; ``content`` is None once erased. ``sequence`` is its place in the coder's chain."""

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
