"""Assignments: drawn when a round opens, and once more for whoever takes over a leaver's set."""

from collections.abc import Iterable, Sequence

from sqlalchemy import insert, select

from service.coding.design import Turn, draw_turns, turns_of
from service.coding.ledger import EntryKind
from service.coding.material import assignments_digests
from service.coding.model import Assignment, AssignmentId, PersonId, Round
from service.corpus.model import ExcerptId
from service.errors import Conflict
from service.store.audits import Audits
from service.store.chains import Chains
from service.store.session import Session
from service.store.tables import assignments, round_coders, round_excerpts

REPLACED = "replaced a coder"


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
        if any(audit.act == "unblinded" and audit.person_id == person for audit in Audits(self.session).about(round_.id)):
            message = "This person opened codings of the round early, so they can never code in it. Choose somebody else."
            raise Conflict(message)
        place = len(round_.coders)
        row = {"round_id": round_.id, "person_id": person, "position": place, "replaces": leaver}
        self.session.connection.execute(insert(round_coders).values(row))
        made = self._keep(round_, turns_of(self._excerpts(round_, leaver), person, place, round_.sample_seed, round_.design.repeats))
        Audits(self.session).note(by, REPLACED, round_.id)
        record = {"leaver": leaver, "person": person, "by": by, "assignments": assignments_digests(made)}
        Chains(self.session).note(round_.id, EntryKind.REPLACED, record)

    def _keep(self, round_: Round, turns: Iterable[Turn]) -> list[Assignment]:
        made = [
            Assignment(
                id=AssignmentId(self.session.new_id()),
                round_id=round_.id,
                person_id=turn.person_id,
                excerpt_id=turn.excerpt_id,
                occasion=turn.occasion,
                position=turn.position,
            )
            for turn in turns
        ]
        rows = [{column.name: getattr(one, column.name) for column in assignments.c} for one in made]
        self.session.connection.execute(assignments.insert(), rows)
        return made

    def _sample(self, round_: Round) -> Sequence[ExcerptId]:
        query = select(round_excerpts.c.excerpt_id).where(round_excerpts.c.round_id == round_.id).order_by(round_excerpts.c.position)
        return [ExcerptId(one) for one in self.session.connection.execute(query).scalars()]

    def _excerpts(self, round_: Round, person: PersonId) -> Sequence[ExcerptId]:
        query = select(assignments.c.excerpt_id).where(assignments.c.round_id == round_.id, assignments.c.person_id == person)
        own = set(self.session.connection.execute(query).scalars())
        return [excerpt for excerpt in self._sample(round_) if excerpt in own]


def _check_replacement(round_: Round, leaver: PersonId, person: PersonId) -> None:
    if not round_.state.takes_codings:
        message = "Only in an open round can somebody take over from a coder."
        raise Conflict(message)
    if leaver not in round_.coders or leaver in round_.leavers:
        message = "There is no such coder in this round whose place could be taken."
        raise Conflict(message)
    if person in round_.coders:
        message = "This person codes or coded in the round already. Choose somebody who does not."
        raise Conflict(message)
