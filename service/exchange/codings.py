"""Codings made elsewhere, as long rows: one row a unit, coder, variable and code; of a variable of spans one row a span."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from service.corpus.characters import is_blank
from service.exchange.cells import restored
from service.exchange.codebooks import DEFAULT_VARIABLE
from service.exchange.names import safe_file_name
from service.exchange.rows import Row, Table, read_table
from service.exchange.source import at, bad

LONGEST_CELL = 1_000
LONGEST_TEXT = 100_000
"""Of a cell that names an excerpt by its text."""
UNIT_COLUMNS = ("unit", "excerpt", "text")
START, END = "start", "end"
_LONGEST_OFFSET = 9


class CodingOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column means what; without ``variable_column`` a column named "variable" is used, or all rows are of one variable.

    With ``spans``, the columns "start" and "end" are offsets in the unit's text; in any other file they may mean something else.
    """

    unit_column: str = "unit"
    coder_column: str = "coder"
    variable_column: str | None = None
    code_column: str = "code"
    spans: bool = False


@dataclass(frozen=True, slots=True)
class CodingRow:
    """One row; an empty ``code`` is *none applies*. Names are compared by exact code points, nothing is trimmed."""

    number: int
    unit: str
    coder: str
    variable: str
    code: str
    span: tuple[int, int] | None = None


def read_codings(name: str, data: bytes, how: CodingOptions) -> tuple[CodingRow, ...]:
    """Read all rows of a CSV file, or refuse it with one message that names file, row and column."""
    return _checked(read_table(safe_file_name(name), data), how, LONGEST_CELL)


def read_codings_of_one(name: str, data: bytes) -> tuple[CodingRow, ...]:
    """Read the codings of one coder, units named by id or by their exact text in a column unit, excerpt or text.

    A column "coder" need not be there; if it is, all rows have to say the same.
    """
    table = read_table(safe_file_name(name), data)
    unit = next((column for column in UNIT_COLUMNS if column in table.header), UNIT_COLUMNS[0])
    spans = {START, END} <= set(table.header)
    if "coder" not in table.header:
        table = Table(table.file, (*table.header, "coder"), (Row(row.number, [*row.cells, "-"]) for row in table.rows))
    rows = _checked(table, CodingOptions(unit_column=unit, spans=spans), LONGEST_TEXT)
    for row in rows:
        if row.coder != rows[0].coder:
            raise bad(
                table.file, at(row.number, "coder"), "this is another coder than in the rows above. Bring one coder's codings at a time."
            )
    return rows


def _checked(table: Table, how: CodingOptions, longest: int) -> tuple[CodingRow, ...]:
    rows = tuple(_rows(table, how))
    if not rows:
        raise bad(table.file, "", "there is no row below the header, so no coding.")
    for row in rows:
        _check_cells(table.file, row, how, longest)
    _check_answers(table.file, rows)
    return rows


def _rows(table: Table, how: CodingOptions) -> Iterator[CodingRow]:
    unit, coder, code = (table.place_of(name) for name in (how.unit_column, how.coder_column, how.code_column))
    named = how.variable_column or ("variable" if "variable" in table.header else None)
    variable = None if named is None else table.place_of(named)
    ends = (table.place_of(START), table.place_of(END)) if how.spans else None
    for row in table.rows:
        cells = [restored(cell) for cell in row.cells]
        of = DEFAULT_VARIABLE if variable is None else cells[variable]
        span = None if ends is None else _span(table.file, row.number, cells[ends[0]], cells[ends[1]])
        yield CodingRow(row.number, cells[unit], cells[coder], of, cells[code], span)


def _span(file: str, number: int, start: str, end: str) -> tuple[int, int] | None:
    if not start and not end:
        return None
    for column, cell in ((START, start), (END, end)):
        if not (cell.isascii() and cell.isdigit() and len(cell) <= _LONGEST_OFFSET):
            raise bad(
                file, at(number, column), "a span has a start and an end, whole numbers that count the characters of the text from 0."
            )
    return int(start), int(end)


def _check_cells(file: str, row: CodingRow, how: CodingOptions, longest: int) -> None:
    columns = {
        how.unit_column: row.unit,
        how.coder_column: row.coder,
        how.variable_column or "variable": row.variable,
        how.code_column: row.code,
    }
    for column, cell in columns.items():
        if is_blank(cell) and column != how.code_column:
            raise bad(file, at(row.number, column), "this is empty.")
        most = longest if column == how.unit_column else LONGEST_CELL
        if len(cell) > most:
            raise bad(file, at(row.number, column), f"this is longer than {most:,} characters.")
    if row.span is not None and not row.code:
        raise bad(file, at(row.number, how.code_column), "a span needs a code; a row without a code has no start and end.")


def _check_answers(file: str, rows: tuple[CodingRow, ...]) -> None:
    answers: dict[tuple[str, str, str], dict[tuple[str, tuple[int, int] | None], int]] = {}
    for row in rows:
        codes = answers.setdefault((row.unit, row.coder, row.variable), {})
        if (row.code, row.span) in codes:
            raise bad(file, at(row.number), f"this is the same coding as in row {codes[row.code, row.span]}. Remove one.")
        codes[row.code, row.span] = row.number
        if len(codes) > 1 and ("", None) in codes:
            raise bad(file, at(row.number), f"this unit has a code and none (an empty cell, row {codes['', None]}) from the same coder.")
