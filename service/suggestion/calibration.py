"""How far probabilities can be believed: measured on predictions for excerpts that were left out of the fitting."""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

BINS = 10
FEWEST = 10
"""A threshold is trusted only where at least so many predictions lie above it."""

Floats = NDArray[np.float64]


class Bin(msgspec.Struct, frozen=True):
    """One bar of a reliability diagram: predictions with confidence in (low, high], how confident they were and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def reliability(confidence: Floats, right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Ten bins of equal width; empty ones are left out."""
    places = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return tuple(
        Bin(place / BINS, (place + 1) / BINS, int(mine.sum()), float(confidence[mine].mean()), float(right[mine].mean()))
        for place in range(BINS)
        if (mine := places == place).any()
    )


def expected_calibration_error(bins: tuple[Bin, ...]) -> float:
    """Mean distance between confidence and share right, weighted by the predictions in each bin (Naeini et al. 2015)."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.confidence - one.right) for one in bins) / total


def brier(probabilities: Floats, truth: Floats) -> float:
    """Mean squared distance of probabilities from what was true, summed over the codes (Brier 1950): 0 is best, 2 is worst for one code."""
    return float(np.square(probabilities - truth).sum(axis=1).mean())


def threshold_for_risk(confidence: Floats, right: NDArray[np.bool_], risk: float) -> float:
    """The lowest confidence above which at most ``risk`` of the predictions were wrong; above 1 when there is none."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    last_of_ties = np.append(confidence[order][:-1] != confidence[order][1:], True)
    good = np.flatnonzero((wrong <= risk) & last_of_ties & (np.arange(1, len(order) + 1) >= FEWEST))
    return float(confidence[order][good[-1]]) if len(good) else math.nextafter(1.0, 2.0)


def conformal_threshold(probability_of_truth: Floats, *, coverage: float) -> float:
    """The probability from which codes belong to a set that holds the true one with this marginal coverage.

    Split conformal prediction with the score 1 - p (Vovk, Gammerman & Shafer 2005): the ``ceil((n + 1) coverage)``-th largest; with too few
    excerpts for the coverage every code belongs, and it is 0.
    """
    rank = math.ceil((len(probability_of_truth) + 1) * coverage)
    if rank > len(probability_of_truth):
        return 0.0
    return float(np.sort(probability_of_truth)[::-1][rank - 1])


def best_f1_threshold(probabilities: Floats, truth: NDArray[np.bool_]) -> float:
    """The probability above which saying a code gives the best F1; one half where the code was given to too few excerpts to tell."""
    if truth.sum() < FEWEST:
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    return float(probabilities[order][int(np.argmax(f1))])
