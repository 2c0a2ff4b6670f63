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

Layers = NDArray[np.float64]
"""``float64[excerpts, codes, features]``."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Resolutions:
    """What the resolved excerpts say of each code for each excerpt: ``float64[excerpts, codes]``.

    ``counts`` are those that an excerpt may learn from (a resolved one never from itself), ``means`` and ``largest`` their cosines (where
    there are none: anything), ``overall`` ``float64[excerpts, 1]`` the mean over the codes' resolved excerpts together.
    """

    counts: Floats
    means: Floats
    largest: Floats
    overall: Floats


def left_out(cosines: Floats, allowed: Floats, members: Floats) -> Resolutions:
    """For fitting.

    Parameters
    ----------
    cosines
        ``float64[excerpts, resolved]``.
    allowed
        Of the same shape: 1 where the excerpt may learn from the resolved one.
    members
        ``float64[resolved, codes]``: 1 where the resolved excerpt has the code.
    """
    counts = allowed @ members
    seen = cosines * allowed
    overall = seen.sum(axis=1, keepdims=True) / np.maximum(allowed.sum(axis=1, keepdims=True), 1.0)
    hidden = np.where(allowed > 0, cosines, -1.0)
    largest = np.stack([np.where(mine > 0, hidden, -1.0).max(axis=1) for mine in members.T], axis=1)
    return Resolutions(counts, seen @ members / np.maximum(counts, 1.0), largest, overall)


def layers(nearest: dict[TextKind, Floats], resolutions: Resolutions) -> Layers:
    """All features.

    Parameters
    ----------
    nearest
        For each kind of text ``float64[excerpts, codes]``, NaN where a code has none: then its other texts' mean counts.

    Notes
    -----
    Sums go element by element in a fixed order, so one excerpt's features have the same bits in any batch if what is given has.
    """
    speaking = mean_of([nearest[kind] for kind in FOR])
    written = [np.where(np.isnan(nearest[kind]), speaking, nearest[kind]) for kind in FOR]
    against = [np.where(np.isnan(nearest[kind]), 0.0, -np.maximum(0.0, nearest[kind] - speaking)) for kind in AGAINST]
    return np.stack([*written, *against, *_resolved(resolutions)], axis=2)


def mean_of(parts: Sequence[Floats]) -> Floats:
    """The mean of what is not NaN, one part after the other."""
    total, count = np.zeros_like(parts[0]), np.zeros_like(parts[0])
    for part in parts:
        there = ~np.isnan(part)
        total, count = total + np.where(there, part, 0.0), count + there
    return total / np.maximum(count, 1.0)


def weighted(features: Layers, weights: Sequence[float]) -> Floats:
    """``float64[excerpts, codes]``: the layers times their weights, one after the other."""
    total = np.zeros(features.shape[:2])
    for layer, weight in enumerate(weights):
        total = total + features[:, :, layer] * weight
    return total


def _resolved(said: Resolutions) -> tuple[Floats, Floats, Floats]:
    everyone = said.counts.sum(axis=1, keepdims=True)
    mean = (said.means * said.counts + said.overall) / (said.counts + 1.0)
    share = np.log((said.counts + 1.0) / (everyone + said.counts.shape[1]))
    return mean, np.where(said.counts > 0, said.largest, said.overall), share
