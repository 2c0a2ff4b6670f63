"""Documents and their excerpts: bringing them in, reading them, deleting them."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, MultipartBody

from service.exchange.documents import DocumentOptions, Segmentation, column_names, read_documents
from service.store import Store, Transaction
from service.store.corpus import Document
from service.store.credentials import Scope
from service.web import access
from service.web.api.forms import After, IdempotencyKey, Limit, Page, body_of, once
from service.web.background import Background
from service.web.identity import Principal
from service.web.openapi import READS, WRITES, refusals

LARGEST_FILE = 105_000_000


@dataclass
class DocumentFile:
    """A file with documents; CSV and JSON Lines hold one excerpt a row, plain text one a paragraph.

    ``metadata_columns`` are names separated by commas; a name that has a comma itself stands in quotes.
    """

    file: UploadFile
    text_column: str = "text"
    document_column: str = ""
    label_column: str = ""
    metadata_columns: str = ""
    segmentation: Segmentation = Segmentation.PARAGRAPHS

    def options(self) -> DocumentOptions:
        """Say what the columns mean."""
        return DocumentOptions(
            text_column=self.text_column,
            document_column=self.document_column or None,
            label_column=self.label_column or None,
            metadata_columns=column_names(self.metadata_columns),
            segmentation=self.segmentation,
        )


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it came, and how to read it."""

    name: str
    content: bytes
    options: DocumentOptions


class DocumentOut(msgspec.Struct, frozen=True):
    """A document without its text."""

    id: str
    name: str
    excerpts: int
    content_hash: str
    created_at: str


class DocumentWithText(msgspec.Struct, frozen=True):
    """A document with its text; excerpts' offsets are half-open and count Unicode code points of it."""

    id: str
    name: str
    excerpts: int
    content_hash: str
    created_at: str
    text: str


class ImportOut(msgspec.Struct, frozen=True):
    """What an import did; a document that was there already is left as it is."""

    added: list[DocumentOut]
    unchanged: list[DocumentOut]
    excerpts_added: int


class ExcerptOut(msgspec.Struct, frozen=True):
    """An excerpt: ``text`` is the document's ``text[start:end]`` in Unicode code points; ``metadata`` has its values by column."""

    id: str
    position: int
    start: int
    end: int
    label: str
    text: str
    metadata: dict[str, str]


class EmbeddingProgress(msgspec.Struct, frozen=True):
    """How many of a study's excerpts have a vector of the model in use."""

    model: str
    done: int
    excerpts: int


@get("/studies/{study_id:uuid}/documents", responses=refusals(*READS), sync_to_thread=True, operation_id="listDocuments")
def list_documents(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[DocumentOut]:
    """List a study's documents."""
    with store.reading() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        return [_out(document) for document in tx.corpus.documents(study)]


@post(
    "/studies/{study_id:uuid}/documents",
    responses=refusals(*WRITES),
    sync_to_thread=True,
    operation_id="importDocuments",
    request_max_body_size=LARGEST_FILE,
)
def import_documents(
    study_id: FromPath[UUID],
    data: MultipartBody[DocumentFile],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    background: NamedDependency[Background],
) -> ImportOut:
    """Import a .txt, .md, .csv or .jsonl file, all or nothing. The same content again changes nothing."""
    with store.reading() as tx:
        access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
    done = bring_in(store, who, str(study_id), SentFile(data.file.filename, data.file.file.read(), data.options()), key)
    background.wake()
    return done


@get("/studies/{study_id:uuid}/embedding", responses=refusals(*READS), sync_to_thread=True, operation_id="getEmbeddingProgress")
def get_embedding(
    study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], background: NamedDependency[Background]
) -> EmbeddingProgress:
    """Say how far the vectors of a study's excerpts have come."""
    with store.reading() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        model = background.model()
        done, every = tx.vectors.progress(study, model)
    return EmbeddingProgress(model=model.name, done=done, excerpts=every)


@get("/documents/{document_id:uuid}", responses=refusals(*READS), sync_to_thread=True, operation_id="getDocument")
def get_document(document_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> DocumentWithText:
    """Give a document with its text."""
    with store.reading() as tx:
        document, text = tx.corpus.document(str(document_id))
        access.enter_study(tx, who, document.study_id, Scope.MANAGE, access.LEAD, asked="document")
    return DocumentWithText(**msgspec.structs.asdict(_out(document)), text=text)


@get("/documents/{document_id:uuid}/excerpts", responses=refusals(*READS), sync_to_thread=True, operation_id="listExcerpts")
def list_excerpts(
    document_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    after: After = -1,
    limit: Limit = 100,
) -> Page[ExcerptOut]:
    """List a document's excerpts in their order."""
    with store.reading() as tx:
        document, _ = tx.corpus.document(str(document_id))
        access.enter_study(tx, who, document.study_id, Scope.MANAGE, access.LEAD, asked="document")
        found = tx.corpus.excerpts_of(document.id, after=after, limit=limit + 1)
        said = tx.metadata.of(document.study_id, [one.id for one in found])
    items = [
        ExcerptOut(id=e.id, position=e.position, start=e.start, end=e.end, label=e.label, text=e.text, metadata=dict(said[e.id]))
        for e in found[:limit]
    ]
    return Page(items=items, next=items[-1].position if len(found) > limit else None)


@delete("/documents/{document_id:uuid}", responses=refusals(*WRITES), sync_to_thread=True, operation_id="deleteDocument")
def delete_document(
    document_id: FromPath[UUID], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]
) -> None:
    """Erase a document with its excerpts, vectors and the codings of it. Refused while it stands in an open round."""
    with store.writing() as tx:
        once(tx, who, f"deleteDocument {document_id}", key, b"", lambda: erase_document(tx, who, str(document_id)))
    store.scrub()


def bring_in(store: Store, who: Principal, study_id: str, sent: SentFile, key: str) -> ImportOut:
    """Read a file, then store its documents, all or nothing; the same key again does nothing twice."""
    new = read_documents(sent.name, sent.content, sent.options)
    body = body_of(hashlib.sha256(sent.content).hexdigest(), sent.name, sent.options)
    with store.writing() as tx:
        study = access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD)

        def act() -> list[str]:
            done = tx.corpus.bring_in(study, new)
            return [*done.added, "", *done.unchanged]

        made = once(tx, who, f"importDocuments {study_id}", key, body, act)
        present = {str(document.id): _out(document) for document in tx.corpus.documents(study)}
    split = made.index("")
    added = [present[one] for one in made[:split] if one in present]
    unchanged = [present[one] for one in made[split + 1 :] if one in present]
    return ImportOut(added=added, unchanged=unchanged, excerpts_added=sum(one.excerpts for one in added))


def erase_document(tx: Transaction, who: Principal, document_id: str) -> list[str]:
    """Erase a document of a study that the asker leads."""
    document, _ = tx.corpus.document(document_id)
    study = access.enter_study(tx, who, document.study_id, Scope.MANAGE, access.LEAD, asked="document")
    tx.erasure.document(document.id, study, who.person_id)
    return []


def _out(document: Document) -> DocumentOut:
    return DocumentOut(
        id=document.id,
        name=document.name,
        excerpts=document.excerpts,
        content_hash=document.content_hash,
        created_at=document.created_at,
    )


router = Router(
    "/",
    route_handlers=[list_documents, import_documents, get_embedding, get_document, list_excerpts, delete_document],
    tags=["Documents"],
)
