"""Two coders at a time: the confusion table of the units that both coded."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.agreement.estimate import Basis
from service.agreement.ratings import MISSING, PAIR, Floats, Places, Ratings, type_of_place
from service.errors import BadInput


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Rows are the codes of the first coder, columns of the second, in the order of the scale.

    ``table`` counts units both coded (or sums their weights), ``units`` counts them unweighted; ``coders`` are places in
    ``Ratings.coders``.
    """

    coders: tuple[int, int]
    table: Floats
    units: int

    @property
    def total(self) -> float:
        """Give the sum of the table."""
        return float(self.table.sum())


def confusion(ratings: Ratings, first: str, second: str) -> Confusion:
    """Cross the codes of two named coders."""
    if first == second or first not in ratings.coders or second not in ratings.coders:
        raise BadInput("Name two different coders of these ratings.")
    pair = (ratings.coders.index(first), ratings.coders.index(second))
    given = np.full(len(ratings.units), MISSING, type_of_place)
    one, other = (ratings.coder == at for at in pair)
    given[ratings.unit[one]] = ratings.code[one]
    mine, yours, shared = _shared(given, ratings.unit[other], ratings.code[other])
    q = len(ratings.scale)
    weights = None if ratings.weights is None else ratings.weights[shared]
    table = np.bincount(mine * np.int64(q) + yours, weights, minlength=q * q).reshape(q, q).astype(np.float64)
    return Confusion(coders=pair, table=table, units=len(mine))


def confusions(ratings: Ratings) -> Iterator[Confusion]:
    """Cross every two coders who both coded something, in the order of the coders; linear in codings x coders."""
    q = len(ratings.scale)
    if len(ratings.coders) * len(ratings.units) <= 4 * len(ratings.code) and (q + 1) ** 2 < np.iinfo(np.int16).max:
        yield from _dense_confusions(ratings)
        return
    for coders, first, second, weight in shared_codes(ratings):
        table = np.bincount(first * np.int64(q) + second, weight, minlength=q * q).reshape(q, q).astype(np.float64)
        yield Confusion(coders=coders, table=table, units=len(first))


def _dense_confusions(ratings: Ratings) -> Iterator[Confusion]:
    """Cross coders who coded most units: missing is one more code, and what falls on it is cut off."""
    q = len(ratings.scale)
    given = np.full((len(ratings.coders), len(ratings.units)), q, np.int16)
    given[ratings.coder, ratings.unit] = ratings.code
    active = np.flatnonzero(np.bincount(ratings.coder, minlength=len(ratings.coders)))
    for i, j in combinations(active.tolist(), 2):
        key = given[i] * np.int16(q + 1) + given[j]
        counts = np.bincount(key, minlength=(q + 1) ** 2).reshape(q + 1, q + 1)[:q, :q]
        table = counts
        if ratings.weights is not None:
            table = np.bincount(key, ratings.weights, minlength=(q + 1) ** 2).reshape(q + 1, q + 1)[:q, :q]
        yield Confusion(coders=(i, j), table=table.astype(np.float64), units=int(counts.sum()))


def shared_codes(ratings: Ratings) -> Iterator[tuple[tuple[int, int], Places, Places, Floats | None]]:
    """For every two active coders give their codes on the units that both coded, and the weights of these units."""
    # Of 16-bit numbers numpy sorts millions in hundredths of a second; places of coders nearly always fit.
    small = len(ratings.coders) <= np.iinfo(np.int16).max
    order = np.argsort(ratings.coder.astype(np.int16) if small else ratings.coder, kind="stable")
    unit, code = ratings.unit[order], ratings.code[order]
    codings = np.bincount(ratings.coder, minlength=len(ratings.coders))
    slices = [slice(int(end - n), int(end)) for n, end in zip(codings, np.cumsum(codings), strict=True)]
    active = [at for at, rows in enumerate(slices) if rows.stop > rows.start]
    given = np.full(len(ratings.units), MISSING, type_of_place)
    for at, i in enumerate(active):
        given[unit[slices[i]]] = code[slices[i]]
        for j in active[at + 1 :]:
            mine, yours, shared = _shared(given, unit[slices[j]], code[slices[j]])
            yield (i, j), mine, yours, None if ratings.weights is None else ratings.weights[shared]
        given[unit[slices[i]]] = MISSING


def only_pair(ratings: Ratings) -> Confusion:
    """Cross the two coders of ratings that have exactly two who coded something."""
    active = [
        name for name, codings in zip(ratings.coders, np.bincount(ratings.coder, minlength=len(ratings.coders)), strict=True) if codings
    ]
    if len(active) != PAIR:
        raise BadInput("A coefficient for two coders needs ratings of exactly two; take Light's or Conger's kappa for more.")
    return confusion(ratings, active[0], active[1])


def pair_basis(ratings: Ratings, pair: Confusion) -> Basis:
    """Count what a figure for one pair of coders rests on."""
    codings = np.bincount(ratings.coder, minlength=len(ratings.coders))
    values = int(codings[pair.coders[0]] + codings[pair.coders[1]])
    cells = 2 * len(ratings.units)
    active = sum(bool(codings[at]) for at in pair.coders)
    return Basis(
        units=len(ratings.units),
        pairable_units=pair.units,
        coders=active,
        values=values,
        missing_share=1 - values / cells if cells else 0.0,
        silent_coders=tuple(ratings.coders[at] for at in pair.coders if not codings[at]),
    )


def _shared(given: Places, unit: Places, code: Places) -> tuple[Places, Places, Places]:
    both: NDArray[np.bool_] = given[unit] != MISSING
    return given[unit[both]], code[both], unit[both]
