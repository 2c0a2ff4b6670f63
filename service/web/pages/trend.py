"""A study's agreement from round to round."""

from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.coding.visibility import Role
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.api.trend import trend_of
from service.web.identity import Principal
from service.web.pages.rendering import page


@get("/studies/{study_id:uuid}/trend", sync_to_thread=True)
def show(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Show each variable and code over the closed rounds that the asker may read."""
    with store.reading() as tx:
        role = access.role_in(tx, who, str(study_id))
        access.check_scope(who, Scope.RESULTS)
        found = trend_of(tx, who, str(study_id))
        study = tx.corpus.study(str(study_id))
    return page("trend.html", who, study=study, trend=found, leads=role is Role.LEAD)


handlers = [show]
