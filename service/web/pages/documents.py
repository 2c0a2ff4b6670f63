"""Documents from the study page: bringing them in, reading their excerpts, deleting them."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from service.exchange.documents import DocumentOptions, column_names
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.api.documents import LARGEST_FILE, SentFile, bring_in, erase_document
from service.web.api.forms import once
from service.web.background import Background
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page

A_PAGE = 50
After = Annotated[int, QueryParameter(ge=-1, le=2_147_483_647)]


@post(
    "/studies/{study_id:uuid}/documents",
    sync_to_thread=True,
    request_max_body_size=LARGEST_FILE,
    opt={"back": "/studies/{study_id}#import"},
)
def import_documents(
    study_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    background: NamedDependency[Background],
) -> Redirect:
    """Import a file, all or nothing."""
    with store.reading() as tx:
        access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
    name, content = form.file("file")
    fields = ("text_column", "document_column", "label_column", "segmentation")
    told: dict[str, object] = {field: form.text(field).strip() for field in fields if form.text(field).strip()}
    options = read(DocumentOptions, told | {"metadata_columns": column_names(form.text("metadata_columns"))})
    made = bring_in(store, who, str(study_id), SentFile(name, content, options), form.key())
    background.wake()
    return go(f"/studies/{study_id}?notice=imported&n={len(made.added)}&m={len(made.unchanged)}")


@get("/documents/{document_id:uuid}", sync_to_thread=True)
def show(document_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], after: After = -1) -> Response[str]:
    """Show a document's excerpts, a page at a time."""
    with store.reading() as tx:
        document, _ = tx.corpus.document(str(document_id))
        study = tx.corpus.study(access.enter_study(tx, who, document.study_id, Scope.MANAGE, access.LEAD, asked="document"))
        found = tx.corpus.excerpts_of(document.id, after=after, limit=A_PAGE + 1)
        said = tx.metadata.of(study.id, [one.id for one in found])
    further = found[A_PAGE - 1].position if len(found) > A_PAGE else None
    return page("document.html", who, study=study, document=document, excerpts=found[:A_PAGE], said=said, further=further, after=after)


@post("/documents/{document_id:uuid}/deletion", sync_to_thread=True, opt={"back": "/documents/{document_id}"})
def delete(
    document_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Erase a document with its excerpts and the codings of it, and go back to its study."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, form.text("study"), Scope.MANAGE, access.LEAD)
        once(tx, who, f"deleteDocument {document_id}", form.key(), b"", lambda: erase_document(tx, who, str(document_id)))
    store.scrub()
    return go(f"/studies/{study}?notice=deleted")


handlers = [import_documents, show, delete]
