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
    ADJUDICATOR = "adjudicator"
    CODING_ADJUDICATOR = "adjudicator who codes"
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
    QUEUE = "queue"
    MODEL_CODERS = "model coders"


Sights = frozenset[Sight]

_NOTHING: Sights = frozenset()
_PLAN: Sights = frozenset({Sight.EXISTENCE, Sight.PLAN})
_MODELS: Sights = frozenset({Sight.MODEL_CODERS})
"""Which model configurations code the sample, and making one; never what they gave."""
_CODER_OPEN: Sights = frozenset({Sight.EXISTENCE, Sight.OWN})
_ALL: Sights = frozenset({Sight.EXISTENCE, Sight.PLAN, Sight.COMPLETION, Sight.CODINGS, Sight.RESULTS, Sight.QUEUE})


def _states(draft: Sights, coded: Sights, revealed: Sights) -> dict[RoundState, Sights]:
    """Lay out a stance's cells: a reopened round is seen like an open one, an archived one like a closed one."""
    return {state: draft if state is RoundState.DRAFT else coded if state.takes_codings else revealed for state in RoundState}


SEES: dict[Stance, dict[RoundState, Sights]] = {
    Stance.LEAD: _states(_PLAN | _MODELS, _PLAN | _MODELS | {Sight.COMPLETION}, _ALL | _MODELS | {Sight.LEDGER}),
    Stance.CODING_LEAD: _states(_PLAN | _MODELS, _CODER_OPEN | _MODELS, _ALL | _MODELS | {Sight.LEDGER, Sight.OWN}),
    Stance.CODER: _states(_NOTHING, _CODER_OPEN, _CODER_OPEN | {Sight.CODINGS, Sight.RESULTS}),
    Stance.ADJUDICATOR: _states(_NOTHING, _NOTHING, frozenset({Sight.EXISTENCE, Sight.CODINGS, Sight.QUEUE})),
    Stance.CODING_ADJUDICATOR: _states(_PLAN, _CODER_OPEN, _ALL | {Sight.OWN}),
    Stance.OBSERVER: _states(_NOTHING, _NOTHING, frozenset({Sight.EXISTENCE, Sight.RESULTS})),
    Stance.MACHINE: _states(_NOTHING, _NOTHING, frozenset({Sight.EXISTENCE, Sight.CODINGS, Sight.RESULTS})),
    Stance.STRANGER: _states(_NOTHING, _NOTHING, _NOTHING),
}


def sees(stance: Stance, state: RoundState, sight: Sight) -> bool:
    """Say whether a stance has a sight in a state."""
    return sight in SEES[stance][state]


class Role(StrEnum):
    """What a person is in a study."""

    LEAD = "lead"
    CODER = "coder"
    ADJUDICATOR = "adjudicator"
    OBSERVER = "observer"


def stance_of(role: Role | None, *, codes_in_it: bool) -> Stance:
    """Say what a person is to a round; of two roles the blinder one wins."""
    if role is None:
        return Stance.STRANGER
    return (_WHO_CODES if codes_in_it else _WHO_DOES_NOT)[role]


_WHO_CODES = {
    Role.LEAD: Stance.CODING_LEAD,
    Role.CODER: Stance.CODER,
    Role.ADJUDICATOR: Stance.CODING_ADJUDICATOR,
    Role.OBSERVER: Stance.CODER,
}
_WHO_DOES_NOT = {
    Role.LEAD: Stance.LEAD,
    Role.CODER: Stance.STRANGER,
    Role.ADJUDICATOR: Stance.ADJUDICATOR,
    Role.OBSERVER: Stance.OBSERVER,
}
