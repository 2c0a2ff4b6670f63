"""A closed round's figures: in the order in which a reviewer asks, each with what it rests on; charts, ledger, JSON."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter, QueryParameter

from service.agreement.coefficients import TITLES
from service.agreement.profile import STANDARD_1
from service.coding.visibility import Sight
from service.errors import NotFound
from service.report.charts import Theme, alpha_by_code
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.api.codings import ledger_of
from service.web.identity import Principal
from service.web.pages.dashboard import Wanted, parts_of
from service.web.pages.rendering import page

FEWEST_LISTED = 20
MOST_ENTRIES = 500
Listed = Annotated[int, QueryParameter(ge=0, le=100_000)]
Place = Annotated[int, PathParameter(ge=0, le=1000)]
Chosen = Annotated[int | None, QueryParameter(ge=0, le=10_000)]


@get("/rounds/{round_id:uuid}/agreement", sync_to_thread=True)
def show(  # noqa: PLR0913, PLR0917
    round_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    listed: Listed = FEWEST_LISTED,
    of: Chosen = None,
    a: Chosen = None,
    b: Chosen = None,
) -> Response[str]:
    """Show a closed round's agreement; of one variable's excerpts only those where codes ``a`` and ``b`` met, if asked."""
    wanted = Wanted(listed, of, a, b)
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        shows_codings = access.may_see(tx, who, round_, Sight.CODINGS)
        report = tx.reports.of(round_, profile=STANDARD_1, list_at_most=wanted.limit() if shows_codings else 0)
        context: dict[str, Any] = {
            "study": tx.corpus.study(round_.study_id),
            "parts": parts_of(tx, round_, report, wanted),
            "shows_codings": shows_codings,
            "owns_ledger": access.may_see(tx, who, round_, Sight.LEDGER) or access.may_see(tx, who, round_, Sight.OWN),
        }
    return page("agreement.html", who, report=report, a=report.agreement, titles=TITLES, **context)


@get("/rounds/{round_id:uuid}/agreement.json", sync_to_thread=True)
def as_json(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[bytes]:
    """Give the same figures as JSON, with every disagreeing excerpt."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        listed = None if access.may_see(tx, who, round_, Sight.CODINGS) else 0
        report = tx.reports.of(round_, profile=STANDARD_1, list_at_most=listed)
    return Response(msgspec.json.format(msgspec.json.encode(report), indent=2), media_type=MediaType.JSON)


@get("/rounds/{round_id:uuid}/charts/{variable:int}/{theme:str}", sync_to_thread=True)
def chart(
    round_id: FromPath[UUID],
    variable: Place,
    theme: FromPath[Theme],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> Response[str]:
    """Draw alpha by code of one variable."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        report = tx.reports.of(round_, profile=STANDARD_1, list_at_most=0)
    if variable >= len(report.agreement.variables):
        message = "There is no such chart."
        raise NotFound(message)
    return Response(alpha_by_code(report.agreement.variables[variable], theme), media_type="image/svg+xml")


@get("/rounds/{round_id:uuid}/ledger", sync_to_thread=True)
def show_ledger(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Show the own chain at any time, the whole ledger to the lead after the close."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None)
        entries = ledger_of(tx, who, round_)
        whole = access.may_see(tx, who, round_, Sight.LEDGER)
        names = {str(coder): name for coder, name in tx.reports.coders(round_).items()} if whole else {who.person_id: who.name}
    return page("ledger.html", who, round=round_, entries=entries, most=MOST_ENTRIES, names=names, whole=whole)


@get("/rounds/{round_id:uuid}/ledger.json", sync_to_thread=True)
def ledger_json(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[bytes]:
    """Give the same entries as JSON."""
    with store.reading() as tx:
        entries = ledger_of(tx, who, access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None))
    return Response(msgspec.json.format(msgspec.json.encode(entries), indent=2), media_type=MediaType.JSON)


handlers = [show, as_json, chart, show_ledger, ledger_json]
