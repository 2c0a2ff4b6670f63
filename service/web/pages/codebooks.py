"""The codebook's pages: the tree, import and export, editing a code, revisions and what each changed."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter, QueryParameter
from litestar.response import Redirect

from service.codebook.model import TEXT_FIELDS, Code, Codebook, Variable, tree
from service.codebook.operations import Edit
from service.codebook.revision import Revision, difference
from service.corpus.model import StudyId
from service.errors import Conflict, NotFound
from service.exchange.codebooks import read_codebook
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.codebooks import file_of, save
from service.web.api.forms import body_of, once
from service.web.identity import Principal
from service.web.pages import codebook_edits as edits
from service.web.pages.forms import Form
from service.web.pages.rendering import go, page

Number = Annotated[int, PathParameter(ge=0, le=2_147_483_647)]
Notice = Annotated[str, QueryParameter(name="notice", max_length=20)]
BACK: dict[str, Any] = {"back": "/studies/{study_id}/codebook"}
_SAID = {"new": "Saved as a new revision.", "same": "Nothing changed: the codebook is the same as the newest revision."}


@get("/studies/{study_id:uuid}/codebook", sync_to_thread=True)
def show(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], notice: Notice = "") -> Response[str]:
    """Show the newest revision as a tree, with what can be done."""
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))
        revisions = _revisions(tx, study.id)
    said = _SAID.get(notice, "")
    return page("codebook.html", who, study=study, revisions=revisions, tree=places, fields=TEXT_FIELDS, notice=said)


@get("/studies/{study_id:uuid}/codebook/revisions/{number:int}", sync_to_thread=True)
def show_revision(
    study_id: FromPath[UUID], number: Number, who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Response[str]:
    """Show what a revision changed."""
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))
        revision, before = _numbered(tx, study.id, number), _numbered(tx, study.id, number - 1) if number > 1 else None
    changes = difference(before.codebook, revision.codebook) if before else None
    return page("revision.html", who, study=study, revision=revision, before=before, changes=changes, tree=places, fields=TEXT_FIELDS)


@get("/studies/{study_id:uuid}/codebook/revisions/{number:int}/{kind:str}", sync_to_thread=True)
def export(
    study_id: FromPath[UUID],
    number: Number,
    kind: FromPath[Literal["csv", "json"]],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> Response[bytes]:
    """Give one revision as a file."""
    with store.reading() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        return file_of(_numbered(tx, study, number), kind)


@post("/studies/{study_id:uuid}/codebook/file", sync_to_thread=True, opt=BACK)
def import_file(
    study_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Import a codebook file as the next revision."""
    name, content = form.file("file")
    body = body_of(hashlib.sha256(content).hexdigest(), name, form.text("note"))
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        codebook = read_codebook(name, content)
        act = lambda: save(tx, who, study, codebook, form.text("note"))  # noqa: E731
        made = once(tx, who, f"importCodebook {study_id}", form.key(), body, act)
    return go(f"/studies/{study_id}/codebook?notice={made[1]}")


@get("/studies/{study_id:uuid}/codebook/{number:int}/variables/{variable:int}", sync_to_thread=True)
def edit_variable(
    study_id: FromPath[UUID], number: Number, variable: Number, who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Response[str]:
    """Show the form of a variable, or of a new one."""
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))
        codebook = _book(tx, study.id, number)
    return page("variable.html", who, study=study, number=number, place=variable, v=edits.variable_at(codebook, variable))


@post("/studies/{study_id:uuid}/codebook/{number:int}/variables/{variable:int}", sync_to_thread=True, opt=BACK)
def save_variable(
    study_id: FromPath[UUID],
    number: Number,
    variable: Number,
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> Redirect:
    """Save a variable's form as the next revision."""

    def edit(codebook: Codebook) -> edits.Edited:
        if form.text("do") == "delete":
            return edits.without_variable(codebook, variable), []
        fields = {field: form.text(field) for field in ("name", "label", "scheme", "first")}
        return edits.with_variable(codebook, variable, fields), []

    return _edited(store, who, (str(study_id), number), form, edit)


@get("/studies/{study_id:uuid}/codebook/{number:int}/variables/{variable:int}/codes/{code:int}", sync_to_thread=True)
def edit_code(
    study_id: FromPath[UUID],
    number: Number,
    variable: Number,
    code: Number,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> Response[str]:
    """Show the form of a code, or of a new one."""
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))
        codebook = _book(tx, study.id, number)
    of, present = edits.code_at(codebook, variable, code)
    return page("code.html", who, study=study, number=number, v=of, variable=variable, place=code, c=present)


@post("/studies/{study_id:uuid}/codebook/{number:int}/variables/{variable:int}/codes/{code:int}", sync_to_thread=True, opt=BACK)
def save_code(  # noqa: PLR0913, PLR0917
    study_id: FromPath[UUID],
    number: Number,
    variable: Number,
    code: Number,
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> Redirect:
    """Save a code's form, a move or a deletion as the next revision."""
    names = ("do", "name", "parent", "other", "to", "into", *TEXT_FIELDS)
    fields = {name: form.text(name) for name in names}
    return _edited(store, who, (str(study_id), number), form, lambda codebook: edits.code_edit(codebook, (variable, code), fields))


def places(variable: Variable) -> Iterator[tuple[int, int, Code]]:
    """Yield depth, place and code in the order of the tree."""
    at = {code.name: place for place, code in enumerate(variable.codes)}
    for depth, code in tree(variable):
        yield depth, at[code.name], code


def _declared(form: Form) -> Edit:
    """Read what an edit was declared to be; moving a code up and down changes no meaning."""
    if form.text("do") in {"up", "down"}:
        return Edit.MINOR
    return Edit.MINOR if form.text("edit") == Edit.MINOR.value else Edit.MEANING


def _edited(store: Store, who: Principal, where: tuple[str, int], form: Form, edit: Callable[[Codebook], edits.Edited]) -> Redirect:
    study_id, number = where
    body = body_of(number, {name: form.texts(name) for name in form.fields if name != "key"})
    with store.writing() as tx:
        study = access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD)

        def act() -> list[str]:
            latest = tx.codebooks.latest(study)
            if (latest.number if latest else 0) != number:
                message = f"The codebook was saved as revision {latest.number if latest else 0} meanwhile; you edited {number}. Edit again."
                raise Conflict(message)
            before = latest.codebook if latest else edits.EMPTY
            after, operations = edit(before)
            return save(tx, who, study, after, form.text("note"), edit=_declared(form), operations=operations)

        made = once(tx, who, f"editCodebook {study_id}", form.key(), body, act)
    return go(f"/studies/{study_id}/codebook?notice={made[1]}")


def _revisions(tx: Transaction, study: StudyId) -> list[Revision]:
    codebook = tx.codebooks.id_of(study)
    return tx.codebooks.revisions(codebook)[::-1] if codebook else []


def _numbered(tx: Transaction, study: StudyId, number: int) -> Revision:
    codebook = tx.codebooks.id_of(study)
    if codebook is None:
        message = "There is no such codebook revision."
        raise NotFound(message)
    return tx.codebooks.numbered(codebook, number)


def _book(tx: Transaction, study: StudyId, number: int) -> Codebook:
    return _numbered(tx, study, number).codebook if number else edits.EMPTY


handlers = [show, show_revision, export, import_file, edit_variable, save_variable, edit_code, save_code]
