"""Codings made elsewhere, as long rows: one row a unit, coder, variable and code."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from service.corpus.characters import is_blank
from service.exchange.cells import restored
from service.exchange.codebooks import DEFAULT_VARIABLE
from service.exchange.names import safe_file_name
from service.exchange.rows import Table, read_table
from service.exchange.source import at, bad

LONGEST_CELL = 1_000


class CodingOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column means what; without ``variable_column`` a column named "variable" is used, or all rows are of one variable."""

    unit_column: str = "unit"
    coder_column: str = "coder"
    variable_column: str | None = None
    code_column: str = "code"


@dataclass(frozen=True, slots=True)
class CodingRow:
    """One row; an empty ``code`` is *none applies*. Names are compared by exact code points, nothing is trimmed."""

    number: int
    unit: str
    coder: str
    variable: str
    code: str


def read_codings(name: str, data: bytes, how: CodingOptions) -> tuple[CodingRow, ...]:
    """Read all rows of a CSV file, or refuse it with one message that names file, row and column."""
    table = read_table(safe_file_name(name), data)
    rows = tuple(_rows(table, how))
    if not rows:
        raise bad(table.file, "", "there is no row below the header, so no coding.")
    for row in rows:
        _check_cells(table.file, row, how)
    _check_answers(table.file, rows)
    return rows


def _rows(table: Table, how: CodingOptions) -> Iterator[CodingRow]:
    unit, coder, code = (table.place_of(name) for name in (how.unit_column, how.coder_column, how.code_column))
    named = how.variable_column or ("variable" if "variable" in table.header else None)
    variable = None if named is None else table.place_of(named)
    for row in table.rows:
        cells = [restored(cell) for cell in row.cells]
        yield CodingRow(row.number, cells[unit], cells[coder], DEFAULT_VARIABLE if variable is None else cells[variable], cells[code])


def _check_cells(file: str, row: CodingRow, how: CodingOptions) -> None:
    columns = {
        how.unit_column: row.unit,
        how.coder_column: row.coder,
        how.variable_column or "variable": row.variable,
        how.code_column: row.code,
    }
    for column, cell in columns.items():
        if is_blank(cell) and column != how.code_column:
            raise bad(file, at(row.number, column), "this is empty.")
        if len(cell) > LONGEST_CELL:
            raise bad(file, at(row.number, column), f"this is longer than {LONGEST_CELL:,} characters.")


def _check_answers(file: str, rows: tuple[CodingRow, ...]) -> None:
    answers: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in rows:
        codes = answers.setdefault((row.unit, row.coder, row.variable), {})
        if row.code in codes:
            raise bad(file, at(row.number), f"this is the same coding as in row {codes[row.code]}. Remove one.")
        codes[row.code] = row.number
        if len(codes) > 1 and "" in codes:
            raise bad(file, at(row.number), f"this unit has a code and none (an empty cell, row {codes['']}) from the same coder.")
