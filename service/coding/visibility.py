"""Who sees what: the table of the blindness property as data.

The store's doors, the handlers and the authorisation tests all read this one table. What a stance does not see answers
exactly like something that does not exist.
"""

from enum import StrEnum

from service.coding.model import RoundState


class Stance(StrEnum):
    """What a person is to one round. Whoever codes in it is a coder of it until it closes, whatever their role."""

    LEAD = "lead"
    CODING_LEAD = "lead who codes"
    CODER = "coder"
    OBSERVER = "observer"
    MACHINE = "machine"
    STRANGER = "stranger"


class Sight(StrEnum):
    """One thing that can be seen of a round."""

    EXISTENCE = "existence"
    PLAN = "plan"
    COMPLETION = "completion"
    OWN = "own"
    CODINGS = "codings"
    RESULTS = "results"
    LEDGER = "ledger"


_LEAD_CLOSED = frozenset({Sight.EXISTENCE, Sight.PLAN, Sight.COMPLETION, Sight.CODINGS, Sight.RESULTS, Sight.LEDGER})
_CODER_OPEN = frozenset({Sight.EXISTENCE, Sight.OWN})
_NOTHING: frozenset[Sight] = frozenset()

SEES: dict[Stance, dict[RoundState, frozenset[Sight]]] = {
    Stance.LEAD: {
        RoundState.DRAFT: frozenset({Sight.EXISTENCE, Sight.PLAN}),
        RoundState.OPEN: frozenset({Sight.EXISTENCE, Sight.PLAN, Sight.COMPLETION}),
        RoundState.CLOSED: _LEAD_CLOSED,
    },
    Stance.CODING_LEAD: {
        RoundState.DRAFT: frozenset({Sight.EXISTENCE, Sight.PLAN}),
        RoundState.OPEN: _CODER_OPEN,
        RoundState.CLOSED: _LEAD_CLOSED | {Sight.OWN},
    },
    Stance.CODER: {
        RoundState.DRAFT: _NOTHING,
        RoundState.OPEN: _CODER_OPEN,
        RoundState.CLOSED: frozenset({Sight.EXISTENCE, Sight.OWN, Sight.CODINGS, Sight.RESULTS}),
    },
    Stance.OBSERVER: {
        RoundState.DRAFT: _NOTHING,
        RoundState.OPEN: _NOTHING,
        RoundState.CLOSED: frozenset({Sight.EXISTENCE, Sight.RESULTS}),
    },
    Stance.MACHINE: {
        RoundState.DRAFT: _NOTHING,
        RoundState.OPEN: _NOTHING,
        RoundState.CLOSED: frozenset({Sight.EXISTENCE, Sight.CODINGS, Sight.RESULTS}),
    },
    Stance.STRANGER: dict.fromkeys(RoundState, _NOTHING),
}


def sees(stance: Stance, state: RoundState, sight: Sight) -> bool:
    """Say whether a stance has a sight in a state."""
    return sight in SEES[stance][state]


class Role(StrEnum):
    """What a person is in a study."""

    LEAD = "lead"
    CODER = "coder"
    OBSERVER = "observer"


def stance_of(role: Role | None, *, codes_in_it: bool) -> Stance:
    """Say what a person is to a round; of two roles the blinder one wins."""
    if role is None:
        return Stance.STRANGER
    if codes_in_it:
        return Stance.CODING_LEAD if role is Role.LEAD else Stance.CODER
    return {Role.LEAD: Stance.LEAD, Role.CODER: Stance.STRANGER, Role.OBSERVER: Stance.OBSERVER}[role]
