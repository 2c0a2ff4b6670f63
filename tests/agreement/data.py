"""Rows of the case format as the library takes them."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from service.agreement.long import Columns, SetRatings, one_code_ratings, several_codes_ratings
from service.agreement.ratings import Ratings

COLUMNS = Columns()
Rows = Sequence[Sequence[Any]]


def long_table(rows: Sequence[tuple[str, str, str | None]]) -> pl.DataFrame:
    """Lay rows out as a long table."""
    return pl.DataFrame(rows, schema={"unit": pl.String, "coder": pl.String, "code": pl.String}, orient="row")


def unit_ratings(rows: Rows, categories: Sequence[Any] | None = None) -> Ratings:
    """Read [unit, coder, value or null] rows; values become text."""
    given = [(str(unit), str(coder), None if value is None else str(value)) for unit, coder, value in rows]
    scale = None if categories is None else [str(category) for category in categories]
    return one_code_ratings(long_table(given), columns=COLUMNS, variable=None, scale=scale)


def set_ratings(rows: Rows) -> SetRatings:
    """Read [unit, coder, list or null] rows; the empty list is the empty set."""
    flat = [(str(unit), str(coder), str(code)) for unit, coder, codes in rows if codes is not None for code in (codes or [""])]
    return several_codes_ratings(long_table(flat), columns=COLUMNS, variable=None, codes=None)
