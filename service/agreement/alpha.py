"""Krippendorff's alpha for predefined units, any number of coders, with gaps."""

from dataclasses import replace

import krippendorff
import numpy as np
from numpy.typing import NDArray

from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.metric import Metric, check_square, distances, positions
from service.agreement.ratings import Floats, Ratings, basis
from service.agreement.tally import Tally, count_matrix, tally, units_of_equal_size

PACKAGE_CELLS = 1_000_000
"""Up to this many units x codes x codes the krippendorff package computes; it builds them all at once (37 GB at 5,000 x 1,000)."""
PACKAGE_METRICS: dict[Metric, krippendorff.LevelOfMeasurement] = {
    Metric.NOMINAL: "nominal",
    Metric.ORDINAL: "ordinal",
    Metric.INTERVAL: "interval",
    Metric.RATIO: "ratio",
}


def krippendorff_alpha(ratings: Ratings, *, metric: Metric, distance: Floats | None = None) -> Estimate | Undefined:
    """Krippendorff's alpha, 1 - D_o/D_e.

    Parameters
    ----------
    ratings
        Units with fewer than two values are left out; codes nobody used change nothing.
    metric
        The squared difference of two codes.
    distance
        The caller's own squared differences, shape (q, q), instead of those of ``metric``.

    Returns
    -------
    Estimate | Undefined
        ``observed`` and ``expected`` are D_o and D_e. Undefined: no_data, one_coder, no_pairable_units, no_variation.

    References
    ----------
    Krippendorff (2011) Computing Krippendorff's alpha-reliability; Krippendorff (2019) Content analysis, ch. 12.
    """
    resting_on = basis(ratings)
    delta = None if distance is None else check_square(distance, len(ratings.scale))
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    counts = tally(ratings, identities_only=metric is Metric.NOMINAL and delta is None)
    found = alpha_of(ratings, counts, resting_on, metric=metric, distance=delta)
    if isinstance(found, Undefined) or delta is not None or not _package_can(ratings, metric):
        return found
    return replace(found, value=_by_package(ratings, metric))


def alpha_of(ratings: Ratings, counts: Tally, resting_on: Basis, *, metric: Metric, distance: Floats | None = None) -> Estimate | Undefined:
    """Form alpha from counts that are already there."""
    if np.count_nonzero(counts.marginals) == 1:
        return undefined(Reason.NO_VARIATION, resting_on)
    if too_light(float(counts.marginals.sum())):
        return undefined(Reason.NOT_ENOUGH_DATA, resting_on)
    observed, expected = disagreements(ratings, counts, metric=metric, distance=distance)
    if expected == 0:
        return undefined(Reason.NO_VARIATION, resting_on)
    return Estimate(
        coefficient="krippendorff_alpha",
        value=1 - observed / expected,
        basis=resting_on,
        observed=observed,
        expected=expected,
        on="disagreement",
        distances=_measured_on(ratings, metric) if distance is None else "given distances",
    )


def nothing_to_compare(resting_on: Basis) -> Reason | None:
    """Give the reason why no coefficient can be had from these ratings, if there is one."""
    if resting_on.values == 0:
        return Reason.NO_DATA
    if resting_on.coders == 1:
        return Reason.ONE_CODER
    return Reason.NO_PAIRABLE_UNITS if resting_on.pairable_units == 0 else None


def too_light(values: float) -> bool:
    """Whether pairable units of small weight add up to no more than one value: D_e divides by n(n-1)."""
    return values <= 1


def disagreements(ratings: Ratings, counts: Tally, *, metric: Metric, distance: Floats | None) -> tuple[float, float]:
    """Compute D_o and D_e from the coincidences and marginals of the pairable values."""
    n_c = counts.marginals
    n = float(n_c.sum())
    if metric is Metric.NOMINAL and distance is None:
        agreed = float(counts.coincidences.sum() if counts.coincidences.ndim == 1 else np.trace(counts.coincidences))
        return 1 - agreed / n, float(n * n - (n_c * n_c).sum()) / (n * (n - 1))
    delta = distances(ratings, metric, n_c) if distance is None else distance
    return float((counts.coincidences * delta).sum()) / n, float(n_c @ delta @ n_c) / (n * (n - 1))


def _package_can(ratings: Ratings, metric: Metric) -> bool:
    """Whether the krippendorff package supports this case; it knows no weights and no circular metric."""
    q = len(ratings.scale)
    return ratings.weights is None and metric in PACKAGE_METRICS and len(ratings.units) * q * q <= PACKAGE_CELLS


def _by_package(ratings: Ratings, metric: Metric) -> float:
    """Let the package compute from counts of units, in an order that does not depend on the caller's.

    Counts, because from codes the package takes the label "nan" for a gap; int64, because it overflows on small integer types.
    """
    q = len(ratings.scale)
    groups = units_of_equal_size(ratings, ratings.per_unit())
    counts = np.concatenate([count_matrix(codes, q) for _, _, codes in groups]).astype(np.int64)
    at, _ = positions(ratings)
    order = (
        _fixed_order(counts) if metric is Metric.NOMINAL else np.arange(q) if metric is Metric.ORDINAL else np.argsort(at, kind="stable")
    )
    domain = np.arange(q) if metric in {Metric.NOMINAL, Metric.ORDINAL} else at[order]
    counts = counts[:, order]
    counts = counts[np.lexsort(counts.T)]
    return float(krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=PACKAGE_METRICS[metric]))


def _fixed_order(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Order nominal codes by how often they were given, ties by how: the declared order must not move the last bit of a sum."""
    return np.lexsort((*np.sort(counts, axis=0)[::-1], -counts.sum(axis=0)))


def _measured_on(ratings: Ratings, metric: Metric) -> str | None:
    if metric is Metric.NOMINAL:
        return None
    return "declared order" if metric is Metric.ORDINAL else positions(ratings)[1]
