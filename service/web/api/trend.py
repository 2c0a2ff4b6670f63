"""Agreement over the closed rounds of a study."""

from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.agreement.profile import STANDARD_1
from service.coding.visibility import Sight
from service.report.trend import StudyTrend, trend
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.identity import Principal
from service.web.openapi import READS, refusals


@get("/studies/{study_id:uuid}/trend", responses=refusals(*READS), sync_to_thread=True, operation_id="getTrend")
def get_trend(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> StudyTrend:
    """Give the agreement of each variable and code from round to round, over those closed rounds whose results you may read.

    A code is followed through recorded renames; merges, splits and retirements say where a line begins or ends.
    """
    with store.reading() as tx:
        access.role_in(tx, who, str(study_id))
        access.check_scope(who, Scope.RESULTS)
        return trend_of(tx, who, str(study_id))


def trend_of(tx: Transaction, who: Principal, study_id: str) -> StudyTrend:
    """Gather the reports that the asker may read, oldest close first."""
    rounds = [round_ for round_ in tx.rounds.of_study(study_id) if access.may_see(tx, who, round_, Sight.RESULTS)]
    ordered = sorted(rounds, key=lambda round_: round_.first_closed_at or "")
    codebook = tx.codebooks.id_of(study_id) if ordered else None
    steps = [revision.step() for revision in tx.codebooks.revisions(codebook)] if codebook else []
    return trend([tx.reports.of(round_, profile=STANDARD_1, list_at_most=0, in_parts=False) for round_ in ordered], steps)


router = Router("/", route_handlers=[get_trend], tags=["Agreement"])
