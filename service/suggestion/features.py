"""What speaks for and against each code of a variable, as numbers: one row an excerpt, one column a code, one layer a feature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.suggestion.texts import TextKind

FOR = (TextKind.NAME, TextKind.DEFINITION, TextKind.INCLUDE_WHEN, TextKind.EXAMPLE)
AGAINST = (TextKind.EXCLUDE_WHEN, TextKind.COUNTER_EXAMPLE)
FEATURES = (*(kind.value for kind in (*FOR, *AGAINST)), "resolved_mean", "resolved_nearest", "share")
"""The layers, in order: cosines to the texts that speak for a code; by how much (negative) those against it are nearer; mean (shrunk to the
mean over all codes by one excerpt) and largest cosine to its resolved excerpts; the logarithm of its share of them."""

_FINE = float(2**32)

Layers = NDArray[np.float64]
"""``float64[excerpts, codes, features]``."""

Members = NDArray[np.float64]
"""``float64[resolved, codes]``: 1 where the resolved excerpt has the code."""


@dataclass(frozen=True, slots=True)
class Resolutions:
    """Cosines of excerpts to resolved ones, and which of these each excerpt may learn from (a resolved one never from itself)."""

    cosines: NDArray[np.float64]
    allowed: NDArray[np.float64]
    members: Members


def layers(nearest: dict[TextKind, NDArray[np.float64]], resolutions: Resolutions) -> Layers:
    """All features.

    Parameters
    ----------
    nearest
        For each kind of text ``float64[excerpts, codes]``, NaN where a code has none: then its other texts' mean counts.

    Notes
    -----
    Every sum is exact or goes element by element in a fixed order, so one excerpt's features have the same bits in any batch.
    """
    speaking = mean_of([nearest[kind] for kind in FOR])
    written = [np.where(np.isnan(nearest[kind]), speaking, nearest[kind]) for kind in FOR]
    against = [np.where(np.isnan(nearest[kind]), 0.0, -np.maximum(0.0, nearest[kind] - speaking)) for kind in AGAINST]
    return np.stack([*written, *against, *_resolved(resolutions)], axis=2)


def mean_of(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of what is not NaN, one part after the other."""
    total, count = np.zeros_like(parts[0]), np.zeros_like(parts[0])
    for part in parts:
        there = ~np.isnan(part)
        total, count = total + np.where(there, part, 0.0), count + there
    return total / np.maximum(count, 1.0)


def weighted(features: Layers, weights: Sequence[float]) -> NDArray[np.float64]:
    """``float64[excerpts, codes]``: the layers times their weights, one after the other."""
    total = np.zeros(features.shape[:2])
    for layer, weight in enumerate(weights):
        total = total + features[:, :, layer] * weight
    return total


def _resolved(resolutions: Resolutions) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    # On multiples of 2**-32 the sums of up to a million cosines are exact, so a matrix product has the same bits in any order.
    fine = np.rint(resolutions.cosines * _FINE) / _FINE * resolutions.allowed
    counts = resolutions.allowed @ resolutions.members
    everyone = resolutions.allowed.sum(axis=1, keepdims=True)
    overall = fine.sum(axis=1, keepdims=True) / np.maximum(everyone, 1.0)
    mean = (fine @ resolutions.members + overall) / (counts + 1.0)
    share = np.log((counts + 1.0) / (everyone + counts.shape[1]))
    return mean, np.where(counts > 0, _largest(resolutions, counts.shape), overall), share


def _largest(resolutions: Resolutions, shape: tuple[int, ...]) -> NDArray[np.float64]:
    found = np.full(shape, -1.0)
    seen = np.where(resolutions.allowed > 0, resolutions.cosines, -1.0)
    for code in range(shape[1]):
        mine = np.flatnonzero(resolutions.members[:, code])
        if len(mine):
            found[:, code] = seen[:, mine].max(axis=1)
    return found
