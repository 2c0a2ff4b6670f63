"""Units with the same codings are exchangeable: their distinct patterns, and how many units have each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.agreement.ratings import Floats, Ratings

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Distinct units, in an order that does not depend on the order of the units.

    Attributes
    ----------
    counts
        How often each label was given, shape (patterns, labels). Labels are codes, or (coder, code) pairs.
    times
        How many units show the pattern.
    weight
        The weight of one such unit; units of different weight are different patterns.
    of_unit
        The pattern of each unit.
    """

    counts: Floats
    times: NDArray[np.int64]
    weight: Floats
    of_unit: Indices

    def sizes(self) -> Floats:
        """Give m_u of each pattern."""
        return self.counts.sum(axis=1)


def code_patterns(ratings: Ratings) -> Patterns:
    """Tell units apart by how many coders gave each code, not by who did."""
    return _patterns(ratings, ratings.code.astype(np.int64), len(ratings.scale))


def coder_patterns(ratings: Ratings) -> Patterns:
    """Tell units apart by who gave which code; label coder*q + code."""
    q = len(ratings.scale)
    return _patterns(ratings, ratings.coder * np.int64(q) + ratings.code, len(ratings.coders) * q)


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Which units show the same labels: one unit of each pattern, how many are like it, and the pattern of each unit."""

    first: Indices
    times: NDArray[np.int64]
    of_unit: Indices

    def rows(self, unit: NDArray[np.int32]) -> tuple[NDArray[np.bool_], Indices]:
        """Pick out the codings of the first units, and say to which pattern each belongs."""
        represents = np.full(len(self.of_unit), -1, np.intp)
        represents[self.first] = np.arange(len(self.first))
        pattern = represents[unit]
        kept = pattern >= 0
        return kept, pattern[kept]


def alike(ratings: Ratings, label: NDArray[np.int64], labels: int) -> Alike:
    """Find units with the same labels and weight, without laying out a table of units x labels.

    A sum of random 64-bit numbers, one a label, names a pattern: two of a million differing patterns meet with chance 3e-8.
    """
    drawn = np.random.default_rng(20110125).integers(0, 2**64, labels, dtype=np.uint64)
    name = np.zeros(len(ratings.units), np.uint64)
    if ratings.weights is not None:
        name = ratings.weights.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    np.add.at(name, ratings.unit, drawn[label])
    _, first, of_unit, times = np.unique(name, return_index=True, return_inverse=True, return_counts=True)
    return Alike(first, times.astype(np.int64), of_unit)


def unit_weights(ratings: Ratings, units: Indices) -> Floats:
    """Give the weights of some units, 1 where there are none."""
    return np.ones(len(units)) if ratings.weights is None else ratings.weights[units]


def _patterns(ratings: Ratings, label: NDArray[np.int64], labels: int) -> Patterns:
    found = alike(ratings, label, labels)
    # Only the codings of one unit of each pattern are laid out, so memory grows with what is distinct.
    kept, pattern = found.rows(ratings.unit)
    counts = np.bincount(pattern * labels + label[kept], minlength=len(found.first) * labels).astype(np.float64)
    return Patterns(counts.reshape(-1, labels), found.times, unit_weights(ratings, found.first), found.of_unit)
