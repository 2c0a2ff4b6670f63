"""Codebooks and their revisions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, MultipartBody, PathParameter

from service.codebook.model import Codebook
from service.codebook.operations import Edit, Operation, applied
from service.codebook.revision import Revision
from service.corpus.model import StudyId
from service.errors import Conflict, NotFound
from service.exchange.codebooks import read_codebook, write_codebook_csv, write_codebook_json
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.forms import IdempotencyKey, body_of, once
from service.web.identity import Principal
from service.web.openapi import READS, WRITES, json_body, refusals

Note = Annotated[str, msgspec.Meta(max_length=2000)]
Number = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


class RevisionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A codebook to be saved as the next revision, with what the edit means.

    A *minor* edit keeps what every code means. ``operations`` say which codes were renamed, merged or split; a code that leaves without
    one is recorded as retired.
    """

    codebook: Codebook
    note: Note = ""
    edit: Edit = Edit.MEANING
    operations: Annotated[tuple[Operation, ...], msgspec.Meta(max_length=1000)] = ()


class OperationIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operation on the newest revision, which is named so that nobody operates on one they have not seen."""

    revision: Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]
    operation: Operation
    note: Note = ""
    edit: Edit = Edit.MEANING


@dataclass
class CodebookFile:
    """A codebook as a .csv or .json file."""

    file: UploadFile
    note: str = ""


class RevisionOut(msgspec.Struct, frozen=True):
    """One revision; ``new`` is false when the same codebook was saved again and nothing changed."""

    id: str
    codebook_id: str
    number: int
    digest: str
    created_at: str
    note: str
    codebook: Codebook
    edit: Edit
    operations: tuple[Operation, ...]
    new: bool = False


class CodebookOut(msgspec.Struct, frozen=True):
    """A codebook you may read, and its newest revision."""

    id: str
    study_id: str
    revision: int
    digest: str
    variables: list[str]


A_CODEBOOK: dict[str, object] = {
    "codebook": {
        "variables": [
            {
                "name": "theme",
                "scheme": "one_code",
                "codes": [
                    {"name": "Support", "definition": "Help that others give."},
                    {"name": "Supervision", "parent": "Support", "definition": "Planned time to look back on practice."},
                ],
            }
        ]
    },
    "note": "Supervision is a code of its own",
}
AN_OPERATION: dict[str, object] = {
    "revision": 1,
    "operation": {"operation": "merge", "variable": "theme", "codes": ["Support", "Supervision"], "to": "Support"},
    "note": "Coders could not keep them apart",
}


@get("/codebooks", responses=refusals(400, 401, 503), sync_to_thread=True, operation_id="listCodebooks")
def list_codebooks(who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[CodebookOut]:
    """List the codebooks you lead or that your token may suggest from."""
    with store.reading() as tx:
        studies = [study for study in tx.people.studies(who.person_id) if _may_read(tx, who, study)]
        found = [(study, tx.codebooks.latest(study)) for study in sorted(studies)]
    return [_listed(study, revision) for study, revision in found if revision is not None]


@get("/codebooks/{codebook_id:uuid}", responses=refusals(*READS), sync_to_thread=True, operation_id="getCodebook")
def get_codebook(codebook_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> RevisionOut:
    """Give a codebook's newest revision."""
    with store.reading() as tx:
        return _out(tx.codebooks.revisions(_readable(tx, who, codebook_id))[-1])


@get("/codebooks/{codebook_id:uuid}/revisions", responses=refusals(*READS), sync_to_thread=True, operation_id="listRevisions")
def list_revisions(codebook_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[RevisionOut]:
    """List a codebook's revisions, oldest first."""
    with store.reading() as tx:
        return [_out(revision) for revision in tx.codebooks.revisions(_readable(tx, who, codebook_id))]


@get("/codebooks/{codebook_id:uuid}/revisions/{number:int}", responses=refusals(*READS), sync_to_thread=True, operation_id="getRevision")
def get_revision(
    codebook_id: FromPath[UUID], number: Number, who: NamedDependency[Principal], store: NamedDependency[Store]
) -> RevisionOut:
    """Give one revision."""
    with store.reading() as tx:
        return _out(tx.codebooks.numbered(_readable(tx, who, codebook_id), number))


@get(
    "/codebooks/{codebook_id:uuid}/revisions/{number:int}/{form:str}",
    responses=refusals(*READS),
    sync_to_thread=True,
    operation_id="exportRevision",
    media_type="application/octet-stream",
)
def export_revision(
    codebook_id: FromPath[UUID],
    number: Number,
    form: FromPath[Literal["csv", "json"]],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> Response[bytes]:
    """Give one revision as a file that can be imported again."""
    with store.reading() as tx:
        revision = tx.codebooks.numbered(_readable(tx, who, codebook_id), number)
    return file_of(revision, form)


@post("/studies/{study_id:uuid}/codebook", responses=refusals(*WRITES), sync_to_thread=True, operation_id="saveCodebook")
def save_codebook(
    study_id: FromPath[UUID],
    data: Annotated[RevisionIn, json_body(A_CODEBOOK)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> RevisionOut:
    """Save a codebook as the study's next revision. The same codebook again changes nothing and says so."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        act = lambda: save(tx, who, study, data.codebook, data.note, edit=data.edit, operations=data.operations)  # noqa: E731
        return _saved(tx, once(tx, who, f"saveCodebook {study_id}", key, body_of(data), act))


@post("/studies/{study_id:uuid}/codebook/operations", responses=refusals(*WRITES), sync_to_thread=True, operation_id="operateCodebook")
def operate_codebook(
    study_id: FromPath[UUID],
    data: Annotated[OperationIn, json_body(AN_OPERATION)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> RevisionOut:
    """Rename, merge, split or retire codes of the newest revision: the result is the next one, with the operation on record."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        act = lambda: operate(tx, who, study, data)  # noqa: E731
        return _saved(tx, once(tx, who, f"operateCodebook {study_id}", key, body_of(data), act))


@post("/studies/{study_id:uuid}/codebook-file", responses=refusals(*WRITES), sync_to_thread=True, operation_id="importCodebook")
def import_codebook(
    study_id: FromPath[UUID],
    data: MultipartBody[CodebookFile],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> RevisionOut:
    """Import a codebook file (.csv or .json) as the study's next revision."""
    content = data.file.file.read()
    body = body_of(hashlib.sha256(content).hexdigest(), data.file.filename, data.note)
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        codebook = read_codebook(data.file.filename, content)
        made = once(tx, who, f"importCodebook {study_id}", key, body, lambda: save(tx, who, study, codebook, data.note))
        return _saved(tx, made)


def file_of(revision: Revision, form: Literal["csv", "json"]) -> Response[bytes]:
    """Send a revision as a file to keep."""
    write = {"csv": write_codebook_csv, "json": write_codebook_json}[form]
    disposition = f'attachment; filename="codebook-{revision.number}.{form}"'
    return Response(write(revision.codebook), media_type="application/octet-stream", headers={"Content-Disposition": disposition})


def operate(tx: Transaction, who: Principal, study: StudyId, asked: OperationIn) -> list[str]:
    """Carry out an operation on the newest revision."""
    tx.session.hold(study)
    latest = tx.codebooks.latest(study)
    if latest is None or latest.number != asked.revision:
        message = (
            f"The codebook's newest revision is {latest.number if latest else 0}; you named {asked.revision}. Look at it and try again."
        )
        raise Conflict(message)
    codebook = applied(latest.codebook, asked.operation)
    return save(tx, who, study, codebook, asked.note, edit=asked.edit, operations=[asked.operation])


def save(  # noqa: PLR0913
    tx: Transaction,
    who: Principal,
    study: StudyId,
    codebook: Codebook,
    note: str,
    *,
    edit: Edit = Edit.MEANING,
    operations: Sequence[Operation] = (),
) -> list[str]:
    """Save a revision; while no round of the study is open, it is what suggestions are made from, too."""
    revision, new = tx.codebooks.save(study, codebook, by=who.person_id, note=note, edit=edit, operations=operations)
    if new and all(not round_.state.takes_codings for round_ in tx.rounds.of_study(study)):
        tx.rounds.take_snapshot(study, revision.id)
    return [revision.id, "new" if new else "same"]


def _saved(tx: Transaction, made: list[str]) -> RevisionOut:
    return _out(tx.codebooks.revision(made[0]), new=made[1] == "new")


def _may_read(tx: Transaction, who: Principal, study: str) -> bool:
    try:
        role = access.role_in(tx, who, study)
    except NotFound:
        return False
    return role in access.LEAD and (who.may(Scope.MANAGE) or who.may(Scope.SUGGEST))


def _readable(tx: Transaction, who: Principal, codebook_id: UUID) -> str:
    study = tx.codebooks.study_of(str(codebook_id))
    if study is None or not _may_read(tx, who, study):
        message = "There is no such codebook."
        raise NotFound(message)
    tx.corpus.study(study)
    return str(codebook_id)


def _listed(study: str, revision: Revision) -> CodebookOut:
    return CodebookOut(
        id=revision.codebook_id,
        study_id=study,
        revision=revision.number,
        digest=revision.digest,
        variables=[variable.name for variable in revision.codebook.variables],
    )


def _out(revision: Revision, *, new: bool = False) -> RevisionOut:
    return RevisionOut(
        id=revision.id,
        codebook_id=revision.codebook_id,
        number=revision.number,
        digest=revision.digest,
        created_at=revision.created_at.isoformat(),
        note=revision.note,
        codebook=revision.codebook,
        edit=revision.edit,
        operations=revision.operations,
        new=new,
    )


router = Router(
    "/",
    route_handlers=[
        list_codebooks,
        get_codebook,
        list_revisions,
        get_revision,
        export_revision,
        save_codebook,
        operate_codebook,
        import_codebook,
    ],
    tags=["Codebooks"],
)
