"""Counts over units, grouped so that no order of coders or units can change a bit of a result."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from service.agreement.ratings import PAIR, Floats, Places, Ratings

DENSE_CELLS = 4_000_000
"""Cells of one block of the units x codes count matrix: 32 MB, whatever the number of units."""
CACHED_CELLS = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """The sums over units from which every count-based coefficient is made.

    Attributes
    ----------
    coincidences
        o_ck of the pairable units, shape (q, q), or its diagonal (q,) when only identities matter; sums to n.
    agreements
        The same with each unit divided by m_u(m_u-1) instead of m_u-1: each pairable unit weighs one.
    marginals
        n_c of the pairable values.
    shares
        Sum over rated units of r_uk/m_u.
    pairable, rated, unanimous
        Units (or their weights) with at least two values, at least one, at least two that are all the same.
    """

    coincidences: Floats
    agreements: Floats
    marginals: Floats
    shares: Floats
    pairable: float
    rated: float
    unanimous: float


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Of the units with m codings: ordered pairs of values (a matrix, or its diagonal), and how many units are of one mind."""

    m: int
    values: Floats
    unanimous: float


def tally(ratings: Ratings, *, identities_only: bool) -> Tally:
    """Count once, linearly in the codings; ``identities_only`` skips the q x q matrices that nominal codes do not need."""
    q = len(ratings.scale)
    per_unit = ratings.per_unit()
    coincidences = np.zeros(q if identities_only else (q, q))
    agreements = np.zeros_like(coincidences)
    marginals, shares, pairable, rated, unanimous = np.zeros(q), np.zeros(q), 0.0, 0.0, 0.0
    units = np.bincount(per_unit, ratings.weights)
    # One exact integer sum for each number of codings m, divided once: floating-point sums then have a fixed order.
    for m, codes in _codes_by_size(ratings, per_unit).items():
        rated += float(units[m])
        shares += codes / m
        if m >= PAIR:
            pairable += float(units[m])
            marginals += codes
    for pairs in pairs_by_size(ratings, per_unit, identities_only=identities_only):
        coincidences += pairs.values / (pairs.m - 1)
        agreements += pairs.values / (pairs.m * (pairs.m - 1))
        unanimous += pairs.unanimous
    return Tally(coincidences, agreements, marginals, shares, pairable, rated, unanimous)


def weighted_agreement(counts: Tally, w: Floats) -> float:
    """Give p_a: mean over pairable units of the credit of a pair; counts of identities know identity weights only."""
    agreed = counts.agreements.sum() if counts.agreements.ndim == 1 else (counts.agreements * w).sum()
    return float(agreed) / counts.pairable


def _codes_by_size(ratings: Ratings, per_unit: NDArray[np.int64]) -> dict[int, Floats]:
    """Count the values of all units with m codings, for each m."""
    q = len(ratings.scale)
    weights = None if ratings.weights is None else ratings.weights[ratings.unit]
    counts = np.bincount(per_unit[ratings.unit] * q + ratings.code, weights, minlength=(int(per_unit.max(initial=0)) + 1) * q)
    table = counts.astype(np.float64).reshape(-1, q)
    return {int(m): table[m] for m in np.unique(per_unit) if m}


def pairs_by_size(ratings: Ratings, per_unit: NDArray[np.int64], *, identities_only: bool) -> Iterator[Pairs]:
    """Count pairs of values within units of m codings, for each m >= 2."""
    if identities_only:
        yield from _identical_pairs(ratings, per_unit)
        return
    for m, units, codes in units_of_equal_size(ratings, per_unit):
        weights = None if ratings.weights is None else ratings.weights[units]
        same = (codes == codes[:, :1]).all(axis=1)
        unanimous = float(np.count_nonzero(same) if weights is None else weights[same].sum())
        yield Pairs(m, _pair_matrix(codes, weights, len(ratings.scale)), unanimous)


def _identical_pairs(ratings: Ratings, per_unit: NDArray[np.int64]) -> Iterator[Pairs]:
    q = len(ratings.scale)
    unit, code, r = cells(ratings)
    of_size = per_unit[unit]
    weights = np.ones(len(unit)) if ratings.weights is None else ratings.weights[unit]
    size = int(per_unit.max(initial=0)) + 1
    table = np.bincount(of_size * q + code, r * (r - 1) * weights, minlength=size * q).astype(np.float64).reshape(size, q)
    same = r == of_size
    unanimous = np.bincount(of_size[same], weights[same], size)
    yield from (Pairs(int(m), table[m], float(unanimous[m])) for m in np.unique(per_unit) if m >= PAIR)


def cells(ratings: Ratings) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count equal codes of a unit wherever there are two or more: (unit, code, r_uk)."""
    q = len(ratings.scale)
    if len(ratings.units) * q > 4 * len(ratings.code) + DENSE_CELLS:
        key, counts = np.unique(ratings.unit * np.int64(q) + ratings.code, return_counts=True)
        several = counts > 1
        return key[several] // q, key[several] % q, counts[several]
    unit, code = by_unit(ratings)
    step = max(CACHED_CELLS // q, 1)
    edges = np.searchsorted(unit, np.arange(0, len(ratings.units) + step, step))
    found = [_several(unit[a:b], code[a:b], at * step, q) for at, (a, b) in enumerate(pairwise(edges.tolist()))]
    units, codes, counts = (np.concatenate(part) for part in zip(*found, strict=True))
    return units, codes, counts


def _several(unit: Places, code: Places, first: int, q: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count one block of units, small enough for the processor's cache."""
    counts = np.bincount((unit - first) * q + code)
    cell = np.flatnonzero(counts > 1)
    return cell // q + first, cell % q, counts[cell]


def by_unit(ratings: Ratings) -> tuple[Places, Places]:
    """Give units and codes of the codings in the order of units; most tables are in it already."""
    unit, code = ratings.unit, ratings.code
    if (unit[1:] >= unit[:-1]).all():
        return unit, code
    order = np.argsort(unit, kind="stable")
    return unit[order], code[order]


def units_of_equal_size(ratings: Ratings, per_unit: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64], Places]]:
    """Group the pairable units by their number of codings m: (m, the units, their codes as units x m)."""
    unit, code = by_unit(ratings)
    sizes = per_unit[unit]
    for m in np.unique(per_unit[per_unit >= PAIR]):
        inside = sizes == m
        yield int(m), unit[inside][::m].astype(np.int64), code[inside].reshape(-1, m)


def _pair_matrix(codes: Places, weights: Floats | None, q: int) -> Floats:
    """Sum r r' - diag(r) over units, by pairs of columns or by blocks of counts, whichever is less work."""
    m = codes.shape[1]
    if m * (m - 1) <= max(q * q // 4, 2):
        return _pairs_of_columns(codes, weights, q)
    total = np.zeros((q, q))
    rows = max(DENSE_CELLS // q, 1)
    for start in range(0, len(codes), rows):
        counts = count_matrix(codes[start : start + rows], q)
        scaled = counts if weights is None else counts * weights[start : start + rows, None]
        total += counts.T @ scaled - np.diag(scaled.sum(axis=0))
    return total


def _pairs_of_columns(codes: Places, weights: Floats | None, q: int) -> Floats:
    total = np.zeros(q * q)
    for i, j in combinations(range(codes.shape[1]), 2):
        total += np.bincount(codes[:, i] * np.int64(q) + codes[:, j], weights, minlength=q * q)
    square = total.reshape(q, q)
    return square + square.T


def count_matrix(codes: Places, q: int) -> Floats:
    """Turn units x m codes into units x q counts."""
    n = len(codes)
    key = np.arange(n, dtype=np.int64)[:, None] * q + codes
    return np.bincount(key.ravel(), minlength=n * q).reshape(n, q).astype(np.float64)
