"""A closed round's figures: in the order in which a reviewer asks, each with what it rests on; ledger, JSON."""

from importlib.metadata import version
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from service.agreement.profile import STANDARD_1
from service.coding.visibility import Sight
from service.report.methods import methods_paragraph
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.api.codings import ledger_of
from service.web.identity import Principal
from service.web.pages.breakdowns import rows_of, some_of
from service.web.pages.dashboard import Notes, Wanted, documents_of, notes_of, parts_of
from service.web.pages.rendering import page
from service.web.remembered import Remembered

FEWEST_LISTED = 20
SOFTWARE = f"Intercoder {version('intercoder')}"
MOST_ENTRIES = 500
Listed = Annotated[int, QueryParameter(ge=0, le=100_000)]
Met = Annotated[str | None, QueryParameter(pattern=r"^\d{1,5}\.\d{1,5}\.\d{1,5}$")]
Chosen = Annotated[int | None, QueryParameter(ge=0, le=10_000)]


@get("/rounds/{round_id:uuid}/agreement", sync_to_thread=True)
def show(  # noqa: PLR0913, PLR0917
    round_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    remembered: NamedDependency[Remembered],
    listed: Listed = FEWEST_LISTED,
    of: Chosen = None,
    a: Chosen = None,
    met: Met = None,
    document: FromQuery[UUID | None] = None,
    documents: FromQuery[Literal["some", "all"]] = "some",
) -> Response[str]:
    """Show a closed round's agreement; of one variable's excerpts those with code ``a``, where two codes ``met``, or of a ``document``."""
    wanted = _wanted(listed, of, a, met, str(document) if document else None)
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        shows_codings = access.may_see(tx, who, round_, Sight.CODINGS)
        names = access.names(tx, who, round_)
        listing = wanted.limit() if shows_codings else 0
        report = remembered.report((tx, who, round_), profile=STANDARD_1, names=names, listed=listing)
        notes = Notes({}, [])
        if shows_codings:
            notes = remembered.of_round((tx, who, round_), "notes", names, lambda: notes_of(tx, round_, names))
        context: dict[str, Any] = {
            "study": tx.corpus.study(round_.study_id),
            "parts": parts_of(tx, round_, report, wanted, notes.memos),
            "flagged": notes.flagged,
            "broken_down": rows_of(report, documents_of(tx, round_) if shows_codings else {}),
            "shown_documents": list if documents == "all" else some_of,
            "shows_codings": shows_codings,
            "adjudicates": access.may_see(tx, who, round_, Sight.QUEUE),
            "owns_ledger": access.may_see(tx, who, round_, Sight.LEDGER) or access.may_see(tx, who, round_, Sight.OWN),
        }
    return page(
        "agreement.html",
        who,
        report=report,
        a=report.agreement,
        methods=methods_paragraph(report, software=SOFTWARE),
        **context,
    )


def _wanted(listed: int, of: int | None, a: int | None, met: str | None, document: str | None) -> Wanted:
    """Read what was chosen: ``met`` is a variable and two of its codes by their places, short because a matrix has many."""
    if met is None:
        return Wanted(listed, of, a, None, document)
    variable, one, other = (int(place) for place in met.split("."))
    return Wanted(listed, variable, one, other, document)


@get("/rounds/{round_id:uuid}/agreement.json", sync_to_thread=True)
def as_json(
    round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], remembered: NamedDependency[Remembered]
) -> Response[bytes]:
    """Give the same figures as JSON, with every disagreeing excerpt."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        listed = None if access.may_see(tx, who, round_, Sight.CODINGS) else 0
        report = remembered.report((tx, who, round_), profile=STANDARD_1, names=access.names(tx, who, round_), listed=listed)
    return Response(msgspec.json.format(msgspec.json.encode(report), indent=2), media_type=MediaType.JSON)


@get("/rounds/{round_id:uuid}/merge", sync_to_thread=True)
def merge(
    round_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    of: Chosen = 0,
    a: Chosen = 0,
    b: Chosen = 1,
) -> Response[str]:
    """Show alpha of a variable as it is, and as if its codes ``a`` and ``b`` were one."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        variables = tx.codebooks.revision(round_.revision_id).codebook.variables
        variable = variables[min(of or 0, len(variables) - 1)]
        names = [code.name for code in variable.codes]
        pair = (names[min(a or 0, len(names) - 1)], names[min(b or 0, len(names) - 1)])
        found = tx.reports.merged(round_, variable.name, pair, profile=STANDARD_1)
    return page("merge.html", who, round=round_, variable=variable, found=found)


@get("/rounds/{round_id:uuid}/ledger", sync_to_thread=True)
def show_ledger(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Show the own chain at any time, the whole ledger to the lead after the close."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None)
        entries = ledger_of(tx, who, round_)
        whole = access.may_see(tx, who, round_, Sight.LEDGER)
        owns = access.may_see(tx, who, round_, Sight.OWN)
        names = {str(coder): name for coder, name in tx.reports.coders(round_).items()} if whole else {who.person_id: who.name}
        names |= {str(one.id): one.configuration.name for one in tx.model_coders.of(round_.id)} if whole else {}
    return page("ledger.html", who, round=round_, entries=entries, most=MOST_ENTRIES, names=names, whole=whole, owns=owns)


@get("/rounds/{round_id:uuid}/ledger.json", sync_to_thread=True)
def ledger_json(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[bytes]:
    """Give the same entries as JSON."""
    with store.reading() as tx:
        entries = ledger_of(tx, who, access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None))
    return Response(msgspec.json.format(msgspec.json.encode(entries), indent=2), media_type=MediaType.JSON)


handlers = [show, as_json, merge, show_ledger, ledger_json]
