"""Acts that somebody may one day have to answer for."""

from dataclasses import dataclass

from sqlalchemy import func, select

from service.store.session import Session
from service.store.tables import audit_reasons, audits


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Who did what to what, when and why."""

    at: str
    person_id: str | None
    act: str
    subject_id: str
    reason: str


class Audits:
    """Appends and lists audited acts."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def note(self, person_id: str | None, act: str, subject_id: str, reason: str = "") -> None:
        """Append an act, in the transaction that does it; its reason stands apart, so that a study's erasure can reach it."""
        row = {"id": self.session.new_id(), "at": self.session.now(), "person_id": person_id, "act": act, "subject_id": subject_id}
        self.session.connection.execute(audits.insert().values(row))
        if reason:
            self.session.connection.execute(audit_reasons.insert().values(audit_id=row["id"], reason=reason))

    def about(self, subject_id: str) -> list[Audit]:
        """List what was done to something, oldest first; a reason that was erased is empty."""
        columns = (
            audits.c.at,
            audits.c.person_id,
            audits.c.act,
            audits.c.subject_id,
            func.coalesce(audit_reasons.c.reason, "").label("reason"),
        )
        query = select(*columns).outerjoin(audit_reasons, audit_reasons.c.audit_id == audits.c.id)
        rows = self.session.connection.execute(query.where(audits.c.subject_id == subject_id).order_by(audits.c.at, audits.c.id)).mappings()
        return [Audit(**row) for row in rows]
