"""A closed round without figures: what coders gave differently, side by side, for whoever reads differences instead of measuring them."""

from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.agreement.profile import STANDARD_1
from service.coding.visibility import Sight
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.identity import Principal
from service.web.pages.agreement import FEWEST_LISTED, Chosen, Listed
from service.web.pages.dashboard import Notes, Wanted, notes_of, parts_of
from service.web.pages.rendering import page
from service.web.remembered import Remembered


@get("/rounds/{round_id:uuid}/dialogue", sync_to_thread=True)
def show(  # noqa: PLR0913, PLR0917
    round_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    remembered: NamedDependency[Remembered],
    listed: Listed = FEWEST_LISTED,
    of: Chosen = None,
    a: Chosen = None,
) -> Response[str]:
    """Show the excerpts that coders coded differently, all or those where one code was given; no coefficient, no verdict."""
    wanted = Wanted(listed, of, a, None)
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        shows_codings = access.may_see(tx, who, round_, Sight.CODINGS)
        names = access.names(tx, who, round_)
        notes, limit = Notes({}, []), 0
        if shows_codings:
            notes = remembered.of_round((tx, who, round_), "notes", names, lambda: notes_of(tx, round_, names))
            limit = wanted.limit()
        report = remembered.report((tx, who, round_), profile=STANDARD_1, names=names, listed=limit)
        parts = parts_of(tx, round_, report, wanted, notes.memos) if shows_codings else []
        study = tx.corpus.study(round_.study_id)
        adjudicates = access.may_see(tx, who, round_, Sight.QUEUE)
    return page(
        "dialogue.html", who, round=round_, study=study, parts=parts, flagged=notes.flagged, coders=len(report.agreement.coders),
        codebook_revision=report.codebook_revision, shows_codings=shows_codings, adjudicates=adjudicates,
    )  # fmt: skip


handlers = [show]
