"""Agreement weights: how much partial credit two different codes earn, 1 on the diagonal."""

from enum import StrEnum

import numpy as np

from service.agreement.metric import positions
from service.agreement.ratings import Floats, Ratings
from service.errors import BadInput


class Weights(StrEnum):
    """Named as irrCAC names them; IDENTITY is the unweighted coefficient."""

    IDENTITY = "identity"
    LINEAR = "linear"
    QUADRATIC = "quadratic"
    ORDINAL = "ordinal"
    RADICAL = "radical"
    RATIO = "ratio"
    CIRCULAR = "circular"
    BIPOLAR = "bipolar"


def weight_matrix(ratings: Ratings, weights: Weights) -> Floats:
    """Weights of every two codes of the declared scale, shape (q, q), in [0, 1].

    References
    ----------
    Cicchetti & Allison (1971) for linear, Fleiss & Cohen (1973) for quadratic, Gwet (2014) ch. 3 for the others.
    """
    q = len(ratings.scale)
    if weights is Weights.IDENTITY or q == 1:
        return np.eye(q)
    if weights is Weights.ORDINAL:
        return _ordinal(q)
    at, _ = positions(ratings)
    apart = np.abs(np.subtract.outer(at, at))
    width = float(at.max() - at.min())
    match weights:
        case Weights.LINEAR:
            return 1 - apart / width
        case Weights.QUADRATIC:
            return 1 - (apart / width) ** 2
        case Weights.RADICAL:
            return 1 - np.sqrt(apart / width)
        case _:
            return _bent(at, apart, weights)


def _bent(at: Floats, apart: Floats, weights: Weights) -> Floats:
    if weights is Weights.RATIO:
        return _ratio(at)
    if weights is Weights.BIPOLAR:
        return _bipolar(at)
    raw = np.sin(np.pi * apart / (apart.max() + 1)) ** 2
    return 1 - raw / raw.max()


def _ordinal(q: int) -> Floats:
    """Give 1 - C(|k-l|+1, 2)/C(q, 2): Gwet's weights, which are not Krippendorff's ordinal metric."""
    steps = np.abs(np.subtract.outer(np.arange(q), np.arange(q))).astype(np.float64)
    return 1 - steps * (steps + 1) / (q * (q - 1))


def _ratio(at: Floats) -> Floats:
    if (at < 0).any():
        raise BadInput("Ratio weights have a true zero: a negative code cannot be on them.")
    total = np.add.outer(at, at)
    raw = (np.subtract.outer(at, at) / np.where(total == 0, 1, total)) ** 2
    return 1 - raw / ((at.max() - at.min()) / (at.max() + at.min())) ** 2


def _bipolar(at: Floats) -> Floats:
    """Distances grow towards the two ends of the scale; a pair that is both at one end is no distance apart."""
    low, high = at.min(), at.max()
    total = np.add.outer(at, at)
    below = (total - 2 * low) * (2 * high - total)
    raw = np.subtract.outer(at, at) ** 2 / np.where(below == 0, 1, below)
    return 1 - raw / raw.max()
