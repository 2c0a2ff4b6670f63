"""Two coders: Cohen's kappa and Scott's pi, unweighted and weighted; Light's kappa and pooled kappa on top of them."""

from collections.abc import Sequence

import numpy as np

from service.agreement.alpha import nothing_to_compare
from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.pairs import Confusion, confusion, confusions, only_pair, pair_basis
from service.agreement.ratings import Floats, Ratings, basis
from service.agreement.weights import Weights, weight_matrix
from service.errors import BadInput

ROUNDING = 1e-12
"""Shares are sums of quotients: a p_e that is one in numbers of units can miss 1.0 by a few ulps."""


def cohen_kappa(ratings: Ratings, *, weights: Weights | Floats) -> Estimate | Undefined:
    """Cohen's kappa of ratings with exactly two active coders, over the units both coded.

    Undefined: no_data, one_coder, no_pairable_units, chance_agreement_is_one.

    References
    ----------
    Cohen (1960, 1968); Fleiss, Cohen & Everitt (1969) for the standard error.
    """
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    pair = only_pair(ratings)
    return kappa_of(pair, weights=matrix_of(ratings, weights), resting_on=resting_on)


def scott_pi(ratings: Ratings, *, weights: Weights | Floats) -> Estimate | Undefined:
    """Scott's pi of ratings with exactly two active coders: chance from the pooled use of the codes.

    References
    ----------
    Scott (1955) Reliability of content analysis: the case of nominal scale coding.
    """
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    return pi_of(only_pair(ratings), weights=matrix_of(ratings, weights), resting_on=resting_on)


def light_kappa(ratings: Ratings, *, weights: Weights | Floats) -> Estimate | Undefined:
    """Mean of the kappas of all pairs of coders; pairs without a kappa are left out and counted in a note.

    References
    ----------
    Light (1971) Measures of response agreement for qualitative data.
    """
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    w = matrix_of(ratings, weights)
    kappas = [kappa_of(pair, weights=w, resting_on=resting_on) for pair in confusions(ratings)]
    return mean_kappa(kappas, resting_on)


def mean_kappa(kappas: Sequence[Estimate | Undefined], resting_on: Basis) -> Estimate | Undefined:
    """Average the kappas that are defined: Light's, once the pairs are there."""
    defined = [kappa for kappa in kappas if isinstance(kappa, Estimate)]
    if not defined:
        return undefined(Reason.CHANCE_AGREEMENT_IS_ONE, resting_on)
    left_out = len(kappas) - len(defined)
    return Estimate(
        coefficient="light_kappa",
        value=float(np.mean([kappa.value for kappa in defined])),
        basis=resting_on,
        observed=float(np.mean([kappa.observed for kappa in defined])),
        expected=float(np.mean([kappa.expected for kappa in defined if kappa.expected is not None])),
        notes=(f"{left_out} of {len(kappas)} pairs of coders have no kappa and are left out",) if left_out else (),
    )


def pooled_kappa(tables: Sequence[Confusion], resting_on: Basis) -> Estimate | Undefined:
    """Average p_o and p_e over codes before forming one kappa, so that rare codes do not break the mean.

    References
    ----------
    De Vries, Elliott, Kanouse & Teleki (2008) Using pooled kappa to summarize interrater agreement across many items.
    """
    shared = [_shares(table) for table in tables if table.total > 0]
    if not shared:
        return undefined(nothing_to_compare(resting_on) or Reason.NO_PAIRABLE_UNITS, resting_on)
    observed = float(np.mean([np.trace(share) for share in shared]))
    expected = float(np.mean([share.sum(axis=0) @ share.sum(axis=1) for share in shared]))
    return beyond_chance("pooled_kappa", observed, expected, resting_on)


def kappa_of(pair: Confusion, *, weights: Floats, resting_on: Basis) -> Estimate | Undefined:
    """Cohen's kappa of one confusion table."""
    if pair.total == 0:
        return undefined(Reason.NO_PAIRABLE_UNITS, resting_on)
    share = _shares(pair)
    expected = float(share.sum(axis=1) @ weights @ share.sum(axis=0))
    return beyond_chance("cohen_kappa", float((share * weights).sum()), expected, resting_on)


def pi_of(pair: Confusion, *, weights: Floats, resting_on: Basis) -> Estimate | Undefined:
    """Scott's pi of one confusion table."""
    if pair.total == 0:
        return undefined(Reason.NO_PAIRABLE_UNITS, resting_on)
    share = _shares(pair)
    pooled = (share.sum(axis=0) + share.sum(axis=1)) / 2
    return beyond_chance("scott_pi", float((share * weights).sum()), float(pooled @ weights @ pooled), resting_on)


def kappa_of_pair(ratings: Ratings, first: str, second: str, *, weights: Weights | Floats) -> Estimate | Undefined:
    """Cohen's kappa of two named coders out of many."""
    pair = confusion(ratings, first, second)
    return kappa_of(pair, weights=matrix_of(ratings, weights), resting_on=pair_basis(ratings, pair))


def kappa_max(pair: Confusion) -> float | None:
    """Give the largest kappa that the two coders' marginals allow; None when chance agreement is one."""
    share = _shares(pair)
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    expected = float(rows @ columns)
    return None if expected == 1 else float((np.minimum(rows, columns).sum() - expected) / (1 - expected))


def beyond_chance(name: str, observed: float, expected: float, resting_on: Basis) -> Estimate | Undefined:
    """Form (p_o - p_e)/(1 - p_e), undefined where chance alone agrees always."""
    if 1 - expected < ROUNDING:
        return undefined(Reason.CHANCE_AGREEMENT_IS_ONE, resting_on)
    value = (observed - expected) / (1 - expected)
    return Estimate(coefficient=name, value=value, basis=resting_on, observed=observed, expected=expected)


def matrix_of(ratings: Ratings, weights: Weights | Floats) -> Floats:
    """Take named weights, or the caller's own matrix if it is one: q x q in [0, 1], symmetric, 1 on the diagonal."""
    if isinstance(weights, Weights):
        return weight_matrix(ratings, weights)
    q = len(ratings.scale)
    if weights.shape != (q, q) or not ((weights >= 0) & (weights <= 1)).all():
        raise BadInput("A weight matrix has one number from 0 to 1 for every two codes of the scale.")
    if (weights != weights.T).any() or (weights.diagonal() != 1).any():
        raise BadInput("A weight matrix is symmetric, with ones on its diagonal.")
    return weights


def _shares(pair: Confusion) -> Floats:
    return pair.table / pair.total
