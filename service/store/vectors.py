"""Vectors by (sha256 of the text, model, model revision): they follow the text and never mix two models."""

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, func, select, text

from service.store.session import Session
from service.store.tables import documents, excerpts, vectors

_AT_ONCE = 500
_KEEP = text(
    "INSERT INTO vectors (text_sha256, model, model_revision, vector) VALUES (:text_sha256, :model, :model_revision, :vector)"
    " ON CONFLICT DO NOTHING"
)


class Vectors:
    """Keeps and finds the vectors of one model revision at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def get(self, hashes: Sequence[str], model: str, revision: str) -> dict[str, bytes]:
        """Give the vectors that are there, by text hash."""
        found: dict[str, bytes] = {}
        for first in range(0, len(hashes), _AT_ONCE):
            query = select(vectors.c.text_sha256, vectors.c.vector).where(
                vectors.c.model == model,
                vectors.c.model_revision == revision,
                vectors.c.text_sha256.in_(hashes[first : first + _AT_ONCE]),
            )
            found |= dict(self.session.connection.execute(query).tuples().all())
        return found

    def put(self, new: Mapping[str, bytes], model: str, revision: str) -> None:
        """Keep vectors by text hash; one that is there already stays."""
        rows = [{"text_sha256": key, "model": model, "model_revision": revision, "vector": vector} for key, vector in new.items()]
        if rows:
            self.session.connection.execute(_KEEP, rows)

    def missing(self, model: str, revision: str, *, limit: int) -> list[str]:
        """Give up to ``limit`` texts of excerpts that have no vector of this model revision yet."""
        here = and_(vectors.c.text_sha256 == excerpts.c.text_sha256, vectors.c.model == model, vectors.c.model_revision == revision)
        query = (
            select(excerpts.c.text)
            .join(documents, documents.c.id == excerpts.c.document_id)
            .outerjoin(vectors, here)
            .where(vectors.c.text_sha256.is_(None), documents.c.erased_at.is_(None))
            .distinct()
            .limit(limit)
        )
        return list(self.session.connection.execute(query).scalars())

    def progress(self, study_id: str, model: str, revision: str) -> tuple[int, int]:
        """Count a study's excerpts that have a vector, and all of them."""
        here = and_(vectors.c.text_sha256 == excerpts.c.text_sha256, vectors.c.model == model, vectors.c.model_revision == revision)
        query = (
            select(func.count(vectors.c.text_sha256), func.count(excerpts.c.id))
            .select_from(excerpts)
            .join(documents, documents.c.id == excerpts.c.document_id)
            .outerjoin(vectors, here)
            .where(excerpts.c.study_id == study_id, documents.c.erased_at.is_(None))
        )
        done, every = self.session.connection.execute(query).one()
        return done, every
