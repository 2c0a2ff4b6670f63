"""Erasing studies whose time has come. What is due is read off the database each time, so a kill costs nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from service.coding.model import PersonId
from service.coding.retention import Retention, due_at, is_due
from service.corpus.model import StudyId
from service.store.audits import Audits
from service.store.erasure import Erasure
from service.store.rounds import Rounds
from service.store.session import Session, stamp
from service.store.tables import studies


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a study is kept, and when by that its content goes."""

    set: Retention
    due_at: datetime | None


class Retentions:
    """Sets and carries out how long studies are kept."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def set(self, study_id: StudyId, by: PersonId, *, days: int | None, until: datetime | None) -> None:
        """Set how long a study is kept; with neither, it is kept until somebody deletes it."""
        self.session.hold(study_id)
        row = {"retention_days": days, "retention_until": stamp(until) if until else None, "retention_by": by}
        self.session.connection.execute(update(studies).where(studies.c.id == study_id).values(row))
        Audits(self.session).note(by, "set retention", study_id)

    def of(self, study_id: str) -> Kept | None:
        """Say how long a study is kept; None: until somebody deletes it."""
        row = self.session.connection.execute(select(studies).where(studies.c.id == study_id)).mappings().first()
        if row is None or row["retention_by"] is None or (row["retention_days"] is None and row["retention_until"] is None):
            return None
        until = datetime.fromisoformat(row["retention_until"]) if row["retention_until"] else None
        found = Retention(days=row["retention_days"], until=until, by=row["retention_by"])
        return Kept(found, due_at(found, self._closes(study_id)))

    def due(self) -> list[StudyId]:
        """List the studies whose content has to go now."""
        query = select(studies.c.id).where(studies.c.retention_by.is_not(None), studies.c.erased_at.is_(None)).order_by(studies.c.id)
        return [StudyId(study) for study in self.session.connection.execute(query).scalars() if self._is_due(study)]

    def erase(self, study_id: StudyId) -> bool:
        """Erase a study that is due, in the name of who set it; say whether it was, for another process may have been first."""
        self.session.hold(study_id)
        kept = self.of(study_id)
        if kept is None or study_id not in self.due():
            return False
        Audits(self.session).note(kept.set.by, "retention came", study_id)
        Erasure(self.session).study(study_id, kept.set.by)
        return True

    def _is_due(self, study_id: str) -> bool:
        kept = self.of(study_id)
        states = [round_.state for round_ in Rounds(self.session).of_study(study_id)]
        return kept is not None and is_due(kept.set, self._closes(study_id), states, self.session.clock.now())

    def _closes(self, study_id: str) -> list[datetime]:
        rounds = Rounds(self.session)
        return [datetime.fromisoformat(at) for round_ in rounds.of_study(study_id) for at, _ in rounds.closings(round_.id)]
