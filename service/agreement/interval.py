"""Intervals: analytic, jackknife, infinitesimal jackknife, bootstrap (percentile, BCa) over units or documents."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from service.agreement.distributions import normal, normal_quantile, student, t_quantile
from service.agreement.estimate import Interval, Reason, Undefined, undefined
from service.agreement.moments import Moments
from service.agreement.ratings import Floats
from service.agreement.resample import bootstrap
from service.errors import BadInput

TENTATIVE, RELIABLE = 0.667, 0.8
"""Krippendorff's two thresholds."""
TOUCHING = 1e-12
"""Equal up to rounding counts as reached, or as contained: a degenerate bootstrap has both limits at the estimate."""


class Method(StrEnum):
    """How the interval is made; HAYES_KRIPPENDORFF is for comparison with KALPHA only, because it under-covers."""

    ANALYTIC = "analytic"
    JACKKNIFE = "jackknife"
    INFINITESIMAL_JACKKNIFE = "infinitesimal jackknife"
    PERCENTILE = "bootstrap, percentile"
    BCA = "bootstrap, BCa"
    EXPANDED_BCA = "bootstrap, BCa, expanded for few units (Hesterberg 2015)"
    HAYES_KRIPPENDORFF = "Hayes-Krippendorff (pairs, not units; under-covers)"


RESAMPLING = frozenset({Method.PERCENTILE, Method.BCA, Method.EXPANDED_BCA, Method.HAYES_KRIPPENDORFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """The caller's choice of interval; ``replicates`` and ``seed`` belong to the bootstraps, ``by_cluster`` resamples documents."""

    method: Method
    level: float
    by_cluster: bool
    replicates: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is not a choice: a level outside (0, 1), a bootstrap without replicates or seed."""
        if not 0 < self.level < 1:
            raise BadInput("The level of an interval lies between 0 and 1, as .95 does.")
        if self.method in RESAMPLING and (self.seed is None or self.replicates is None or self.replicates < 1):
            raise BadInput("A bootstrap needs a number of replicates and a seed.")


def interval(estimate: float, moments: Moments, how: Uncertainty) -> Interval | Undefined:
    """Make an interval of any coefficient from its moments (of units, or of documents once clustered)."""
    told = moments.informative()
    n = int(told.times.sum())
    if n <= 1:
        return undefined(Reason.ONE_UNIT)
    clusters = n if how.by_cluster else None
    match how.method:
        case Method.JACKKNIFE:
            return symmetric(estimate, _jackknife_error(told, n), how, degrees=n - 1, clusters=clusters)
        case Method.INFINITESIMAL_JACKKNIFE:
            error = float(np.sqrt((told.times * told.influence() ** 2).sum() * n / (n - 1)))
            return symmetric(estimate, error, how, degrees=n - 1, clusters=clusters)
        case Method.PERCENTILE | Method.BCA | Method.EXPANDED_BCA:
            return of_draws(estimate, draw(told, how), Pull(told.influence(), told.times), how)
        case Method.ANALYTIC | Method.HAYES_KRIPPENDORFF:
            raise BadInput(f"This coefficient has no interval by the method “{how.method.value}”.")


def symmetric(estimate: float, error: float, how: Uncertainty, *, degrees: int | None, clusters: int | None) -> Interval:
    """Estimate +- quantile x standard error, by Student's t with ``degrees`` of freedom or by the normal (None)."""
    tail = (1 + how.level) / 2
    reach = (normal_quantile(tail) if degrees is None else t_quantile(tail, degrees)) * error

    def at_least(threshold: float) -> float:
        if error == 0:
            return float(estimate >= threshold)
        z = (estimate - threshold) / error
        return normal(z) if degrees is None else student(z, degrees)

    return Interval(
        low=estimate - reach,
        high=estimate + reach,
        level=how.level,
        method=f"{how.method.value}, {'z' if degrees is None else f't with {degrees} degrees of freedom'}",
        standard_error=error,
        at_least_667=at_least(TENTATIVE),
        at_least_800=at_least(RELIABLE),
        contains_estimate=True,
        clusters=clusters,
    )


def of_replicates(estimate: float, drawn: Floats, how: Uncertainty, *, clusters: int | None) -> Interval | Undefined:
    """Percentile interval of drawn values, those that are undefined left out and counted."""
    defined = np.sort(drawn[~np.isnan(drawn)])
    if not len(defined):
        return undefined(Reason.NO_VARIATION)
    tail = (1 - how.level) / 2
    low, high = (float(limit) for limit in np.quantile(defined, [tail, 1 - tail]))
    shares = tuple(float((defined >= threshold - TOUCHING).mean()) for threshold in (TENTATIVE, RELIABLE))
    return _drawn(estimate, drawn, how, limits=(low, high), shares=shares, clusters=clusters)


def _jackknife_error(told: Moments, n: int) -> float:
    each = told.without_one()
    defined = ~np.isnan(each)
    times, each = told.times[defined], each[defined]
    mean = (times * each).sum() / max(times.sum(), 1)
    return float(np.sqrt((times * (each - mean) ** 2).sum() * (n - 1) / n))


def draw(told: Moments, how: Uncertainty) -> Floats:
    """Draw the bootstrap replicates that ``how`` asks for."""
    if how.replicates is None or how.seed is None:
        raise BadInput("A bootstrap needs a number of replicates and a seed.")
    return bootstrap(told, replicates=how.replicates, seed=how.seed)


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """How hard each unit (or document) pulls at the estimate, and how many are alike: what BCa takes its skewness from."""

    influence: Floats
    times: NDArray[np.int64]


def of_draws(estimate: float, drawn: Floats, pull: Pull, how: Uncertainty) -> Interval | Undefined:
    """Make the bootstrap interval of drawn values by the method that ``how`` names."""
    if int(pull.times.sum()) <= 1:
        return undefined(Reason.ONE_UNIT)
    clusters = int(pull.times.sum()) if how.by_cluster else None
    if how.method is Method.PERCENTILE:
        return of_replicates(estimate, drawn, how, clusters=clusters)
    return _bca(estimate, drawn, pull, how, clusters)


def _bca(estimate: float, drawn: Floats, pull: Pull, how: Uncertainty, clusters: int | None) -> Interval | Undefined:
    """Correct the percentiles for bias and for a spread that changes with the value (Efron 1987)."""
    defined = np.sort(drawn[~np.isnan(drawn)])
    if not len(defined):
        return undefined(Reason.NO_VARIATION)
    half = 0.5 / len(defined)
    below = ((defined < estimate).mean() + (defined <= estimate).mean()) / 2
    bias = normal_quantile(min(max(float(below), half), 1 - half))
    spread = float((pull.times * pull.influence**2).sum())
    skew = float((pull.times * pull.influence**3).sum() / (6 * spread**1.5)) if spread > 0 else 0.0

    def share(z: float) -> float:
        moved = bias + z
        return normal(bias + moved / (1 - skew * moved))

    # A bootstrap is too narrow by the factor of sqrt(n/(n-1)) and by t against z: the expansion gives both back.
    n = int(pull.times.sum())
    expanded = how.method is Method.EXPANDED_BCA
    factor = float(np.sqrt(n / (n - 1)))

    def at_least(threshold: float) -> float:
        under = float((defined < threshold - TOUCHING).mean())
        w = normal_quantile(min(max(under, half), 1 - half)) - bias
        z = w / (1 + skew * w) - bias
        return 1 - (student(z / factor, n - 1) if expanded else normal(z))

    tail = (1 + how.level) / 2
    z = t_quantile(tail, n - 1) * factor if expanded else normal_quantile(tail)
    low, high = (float(limit) for limit in np.quantile(defined, [share(-z), share(z)]))
    shares = (at_least(TENTATIVE), at_least(RELIABLE))
    return _drawn(estimate, drawn, how, limits=(low, high), shares=shares, clusters=clusters)


def _drawn(
    estimate: float, drawn: Floats, how: Uncertainty, *, limits: tuple[float, float], shares: tuple[float, ...], clusters: int | None
) -> Interval:
    defined = drawn[~np.isnan(drawn)]
    low, high = limits
    return Interval(
        low=low,
        high=high,
        level=how.level,
        method=how.method.value,
        standard_error=float(defined.std(ddof=1)) if len(defined) > 1 else None,
        at_least_667=shares[0],
        at_least_800=shares[1],
        contains_estimate=low - TOUCHING <= estimate <= high + TOUCHING,
        seed=how.seed,
        replicates=len(drawn),
        undefined_replicates=len(drawn) - len(defined),
        clusters=clusters,
    )
