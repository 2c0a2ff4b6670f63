"""The agreement of one variable of a round, whole: what the API, the page and the command line show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from service.agreement.alpha import krippendorff_alpha
from service.agreement.estimate import Estimate, Undefined
from service.agreement.kappa import kappa_of, pooled_kappa
from service.agreement.long import NONE_APPLIES, Columns, SetRatings, one_code_ratings, several_codes_ratings
from service.agreement.metric import UNORDERED, Metric
from service.agreement.pairs import confusions, pair_basis
from service.agreement.percent import pair_percent, percent_agreement, percent_all_agree
from service.agreement.ratings import Ratings, numbers_of
from service.agreement.sets import set_alpha
from service.errors import BadInput


class Scheme(StrEnum):
    """How a variable is answered."""

    ONE_CODE = "one_code"
    SEVERAL_CODES = "several_codes"
    ORDERED_VALUE = "ordered_value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What is compared, and how: ``name`` is None in a table of a single variable, ``codes`` None takes the codes used."""

    name: str | None
    scheme: Scheme
    metric: Metric
    codes: Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """Two coders. For a several-codes variable ``kappa`` is the pooled kappa over its codes."""

    coders: tuple[str, str]
    units: int
    percent: Estimate | Undefined
    kappa: Estimate | Undefined


@dataclass(frozen=True, slots=True, kw_only=True)
class CoderCodes:
    """What one coder gave one unit; none-applies is no codes in a several-codes variable, the empty code in others."""

    coder: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A unit on which the coders who coded it differ, with all their codings side by side."""

    unit: str
    codings: tuple[CoderCodes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Units that no coefficient could use, and why."""

    why: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableAgreement:
    """The figures of a variable and of each pair; ``disagreeing`` counts the units of which ``disagreements`` lists the first."""

    variable: str | None
    scheme: Scheme
    metric: Metric
    coders: tuple[str, ...]
    units: int
    units_used: int
    dropped: tuple[Dropped, ...]
    percent: Estimate | Undefined
    all_agree: Estimate | Undefined
    alpha: Estimate | Undefined
    pairs: tuple[PairAgreement, ...]
    disagreeing: int
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One variable's codings in the form coefficients take; ``members[k]`` are the codes of place k of the scale.

    ``out_of_order`` counts the units of which a none-applies was left out, because it has no place on an ordered scale.
    """

    ratings: Ratings
    members: tuple[tuple[str, ...], ...]
    codes: tuple[str, ...]
    sets: SetRatings | None
    out_of_order: int = 0

    def alpha(self, metric: Metric) -> Estimate | Undefined:
        """Compute alpha over codes, or over sets of codes in a several-codes variable."""
        if self.sets is None:
            return krippendorff_alpha(self.ratings, metric=metric)
        return set_alpha(replace(self.sets, ratings=self.ratings), metric=metric)

    def indicators(self) -> Iterator[tuple[str, Ratings]]:
        """Give each code as binary ratings: given or not."""
        for code in self.codes:
            yield code, self.ratings.recode([int(code in chosen) for chosen in self.members], ("0", "1"))


def read(table: pl.DataFrame, variable: Variable, *, columns: Columns) -> Reading:
    """Read one variable of a long table by its scheme; BadInput names the row that is wrong."""
    if variable.scheme is Scheme.SEVERAL_CODES:
        sets = several_codes_ratings(table, columns=columns, variable=variable.name, codes=variable.codes)
        members = tuple(tuple(sets.codes[k] for k in sorted(chosen)) for chosen in sets.sets)
        return Reading(sets.ratings, members, sets.codes, sets)
    ratings = one_code_ratings(table, columns=columns, variable=variable.name, scale=variable.codes)
    none_applies = 0
    if variable.metric not in UNORDERED:
        ratings, none_applies = _ordered(ratings, declared=variable.codes is not None)
    return Reading(ratings, tuple((code,) for code in ratings.scale), ratings.scale, None, none_applies)


def _ordered(ratings: Ratings, *, declared: bool) -> tuple[Ratings, int]:
    """Leave out none-applies, and refuse words whose order nobody declared: the alphabet's is never right."""
    kept = tuple(code for code in ratings.scale if code != NONE_APPLIES)
    if not declared and len(kept) > 1 and numbers_of(kept) is None:
        raise BadInput("This metric needs the codes in an order: declare them, or take the nominal metric.")
    if len(kept) == len(ratings.scale):
        return ratings, 0
    none = ratings.code == ratings.scale.index(NONE_APPLIES)
    places = [kept.index(code) if code != NONE_APPLIES else 0 for code in ratings.scale]
    return ratings.keep(~none).recode(places, kept), len(np.unique(ratings.unit[none]))


def summarise(
    table: pl.DataFrame, variable: Variable, *, columns: Columns, sample: Sequence[str] | None = None, list_at_most: int | None = None
) -> VariableAgreement:
    """Compute the agreement of one variable.

    Parameters
    ----------
    table
        Long rows, one a coding; ``columns`` says which column is which.
    sample
        The ids of all units that were to be coded, so that those nobody coded are counted as dropped.
    list_at_most
        How many disagreeing units to list; None lists all.

    Raises
    ------
    BadInput
        For rows that cannot be read, naming the row, and for a metric that the codes cannot take.
    """
    return summary_of(read(table, variable, columns=columns), variable, sample=sample, list_at_most=list_at_most)


def summary_of(reading: Reading, variable: Variable, *, sample: Sequence[str] | None, list_at_most: int | None) -> VariableAgreement:
    """Compute the agreement of codings that were read already."""
    ratings = reading.ratings
    alpha = reading.alpha(variable.metric)
    differing = disagreeing_units(ratings)
    uncoded = 0 if sample is None else len(set(sample) - set(ratings.units.to_list()))
    return VariableAgreement(
        variable=variable.name,
        scheme=variable.scheme,
        metric=variable.metric,
        coders=ratings.coders,
        units=len(ratings.units) + uncoded,
        units_used=alpha.basis.pairable_units if alpha.basis else 0,
        dropped=_dropped(reading, uncoded),
        percent=percent_agreement(ratings),
        all_agree=percent_all_agree(ratings),
        alpha=alpha,
        pairs=tuple(_pairs(reading)),
        disagreeing=len(differing),
        disagreements=list_disagreements(reading, differing[:list_at_most]),
    )


def disagreeing_units(ratings: Ratings) -> NDArray[np.intp]:
    """Find the places of the units whose codings are not all the same code or set."""
    low = np.full(len(ratings.units), len(ratings.scale), np.int64)
    high = np.full(len(ratings.units), -1, np.int64)
    np.minimum.at(low, ratings.unit, ratings.code)
    np.maximum.at(high, ratings.unit, ratings.code)
    return np.flatnonzero(low < high)


def list_disagreements(reading: Reading, units: NDArray[np.intp]) -> tuple[Disagreement, ...]:
    """Lay each unit's codings side by side, coders in their order."""
    ratings = reading.ratings
    chosen = np.isin(ratings.unit, units)
    codings: dict[int, list[CoderCodes]] = {int(unit): [] for unit in units}
    for at in np.flatnonzero(chosen)[np.lexsort((ratings.coder[chosen], ratings.unit[chosen]))]:
        given = CoderCodes(coder=ratings.coders[int(ratings.coder[at])], codes=reading.members[int(ratings.code[at])])
        codings[int(ratings.unit[at])].append(given)
    return tuple(Disagreement(unit=ratings.units[unit], codings=tuple(given)) for unit, given in codings.items())


def _dropped(reading: Reading, uncoded: int) -> tuple[Dropped, ...]:
    per_unit = reading.ratings.per_unit()
    found = (
        Dropped(why="coded by nobody", units=uncoded + int((per_unit == 0).sum())),
        Dropped(why="coded by one coder only", units=int((per_unit == 1).sum())),
        Dropped(why="none applies, by at least one coder, which has no place in an order", units=reading.out_of_order),
    )
    return tuple(dropped for dropped in found if dropped.units)


def _pairs(reading: Reading) -> Iterator[PairAgreement]:
    ratings = reading.ratings
    identity = np.eye(len(ratings.scale))
    by_code = [list(confusions(binary)) for _, binary in reading.indicators()] if reading.sets else []
    for at, pair in enumerate(confusions(ratings)):
        resting_on = pair_basis(ratings, pair)
        pooled = pooled_kappa([tables[at] for tables in by_code], resting_on) if reading.sets else None
        yield PairAgreement(
            coders=(ratings.coders[pair.coders[0]], ratings.coders[pair.coders[1]]),
            units=pair.units,
            percent=pair_percent(pair, resting_on),
            kappa=pooled or kappa_of(pair, weights=identity, resting_on=resting_on),
        )


def code_label(code: str) -> str:
    """Say none-applies in words where the empty code would be an empty cell."""
    return "none applies" if code == NONE_APPLIES else code
