"""Alpha over sets of codes: how far two sets are apart is the distance itself, not its square."""

from collections.abc import Sequence

import numpy as np

from service.agreement.alpha import krippendorff_alpha
from service.agreement.estimate import Estimate, Undefined
from service.agreement.long import SetRatings
from service.agreement.metric import Metric
from service.agreement.ratings import Floats
from service.errors import BadInput


def set_alpha(ratings: SetRatings, *, metric: Metric) -> Estimate | Undefined:
    """Krippendorff's alpha whose values are sets: NOMINAL (the same set or not), JACCARD or MASI.

    References
    ----------
    Passonneau (2006) Measuring agreement on set-valued items (MASI).
    """
    if metric is Metric.NOMINAL:
        return krippendorff_alpha(ratings.ratings, metric=metric)
    return krippendorff_alpha(ratings.ratings, metric=metric, distance=set_distances(ratings.sets, metric))


def set_distances(sets: Sequence[frozenset[int]], metric: Metric) -> Floats:
    """Distances of every two sets; two empty sets are the same, an empty and a non-empty one share nothing."""
    width = max((max(chosen, default=-1) for chosen in sets), default=-1) + 1
    member = np.zeros((len(sets), width))
    for at, chosen in enumerate(sets):
        member[at, list(chosen)] = 1
    size = member.sum(axis=1)
    both = member @ member.T
    either = np.add.outer(size, size) - both
    jaccard = np.where(either == 0, 1.0, both / np.where(either == 0, 1, either))
    match metric:
        case Metric.JACCARD:
            return 1 - jaccard
        case Metric.MASI:
            return 1 - jaccard * _monotonicity(both, size)
        case _:
            raise BadInput("Sets of codes are compared by nominal, jaccard or masi.")


def _monotonicity(both: Floats, size: Floats) -> Floats:
    """1 for equal sets, 2/3 where one holds the other, 1/3 for an overlap, 0 for nothing in common."""
    smaller, larger = np.minimum.outer(size, size), np.maximum.outer(size, size)
    held = both == smaller
    return np.select([held & (smaller == larger), (both > 0) & held, both > 0], [1.0, 2 / 3, 1 / 3], 0.0)
