"""Alpha over sets of codes: how far two sets are apart is the distance itself, not its square."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from service.agreement.alpha import krippendorff_alpha, nothing_to_compare, too_light
from service.agreement.estimate import Estimate, Reason, Undefined, undefined
from service.agreement.long import SetRatings
from service.agreement.metric import Metric
from service.agreement.moments import Moments, alpha_moments
from service.agreement.ratings import Floats, basis
from service.agreement.tally import units_of_equal_size
from service.errors import BadInput

BLOCK = 1_000
"""Distinct sets compared with all others at a time, so that tens of thousands of them need no square matrix."""
RESAMPLED = 3_000
"""Distinct sets up to which a bootstrap carries all their distances along."""


def set_alpha(ratings: SetRatings, *, metric: Metric) -> Estimate | Undefined:
    """Krippendorff's alpha whose values are sets: NOMINAL (the same set or not), JACCARD or MASI.

    References
    ----------
    Passonneau (2006) Measuring agreement on set-valued items (MASI).
    """
    if metric is Metric.NOMINAL:
        return krippendorff_alpha(ratings.ratings, metric=metric)
    resting_on = basis(ratings.ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    member = membership(ratings.sets)
    n_c, apart = _within(ratings, member, metric)
    n = float(n_c.sum())
    if too_light(n):
        return undefined(Reason.NOT_ENOUGH_DATA, resting_on)
    blocks = range(0, len(member), BLOCK)
    expected = sum(float(n_c[at : at + BLOCK] @ _distances(member[at : at + BLOCK], member, metric) @ n_c) for at in blocks)
    if expected == 0:
        return undefined(Reason.NO_VARIATION, resting_on)
    observed, chance = apart / n, expected / (n * (n - 1))
    return Estimate(
        coefficient="krippendorff_alpha",
        value=1 - observed / chance,
        basis=resting_on,
        observed=observed,
        expected=chance,
        on="disagreement",
        distances=metric.value,
    )


def set_moments(ratings: SetRatings, *, metric: Metric) -> Moments:
    """Totals of set alpha, for intervals."""
    if metric is Metric.NOMINAL:
        return alpha_moments(ratings.ratings, metric=metric)
    if len(ratings.sets) > RESAMPLED:
        raise BadInput(f"There are {len(ratings.sets)} distinct sets of codes; intervals of set alpha go up to {RESAMPLED}.")
    return alpha_moments(ratings.ratings, metric=metric, distance=set_distances(ratings.sets, metric))


def set_distances(sets: Sequence[frozenset[int]], metric: Metric) -> Floats:
    """Distances of every two sets; two empty sets are the same, an empty and a non-empty one share nothing."""
    member = membership(sets)
    return _distances(member, member, metric)


def membership(sets: Sequence[frozenset[int]]) -> Floats:
    """Say which code is in which set, shape (sets, codes)."""
    width = max((max(chosen, default=-1) for chosen in sets), default=-1) + 1
    member = np.zeros((len(sets), width))
    for at, chosen in enumerate(sets):
        member[at, list(chosen)] = 1
    return member


def _within(ratings: SetRatings, member: Floats, metric: Metric) -> tuple[Floats, float]:
    """Give the marginals of the sets and the summed distances of all pairs of codings of a unit, pair by pair."""
    coded = ratings.ratings
    n_c, apart = np.zeros(len(member)), 0.0
    for m, units, codes in units_of_equal_size(coded, coded.per_unit()):
        weights = np.ones(len(units)) if coded.weights is None else coded.weights[units]
        n_c += np.bincount(codes.ravel(), np.repeat(weights, m), len(member))
        for i, j in combinations(range(m), 2):
            first, second = member[codes[:, i]], member[codes[:, j]]
            both = (first * second).sum(axis=1)
            apart += 2 * float(weights @ _measured(both, first.sum(axis=1), second.sum(axis=1), metric)) / (m - 1)
    return n_c, apart


def _distances(first: Floats, second: Floats, metric: Metric) -> Floats:
    return _measured(first @ second.T, first.sum(axis=1)[:, None], second.sum(axis=1)[None, :], metric)


def _measured(both: Floats, one: Floats, other: Floats, metric: Metric) -> Floats:
    """Give the distance of two sets from the size of what they share and their own sizes."""
    either = one + other - both
    jaccard = np.where(either == 0, 1.0, both / np.where(either == 0, 1, either))
    match metric:
        case Metric.JACCARD:
            return 1 - jaccard
        case Metric.MASI:
            held = both == np.minimum(one, other)
            # 1 for equal sets, 2/3 where one holds the other, 1/3 for an overlap, 0 for nothing in common.
            return 1 - jaccard * np.select([held & (one == other), (both > 0) & held, both > 0], [1.0, 2 / 3, 1 / 3], 0.0)
        case _:
            raise BadInput("Sets of codes are compared by nominal, jaccard or masi.")
