"""Many coders, gaps, one observed agreement and three ideas of chance: Fleiss, Brennan-Prediger and Gwet."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from service.agreement.alpha import nothing_to_compare
from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.kappa import ROUNDING, beyond_chance, matrix_of
from service.agreement.ratings import Floats, Ratings, basis
from service.agreement.tally import Tally, tally, weighted_agreement
from service.agreement.weights import Weights


class Chance(StrEnum):
    """Whose idea of the agreement that chance alone would bring."""

    FLEISS = "fleiss_kappa"
    BRENNAN_PREDIGER = "brennan_prediger"
    GWET = "gwet_ac"


def fleiss_kappa(ratings: Ratings, *, weights: Weights | Floats) -> Estimate | Undefined:
    """Fleiss' kappa, generalised to gaps: chance is the mean use of each code over all rated units, single-rated ones too.

    Undefined: no_data, one_coder, no_pairable_units, no_variation.

    References
    ----------
    Fleiss (1971) Measuring nominal scale agreement among many raters; Gwet (2014) ch. 2 for gaps.
    """
    return _coefficient(ratings, Chance.FLEISS, weights)


def brennan_prediger(ratings: Ratings, *, weights: Weights | Floats) -> Estimate | Undefined:
    """Brennan-Prediger (Randolph's free kappa, Bennett's S; PABAK for two codes and two coders): chance is 1/q, q declared.

    References
    ----------
    Brennan & Prediger (1981) Coefficient kappa: some uses, misuses, and alternatives.
    """
    return _coefficient(ratings, Chance.BRENNAN_PREDIGER, weights)


def gwet_ac(ratings: Ratings, *, weights: Weights | Floats) -> Estimate | Undefined:
    """Gwet's AC1 (identity weights) or AC2 (others); undefined with a single declared code.

    References
    ----------
    Gwet (2008) Computing inter-rater reliability and its variance in the presence of high agreement; Gwet (2014) ch. 2-3.
    """
    return _coefficient(ratings, Chance.GWET, weights)


def fleiss_per_code(ratings: Ratings) -> dict[str, Estimate | Undefined]:
    """Fleiss' kappa of each code against all others (his per-category kappa when nothing is missing)."""
    q = len(ratings.scale)
    each = {code: ratings.recode(np.arange(q) == at, ("0", "1")) for at, code in enumerate(ratings.scale)}
    return {code: fleiss_kappa(binary, weights=Weights.IDENTITY) for code, binary in each.items()}


@dataclass(frozen=True, slots=True)
class NullTest:
    """Fleiss' kappa under the hypothesis that all agreement is chance."""

    standard_error: float
    z: float


def fleiss_null(ratings: Ratings) -> NullTest | Undefined:
    """Give the standard error under the null and z, for complete data.

    References
    ----------
    Fleiss, Nee & Landis (1979) Large sample variance of kappa in the case of different sets of raters.
    """
    kappa = fleiss_kappa(ratings, weights=Weights.IDENTITY)
    if isinstance(kappa, Undefined):
        return kappa
    per_unit = ratings.per_unit()
    n, m = len(per_unit), int(per_unit[0])
    if (per_unit != m).any():
        return undefined(Reason.NOT_ENOUGH_DATA, kappa.basis)
    p = np.bincount(ratings.code, minlength=len(ratings.scale)) / (n * m)
    both = float((p * (1 - p)).sum())
    spread = both**2 - float((p * (1 - p) * (1 - 2 * p)).sum())
    error = float(np.sqrt(2 / (n * m * (m - 1)) * spread)) / both
    return NullTest(standard_error=error, z=kappa.value / error)


def expected_agreement(chance: Chance, shares: Floats, w: Floats) -> Floats:
    """Compute p_e from the mean shares of the codes, shape (..., q); unweighted p_e is the case of identity weights."""
    q = w.shape[0]
    match chance:
        case Chance.FLEISS:
            return np.einsum("...k,kl,...l->...", shares, w, shares)
        case Chance.BRENNAN_PREDIGER:
            return np.full(shares.shape[:-1], w.sum() / q**2)
        case Chance.GWET:
            return w.sum() / (q * (q - 1)) * (shares * (1 - shares)).sum(axis=-1)


def _coefficient(ratings: Ratings, chance: Chance, weights: Weights | Floats) -> Estimate | Undefined:
    resting_on = basis(ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    w = matrix_of(ratings, weights)
    counts = tally(ratings, identities_only=bool((w == np.eye(len(w))).all()))
    return chance_corrected(counts, chance, w, resting_on)


def chance_corrected(counts: Tally, chance: Chance, w: Floats, resting_on: Basis) -> Estimate | Undefined:
    """Form the coefficient from counts that are already there; with one declared code it is undefined."""
    if w.shape == (1, 1):
        return undefined(Reason.NO_VARIATION, resting_on)
    expected = float(expected_agreement(chance, counts.shares / counts.rated, w))
    # With many coders a chance of one means that a single code was used, which is the reason people understand.
    if 1 - expected < ROUNDING:
        return undefined(Reason.NO_VARIATION, resting_on)
    return beyond_chance(chance.value, weighted_agreement(counts, w), expected, resting_on)
