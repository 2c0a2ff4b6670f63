"""Simulated power of a design: how often it would end in each verdict, if the coders agreed this much."""

from dataclasses import dataclass

import numpy as np

from service.agreement.interval import Method, Uncertainty, interval
from service.agreement.metric import Metric
from service.agreement.moments import alpha_moments
from service.agreement.ratings import Ratings, ratings_from_matrix
from service.agreement.verdict import ENOUGH, Verdict, verdict_of
from service.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A yes/no code of ``prevalence`` coded by ``coders`` on ``units``, with true alpha ``agreement``."""

    coders: int
    units: int
    prevalence: float
    agreement: float
    simulations: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if self.coders < 2 or self.units < 2 or self.simulations < 1:  # noqa: PLR2004 - it takes two of each
            raise BadInput("A design has at least two coders, two excerpts and one simulation.")
        if not 0 < self.prevalence < 1 or not 0 <= self.agreement < 1:
            raise BadInput("Prevalence lies between 0 and 1, true agreement from 0 to under 1.")


@dataclass(frozen=True, slots=True)
class Power:
    """Share of simulated studies that end in each verdict, and the mean width of their 95 % intervals."""

    verdicts: dict[Verdict, float]
    mean_width: float | None


def simulated_power(design: Design) -> Power:
    """Simulate studies whose coders agree by the design's alpha and judge each as the per-code table would."""
    rng = np.random.default_rng(design.seed)
    how = Uncertainty(method=Method.INFINITESIMAL_JACKKNIFE, level=0.95, by_cluster=False)
    counted = dict.fromkeys(Verdict, 0)
    widths: list[float] = []
    for _ in range(design.simulations):
        verdict, width = _study(simulate(design, rng), how)
        counted[verdict] += 1
        widths += [] if width is None else [width]
    share = {verdict: n / design.simulations for verdict, n in counted.items()}
    return Power(share, float(np.mean(widths)) if widths else None)


def simulate(design: Design, rng: np.random.Generator) -> Ratings:
    """Draw codings whose expected alpha is the design's: a unit's chance of yes is beta distributed, coders draw from it."""
    p, k = design.prevalence, design.agreement
    together = np.full(design.units, p) if k == 0 else rng.beta(p * (1 - k) / k, (1 - p) * (1 - k) / k, design.units)
    return ratings_from_matrix(rng.random((design.coders, design.units)) < together, scale=("0", "1"))


def _study(ratings: Ratings, how: Uncertainty) -> tuple[Verdict, float | None]:
    totals = alpha_moments(ratings, metric=Metric.NOMINAL)
    value = float(totals.formula(totals.totals()))
    given = len(np.unique(ratings.unit[ratings.code == 1]))
    if np.isnan(value):
        return Verdict.UNDEFINED, None
    if given < ENOUGH:
        return Verdict.NOT_ENOUGH_DATA, None
    found = interval(value, totals, how)
    return verdict_of(found), getattr(found, "high", value) - getattr(found, "low", value)
