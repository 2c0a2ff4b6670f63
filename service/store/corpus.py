"""Studies, documents and excerpts."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, case, func, select

from service.coding.model import PersonId
from service.corpus.model import DocumentId, ExcerptId, NewDocument, StudyId
from service.errors import NotFound
from service.store.metadata import Metadata
from service.store.session import Session
from service.store.tables import documents, excerpts, studies

_ROWS_AT_ONCE = 5_000
_EXCERPTS = select(*(c for c in excerpts.c if c.name != "study_id"), documents.c.name.label("document")).join(
    documents, documents.c.id == excerpts.c.document_id
)
# Both are asked for with every excerpt that a coder is shown, so put together once. Both databases count characters in substr.
_BY_IDS = _EXCERPTS.where(excerpts.c.id.in_(bindparam("ids", expanding=True)))
_REACHED = case((excerpts.c.start > bindparam("reach"), excerpts.c.start - bindparam("reach")), else_=0)
_AROUND = (
    select(
        excerpts.c.id,
        func.substr(documents.c.text, _REACHED + 1, excerpts.c.start - _REACHED),
        func.substr(documents.c.text, excerpts.c.end + 1, bindparam("reach")),
    )
    .join(documents, documents.c.id == excerpts.c.document_id)
    .where(excerpts.c.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One research project."""

    id: StudyId
    name: str
    demo: bool
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A stored source text, without the text."""

    id: DocumentId
    study_id: StudyId
    name: str
    content_hash: str
    excerpts: int
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A stored excerpt: ``document text[start:end]`` in Unicode code points is ``text``."""

    id: ExcerptId
    document_id: DocumentId
    document: str
    position: int
    start: int
    end: int
    text: str
    text_sha256: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did: new documents, and those that were there already and did not change."""

    added: tuple[DocumentId, ...]
    unchanged: tuple[DocumentId, ...]
    excerpts: int


def text_hash(text: str) -> str:
    """Hash an excerpt's text; vectors are kept under it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _rows(study_id: StudyId, document_id: str, document: NewDocument, ids: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    """Of a document's excerpts at these positions."""
    for position, excerpt in ids.items():
        start, end = document.spans[position]
        text = document.text[start:end]
        yield {
            "id": excerpt,
            "study_id": study_id,
            "document_id": document_id,
            "position": position,
            "start": start,
            "end": end,
            "text": text,
            "text_sha256": text_hash(text),
            "label": document.labels[position],
        }


class Corpus:
    """Reads and writes what is coded."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add_study(self, name: str, by: PersonId, *, demo: bool = False) -> StudyId:
        """Add an empty study."""
        study = self.session.new_id()
        row = {"id": study, "name": name, "demo": demo, "created_at": self.session.now(), "created_by": by}
        self.session.connection.execute(studies.insert().values(row))
        return StudyId(study)

    def studies(self, ids: Iterable[str]) -> list[Study]:
        """List those of the studies named that are not erased, oldest first."""
        query = select(studies).where(studies.c.id.in_(list(ids)), studies.c.erased_at.is_(None))
        rows = self.session.connection.execute(query.order_by(studies.c.created_at, studies.c.id)).mappings()
        return [Study(id=row["id"], name=row["name"], demo=row["demo"], created_at=row["created_at"]) for row in rows]

    def every_study(self) -> list[Study]:
        """List every study that is not erased, oldest first: for the operator only."""
        return self.studies(self.session.connection.execute(select(studies.c.id)).scalars())

    def study(self, study_id: str) -> Study:
        """Give a study by id."""
        found = self.studies([study_id])
        if not found:
            message = "There is no such study."
            raise NotFound(message)
        return found[0]

    def demo(self) -> StudyId | None:
        """Give the demo study, if it is there."""
        query = select(studies.c.id).where(studies.c.demo, studies.c.erased_at.is_(None))
        return self.session.connection.execute(query).scalar()

    def bring_in(self, study_id: StudyId, new: Sequence[NewDocument]) -> Imported:
        """Store documents with their excerpts; one whose content is there already is left as it is."""
        self.session.hold(study_id)
        known = self._by_content(study_id)
        added: list[DocumentId] = []
        unchanged: list[DocumentId] = []
        for document in new:
            if document.content_hash in known:
                unchanged.append(known[document.content_hash])
                continue
            added.append(self._add(study_id, document))
            known[document.content_hash] = added[-1]
        count = self._count(select(excerpts.c.id).where(excerpts.c.document_id.in_(added))) if added else 0
        return Imported(added=tuple(added), unchanged=tuple(unchanged), excerpts=count)

    def _by_content(self, study_id: StudyId) -> dict[str, DocumentId]:
        query = select(documents.c.content_hash, documents.c.id).where(documents.c.study_id == study_id, documents.c.erased_at.is_(None))
        return dict(self.session.connection.execute(query).tuples().all())  # pyright: ignore[reportReturnType]

    def _add(self, study_id: StudyId, document: NewDocument) -> DocumentId:
        new = self.session.new_id()
        row = {"id": new, "study_id": study_id, "name": document.name, "text": document.text, "content_hash": document.content_hash}
        self.session.connection.execute(documents.insert().values(row | {"created_at": self.session.now()}))
        for first in range(0, len(document.spans), _ROWS_AT_ONCE):  # a document may have a million
            places = range(first, min(first + _ROWS_AT_ONCE, len(document.spans)))
            ids = {position: self.session.new_id() for position in places}
            self.session.connection.execute(excerpts.insert(), list(_rows(study_id, new, document, ids)))
            Metadata(self.session).keep(study_id, document, ids)
        return DocumentId(new)

    def documents(self, study_id: str) -> list[Document]:
        """List a study's documents in the order they came, with the number of excerpts in each."""
        count = select(func.count()).where(excerpts.c.document_id == documents.c.id).scalar_subquery()
        columns = [c for c in documents.c if c.name not in {"text", "erased_at"}]
        query = (
            select(*columns, count.label("excerpts"))
            .where(documents.c.study_id == study_id, documents.c.erased_at.is_(None))
            .order_by(documents.c.created_at, documents.c.id)
        )
        return [Document(**row) for row in self.session.connection.execute(query).mappings()]

    def document(self, document_id: str) -> tuple[Document, str]:
        """Give a document and its text."""
        query = select(documents.c.study_id, documents.c.text).where(documents.c.id == document_id, documents.c.erased_at.is_(None))
        row = self.session.connection.execute(query).first()
        if row is None:
            message = "There is no such document."
            raise NotFound(message)
        return next(document for document in self.documents(row[0]) if document.id == document_id), row[1]

    def excerpts_of(self, document_id: str, *, after: int = -1, limit: int = 1_000_000) -> list[Excerpt]:
        """List a document's excerpts from the one that follows position ``after``."""
        query = _EXCERPTS.where(excerpts.c.document_id == document_id, excerpts.c.position > after)
        return self._excerpts(query.order_by(excerpts.c.position).limit(limit))

    def excerpts(self, ids: Sequence[str]) -> dict[str, Excerpt]:
        """Give the excerpts named, by id."""
        found: list[Excerpt] = []
        for first in range(0, len(ids), _ROWS_AT_ONCE):
            found += self._excerpts(_BY_IDS, ids=ids[first : first + _ROWS_AT_ONCE])
        return {excerpt.id: excerpt for excerpt in found}

    def excerpt_ids(self, study_id: str) -> list[ExcerptId]:
        """List a study's excerpts in corpus order: documents by name and content, then place in the document."""
        query = (
            select(documents.c.name, documents.c.content_hash, excerpts.c.position, excerpts.c.id)
            .join(documents, documents.c.id == excerpts.c.document_id)
            .where(excerpts.c.study_id == study_id, documents.c.erased_at.is_(None))
        )
        # Sorted here, by code points: databases sort names each by the language it is set to, and a seed must draw the same everywhere.
        return [ExcerptId(row[-1]) for row in sorted(self.session.connection.execute(query).tuples())]

    def around(self, around: Iterable[Excerpt], reach: int) -> dict[ExcerptId, tuple[str, str]]:
        """Give up to ``reach`` characters of the document's text before and after each excerpt."""
        found = list(around)
        rows = self.session.connection.execute(_AROUND, {"ids": [excerpt.id for excerpt in found], "reach": reach}).tuples()
        parts = {ExcerptId(excerpt): (before, after) for excerpt, before, after in rows}
        return {one.id: parts[one.id] for one in found}

    def _excerpts(self, query: Select[tuple[Any, ...]], **by: Sequence[str]) -> list[Excerpt]:
        return [Excerpt(**row) for row in self.session.connection.execute(query, by).mappings()]

    def _count(self, query: Select[tuple[Any, ...]]) -> int:
        return self.session.connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
