"""A long table of codings (one row a coding) becomes ``Ratings``, or is refused with the row that is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from service.agreement.ratings import Places, Ratings, numbers_of, type_of_place
from service.errors import BadInput

NONE_APPLIES = ""
"""The code of a coding that says no code applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns of the caller's table hold what; ``variable`` is None for a table of a single variable."""

    unit: str = "unit"
    coder: str = "coder"
    code: str = "code"
    variable: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SetRatings:
    """A several-codes variable: each coding is a set of codes, and the empty set is a coding.

    ``ratings.scale`` numbers the distinct sets; ``sets[k]`` holds the places in ``codes`` of the k-th of them.
    """

    codes: tuple[str, ...]
    sets: tuple[frozenset[int], ...]
    ratings: Ratings

    def indicator(self, code: int) -> Ratings:
        """Give the binary ratings of one code: in the set or not."""
        return self.ratings.recode([int(code in chosen) for chosen in self.sets], ("0", "1"))


def one_code_ratings(table: pl.DataFrame, *, columns: Columns, variable: str | None, scale: Sequence[str] | None) -> Ratings:
    """Read a one-code or ordered-value variable.

    Parameters
    ----------
    table
        One row a coding. An empty code is *none applies*, which is a coding; a null code, or no row, is missing.
    scale
        The declared codes in order. None takes the used ones (numbers by value, else by code point): right for nominal alpha
        and kappa, but q of Brennan-Prediger and Gwet, and any order, should be declared.

    Raises
    ------
    BadInput
        For a coder's second row for a unit, a code outside the scale, an empty unit or coder; the row is named, the first being 1.
    """
    rows = _rows(table, columns, variable)
    units, unit = places(rows.get_column("unit"))
    coders, coder = places(rows.get_column("coder"))
    _refuse_duplicates(rows, unit.astype(np.int64) * len(coders) + coder, "the same coder coded the same unit twice")
    names, code = places(rows.get_column("code"))
    order = _scale(names.to_list(), scale)
    code = _in_scale(rows, names, code, order)
    return Ratings(coders=tuple(coders.to_list()), units=units, scale=order, coder=coder, unit=unit, code=code, numbers=numbers_of(order))


def several_codes_ratings(table: pl.DataFrame, *, columns: Columns, variable: str | None, codes: Sequence[str] | None) -> SetRatings:
    """Read a several-codes variable: all rows of one coder and unit are one set; a single empty code is the empty set.

    Raises
    ------
    BadInput
        For the same code twice in a set, an empty code beside another, an undeclared code; the row is named, the first being 1.
    """
    rows = _rows(table, columns, variable)
    units, unit = places(rows.get_column("unit"))
    coders, coder = places(rows.get_column("coder"))
    names, code = places(rows.get_column("code"))
    order = tuple(name for name in _scale(names.to_list(), codes) if name != NONE_APPLIES)
    code = _in_scale(rows, names, code, (*order, NONE_APPLIES))
    coding = unit.astype(np.int64) * len(coders) + coder
    _refuse_duplicates(rows, coding * (len(order) + 1) + code, "the same coder gave the same unit the same code twice")
    cells, sets, which = _sets(rows, coding, code, empty=len(order))
    ratings = Ratings(
        coders=tuple(coders.to_list()),
        units=units,
        scale=tuple(" | ".join(order[k] for k in sorted(chosen)) for chosen in sets),
        coder=(cells % len(coders)).astype(type_of_place),
        unit=(cells // len(coders)).astype(type_of_place),
        code=which,
    )
    return SetRatings(codes=order, sets=sets, ratings=ratings)


def variables(table: pl.DataFrame, *, columns: Columns) -> tuple[str, ...]:
    """Name the variables of a table in the order in which they first appear."""
    if columns.variable is None:
        return ()
    return tuple(table.get_column(columns.variable).cast(pl.String).drop_nulls().unique(maintain_order=True).to_list())


def places(names: pl.Series) -> tuple[pl.Series, Places]:
    """Find the distinct texts of a column in code point order, and which of them each row holds."""
    if len(names) == 0:
        return pl.Series(names.name, [], pl.String), np.empty(0, type_of_place)
    few = names.head(1000)
    if int((few != few.shift(1)).sum() or 0) > len(few) // 2:
        return _numbered(names)
    # Long runs, as units have in a table in their order: only the first row of each is looked at, and often no hashing is needed.
    run = names.rle_id().to_numpy()
    starts = np.concatenate(([True], run[1:] != run[:-1]))
    heads = names.filter(pl.Series(starts))
    if heads.is_sorted() and not (heads == heads.shift(1)).any():
        return heads, run.astype(type_of_place)
    texts, of_head = _numbered(heads)
    return texts, of_head[run]


def _numbered(names: pl.Series) -> tuple[pl.Series, Places]:
    # Categories of their own are freed with the column; the process-wide ones would keep every excerpt id for good.
    physical = names.cast(pl.Categorical(pl.Categories.random()))
    distinct = physical.unique()
    texts = distinct.cast(pl.String)
    order = texts.arg_sort().to_numpy()
    numbers = distinct.to_physical().to_numpy()
    place = np.empty(int(numbers.max()) + 1, type_of_place)
    place[numbers[order]] = np.arange(len(order), dtype=type_of_place)
    return texts.gather(order), place[physical.to_physical().to_numpy()]


def _rows(table: pl.DataFrame, columns: Columns, variable: str | None) -> pl.DataFrame:
    """Take one variable's rows as text, without the missing ones; with their row numbers when some were left out."""
    wanted = {"unit": columns.unit, "coder": columns.coder, "code": columns.code}
    if columns.variable is not None:
        wanted["variable"] = columns.variable
    for column in wanted.values():
        if column not in table.columns:
            raise BadInput(f"The table has no column “{column}”.")
    rows = table.select(**{name: pl.col(column).cast(pl.String) for name, column in wanted.items()})
    if columns.variable is not None and variable is None:
        raise BadInput("The table has several variables: name the one to compare.")
    if columns.variable is not None:
        rows = rows.with_row_index("row", 1).filter(pl.col("variable") == variable)
    if rows.get_column("code").null_count():
        rows = (rows if "row" in rows.columns else rows.with_row_index("row", 1)).filter(pl.col("code").is_not_null())
    _refuse_empty(rows, wanted)
    return rows


def _refuse_empty(rows: pl.DataFrame, wanted: Mapping[str, str]) -> None:
    for axis in ("unit", "coder"):
        empty = rows.get_column(axis).fill_null("") == ""
        if empty.any():
            at = _row(rows, int(empty.arg_max() or 0))
            raise BadInput(f"Row {at}, column “{wanted[axis]}”: empty, so it is not clear whose coding this is.")


def _row(rows: pl.DataFrame, at: int) -> int:
    """Number the row of the caller's table, the first being 1."""
    return int(rows.get_column("row")[at]) if "row" in rows.columns else at + 1


def _row_numbers(rows: pl.DataFrame) -> pl.Series:
    return rows.get_column("row") if "row" in rows.columns else pl.int_range(1, len(rows) + 1, eager=True)


def _refuse_duplicates(rows: pl.DataFrame, key: NDArray[np.int64], what: str) -> None:
    """Refuse the second row of a key: keeping the first, the last or both are three different results."""
    size = int(key.max(initial=-1)) + 1
    if size <= 8 * len(key) + 1024:
        taken = np.zeros(size, np.bool_)
        taken[key] = True
        distinct = int(np.count_nonzero(taken))
    else:
        distinct = len(np.unique(key))
    if distinct == len(key):
        return
    first = np.unique(key, return_index=True)[1]
    again = np.ones(len(key), np.bool_)
    again[first] = False
    raise BadInput(f"Row {_row(rows, int(again.argmax()))}: {what}.")


def _scale(used: list[str], declared: Sequence[str] | None) -> tuple[str, ...]:
    if declared is None:
        as_numbers = numbers_of([name for name in used if name != NONE_APPLIES])
        return tuple(used) if as_numbers is None else tuple(sorted(used, key=_number_last))
    if len(set(declared)) != len(declared):
        raise BadInput("A code is declared twice.")
    # None-applies is always open to a coder; it joins the declared codes when somebody chose it.
    return (*declared, NONE_APPLIES) if NONE_APPLIES in used and NONE_APPLIES not in declared else tuple(declared)


def _number_last(code: str) -> tuple[float, str]:
    return (float("inf") if code == NONE_APPLIES else float(code), code)


def _in_scale(rows: pl.DataFrame, names: pl.Series, code: Places, scale: tuple[str, ...]) -> Places:
    """Renumber codes from their text order to their place in the scale."""
    place = {name: at for at, name in enumerate(scale)}
    table = np.array([place.get(name, -1) for name in names.to_list()], type_of_place)
    if (table < 0).any():
        row = _row(rows, int((table[code] < 0).argmax()))
        raise BadInput(f"Row {row}: a code that is not declared. Codes are compared exactly, spaces and capitals included.")
    return code if (table == np.arange(len(table))).all() else table[code]


def _sets(
    rows: pl.DataFrame, coding: NDArray[np.int64], code: Places, *, empty: int
) -> tuple[NDArray[np.int64], tuple[frozenset[int], ...], Places]:
    """Gather each coding's codes: (the codings, the distinct sets in a fixed order, which of them each coding is)."""
    frame = pl.DataFrame({"coding": coding, "code": code, "row": _row_numbers(rows)})
    gathered = frame.sort("coding", "code").group_by("coding", maintain_order=True).agg(pl.col("code"), pl.col("row").last())
    mixed = gathered.filter((pl.col("code").list.len() > 1) & (pl.col("code").list.last() == empty))
    if len(mixed):
        raise BadInput(f"Row {mixed.item(0, 'row')}: an empty code says that none applies, but the same coder also gave a code.")
    key = gathered.get_column("code").cast(pl.List(pl.String)).list.join(",")
    texts, which = places(key)
    sets = tuple(frozenset(int(k) for k in text.split(",") if int(k) != empty) for text in texts.to_list())
    return gathered.get_column("coding").to_numpy(), sets, which
