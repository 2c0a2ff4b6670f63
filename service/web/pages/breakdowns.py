"""A variable in parts as the agreement page lists it: documents by their names where excerpts may be read, by number elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.report.agreement import RoundReport
from service.report.breakdown import PartFigures

MOST_DOCUMENTS = 20
"""Documents on the page and in the chart when there are more: those on which the fewest pairs agree."""
MADE_WHEN = ("first quarter", "second quarter", "third quarter", "last quarter")


@dataclass(frozen=True, slots=True)
class Row:
    """One part under the name that it has on the page; ``key`` is the document's id where its excerpts can be opened."""

    name: str
    key: str
    figures: PartFigures


@dataclass(frozen=True, slots=True)
class Rows:
    """The parts of one variable."""

    documents: list[Row]
    quarters: list[Row]
    unplaced: int


def rows_of(report: RoundReport, names: Mapping[str, str]) -> dict[str, Rows]:
    """Lay out every variable that has parts, by its name; ``names`` are of the documents whose excerpts the asker may read."""
    return {
        one.variable: Rows(
            documents=[_document(part, number, names) for number, part in enumerate(one.documents, 1)],
            quarters=[Row(when, "", part) for when, part in zip(MADE_WHEN, one.quarters, strict=True)],
            unplaced=one.unplaced,
        )
        for one in report.breakdown
    }


def some_of(rows: list[Row]) -> list[Row]:
    """Give all documents, or of many those that a lead looks at first."""
    if len(rows) <= MOST_DOCUMENTS:
        return rows
    return sorted(rows, key=lambda row: 2.0 if row.figures.percent.value is None else row.figures.percent.value)[:MOST_DOCUMENTS]


def _document(part: PartFigures, number: int, names: Mapping[str, str]) -> Row:
    return Row(names[part.name], part.name, part) if part.name in names else Row(f"Document {number}", "", part)
