"""Assignments: which coder codes which excerpt at which place of the own order."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, bindparam, func, select

from service.coding.model import Arm, Assignment, AssignmentId, PersonId, RoundId
from service.corpus.model import ExcerptId
from service.errors import NotFound
from service.store.session import Session
from service.store.tables import assignments, codings

_OWN = (assignments.c.round_id == bindparam("round"), assignments.c.person_id == bindparam("person"))
# Asked for with every excerpt that a coder is shown, so put together once.
_PART = (
    select(assignments).where(*_OWN, assignments.c.position > bindparam("after")).order_by(assignments.c.position).limit(bindparam("most"))
)
_COUNT = select(func.count()).select_from(assignments).where(*_OWN)
_AMONG = select(assignments).where(*_OWN, assignments.c.id.in_(bindparam("among", expanding=True))).order_by(assignments.c.position)
_FIRST_UNDONE = (
    select(func.min(assignments.c.position))
    .outerjoin(codings, codings.c.assignment_id == assignments.c.id)
    .where(*_OWN, codings.c.id.is_(None))
)


class Assignments:
    """Reads assignments; they are made by the opening of a round and by a replacement."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def of(self, round_id: str, person_id: str | None = None) -> list[Assignment]:
        """List assignments, by coder and the coder's own order; of one coder if named."""
        query = select(assignments).where(assignments.c.round_id == round_id)
        if person_id is not None:
            query = query.where(assignments.c.person_id == person_id)
        rows = self.session.connection.execute(query.order_by(assignments.c.person_id, assignments.c.position)).mappings()
        return [_assignment(row) for row in rows]

    def among(self, round_id: str, person_id: str, ids: Sequence[str]) -> list[Assignment]:
        """Give those of a coder's own assignments that are named, in the own order."""
        rows = self.session.connection.execute(_AMONG, {"round": round_id, "person": person_id, "among": ids}).mappings()
        return [_assignment(row) for row in rows]

    def part(self, round_id: str, person_id: str, *, after: int, limit: int) -> list[Assignment]:
        """Give up to ``limit`` of a coder's own assignments behind a place of the own order."""
        asked = {"round": round_id, "person": person_id, "after": after, "most": limit}
        rows = self.session.connection.execute(_PART, asked).mappings()
        return [_assignment(row) for row in rows]

    def one(self, assignment_id: str, person_id: str) -> Assignment:
        """Give one of a coder's own assignments."""
        query = select(assignments).where(assignments.c.id == assignment_id, assignments.c.person_id == person_id)
        row = self.session.connection.execute(query).mappings().first()
        if row is None:
            message = "You have no such assignment."
            raise NotFound(message)
        return _assignment(row)

    def count(self, round_id: str, person_id: str) -> int:
        """Count a coder's own assignments."""
        return self.session.connection.execute(_COUNT, {"round": round_id, "person": person_id}).scalar_one()

    def counts(self, round_id: str) -> dict[PersonId, int]:
        """Count every coder's assignments."""
        query = select(assignments.c.person_id, func.count()).where(assignments.c.round_id == round_id).group_by(assignments.c.person_id)
        return {PersonId(person): count for person, count in self.session.connection.execute(query).tuples()}

    def first_undone(self, round_id: str, person_id: str) -> int | None:
        """Give the first place of the own order that a coder has neither coded nor skipped."""
        return self.session.connection.execute(_FIRST_UNDONE, {"round": round_id, "person": person_id}).scalar()


def _assignment(row: RowMapping) -> Assignment:
    return Assignment(
        id=AssignmentId(row["id"]),
        round_id=RoundId(row["round_id"]),
        person_id=PersonId(row["person_id"]),
        excerpt_id=ExcerptId(row["excerpt_id"]),
        occasion=row["occasion"],
        position=row["position"],
        arm=Arm(row["arm"]) if row["arm"] else None,
    )
