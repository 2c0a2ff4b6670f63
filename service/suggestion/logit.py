"""Weights of features by penalised likelihood: a conditional logit over codes, or a yes-or-no logit for each of several codes."""

import numpy as np
from numpy.typing import NDArray

from service.suggestion.features import Layers, weighted

START = (5.0, 10.0, 5.0, 5.0, 2.0, 2.0, 20.0, 5.0, 1.0)
"""Where fitting begins and what few excerpts leave in place: the definition before the other texts, resolved excerpts before all."""

PENALTY = 0.001
STEPS = 400

Floats = NDArray[np.float64]


def one_code(scores: Floats) -> Floats:
    """Probabilities over the codes, row by row, so that a row has the same bits in any batch."""
    return np.array([_softmax(row) for row in scores]).reshape(scores.shape)


def several_codes(scores: Floats) -> Floats:
    """A probability for each code by itself."""
    return np.array([1.0 / (1.0 + np.exp(-np.clip(row, -500.0, 500.0))) for row in scores]).reshape(scores.shape)


def fit(features: Layers, truth: Floats, *, exclusive: bool) -> tuple[float, ...]:
    """Maximise likelihood less ``PENALTY`` / 2 times the squared distance from ``START``, no weight below 0 (Nesterov).

    Parameters
    ----------
    features
        ``float64[excerpts, codes, features]``; a yes-or-no logit has a last layer of ones for its intercept, which may be negative.
    truth
        ``float64[excerpts, codes]``: 1 for the codes an excerpt was resolved to.
    exclusive
        Whether an excerpt has one code.
    """
    start = np.array(START if exclusive else (*START[:-1], 0.0, -10.0))
    floor = np.zeros(len(start)) if exclusive else np.array([*np.zeros(len(start) - 1), -np.inf])
    rate = 1.0 / (PENALTY + _steepest(features, exclusive=exclusive))
    here = ahead = start
    pace = 1.0
    for _ in range(STEPS):
        there = np.maximum(floor, ahead - rate * (_gradient(features, truth, ahead, exclusive=exclusive) + PENALTY * (ahead - start)))
        faster = (1.0 + np.sqrt(1.0 + 4.0 * pace * pace)) / 2.0
        ahead = there + (pace - 1.0) / faster * (there - here)
        here, pace = there, faster
    return tuple(float(weight) for weight in here)


def with_intercept(features: Layers) -> Layers:
    """The layers with one of ones behind them."""
    return np.concatenate([features, np.ones((*features.shape[:2], 1))], axis=2)


def _gradient(features: Layers, truth: Floats, weights: Floats, *, exclusive: bool) -> Floats:
    scores = weighted(features, weights.tolist())
    off = _chances(scores, exclusive=exclusive) - truth
    return np.tensordot(off, features, axes=2) / len(truth)


def _chances(scores: Floats, *, exclusive: bool) -> Floats:
    """Probabilities of a whole batch at once, for fitting: quick, and with the same bits for the same batch only."""
    if not exclusive:
        return 1.0 / (1.0 + np.exp(-np.clip(scores, -500.0, 500.0)))
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _steepest(features: Layers, *, exclusive: bool) -> float:
    """A bound on the curvature of the mean log-likelihood."""
    spread = features - features.mean(axis=1, keepdims=True) if exclusive else features
    return 0.5 * float(np.square(spread).sum(axis=(1, 2)).mean()) + 1e-9


def _softmax(row: Floats) -> Floats:
    raised = np.exp(row - row.max())
    return raised / raised.sum()
