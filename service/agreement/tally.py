"""Counts over units, grouped so that no order of coders or units can change a bit of a result."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.agreement.ratings import PAIR, Floats, Places, Ratings

DENSE_CELLS = 4_000_000
"""Cells of one block of the units x codes count matrix: 32 MB, whatever the number of units."""


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
    pairable, rated
        Units (or their weights) with at least two values, at least one.
    """

    coincidences: Floats
    agreements: Floats
    marginals: Floats
    shares: Floats
    pairable: float
    rated: float


def tally(ratings: Ratings, *, identities_only: bool) -> Tally:
    """Count once, linearly in the codings; ``identities_only`` skips the q x q matrices that nominal codes do not need."""
    q = len(ratings.scale)
    per_unit = ratings.per_unit()
    coincidences = np.zeros(q if identities_only else (q, q))
    agreements = np.zeros_like(coincidences)
    marginals, shares, pairable, rated = np.zeros(q), np.zeros(q), 0.0, 0.0
    weights = ratings.weights
    codes_by_size = _codes_by_size(ratings, per_unit)
    # One exact integer sum for each number of codings m, divided once: floating-point sums then have a fixed order.
    for m, codes in codes_by_size.items():
        units = float(np.count_nonzero(per_unit == m) if weights is None else weights[per_unit == m].sum())
        rated += units
        shares += codes / m
        if m >= PAIR:
            pairable += units
            marginals += codes
    for m, pairs in pairs_by_size(ratings, per_unit, identities_only=identities_only):
        coincidences += pairs / (m - 1)
        agreements += pairs / (m * (m - 1))
    return Tally(coincidences, agreements, marginals, shares, pairable, rated)


def _codes_by_size(ratings: Ratings, per_unit: NDArray[np.int64]) -> dict[int, Floats]:
    """Count the values of all units with m codings, for each m."""
    q = len(ratings.scale)
    weights = None if ratings.weights is None else ratings.weights[ratings.unit]
    counts = np.bincount(per_unit[ratings.unit] * q + ratings.code, weights, minlength=(int(per_unit.max(initial=0)) + 1) * q)
    table = counts.astype(np.float64).reshape(-1, q)
    return {int(m): table[m] for m in np.unique(per_unit) if m}


def pairs_by_size(ratings: Ratings, per_unit: NDArray[np.int64], *, identities_only: bool) -> Iterator[tuple[int, Floats]]:
    """Count ordered pairs of values within units of m codings, for each m >= 2: a matrix, or only its diagonal."""
    if identities_only:
        yield from _identical_pairs(ratings, per_unit)
        return
    for m, units, codes in units_of_equal_size(ratings, per_unit):
        weights = None if ratings.weights is None else ratings.weights[units]
        yield m, _pair_matrix(codes, weights, len(ratings.scale))


def _identical_pairs(ratings: Ratings, per_unit: NDArray[np.int64]) -> Iterator[tuple[int, Floats]]:
    q = len(ratings.scale)
    unit, code, r = cells(ratings)
    pairs = (r * (r - 1)).astype(np.float64)
    if ratings.weights is not None:
        pairs *= ratings.weights[unit]
    size = int(per_unit.max(initial=0)) + 1
    table = np.bincount(per_unit[unit] * q + code, pairs, minlength=size * q).astype(np.float64).reshape(size, q)
    yield from ((int(m), table[m]) for m in np.unique(per_unit) if m >= PAIR)


def cells(ratings: Ratings) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count equal codes of a unit wherever there are two or more: (unit, code, r_uk)."""
    q = len(ratings.scale)
    key = ratings.unit * np.int64(q) + ratings.code
    if len(ratings.units) * q <= 4 * len(key) + DENSE_CELLS:
        counts = np.bincount(key)
        cell = np.flatnonzero(counts > 1)
        return cell // q, cell % q, counts[cell]
    cell, counts = np.unique(key, return_counts=True)
    several = counts > 1
    return cell[several] // q, cell[several] % q, counts[several]


def units_of_equal_size(ratings: Ratings, per_unit: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64], Places]]:
    """Group the pairable units by their number of codings m: (m, the units, their codes as units x m)."""
    unit, code = ratings.unit, ratings.code
    if (unit[1:] < unit[:-1]).any():
        order = np.argsort(unit, kind="stable")
        unit, code = unit[order], code[order]
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
