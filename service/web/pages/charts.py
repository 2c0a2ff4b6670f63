"""A closed round's figures drawn: pictures in both themes for the page, files to keep."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter

from service.agreement.profile import STANDARD_1
from service.coding.visibility import Sight
from service.errors import NotFound
from service.report.agreement import RoundReport
from service.report.breakdown import PartFigures
from service.report.charts import alpha_by_code
from service.report.drawing import MEDIA_TYPES, Chart, Kind, Theme
from service.report.pair_chart import kappa_by_pair
from service.report.part_chart import agreement_by_part
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.identity import Principal
from service.web.pages.breakdowns import Row, rows_of, some_of
from service.web.pages.dashboard import documents_of
from service.web.remembered import Remembered

Place = Annotated[int, PathParameter(ge=0, le=1000)]


class Drawn(StrEnum):
    """Of what a chart is."""

    CODES = "codes"
    CODERS = "coders"
    DOCUMENTS = "documents"
    QUARTERS = "quarters"


@get("/rounds/{round_id:uuid}/charts/{variable:int}/{drawn:str}/{theme:str}", sync_to_thread=True)
def show(  # noqa: PLR0913, PLR0917
    round_id: FromPath[UUID],
    variable: Place,
    drawn: FromPath[Drawn],
    theme: FromPath[Theme],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    remembered: NamedDependency[Remembered],
) -> Response[str]:
    """Draw one variable's codes, coders, documents or quarters."""
    return Response(_chart(store, remembered, who, (round_id, variable, drawn)).picture(theme), media_type=MEDIA_TYPES[Kind.SVG])


@get("/rounds/{round_id:uuid}/charts/{variable:int}/{drawn:str}/files/{kind:str}", sync_to_thread=True)
def as_file(  # noqa: PLR0913, PLR0917
    round_id: FromPath[UUID],
    variable: Place,
    drawn: FromPath[Drawn],
    kind: FromPath[Kind],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    remembered: NamedDependency[Remembered],
) -> Response[bytes]:
    """Give the chart as a file: SVG or PNG on white, or its numbers."""
    chart = _chart(store, remembered, who, (round_id, variable, drawn))
    headers = {"Content-Disposition": f'attachment; filename="{chart.name}.{kind.value}"'}
    return Response(chart.file(kind), media_type=MEDIA_TYPES[kind], headers=headers)


def _chart(store: Store, remembered: Remembered, who: Principal, which: tuple[UUID, int, Drawn]) -> Chart:
    round_id, variable, drawn = which
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        report = remembered.report((tx, who, round_), profile=STANDARD_1, names=access.names(tx, who, round_), listed=0)
        documents = documents_of(tx, round_) if access.may_see(tx, who, round_, Sight.CODINGS) else {}
    chart = _of(report, variable, drawn, documents) if variable < len(report.agreement.variables) else None
    if chart is None:
        message = "There is no such chart."
        raise NotFound(message)
    return chart


def _of(report: RoundReport, variable: int, drawn: Drawn, documents: dict[str, str]) -> Chart | None:
    figures = report.agreement.variables[variable]
    parts = rows_of(report, documents)[figures.variable]
    match drawn:
        case Drawn.CODES:
            return alpha_by_code(figures) if figures.codes else None
        case Drawn.CODERS:
            return kappa_by_pair(figures)
        case Drawn.DOCUMENTS:
            return agreement_by_part("agreement-by-document", figures, _named(parts.documents), _named(some_of(parts.documents)))
        case Drawn.QUARTERS:
            return agreement_by_part("agreement-over-the-order", figures, _named(parts.quarters), _named(parts.quarters))


def _named(rows: list[Row]) -> list[tuple[str, PartFigures]]:
    return [(row.name, row.figures) for row in rows]


handlers = [show, as_file]
