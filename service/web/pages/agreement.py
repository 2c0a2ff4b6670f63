"""A closed round's figures: in the order in which a reviewer asks, each with what it rests on; charts, ledger, JSON."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter, QueryParameter

from service.agreement.profile import STANDARD_1
from service.coding.model import Round
from service.coding.visibility import Sight
from service.errors import NotFound
from service.report.agreement import RoundReport
from service.report.charts import Theme, alpha_by_code
from service.report.figures import Differing, VariableFigures
from service.store import Store, Transaction
from service.store.corpus import Excerpt
from service.store.credentials import Scope
from service.web import access
from service.web.api.codings import ledger_of
from service.web.identity import Principal
from service.web.pages.rendering import page

FEWEST_LISTED = 20
MOST_ENTRIES = 500
Listed = Annotated[int, QueryParameter(ge=0, le=100_000)]
Place = Annotated[int, PathParameter(ge=0, le=1000)]


@dataclass(frozen=True, slots=True)
class Beside:
    """One coder's answer on a disagreeing excerpt; ``odd`` when it is not the most frequent one."""

    coder: int
    name: str
    codes: list[str]
    odd: bool
    memo: str


@dataclass(frozen=True, slots=True)
class Disagreeing:
    """An excerpt on which coders differ; without the excerpt when it was erased."""

    excerpt: Excerpt | None
    beside: list[Beside]


@dataclass(frozen=True, slots=True)
class Part:
    """One variable on the page, with its excerpts at hand."""

    figures: VariableFigures
    label: str
    excerpts: list[Disagreeing]


@get("/rounds/{round_id:uuid}/agreement", sync_to_thread=True)
def show(
    round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], listed: Listed = FEWEST_LISTED
) -> Response[str]:
    """Show a closed round's agreement; while it is open, there is no such page."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        shows_codings = access.may_see(tx, who, round_, Sight.CODINGS)
        report = tx.reports.of(round_, profile=STANDARD_1, list_at_most=listed if shows_codings else 0)
        context: dict[str, Any] = {
            "study": tx.corpus.study(round_.study_id),
            "parts": _parts(tx, round_, report),
            "shows_codings": shows_codings,
            "shows_ledger": access.may_see(tx, who, round_, Sight.LEDGER),
        }
    return page("agreement.html", who, report=report, a=report.agreement, listed=listed, **context)


@get("/rounds/{round_id:uuid}/agreement.json", sync_to_thread=True)
def as_json(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[bytes]:
    """Give the same figures as JSON, with every disagreeing excerpt."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        report = tx.reports.of(round_, profile=STANDARD_1, list_at_most=None if access.may_see(tx, who, round_, Sight.CODINGS) else 0)
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


def _parts(tx: Transaction, round_: Round, report: RoundReport) -> list[Part]:
    figures = report.agreement.variables
    named = {one.excerpt_id for variable in figures for one in variable.disagreements}
    excerpts: dict[str, Excerpt] = {str(key): found for key, found in tx.corpus.excerpts(sorted(named)).items()}
    memos = _memos(tx, round_) if named else {}
    labels = {variable.name: variable.label or variable.name for variable in tx.codebooks.revision(round_.revision_id).codebook.variables}
    return [
        Part(
            variable,
            labels[variable.variable],
            [_disagreeing(one, report.agreement.coders, excerpts, memos) for one in variable.disagreements],
        )
        for variable in figures
    ]


def _disagreeing(one: Differing, coders: list[str], excerpts: dict[str, Excerpt], memos: dict[tuple[str, str], str]) -> Disagreeing:
    counts = Counter(tuple(given.codes) for given in one.codings)
    most = max(counts.values())
    usual = {codes for codes, count in counts.items() if count == most > 1}
    beside = [
        Beside(
            coders.index(given.coder),
            given.coder,
            given.codes,
            tuple(given.codes) not in usual,
            memos.get((given.coder, one.excerpt_id), ""),
        )
        for given in one.codings
    ]
    return Disagreeing(excerpts.get(one.excerpt_id), beside)


def _memos(tx: Transaction, round_: Round) -> dict[tuple[str, str], str]:
    names = tx.reports.coders(round_)
    codings = [one.coding for one in tx.codings.revealed(round_.id)]
    return {(names[one.person_id], one.excerpt_id): one.content.memo for one in codings if one.content is not None and one.content.memo}


handlers = [show, as_json, chart, show_ledger, ledger_json]
