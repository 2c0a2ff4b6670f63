"""How long a study is kept, on a page for its lead."""

from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.api.forms import body_of, once
from service.web.api.retention import RetentionIn, retention_of, set_for
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page


@get("/studies/{study_id:uuid}/retention", sync_to_thread=True)
def show(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Show how long the study is kept, with the form that sets it."""
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))
        kept = retention_of(tx, study.id)
    return page("retention.html", who, study=study, kept=kept)


@post("/studies/{study_id:uuid}/retention", sync_to_thread=True, opt={"back": "/studies/{study_id}/retention"})
def keep(study_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Redirect:
    """Set how long the study is kept."""
    days, until = form.text("days").strip(), form.text("until").strip()
    asked = read(RetentionIn, {"days": form.number("days") if days else None, "until": f"{until}Z" if until else None})
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        once(tx, who, f"setRetention {study_id}", form.key(), body_of(asked), lambda: set_for(tx, who, study, asked))
    return go(f"/studies/{study_id}/retention")


handlers = [show, keep]
