"""``intercoder agree`` for a variable of spans: codings.csv with start and end, and excerpts.csv, which says how long each text is."""

from collections.abc import Sequence

from service.agreement.profile import profile_named
from service.agreement.spans import Span
from service.codebook.model import Variable
from service.errors import BadInput
from service.exchange.cells import restored
from service.exchange.codings import CodingOptions, CodingRow, read_codings
from service.exchange.names import safe_file_name
from service.exchange.rows import Table, read_table
from service.exchange.source import at, bad
from service.report.closed import clusters
from service.report.figures import VariableFigures
from service.report.marked import marked_figures

NEEDED = "A variable of spans needs --excerpts (the excerpts.csv beside the codings) and a --profile such as standard-1."
_COLUMNS = ("excerpt", "document", "start", "end")


def span_figures(name: str, data: bytes, variable: Variable, excerpts: tuple[str, bytes] | None, profile: str | None) -> VariableFigures:
    """Compute the figures of one variable of spans of a file; documents are resampled where there are several."""
    if excerpts is None or profile is None:
        raise BadInput(NEEDED)
    table = read_table(safe_file_name(excerpts[0]), excerpts[1])
    lengths, documents = _texts(table)
    rows = [row for row in read_codings(name, data, CodingOptions(spans=True)) if row.variable == variable.name]
    given: dict[tuple[str, str], list[Span]] = {}
    for row in rows:
        given.setdefault((row.unit, row.coder), []).extend(_span(safe_file_name(name), row, lengths))
    return marked_figures(
        [(unit, coder, variable.name, tuple(spans)) for (unit, coder), spans in given.items()],
        variable,
        coders=sorted({row.coder for row in rows}),
        lengths=lengths,
        documents=clusters(documents),
        profile=profile_named(profile),
        list_at_most=0,
    )


def _texts(table: Table) -> tuple[dict[str, int], dict[str, str]]:
    excerpt, document, start, end = (table.place_of(column) for column in _COLUMNS)
    lengths: dict[str, int] = {}
    documents: dict[str, str] = {}
    for row in table.rows:
        ends: Sequence[str] = (row.cells[start], row.cells[end])
        if not all(cell.isascii() and cell.isdigit() for cell in ends) or int(ends[0]) > int(ends[1]):
            raise bad(table.file, at(row.number, "end"), "an excerpt has a start and an end, whole numbers, the end not before the start.")
        name = restored(row.cells[excerpt])
        lengths[name], documents[name] = int(ends[1]) - int(ends[0]), restored(row.cells[document])
    return lengths, documents


def _span(file: str, row: CodingRow, lengths: dict[str, int]) -> list[Span]:
    if row.unit not in lengths:
        raise bad(file, at(row.number, "unit"), "the file of excerpts has no such excerpt.")
    if row.span is None:
        if row.code:
            raise bad(file, at(row.number, "start"), "a code of a variable of spans needs its start and end.")
        return []
    if not row.span[0] < row.span[1] <= lengths[row.unit]:
        raise bad(file, at(row.number, "end"), f"the span is empty or reaches beyond the excerpt's {lengths[row.unit]} characters.")
    return [Span(row.unit, row.coder, *row.span, row.code)]
