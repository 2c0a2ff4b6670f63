"""Vectors by (sha256 of the text, model, model revision): they follow the text and never mix two models."""

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import ColumnElement, and_, bindparam, func, select, text

from service.embedding import ModelKey, TextKey, Vector, from_bytes, to_bytes
from service.store.session import Session
from service.store.tables import documents, excerpts, vectors

_AT_ONCE = 500
_KEEP = text(
    "INSERT INTO vectors (text_sha256, model, model_revision, vector) VALUES (:text_sha256, :model, :model_revision, :vector)"
    " ON CONFLICT DO NOTHING"
)
_GET = select(vectors.c.text_sha256, vectors.c.vector).where(
    vectors.c.model == bindparam("name"),
    vectors.c.model_revision == bindparam("revision"),
    vectors.c.text_sha256.in_(bindparam("keys", expanding=True)),
)


class Vectors:
    """Keeps and finds vectors, of one model key at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def get(self, model: ModelKey, keys: Sequence[TextKey]) -> dict[TextKey, Vector]:
        """Give the vectors that are there."""
        found: dict[TextKey, Vector] = {}
        for first in range(0, len(keys), _AT_ONCE):
            asked = {"name": model.name, "revision": model.revision, "keys": keys[first : first + _AT_ONCE]}
            rows = self.session.connection.execute(_GET, asked).tuples()
            found |= {TextKey(key): from_bytes(data, len(data) // np.dtype(np.float32).itemsize) for key, data in rows}
        return found

    def put(self, model: ModelKey, new: Mapping[TextKey, Vector]) -> None:
        """Keep vectors; one that is there already stays, and one whose text was erased meanwhile is not kept."""
        present = self._with_text(list(new))
        rows = [
            {"text_sha256": key, "model": model.name, "model_revision": model.revision, "vector": to_bytes(vector)}
            for key, vector in new.items()
            if key in present
        ]
        if rows:
            self.session.connection.execute(_KEEP, rows)

    def _with_text(self, keys: Sequence[TextKey]) -> set[str]:
        found: set[str] = set()
        for first in range(0, len(keys), _AT_ONCE):
            query = select(excerpts.c.text_sha256).where(excerpts.c.text_sha256.in_(keys[first : first + _AT_ONCE]))
            # The lock makes an erasure of the same text come wholly before or wholly after.
            found |= set(self.session.connection.execute(query.with_for_update(read=True)).scalars())
        return found

    def models(self) -> list[ModelKey]:
        """List the models that there are vectors of."""
        query = select(vectors.c.model, vectors.c.model_revision).distinct().order_by(vectors.c.model, vectors.c.model_revision)
        return [ModelKey(name, revision) for name, revision in self.session.connection.execute(query).tuples()]

    def missing(self, model: ModelKey, *, limit: int, after: str = "") -> list[str]:
        """Give up to ``limit`` texts of excerpts without a vector of this model yet, by hash, from the one behind ``after`` on."""
        query = (
            select(func.min(excerpts.c.text))
            .join(documents, documents.c.id == excerpts.c.document_id)
            .outerjoin(vectors, _of(model))
            .where(vectors.c.text_sha256.is_(None), documents.c.erased_at.is_(None), excerpts.c.text_sha256 > after)
            .group_by(excerpts.c.text_sha256)
            .order_by(excerpts.c.text_sha256)
            .limit(limit)
        )
        return list(self.session.connection.execute(query).scalars())

    def count_missing(self, model: ModelKey) -> int:
        """Count the different texts that ``missing`` would give."""
        query = (
            select(func.count(excerpts.c.text_sha256.distinct()))
            .join(documents, documents.c.id == excerpts.c.document_id)
            .outerjoin(vectors, _of(model))
            .where(vectors.c.text_sha256.is_(None), documents.c.erased_at.is_(None))
        )
        return self.session.connection.execute(query).scalar_one()

    def of_study(self, study_id: str, model: ModelKey, *, after: str, limit: int) -> list[tuple[str, str, Vector]]:
        """Give (excerpt, document, vector) of a study's excerpts, by id from the one after ``after`` on."""
        query = (
            select(excerpts.c.id, excerpts.c.document_id, vectors.c.vector)
            .join(vectors, _of(model))
            .where(excerpts.c.study_id == study_id, excerpts.c.id > after)
            .order_by(excerpts.c.id)
            .limit(limit)
        )
        rows = self.session.connection.execute(query).tuples()
        return [(excerpt, document, from_bytes(data, len(data) // 4)) for excerpt, document, data in rows]

    def progress(self, study_id: str, model: ModelKey) -> tuple[int, int]:
        """Count a study's excerpts that have a vector, and all of them."""
        query = (
            select(func.count(vectors.c.text_sha256), func.count(excerpts.c.id))
            .select_from(excerpts)
            .join(documents, documents.c.id == excerpts.c.document_id)
            .outerjoin(vectors, _of(model))
            .where(excerpts.c.study_id == study_id, documents.c.erased_at.is_(None))
        )
        done, every = self.session.connection.execute(query).one()
        return done, every


def _of(model: ModelKey) -> ColumnElement[bool]:
    return and_(vectors.c.text_sha256 == excerpts.c.text_sha256, vectors.c.model == model.name, vectors.c.model_revision == model.revision)
