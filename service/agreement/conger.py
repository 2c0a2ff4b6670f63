"""Conger's kappa: many coders, each with an own use of the codes."""

import numpy as np

from service.agreement.alpha import nothing_to_compare
from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.kappa import ROUNDING, beyond_chance, matrix_of
from service.agreement.ratings import Floats, Ratings, basis
from service.agreement.tally import Tally, tally, weighted_agreement
from service.agreement.weights import Weights


def conger_kappa(ratings: Ratings, *, weights: Weights | Floats) -> Estimate | Undefined:
    """Conger's kappa (Hubert's, exact Fleiss); Cohen's for two coders without gaps.

    Coders who coded nothing are left out of the marginals. Undefined: no_data, one_coder, no_pairable_units, no_variation.

    References
    ----------
    Conger (1980) Integration and generalization of kappas for multiple raters; Gwet (2014) ch. 2 for gaps.
    """
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    w = matrix_of(ratings, weights)
    return conger_of(ratings, tally(ratings, identities_only=bool((w == np.eye(len(w))).all())), w, resting_on)


def conger_of(ratings: Ratings, counts: Tally, w: Floats, resting_on: Basis) -> Estimate | Undefined:
    """Form Conger's kappa from counts that are already there."""
    expected = float(chance_of_coders(coder_marginals(ratings), w))
    if 1 - expected < ROUNDING:
        return undefined(Reason.NO_VARIATION, resting_on)
    return beyond_chance("conger_kappa", weighted_agreement(counts, w), expected, resting_on)


def coder_marginals(ratings: Ratings) -> Floats:
    """Count each active coder's use of each code, by weight; shape (coders, q)."""
    q = len(ratings.scale)
    weights = None if ratings.weights is None else ratings.weights[ratings.unit]
    used = np.bincount(ratings.coder * np.int64(q) + ratings.code, weights, minlength=len(ratings.coders) * q)
    table = used.astype(np.float64).reshape(-1, q)
    return table[table.sum(axis=1) > 0]


def chance_of_coders(used: Floats, w: Floats) -> Floats:
    """Compute p_e from counts of shape (..., coders, q): the mean over pairs of different coders of their chance agreement."""
    m = used.shape[-2]
    share = used / used.sum(axis=-1, keepdims=True)
    total = share.sum(axis=-2)
    all_pairs = np.einsum("...k,kl,...l->...", total, w, total)
    own = np.einsum("...gk,kl,...gl->...", share, w, share)
    return (all_pairs - own) / (m * (m - 1))
