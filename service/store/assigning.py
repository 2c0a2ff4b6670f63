"""Assignments: drawn when a round opens, and once more for whoever takes over a leaver's set."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from service.coding.arms import arms_of
from service.coding.design import Turn, draw_turns, turns_of
from service.coding.ledger import EntryKind
from service.coding.material import assignments_digests
from service.coding.model import Arm, Assignment, AssignmentId, PersonId, Round, RoundState, SuggestionPolicy
from service.corpus.model import ExcerptId
from service.errors import Conflict
from service.store.audits import Audits
from service.store.chains import Chains
from service.store.exposures import Exposures
from service.store.session import Session
from service.store.tables import assignments, round_coders, round_excerpts, rounds

REPLACED = "replaced a coder"
IMPORTED = "imported codings"
KNOWING = frozenset({"unblinded", IMPORTED})
"""Acts by which somebody knows codings of an open round, and so can never code in it."""


class Assigning:
    """Gives people their turns. The caller holds the round alone."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def draw(self, round_: Round) -> None:
        """Draw everybody's turns by the round's seed and design."""
        self._keep(round_, draw_turns(self._sample(round_), round_.coders, round_.sample_seed, round_.design))

    def replace(self, round_: Round, leaver: PersonId, person: PersonId, by: PersonId) -> None:
        """Give somebody fresh turns at all of a leaver's excerpts, coded or not; the leaver's codings stay and no more are taken."""
        _check_replacement(round_, leaver, person)
        if any(audit.act in KNOWING and audit.person_id == person for audit in Audits(self.session).about(round_.id)):
            message = "This person opened or brought in codings of the round, so they can never code in it. Choose somebody else."
            raise Conflict(message)
        place = len(round_.coders)
        row = {"round_id": round_.id, "person_id": person, "position": place, "replaces": leaver}
        self.session.connection.execute(insert(round_coders).values(row))
        made = self._keep(round_, turns_of(self._excerpts(round_, leaver), person, place, round_.sample_seed, round_.design.repeats))
        Exposures(self.session).enter(round_, made)
        Audits(self.session).note(by, REPLACED, round_.id)
        record = {"leaver": leaver, "person": person, "by": by, "assignments": assignments_digests(made)}
        Chains(self.session).note(round_.id, EntryKind.REPLACED, record)

    def _keep(self, round_: Round, turns: Sequence[Turn]) -> list[Assignment]:
        arms = self._arms(round_, turns)
        made = [
            Assignment(
                id=AssignmentId(self.session.new_id()),
                round_id=round_.id,
                person_id=turn.person_id,
                excerpt_id=turn.excerpt_id,
                occasion=turn.occasion,
                position=turn.position,
                arm=arms.get((turn.person_id, turn.position)),
            )
            for turn in turns
        ]
        rows = [{column.name: getattr(one, column.name) for column in assignments.c} for one in made]
        self.session.connection.execute(assignments.insert(), rows)
        return made

    def _arms(self, round_: Round, turns: Sequence[Turn]) -> dict[tuple[PersonId, int], Arm]:
        if round_.policy is not SuggestionPolicy.RANDOMISED:
            return {}
        here = rounds.c.id == round_.id
        seed = self.session.connection.execute(select(rounds.c.arm_seed).where(here)).scalar()
        if seed is None:
            # Not the sample's seed: whoever planned the round knows that one, and may code in it.
            seed = int.from_bytes(self.session.entropy.bytes(4)) >> 1
            self.session.connection.execute(rounds.update().where(here).values(arm_seed=seed))
        coders = self.session.connection.execute(
            select(round_coders.c.person_id).where(round_coders.c.round_id == round_.id).order_by(round_coders.c.position)
        ).scalars()
        return arms_of([(turn.person_id, turn.position) for turn in turns], [PersonId(one) for one in coders], seed)

    def _sample(self, round_: Round) -> Sequence[ExcerptId]:
        query = select(round_excerpts.c.excerpt_id).where(round_excerpts.c.round_id == round_.id).order_by(round_excerpts.c.position)
        return [ExcerptId(one) for one in self.session.connection.execute(query).scalars()]

    def _excerpts(self, round_: Round, person: PersonId) -> Sequence[ExcerptId]:
        query = select(assignments.c.excerpt_id).where(assignments.c.round_id == round_.id, assignments.c.person_id == person)
        own = set(self.session.connection.execute(query).scalars())
        return [excerpt for excerpt in self._sample(round_) if excerpt in own]


def _check_replacement(round_: Round, leaver: PersonId, person: PersonId) -> None:
    if round_.state is not RoundState.OPEN:  # after a reopening it would change what the first close froze
        message = "Only in an open round can somebody take over from a coder."
        raise Conflict(message)
    if leaver not in round_.coders or leaver in round_.leavers:
        message = "There is no such coder in this round whose place could be taken."
        raise Conflict(message)
    if person in round_.coders:
        message = "This person codes or coded in the round already. Choose somebody who does not."
        raise Conflict(message)
