"""Percent agreement in its four published definitions, and Holsti's coefficient of reliability."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from service.agreement.alpha import nothing_to_compare
from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.pairs import Confusion, confusions
from service.agreement.ratings import Floats, Ratings, basis
from service.agreement.tally import Tally, tally


def percent_agreement(ratings: Ratings) -> Estimate | Undefined:
    """Mean over pairable units of the share of agreeing pairs of coders (Gwet's p_a).

    References
    ----------
    Gwet (2014) Handbook of inter-rater reliability, 4th ed., ch. 2.
    """
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    return percent_of(tally(ratings, identities_only=True), resting_on)


def percent_of(counts: Tally, resting_on: Basis) -> Estimate:
    """Form percent agreement from counts that are already there."""
    return _percent("percent_agreement", _agreeing(counts.agreements) / counts.pairable, resting_on)


def percent_value_weighted(ratings: Ratings) -> Estimate | Undefined:
    """Percent agreement with each unit weighing as many values as it has: 1 - D_o of nominal alpha.

    References
    ----------
    Krippendorff (2011) Computing Krippendorff's alpha-reliability.
    """
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    return value_weighted_of(tally(ratings, identities_only=True), resting_on)


def value_weighted_of(counts: Tally, resting_on: Basis) -> Estimate:
    """Form value-weighted percent agreement from counts that are already there."""
    return _percent("percent_value_weighted", _agreeing(counts.coincidences) / float(counts.marginals.sum()), resting_on)


def percent_all_agree(ratings: Ratings) -> Estimate | Undefined:
    """Share of pairable units on which all who coded the unit agree."""
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    return all_agree_of(tally(ratings, identities_only=True), resting_on)


def all_agree_of(counts: Tally, resting_on: Basis) -> Estimate:
    """Form the share of unanimous units from counts that are already there."""
    return _percent("percent_all_agree", counts.unanimous / counts.pairable, resting_on)


def percent_pairwise(ratings: Ratings) -> Estimate | Undefined:
    """Unweighted mean, over pairs of coders who share units, of the share of units on which the two agree."""
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    return pairwise_of(list(confusions(ratings)), resting_on)


def pairwise_of(pairs: Sequence[Confusion], resting_on: Basis) -> Estimate:
    """Form pairwise percent agreement from tables that are already there."""
    return _percent("percent_pairwise", float(np.mean([_share(pair) for pair in pairs if pair.total > 0])), resting_on)


def holsti_cr(ratings: Ratings) -> Estimate | Undefined:
    """Holsti's CR, 2M/(N1+N2); for more than two coders the mean over pairs.

    Every coding decision counts, also of units that the other coder left out, so with gaps it is below pairwise percent.

    References
    ----------
    Holsti (1969) Content analysis for the social sciences and humanities.
    """
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    return holsti_of(ratings, list(confusions(ratings)), resting_on)


def holsti_of(ratings: Ratings, pairs: Sequence[Confusion], resting_on: Basis) -> Estimate:
    """Form Holsti's CR from tables that are already there."""
    weights = None if ratings.weights is None else ratings.weights[ratings.unit]
    made = np.bincount(ratings.coder, weights, minlength=len(ratings.coders)).astype(np.float64)
    agreed = {pair.coders: float(np.trace(pair.table)) for pair in pairs}
    active = [i for i in range(len(ratings.coders)) if made[i]]
    shares = [2 * agreed.get((i, j), 0.0) / (made[i] + made[j]) for i, j in combinations(active, 2)]
    return _percent("holsti_cr", float(np.mean(shares)), resting_on)


def pair_percent(pair: Confusion, resting_on: Basis) -> Estimate | Undefined:
    """Percent agreement of two coders on the units both coded."""
    if pair.total == 0:
        return undefined(Reason.NO_PAIRABLE_UNITS, resting_on)
    return _percent("percent_agreement", _share(pair), resting_on)


def _agreeing(pairs: Floats) -> float:
    """Add up agreeing pairs, of a matrix or of its diagonal."""
    return float(pairs.sum() if pairs.ndim == 1 else np.trace(pairs))


def _share(pair: Confusion) -> float:
    return float(np.trace(pair.table)) / pair.total


def _percent(name: str, value: float, resting_on: Basis) -> Estimate:
    value = min(value, 1.0)  # sums of weights round
    return Estimate(coefficient=name, value=value, basis=resting_on, observed=value)
