"""Tables that people open in a spreadsheet: RFC 4180 CSV in UTF-8 whose cells are never run as formulas."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from service.exchange.cells import guarded

CODING_COLUMNS = ("unit", "coder", "variable", "code")
EXCERPT_COLUMNS = ("excerpt", "document", "start", "end", "label", "text")

Cell = str | int | float | None


def write_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write a header and rows; a number stays a number, nothing is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([guarded(name) for name in columns])
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue().encode()


def write_codings(rows: Iterable[Mapping[str, Cell]], extra: Sequence[str] = ()) -> bytes:
    """Write codings in the long format of the agreement room: one row a code, an empty code is *none applies*, no row is missing.

    A coding of several codes is several rows; ``extra`` columns follow the four that every reader knows.
    """
    return _write(CODING_COLUMNS, rows, extra)


def write_excerpts(rows: Iterable[Mapping[str, Cell]], extra: Sequence[str] = ()) -> bytes:
    """Write excerpts with the document they stand in and their offsets (half-open, in code points)."""
    return _write(EXCERPT_COLUMNS, rows, extra)


def _write(own: Sequence[str], rows: Iterable[Mapping[str, Cell]], extra: Sequence[str]) -> bytes:
    columns = (*own, *extra)
    return write_table(columns, ([row[name] for name in columns] for row in rows))
