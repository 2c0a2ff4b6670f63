"""CSV as a header and rows that know their number, read strictly: nothing is repaired, skipped or guessed."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from service.errors import BadInput
from service.exchange.source import at, at_line, bad, is_showable, quoted, text_of, twice

_MOST_SHOWN = 20
_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]++")  # a text file in memory would need four bytes a character
_CELL = re.compile(r'"(?:[^"]++|"")*+"?|[^,\r\n]*+')


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one record; ``number`` is the one that a spreadsheet shows, with the header as row 1."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file whose rows all have as many cells as the header.

    Rows are read, and refused, one by one as they are asked for, once: a file may have a million.
    """

    file: str
    header: tuple[str, ...]
    rows: Iterable[Row]

    def place_of(self, column: str) -> int:
        """Find a column, or refuse and say which columns there are."""
        if column not in self.header:
            raise missing(self.file, "column", column, self.header)
        return self.header.index(column)


def missing(file: str, what: str, wanted: str, present: Sequence[str]) -> BadInput:
    """Make the message about a column (or key) that is not there."""
    shown = [quoted(name) for name in present if name][:_MOST_SHOWN]
    more = ", …" if len(present) > _MOST_SHOWN else ""
    message = f"there is no {what} {quoted(wanted)}; there are {', '.join(shown)}{more}. Name the right one, or rename it in the file."
    return bad(file, "", message + _hint(present) if what == "column" else message)


def read_table(file: str, data: bytes) -> Table:
    """Read comma-separated UTF-8 (RFC 4180: quotation marks around cells with commas, marks or line ends)."""
    text = text_of(file, data, _locate)
    records = _records(file, text)
    header = tuple(cell.strip() for cell in next(records).cells)
    _check_header(file, header)
    return Table(file, header, _even(file, header, records))


def _even(file: str, header: tuple[str, ...], records: Iterable[Row]) -> Iterator[Row]:
    for row in records:
        if _is_padding(row.cells):
            continue
        if len(row.cells) != len(header):
            raise _ragged(file, header, row)
        yield row


def _records(file: str, text: str) -> Iterator[Row]:
    reader = csv.reader((line[0] for line in _LINE.finditer(text)), strict=True)
    number = lines = 0
    header: list[str] = []
    try:
        for number, cells in enumerate(reader, 1):
            lines = reader.line_num
            header = header or cells
            if cells:
                yield Row(number, cells)
    except csv.Error as error:
        column = _named(header, _broken_cell(_after_lines(text, lines)))
        raise bad(file, at(number + 1, column), _broken(str(error))) from None


def _after_lines(text: str, lines: int) -> str:
    rest = io.StringIO(text, newline="")
    for _ in range(lines):
        rest.readline()
    return rest.read()


def _broken_cell(record: str) -> int:
    # The reader does not say which cell it gave up on: it is the first that is too long, open, or not followed by a comma.
    position = column = 0
    while (cell := _CELL.match(record, position)) and len(cell[0]) <= csv.field_size_limit() and record[cell.end() : cell.end() + 1] == ",":
        position = cell.end() + 1
        column += 1
    return column


def _named(header: Sequence[str], column: int) -> str | None:
    return header[column].strip() if column < len(header) else None


def _broken(message: str) -> str:
    if "limit" in message:
        return "a cell is far too long, or a quotation mark is opened and not closed."
    if "end of data" in message:
        return "a quotation mark is opened and not closed."
    return "a quotation mark stands inside a cell. Put the whole cell in quotation marks and double those inside."


def _is_padding(cells: list[str]) -> bool:
    # Spreadsheets write rows of commas below the last one.
    return len(cells) > 1 and not any(cells)


def _check_header(file: str, header: tuple[str, ...]) -> None:
    if name := twice([name for name in header if name]):
        raise bad(file, at(1, name), "this column is there twice. Rename or remove one.")


def _ragged(file: str, header: tuple[str, ...], row: Row) -> BadInput:
    cells, columns = len(row.cells), len(header)
    column = header[cells] if cells < columns else header[-1]
    fault = "the row ends before this column" if cells < columns else "the row goes on after this, the last column"
    advice = "A cell with a comma or a line end needs quotation marks around it."
    return bad(file, at(row.number, column), f"{fault} (cells in the row: {cells}, in the header: {columns}). {advice}")


def _hint(present: Sequence[str]) -> str:
    if any(";" in name or "\t" in name for name in present):
        return " The file seems to be separated by semicolons or tabs; save it with commas."
    return "" if all(is_showable(name) for name in present) else " Does the first row hold the names of the columns?"


def _locate(before: str) -> str:
    # One character more, so that the place after a comma or line end is the next cell.
    try:
        records = list(csv.reader(io.StringIO(before + "x", newline="")))
    except csv.Error:
        return at_line(before)
    column = len(records[-1]) - 1
    header = records[0] if len(records) > 1 else []
    return at(len(records), _named(header, column))
