"""How far two codes are apart: a choice the caller makes, with no default."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from service.agreement.ratings import Floats, Ratings
from service.errors import BadInput


class Metric(StrEnum):
    """The level of measurement, as Krippendorff's alpha takes it; JACCARD and MASI compare sets of codes."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"
    RATIO = "ratio"
    CIRCULAR = "circular"
    JACCARD = "jaccard"
    MASI = "masi"


UNORDERED = frozenset({Metric.NOMINAL, Metric.JACCARD, Metric.MASI})
"""Metrics that ask only whether codes are the same; all others need the codes in an order."""


def positions(ratings: Ratings) -> tuple[Floats, str]:
    """Place the codes on a line: by their numeric values if all are numbers, else by rank; the second says which."""
    if ratings.numbers is not None:
        return np.array(ratings.numbers, np.float64), "numeric values"
    return np.arange(1, len(ratings.scale) + 1, dtype=np.float64), "ranks"


def distances(ratings: Ratings, metric: Metric, marginals: Floats) -> Floats:
    """Give Krippendorff's squared difference of every two codes, shape (..., q, q).

    Parameters
    ----------
    marginals
        n_c of the pairable values, shape (..., q); only the ordinal metric looks at them.
    """
    match metric:
        case Metric.NOMINAL:
            return 1 - np.eye(len(ratings.scale))
        case Metric.ORDINAL:
            return _ordinal(marginals)
        case Metric.INTERVAL:
            at, _ = positions(ratings)
            return np.subtract.outer(at, at) ** 2
        case Metric.RATIO:
            return _ratio(ratings)
        case Metric.CIRCULAR:
            return _circular(ratings)
        case Metric.JACCARD | Metric.MASI:
            raise BadInput(f"The metric {metric.value} compares sets of codes: the variable must take several codes.")


def _ordinal(marginals: Floats) -> Floats:
    """Squared number of values between two ranks, each end counted half (Krippendorff 2011)."""
    middle = np.cumsum(marginals, axis=-1) - marginals / 2
    return (middle[..., :, None] - middle[..., None, :]) ** 2


def _ratio(ratings: Ratings) -> Floats:
    if ratings.numbers is None:
        raise BadInput("The ratio metric needs codes that are numbers.")
    at = np.array(ratings.numbers)
    if (at < 0).any():
        raise BadInput("The ratio metric has a true zero: a negative code cannot be on it.")
    total = np.add.outer(at, at)
    return (np.subtract.outer(at, at) / np.where(total == 0, 1, total)) ** 2


def _circular(ratings: Ratings) -> Floats:
    """Chord lengths on a circle on which the declared codes are one unit apart and the last is next to the first."""
    at, kind = positions(ratings)
    around = float(at.max() - at.min() + 1) if kind == "numeric values" else float(len(at))
    return np.sin(np.pi * np.subtract.outer(at, at) / around) ** 2


def check_square(distance: NDArray[np.float64], q: int) -> Floats:
    """Accept a caller's own distance matrix if it is one: q x q, symmetric, zero diagonal, nothing negative."""
    given = np.asarray(distance, np.float64)
    if given.shape != (q, q) or not np.isfinite(given).all():
        raise BadInput("A distance matrix has one finite number for every two codes of the scale.")
    if (given < 0).any() or given.diagonal().any() or (given != given.T).any():
        raise BadInput("A distance matrix is symmetric, with zeros on its diagonal and nothing negative.")
    return given
