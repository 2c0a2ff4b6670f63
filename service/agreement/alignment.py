"""The best alignment of the spans of several coders: which of them are the same unit, at the least total disorder.

References
----------
Mathet, Widlöcher & Métivier (2015) The unified and holistic method gamma. Computational Linguistics 41:437.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from service.agreement.cover import EMPTY, Members, cheapest_cover, scipy_modules
from service.agreement.ratings import PAIR, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissimilarity:
    """Weights of the positional (``alpha``) and categorical (``beta``) part, and the cost of a unit left alone (``empty``)."""

    alpha: float
    beta: float
    empty: float


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The spans of one continuum as columns; ``coder`` and ``code`` are places."""

    coders: int
    coder: NDArray[np.int64]
    start: Floats
    end: Floats
    code: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Unitary alignments, shape (alignments, coders), ``EMPTY`` where a coder has no unit in it; disorder per mean unit."""

    members: Members
    disorder: float


def positional(units: Units, first: Members, second: Members) -> Floats:
    """Squared difference of the boundaries in units of the two lengths; the two lists broadcast against each other."""
    starts = np.abs(units.start[first] - units.start[second])
    ends = np.abs(units.end[first] - units.end[second])
    length = units.end - units.start
    return ((starts + ends) / (length[first] + length[second])) ** 2


def categorical(units: Units, first: Members, second: Members) -> Floats:
    """1 where the codes differ."""
    return (units.code[first] != units.code[second]).astype(np.float64)


def best_alignment(units: Units, by: Dissimilarity) -> Alignment:
    """Find the alignment of least disorder, exactly."""
    groups = [np.flatnonzero(units.coder == at) for at in range(units.coders)]
    if units.coders == PAIR:
        members, cost = _two(units, groups, by)
    else:
        members, costs = candidates(units, groups, by)
        chosen = cheapest_cover(members, costs, units=len(units.coder))
        members, cost = members[chosen], float(costs[chosen].sum())
    return Alignment(members, cost * units.coders / len(units.coder))


def apart(units: Units, first: Members, second: Members, by: Dissimilarity) -> Floats:
    """Give the dissimilarity of every pair of units of two lists, shape (first, second)."""
    first, second = first[:, None], second[None, :]
    where = by.alpha * positional(units, first, second)
    return (where + by.beta * categorical(units, first, second)) * by.empty


def _two(units: Units, groups: list[Members], by: Dissimilarity) -> tuple[Members, float]:
    """Two coders: an assignment problem, in which a pair is worth making if it costs less than leaving both alone."""
    saved: Floats = np.minimum(apart(units, groups[0], groups[1], by) - 2 * by.empty, 0)
    optimize, _, _ = scipy_modules()
    rows, columns = optimize.linear_sum_assignment(saved)
    made = saved[rows, columns] < 0
    pairs = np.column_stack([groups[0][rows[made]], groups[1][columns[made]]])
    alone = [np.setdiff1d(group, pairs[:, at]) for at, group in enumerate(groups)]
    single = [np.column_stack([alone[0], np.full(len(alone[0]), EMPTY)]), np.column_stack([np.full(len(alone[1]), EMPTY), alone[1]])]
    return np.vstack([pairs, *single]), float(saved[rows, columns].sum()) + by.empty * len(units.coder)


def candidates(units: Units, groups: list[Members], by: Dissimilarity) -> tuple[Members, Floats]:
    """List the unitary alignments that can be part of a best one, with their disorder.

    One that costs more than its parts, a member left alone, never is. That bounds the dissimilarity of any two members, so only
    neighbours are joined and the list grows with the number of units, not with its power.
    """
    n, pairs = units.coders, comb(units.coders, 2)
    bound = (n - 1 + pairs) * by.empty
    everything = np.arange(len(units.coder))
    d = apart(units, everything, everything, by)
    members = np.full((1, 0), EMPTY)
    for group in groups:
        near = d[:, group] <= bound
        members = np.vstack([_extended(members, group, near), np.column_stack([members, np.full(len(members), EMPTY)])])
    members = members[(members != EMPTY).any(axis=1)]
    return _worth_making(members, d, pairs, by.empty)


def _extended(members: Members, group: Members, near: NDArray[np.bool_]) -> Members:
    """Join each partial alignment with each unit of the next coder that is near all its members."""
    fits = np.ones((len(members), len(group)), np.bool_)
    for column in members.T:
        fits &= near[column] | (column == EMPTY)[:, None]
    partial, unit = np.nonzero(fits)
    return np.column_stack([members[partial], group[unit]])


def _worth_making(members: Members, d: Floats, pairs: int, empty: float) -> tuple[Members, Floats]:
    """Keep what costs no more than with any one member left alone; give the disorders, mean over pairs of coders."""
    present = members != EMPTY
    size = present.sum(axis=1)
    toward = np.zeros(members.shape)
    for at in range(members.shape[1]):
        for other in range(members.shape[1]):
            both = present[:, at] & present[:, other]
            toward[both, at] += d[members[both, at], members[both, other]]
    kept = (toward <= (size - 1 + pairs)[:, None] * empty).all(axis=1)
    inside = size * (size - 1) / 2
    return members[kept], ((toward.sum(axis=1) / 2 + (pairs - inside) * empty) / pairs)[kept]
