"""Files of codings in the layouts people have, read by declaration and never by guess, as one long table."""

import io
from enum import StrEnum

import polars as pl

from service.agreement.long import NONE_APPLIES
from service.errors import BadInput


class Layout(StrEnum):
    """How a file lies: LONG has one row a coding; WIDE one row a unit under a header of coders; RECAL and KALPHA no header at all."""

    LONG = "long"
    WIDE = "wide"
    RECAL = "recal"
    KALPHA = "kalpha"


class Empty(StrEnum):
    """What an empty cell says: nobody coded it, or the coder said that none applies."""

    MISSING = "missing"
    NONE = "none"


MARKS = {Layout.LONG: "", Layout.WIDE: "", Layout.RECAL: "#", Layout.KALPHA: "NA"}
"""The cell that the tool itself reads as missing, besides an empty one."""


def read_layout(content: bytes, layout: Layout, *, empty: Empty | None, coders_per_variable: int | None = None) -> pl.DataFrame:
    """Read a CSV file into a long table with the columns unit, coder, code (and variable).

    Parameters
    ----------
    empty
        What an empty cell says; None is the layout's own rule: none applies in LONG, missing in the others.
    coders_per_variable
        In RECAL files with several variables side by side, how many columns each has.

    Raises
    ------
    BadInput
        For a file that is no table in UTF-8, an empty or repeated unit of a WIDE file, columns that do not divide by coders.
    """
    table = _table(content, layout)
    if layout is Layout.LONG:
        filled = table.fill_null(NONE_APPLIES)
        return filled if empty is not Empty.MISSING else _long_missing(filled)
    code = pl.col("code")
    rows = _melted(table, layout, coders_per_variable)
    missing = pl.lit(None, pl.String)
    rows = rows.with_columns(code=pl.when(code == MARKS[layout]).then(missing).otherwise(code))
    return rows.with_columns(code=code.fill_null(NONE_APPLIES)) if empty is Empty.NONE else rows


def _table(content: bytes, layout: Layout) -> pl.DataFrame:
    header = layout in {Layout.LONG, Layout.WIDE}
    separator = ";" if layout is Layout.KALPHA and b";" in content.split(b"\n", 1)[0] else ","
    try:
        return pl.read_csv(io.BytesIO(content), has_header=header, separator=separator, infer_schema=False)
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError) as unreadable:
        raise BadInput("The file is not a table of comma-separated values in UTF-8, or it is empty.") from unreadable


def _long_missing(table: pl.DataFrame) -> pl.DataFrame:
    """Take empty codes as missing; an empty unit or coder stays empty and is refused later, with its row."""
    if "code" not in table.columns:
        raise BadInput("The table has no column “code”.")
    return table.with_columns(code=pl.when(pl.col("code") == NONE_APPLIES).then(None).otherwise(pl.col("code")))


def _melted(table: pl.DataFrame, layout: Layout, coders_per_variable: int | None) -> pl.DataFrame:
    if layout is Layout.WIDE:
        first = table.columns[0]
        if len(table.columns) == 1:
            raise BadInput("A wide file has the units in its first column and one column for each coder.")
        _refuse_wide(table.get_column(first))
        melted = table.unpivot(index=first, variable_name="coder", value_name="code")
        return melted.rename({first: "unit"}) if first != "unit" else melted
    width = coders_per_variable or len(table.columns)
    if len(table.columns) % width:
        raise BadInput(f"The file has {len(table.columns)} columns, which is no multiple of {width} coders.")
    blocks = [_block(table, start, width) for start in range(0, len(table.columns), width)]
    whole = pl.concat(blocks)
    return whole.drop("variable") if len(blocks) == 1 else whole


def _block(table: pl.DataFrame, start: int, width: int) -> pl.DataFrame:
    names = {column: f"coder {at + 1}" for at, column in enumerate(table.columns[start : start + width])}
    unit = pl.int_range(1, pl.len() + 1).cast(pl.String)
    part = table.select(list(names)).rename(names).with_columns(unit=unit, variable=pl.lit(f"variable {start // width + 1}"))
    return part.unpivot(index=["unit", "variable"], variable_name="coder", value_name="code")


def _refuse_wide(units: pl.Series) -> None:
    if units.null_count():
        raise BadInput(f"Row {int(units.is_null().arg_max() or 0) + 1}: the unit is empty.")
    if units.n_unique() < len(units):
        raise BadInput(f"Row {int((~units.is_first_distinct()).arg_max() or 0) + 1}: the same unit a second time.")
