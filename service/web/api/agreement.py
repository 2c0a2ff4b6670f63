"""Agreement of a closed round, computed on the frozen set each time it is asked for."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from service.coding.visibility import Sight
from service.report.agreement import RoundReport
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.identity import Principal
from service.web.openapi import READS, refusals

Listed = Annotated[int, QueryParameter(ge=0, le=100_000, description="How many disagreeing excerpts to list for each variable.")]


@get("/rounds/{round_id:uuid}/agreement", responses=refusals(*READS), sync_to_thread=True, operation_id="getAgreement")
def get_agreement(
    round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], disagreements: Listed = 100
) -> RoundReport:
    """Give a closed round's agreement for each variable. While the round is open, this answers like a round that does not exist."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        shows_codings = access.may_see(tx, who, round_, Sight.CODINGS)
        return tx.reports.of(round_, list_at_most=disagreements if shows_codings else 0)


router = Router("/", route_handlers=[get_agreement], tags=["Agreement"])
