"""The catalogue: every coefficient over codings by name, with its point estimate, its moments and its analytic error."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from service.agreement.alpha import krippendorff_alpha
from service.agreement.chance import Chance, brennan_prediger, fleiss_kappa, gwet_ac
from service.agreement.conger import conger_kappa
from service.agreement.estimate import Estimate, Interval, Undefined
from service.agreement.interval import Method, Uncertainty, interval, symmetric
from service.agreement.kalpha import hayes_krippendorff
from service.agreement.kappa import cohen_kappa, light_kappa, matrix_of, scott_pi
from service.agreement.metric import Metric
from service.agreement.moments import (
    Moments,
    all_agree_moments,
    alpha_moments,
    chance_moments,
    conger_moments,
    pair_moments,
    pairwise_moments,
    percent_moments,
    value_weighted_moments,
)
from service.agreement.pairs import only_pair
from service.agreement.percent import (
    holsti_cr,
    percent_agreement,
    percent_all_agree,
    percent_pairwise,
    percent_value_weighted,
)
from service.agreement.ratings import Floats, Ratings, documents_of
from service.agreement.variance import alpha_error, chance_error, conger_error, kappa_error, percent_error, pi_error
from service.agreement.weights import Weights
from service.errors import BadInput


class Coefficient(StrEnum):
    """Coefficients over one code (or ordered value) per coder and unit."""

    PERCENT = "percent_agreement"
    PERCENT_VALUE_WEIGHTED = "percent_value_weighted"
    PERCENT_PAIRWISE = "percent_pairwise"
    PERCENT_ALL_AGREE = "percent_all_agree"
    HOLSTI = "holsti_cr"
    SCOTT = "scott_pi"
    COHEN = "cohen_kappa"
    LIGHT = "light_kappa"
    CONGER = "conger_kappa"
    FLEISS = "fleiss_kappa"
    BRENNAN_PREDIGER = "brennan_prediger"
    GWET = "gwet_ac"
    ALPHA = "krippendorff_alpha"


TITLES = {
    Coefficient.PERCENT: "Percent agreement",
    Coefficient.PERCENT_VALUE_WEIGHTED: "Value-weighted percent agreement",
    Coefficient.PERCENT_PAIRWISE: "Pairwise percent agreement",
    Coefficient.PERCENT_ALL_AGREE: "All agree",
    Coefficient.HOLSTI: "Holsti's CR",
    Coefficient.SCOTT: "Scott's pi",
    Coefficient.COHEN: "Cohen's kappa",
    Coefficient.LIGHT: "Light's kappa",
    Coefficient.CONGER: "Conger's kappa",
    Coefficient.FLEISS: "Fleiss' kappa",
    Coefficient.BRENNAN_PREDIGER: "Brennan–Prediger",
    Coefficient.GWET: "Gwet's AC1 and AC2",
    Coefficient.ALPHA: "Krippendorff's alpha",
}
TWO_CODERS = frozenset({Coefficient.SCOTT, Coefficient.COHEN})
PERCENTS: dict[Coefficient, tuple[Callable[[Ratings], Estimate | Undefined], Callable[[Ratings], Moments]]] = {
    Coefficient.PERCENT: (percent_agreement, percent_moments),
    Coefficient.PERCENT_VALUE_WEIGHTED: (percent_value_weighted, value_weighted_moments),
    Coefficient.PERCENT_PAIRWISE: (percent_pairwise, partial(pairwise_moments, holsti=False)),
    Coefficient.PERCENT_ALL_AGREE: (percent_all_agree, all_agree_moments),
    Coefficient.HOLSTI: (holsti_cr, partial(pairwise_moments, holsti=True)),
}
KAPPAS = {
    Coefficient.SCOTT: scott_pi,
    Coefficient.COHEN: cohen_kappa,
    Coefficient.LIGHT: light_kappa,
    Coefficient.CONGER: conger_kappa,
    Coefficient.FLEISS: fleiss_kappa,
    Coefficient.BRENNAN_PREDIGER: brennan_prediger,
    Coefficient.GWET: gwet_ac,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A coefficient and what it needs: alpha a metric, the kappas and AC weights, the percents neither."""

    coefficient: Coefficient
    metric: Metric | None = None
    weights: Weights | None = None

    def __post_init__(self) -> None:
        """Refuse a coefficient without the choice of method that it cannot do without."""
        if self.coefficient is Coefficient.ALPHA and self.metric is None:
            raise BadInput("Krippendorff's alpha needs a metric: nominal, ordinal, interval, ratio or circular.")
        if self.coefficient in KAPPAS and self.weights is None:
            raise BadInput(f"{self.coefficient.value} needs weights: identity, linear, quadratic …")


def estimate(ratings: Ratings, choice: Choice) -> Estimate | Undefined:
    """Compute the point estimate."""
    if choice.metric is not None and choice.coefficient is Coefficient.ALPHA:
        return krippendorff_alpha(ratings, metric=choice.metric)
    if choice.weights is not None and choice.coefficient in KAPPAS:
        return KAPPAS[choice.coefficient](ratings, weights=choice.weights)
    return PERCENTS[choice.coefficient][0](ratings)


def moments(ratings: Ratings, choice: Choice) -> Moments:
    """Give the totals over units of which the coefficient is a function."""
    if choice.metric is not None and choice.coefficient is Coefficient.ALPHA:
        return alpha_moments(ratings, metric=choice.metric)
    if choice.weights is None or choice.coefficient not in KAPPAS:
        return PERCENTS[choice.coefficient][1](ratings)
    w = matrix_of(ratings, choice.weights)
    if choice.coefficient is Coefficient.CONGER:
        return conger_moments(ratings, weights=w)
    if choice.coefficient in {Coefficient.COHEN, Coefficient.LIGHT, Coefficient.SCOTT}:
        return pair_moments(ratings, weights=w, pooled=choice.coefficient is Coefficient.SCOTT)
    return chance_moments(ratings, chance=Chance(choice.coefficient.value), weights=w)


def with_interval(ratings: Ratings, choice: Choice, how: Uncertainty) -> Estimate | Undefined:
    """Compute the coefficient with its interval; clusters must be in the ratings when ``how`` resamples them."""
    found = estimate(ratings, choice)
    if isinstance(found, Undefined):
        return found
    return replace(found, interval=_interval(ratings, choice, how, found))


def _interval(ratings: Ratings, choice: Choice, how: Uncertainty, found: Estimate) -> Interval | Undefined:
    if how.method is Method.HAYES_KRIPPENDORFF and choice.coefficient is Coefficient.ALPHA and choice.metric is not None:
        return hayes_krippendorff(ratings, metric=choice.metric, how=how)
    if how.method is Method.ANALYTIC:
        return _analytic(ratings, choice, how, found)
    totals = moments(ratings, choice)
    if how.by_cluster:
        totals = totals.clustered(documents_of(ratings))
    return interval(found.value, totals, how)


def _analytic(ratings: Ratings, choice: Choice, how: Uncertainty, found: Estimate) -> Interval | Undefined:
    if how.by_cluster:
        raise BadInput("The analytic variances take units as independent: choose a bootstrap or jackknife for documents.")
    error, degrees = _error(ratings, choice, found)
    return error if isinstance(error, Undefined) else symmetric(found.value, error, how, degrees=degrees, clusters=None)


def _error(ratings: Ratings, choice: Choice, found: Estimate) -> tuple[float | Undefined, int | None]:
    """Give the published standard error and its degrees of freedom (None: a normal interval)."""
    rated = int((ratings.per_unit() > 0).sum()) - 1
    if choice.metric is not None and choice.coefficient is Coefficient.ALPHA:
        return alpha_error(ratings, metric=choice.metric), found.basis.pairable_units - 1
    if choice.coefficient is Coefficient.PERCENT:
        return percent_error(ratings), rated
    if choice.weights is None or choice.coefficient not in KAPPAS or choice.coefficient is Coefficient.LIGHT:
        raise BadInput(f"The literature has no analytic variance of {choice.coefficient.value}: choose a bootstrap or jackknife.")
    return _kappa_error(ratings, choice.coefficient, matrix_of(ratings, choice.weights), rated)


def _kappa_error(ratings: Ratings, coefficient: Coefficient, w: Floats, rated: int) -> tuple[float | Undefined, int | None]:
    if coefficient is Coefficient.CONGER:
        return conger_error(ratings, weights=w), rated
    if coefficient in TWO_CODERS:
        pair = only_pair(ratings)
        return (kappa_error if coefficient is Coefficient.COHEN else pi_error)(pair, weights=w), None
    return chance_error(ratings, chance=Chance(coefficient.value), weights=w), rated
