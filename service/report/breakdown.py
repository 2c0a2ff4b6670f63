"""A closed round document by document, and over the order in which its coders coded: figures of parts, without intervals or verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import polars as pl

from service.agreement.breakdown import Part, by_document, by_quarter
from service.agreement.compute import sampled
from service.agreement.estimate import Undefined
from service.agreement.marked import Marked
from service.agreement.marked_parts import marked_by_document, marked_by_quarter
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Reading, Scheme, read
from service.agreement.summary import Variable as Compared
from service.codebook.model import Scheme as CodebookScheme
from service.codebook.model import Variable
from service.coding.ledger import Verdict
from service.coding.model import PersonId, Provenance
from service.coding.reveal import FIRST_OCCASION, Revealed
from service.report.closed import COLUMNS, ClosedRound
from service.report.figures import Figure
from service.report.marked import marked_of

ORDER = {"unit": pl.String, "coder": pl.String, "sequence": pl.Int64}


class PartFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a round: ``name`` is a document's id, or the quarter from 1 to 4. ``pairable`` excerpts were coded by two or more.

    Of a variable of spans ``percent`` is the share of pairs that marked exactly the same, and ``alpha`` is u-alpha over those excerpts that
    every coder of the part coded.
    """

    name: str
    excerpts: int
    pairable: int
    codings: int
    percent: Figure
    alpha: Figure


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """One variable in parts.

    ``documents`` are computed each alone. ``quarters`` are those of each coder's own order: codings made then against what the others gave
    the same excerpts at any time, with the chance of the whole round; ``unplaced`` codings were imported and have no place in an order.
    """

    variable: str
    documents: list[PartFigures]
    quarters: list[PartFigures]
    unplaced: int


def breakdowns(closed: ClosedRound, profile: MethodsProfile) -> list[Breakdown]:
    """Break every variable of a round down."""
    order, unplaced = order_of(closed.revealed, closed.coders)
    names, sample = list(closed.coders.values()), closed.sample
    return [
        _marked(
            marked_of(closed.spans, variable, coders=names, lengths=sample.lengths, weights=sample.weights),
            variable,
            sample.documents,
            order,
            unplaced,
        )
        if variable.scheme is CodebookScheme.SPANS
        else _breakdown(_reading(closed.table, variable, profile, sample.weights), variable, profile, sample.documents, order, unplaced)
        for variable in closed.codebook.variables
    ]


def order_of(revealed: Sequence[Revealed], coders: Mapping[PersonId, str]) -> tuple[pl.DataFrame, int]:
    """Place each coder's blind codings in that coder's order, a corrected one where it was first made; count those that were imported."""
    blind = [one.coding for one in revealed if one.verdict is Verdict.BLIND and not one.left and one.coding.occasion == FIRST_OCCASION]
    here = [coding for coding in blind if coding.provenance is not Provenance.IMPORTED]
    columns = ([one.excerpt_id for one in here], [coders[one.person_id] for one in here], [one.sequence for one in here])
    rows = pl.DataFrame(dict(zip(ORDER, columns, strict=True)), schema=ORDER)
    first = rows.group_by("unit", "coder").agg(pl.col("sequence").min())
    placed = first.select("unit", "coder", place=pl.col("sequence").rank("ordinal").over("coder").cast(pl.Int64))
    return placed.sort("coder", "place"), len(blind) - len(here)


def _reading(table: pl.DataFrame, variable: Variable, profile: MethodsProfile, weights: Mapping[str, float] | None) -> Reading:
    scheme = Scheme(variable.scheme.value)
    asked = Compared(name=variable.name, scheme=scheme, metric=profile.metric[scheme], codes=[code.name for code in variable.codes])
    found = read(table, asked, columns=COLUMNS)
    ratings = sampled(found.ratings, documents=None, weights_of_units=weights)
    return replace(found, ratings=ratings, sets=replace(found.sets, ratings=ratings) if found.sets else None)


def _breakdown(
    reading: Reading, variable: Variable, profile: MethodsProfile, documents: Mapping[str, str], order: pl.DataFrame, unplaced: int
) -> Breakdown:
    metric = profile.metric[Scheme(variable.scheme.value)]
    return Breakdown(
        variable=variable.name,
        documents=[_figures(part) for part in by_document(reading, metric, documents)],
        quarters=[_figures(part) for part in by_quarter(reading, metric, reading.alpha(metric), order)],
        unplaced=unplaced,
    )


def _marked(marked: Marked, variable: Variable, documents: Mapping[str, str], order: pl.DataFrame, unplaced: int) -> Breakdown:
    places = {(unit, coder): place for unit, coder, place in order.iter_rows()}
    return Breakdown(
        variable=variable.name,
        documents=[_figures(part) for part in marked_by_document(marked, documents)],
        quarters=[_figures(part) for part in marked_by_quarter(marked, places)],
        unplaced=unplaced,
    )


def _figures(part: Part) -> PartFigures:
    return PartFigures(
        name=part.name,
        excerpts=part.units,
        pairable=part.pairable,
        codings=part.codings,
        percent=_figure(part.percent),
        alpha=_figure(part.alpha),
    )


def _figure(found: float | Undefined) -> Figure:
    if isinstance(found, Undefined):
        return Figure(value=None, undefined=found.reason, sentence=found.sentence)
    return Figure(value=found)
