"""Analytic standard errors: each the published one where there is one, in the corrected form where the printed one is wrong.

Every function returns the standard error of the coefficient of the same name, or Undefined(one_unit): the spread of one unit is
not known. Units are the sample, taken from a population so large that the sampling fraction is nil.
"""

from dataclasses import dataclass

import numpy as np

from service.agreement.chance import Chance, expected_agreement
from service.agreement.conger import chance_of_coders
from service.agreement.estimate import Reason, Undefined, undefined
from service.agreement.metric import Metric, distances
from service.agreement.pairs import Confusion
from service.agreement.patterns import Patterns, code_patterns, coder_patterns
from service.agreement.ratings import PAIR, Floats, Ratings


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Rated patterns: their sizes, their weight in all their units, and p_u scaled by (rated units)/(pairable units)."""

    sizes: Floats
    weight: Floats
    agreed: Floats
    pairable: Floats


def percent_error(ratings: Ratings) -> float | Undefined:
    """Give the standard error of percent agreement (Gwet 2014)."""
    found = code_patterns(ratings)
    seen = _rated(found, np.eye(len(ratings.scale)))
    return _spread(found, seen.agreed, of=int(found.times[seen.sizes >= 1].sum()))


def chance_error(ratings: Ratings, *, chance: Chance, weights: Floats) -> float | Undefined:
    """Linearised standard error of Fleiss' kappa, Brennan-Prediger and AC1/AC2 (Gwet 2008, 2014)."""
    found = code_patterns(ratings)
    seen = _rated(found, weights)
    shares = found.counts / np.where(seen.sizes == 0, 1, seen.sizes)[:, None]
    mean = (seen.weight[:, None] * shares).sum(axis=0) / seen.weight.sum()
    p_e = float(expected_agreement(chance, mean, weights))
    match chance:
        case Chance.FLEISS:
            each = shares @ ((weights + weights.T) / 2) @ mean
        case Chance.BRENNAN_PREDIGER:
            each = np.full(len(shares), p_e)
        case Chance.GWET:
            q = len(weights)
            each = weights.sum() / (q * (q - 1)) * (shares @ (1 - mean))
    return _linearised(found, seen, p_e=p_e, each=each)


def conger_error(ratings: Ratings, *, weights: Floats) -> float | Undefined:
    """Linearised standard error of Conger's kappa, the coders' marginals included (Gwet 2014)."""
    coders, q = len(ratings.coders), len(ratings.scale)
    found = coder_patterns(ratings)
    given = found.counts.reshape(-1, coders, q)
    active = given.sum(axis=(0, 2)) > 0
    given = given[:, active]
    seen = _rated(Patterns(given.sum(axis=1), found.times, found.weight, found.of_unit), weights)
    used = np.einsum("p,pgk->gk", seen.weight, given)
    made = used.sum(axis=1)
    share = used / made[:, None]
    m, n = len(share), seen.weight.sum()
    others = (share.sum(axis=0) - share) @ ((weights + weights.T) / 2)
    own = (others * share).sum(axis=1)
    coded = given.sum(axis=2)
    each = (np.einsum("pgk,gk->pg", given, others) - (coded - made / n) * own) * (n / made)
    p_e = float(chance_of_coders(used, weights))
    return _linearised(found, seen, p_e=p_e, each=each.sum(axis=1) / (m * (m - 1)))


def alpha_error(ratings: Ratings, *, metric: Metric, distance: Floats | None = None) -> float | Undefined:
    """Linearised standard error of Krippendorff's alpha: the infinitesimal jackknife over pairable units (irrCAC 1.4).

    Earlier irrCAC versions put the epsilon-corrected p_a in the first term, and its dist functions lose a factor of two.
    """
    found = code_patterns(ratings)
    sizes = found.sizes()
    pairable = sizes >= PAIR
    counts, sizes, times = found.counts[pairable], sizes[pairable], found.times[pairable]
    weight = found.weight[pairable] * times
    mean_size = float((weight * sizes).sum() / weight.sum())
    used = weight @ counts
    delta = distances(ratings, metric, used) if distance is None else distance
    similar = 1 - delta / delta.max()
    # Krippendorff's metrics need no common scale: alpha is the same for any multiple of them.
    share = used / used.sum()
    agreed = (counts * (counts @ similar - np.diag(similar))).sum(axis=1) / (mean_size * (sizes - 1))
    mean_agreed = float((weight * agreed).sum() / weight.sum())
    p_e = float(share @ similar @ share)
    longer = (sizes - mean_size) / mean_size
    a_u = agreed - mean_agreed * longer
    e_u = counts @ (similar @ share) / mean_size - p_e * longer
    alpha = (mean_agreed - p_e) / (1 - p_e)
    each = (a_u - p_e) / (1 - p_e) - 2 * (1 - alpha) * (e_u - p_e) / (1 - p_e)
    n = int(times.sum())
    if n == 1:
        return undefined(Reason.ONE_UNIT)
    return float(np.sqrt((times * (found.weight[pairable] * (each - alpha)) ** 2).sum() / (n * (n - 1))))


def kappa_error(pair: Confusion, *, weights: Floats) -> float | Undefined:
    """Give the standard error of Cohen's kappa, unweighted or weighted (Fleiss, Cohen & Everitt 1969)."""
    if pair.units == 1:
        return undefined(Reason.ONE_UNIT)
    p = pair.table / pair.total
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    p_e = float(rows @ weights @ columns)
    kappa = (float((p * weights).sum()) - p_e) / (1 - p_e)
    mean = np.add.outer(weights @ columns, rows @ weights)
    inside = float((p * (weights - mean * (1 - kappa)) ** 2).sum()) - (kappa - p_e * (1 - kappa)) ** 2
    return float(np.sqrt(max(inside, 0.0) / pair.units)) / (1 - p_e)


def pi_error(pair: Confusion, *, weights: Floats) -> float | Undefined:
    """Linearised standard error of Scott's pi, with N-1 where Gwet's table functions divide by N."""
    if pair.units == 1:
        return undefined(Reason.ONE_UNIT)
    p = pair.table / pair.total
    pooled = (p.sum(axis=1) + p.sum(axis=0)) / 2
    p_e = float(pooled @ weights @ pooled)
    pi = (float((p * weights).sum()) - p_e) / (1 - p_e)
    toward = weights @ pooled
    each = (weights - p_e) / (1 - p_e) - 2 * (1 - pi) * (np.add.outer(toward, toward) / 2 - p_e) / (1 - p_e)
    return float(np.sqrt((p * (each - pi) ** 2).sum() / (pair.units - 1)))


def _rated(found: Patterns, w: Floats) -> Seen:
    sizes = found.sizes()
    weight = np.where(sizes >= 1, found.weight * found.times, 0.0)
    pairs = (found.counts * (found.counts @ w.T - np.diag(w))).sum(axis=1)
    alike = pairs / np.where(sizes >= PAIR, sizes * (sizes - 1), 1)
    scale = weight.sum() / weight[sizes >= PAIR].sum()
    pairable = np.where(sizes >= PAIR, scale, 0.0)
    return Seen(sizes, weight, alike * pairable, pairable)


def _linearised(found: Patterns, seen: Seen, *, p_e: float, each: Floats) -> float | Undefined:
    """Spread of one unit's contribution: its agreement beyond chance, less what it adds to chance."""
    beyond = (seen.agreed - p_e * seen.pairable) / (1 - p_e)
    value = float((seen.weight * beyond).sum() / seen.weight.sum())
    contribution = beyond - 2 * (1 - value) * (each - p_e) / (1 - p_e)
    return _spread(found, contribution, of=int(found.times[seen.sizes >= 1].sum()))


def _spread(found: Patterns, contribution: Floats, *, of: int) -> float | Undefined:
    if of == 1:
        return undefined(Reason.ONE_UNIT)
    rated = found.sizes() >= 1
    weight, times, value = found.weight[rated], found.times[rated], contribution[rated]
    mean = float((weight * times * value).sum() / (weight * times).sum())
    return float(np.sqrt((times * (weight * (value - mean)) ** 2).sum() / (of * (of - 1))))
