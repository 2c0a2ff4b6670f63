"""Codebooks and their immutable revisions."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import RowMapping, bindparam, select

from service.codebook.model import Codebook, RevisionId, canonical_json
from service.codebook.operations import Edit, Operation
from service.codebook.revision import Revision, first_revision, next_revision, unchanged
from service.coding.model import PersonId
from service.corpus.model import StudyId
from service.errors import NotFound
from service.store.session import Session, stamp
from service.store.tables import codebook_revisions, codebooks, revision_contents

_REVISIONS = (
    select(*codebook_revisions.c, revision_contents.c.content, revision_contents.c.note, revision_contents.c.operations)
    .join(revision_contents, revision_contents.c.revision_id == codebook_revisions.c.id)
    .join(codebooks, codebooks.c.id == codebook_revisions.c.codebook_id)
)
_BY_ID = _REVISIONS.where(codebook_revisions.c.id == bindparam("revision"))


class Codebooks:
    """Reads and appends codebook revisions; a study has one codebook."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def id_of(self, study_id: str) -> str | None:
        """Give the id of a study's codebook, if it has one."""
        return self.session.connection.execute(select(codebooks.c.id).where(codebooks.c.study_id == study_id)).scalar()

    def study_of(self, codebook_id: str) -> StudyId | None:
        """Give the study that a codebook belongs to."""
        return self.session.connection.execute(select(codebooks.c.study_id).where(codebooks.c.id == codebook_id)).scalar()

    def save(
        self,
        study_id: StudyId,
        codebook: Codebook,
        *,
        by: PersonId,
        note: str,
        edit: Edit = Edit.MEANING,
        operations: Sequence[Operation] = (),
    ) -> tuple[Revision, bool]:
        """Append a revision; say whether it is new, for the same codebook again changes nothing."""
        self.session.hold(study_id)
        latest = self.latest(study_id)
        if latest is not None and unchanged(latest, codebook):
            return latest, False
        new_id = RevisionId(self.session.new_id())
        now = self.session.clock.now()
        if latest is None:
            codebook_id = self._add(study_id)
            revision = first_revision(codebook, revision_id=new_id, codebook_id=codebook_id, now=now, by=by, note=note)
        else:
            revision = next_revision(latest, codebook, revision_id=new_id, now=now, by=by, note=note, edit=edit, operations=operations)
        self._append(revision)
        return revision, True

    def latest(self, study_id: str) -> Revision | None:
        """Give a study's newest revision."""
        query = _REVISIONS.where(codebooks.c.study_id == study_id).order_by(codebook_revisions.c.number.desc()).limit(1)
        row = self.session.connection.execute(query).mappings().first()
        return _revision(row) if row else None

    def revision(self, revision_id: str) -> Revision:
        """Give a revision by id."""
        row = self.session.connection.execute(_BY_ID, {"revision": revision_id}).mappings().first()
        if row is None:
            message = "There is no such codebook revision."
            raise NotFound(message)
        return _revision(row)

    def numbered(self, codebook_id: str, number: int) -> Revision:
        """Give a codebook's revision by number."""
        query = _REVISIONS.where(codebook_revisions.c.codebook_id == codebook_id, codebook_revisions.c.number == number)
        row = self.session.connection.execute(query).mappings().first()
        if row is None:
            message = "There is no such codebook revision."
            raise NotFound(message)
        return _revision(row)

    def revisions(self, codebook_id: str) -> list[Revision]:
        """List a codebook's revisions, oldest first."""
        query = _REVISIONS.where(codebook_revisions.c.codebook_id == codebook_id).order_by(codebook_revisions.c.number)
        return [_revision(row) for row in self.session.connection.execute(query).mappings()]

    def _add(self, study_id: StudyId) -> str:
        new = self.session.new_id()
        self.session.connection.execute(codebooks.insert().values(id=new, study_id=study_id, created_at=self.session.now()))
        return new

    def _append(self, revision: Revision) -> None:
        row = {
            "id": revision.id,
            "codebook_id": revision.codebook_id,
            "number": revision.number,
            "digest": revision.digest,
            "created_at": stamp(revision.created_at),
            "created_by": revision.created_by,
            "edit": revision.edit,
        }
        content = {"revision_id": revision.id, "content": canonical_json(revision.codebook).decode(), "note": revision.note}
        content["operations"] = msgspec.json.encode(revision.operations).decode()
        self.session.connection.execute(codebook_revisions.insert().values(row))
        self.session.connection.execute(revision_contents.insert().values(content))


def _revision(row: RowMapping) -> Revision:
    return Revision(
        id=row["id"],
        codebook_id=row["codebook_id"],
        number=row["number"],
        codebook=msgspec.json.decode(row["content"], type=Codebook),
        digest=row["digest"],
        created_at=datetime.fromisoformat(row["created_at"]),
        created_by=row["created_by"],
        note=row["note"],
        edit=Edit(row["edit"]),
        operations=msgspec.json.decode(row["operations"], type=tuple[Operation, ...]),
    )
