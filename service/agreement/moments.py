"""Each coefficient as a function of totals over units: what resampling, jackknife and influence all work on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.agreement.chance import Chance, expected_agreement
from service.agreement.conger import chance_of_coders
from service.agreement.kappa import ROUNDING
from service.agreement.metric import Metric, distances
from service.agreement.patterns import Indices, Patterns, code_patterns, coder_patterns
from service.agreement.ratings import PAIR, Floats, Ratings
from service.errors import BadInput

CELLS = 200_000_000
"""Most numbers that one table of totals by pattern may have: 1.6 GB."""
MANY_CLUSTERS = 2_000
"""From so many documents on, those that add the same are drawn together, as units are; fewer are drawn one by one."""
CROWD = "An interval of a mean over pairs of coders needs fewer coders: take alpha, Fleiss' kappa or Gwet's AC."

Formula = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What one unit of each pattern adds to the totals, and the coefficient of any totals.

    Attributes
    ----------
    rows
        Shape (patterns, d), the unit's weight multiplied in.
    times, of_unit
        How many units show each pattern, and which pattern each unit shows.
    formula
        Totals of shape (..., d) to values of shape (...), or of several coefficients at once (..., k). NaN, inside this room only,
        where the coefficient is undefined. Takes complex totals too, for exact derivatives.
    """

    rows: Floats
    times: NDArray[np.int64]
    of_unit: Indices
    formula: Formula

    def totals(self) -> Floats:
        """Sum over units."""
        return self.times @ self.rows

    def informative(self) -> "Moments":
        """Leave out units that add nothing to any total, such as those one coder coded: they tell nothing of the spread either."""
        tells = self.rows.any(axis=1)
        return replace(self, rows=self.rows[tells], times=self.times[tells])

    def influence(self) -> Floats:
        """Give the derivative of the coefficient to the weight of one unit of each pattern, exact to rounding (complex step)."""
        totals = self.totals()
        step = 1e-200 * np.maximum(np.abs(totals), 1)
        moved: Any = totals + 1j * np.diag(step)  # the one place where totals are complex
        gradient = (self.formula(moved).imag.T / step).T
        return self.rows @ gradient - totals @ gradient / self.times.sum()

    def without_one(self) -> Floats:
        """Give the coefficient without one unit of each pattern."""
        return self.formula(self.totals() - self.rows)

    def clustered(self, cluster: NDArray[np.int32]) -> "Moments":
        """Add up the units of each document: the documents become what is resampled."""
        n = int(cluster.max(initial=-1)) + 1
        key = cluster * np.int64(len(self.rows)) + self.of_unit
        cell, times = np.unique(key, return_counts=True)
        rows = np.zeros((n, self.rows.shape[1]))
        np.add.at(rows, cell // len(self.rows), times[:, None] * self.rows[cell % len(self.rows)])
        rows = rows[np.lexsort(rows.T)]
        if n < MANY_CLUSTERS:
            return Moments(rows, np.ones(n, np.int64), np.arange(n), self.formula)
        first = np.flatnonzero(np.concatenate(([True], (rows[1:] != rows[:-1]).any(axis=1))))
        times = np.diff(np.append(first, n))
        return Moments(rows[first], times, np.repeat(np.arange(len(first)), times), self.formula)


def alpha_moments(ratings: Ratings, *, metric: Metric, distance: Floats | None = None) -> Moments:
    """Totals of Krippendorff's alpha: disagreement within units and the marginals; for ordinal codes every coincidence."""
    found = code_patterns(ratings)
    sizes = found.sizes()
    pairable = np.where(sizes >= PAIR, found.weight, 0.0)[:, None]
    within = found.counts / np.where(sizes >= PAIR, sizes - 1, 1)[:, None]
    marginals = found.counts * pairable
    if metric is Metric.ORDINAL and distance is None:
        return _ordinal_moments(ratings, found, within * pairable, marginals)
    delta = distances(ratings, metric, marginals.sum(axis=0)) if distance is None else distance
    apart = (within * (found.counts @ delta)).sum(axis=1)[:, None] * pairable

    def formula(totals: Floats) -> Floats:
        n_c = totals[..., 1:]
        return _alpha(totals[..., 0], np.einsum("...k,kl,...l->...", n_c, delta, n_c), n_c)

    return _of(found, np.hstack([apart, marginals]), formula if metric is not Metric.NOMINAL or distance is not None else _nominal)


def _nominal(totals: Floats) -> Floats:
    n_c = totals[..., 1:]
    n = n_c.sum(axis=-1)
    return _alpha(totals[..., 0], n * n - (n_c * n_c).sum(axis=-1), n_c)


def _ordinal_moments(ratings: Ratings, found: Patterns, within: Floats, marginals: Floats) -> Moments:
    q = len(ratings.scale)
    _refuse_big(q * (q - 1) // 2 * len(found.times), "An ordinal interval needs fewer codes: take the analytic one.")
    low, high = np.triu_indices(q, 1)
    together = 2 * within[:, low] * found.counts[:, high]

    def formula(totals: Floats) -> Floats:
        n_c = totals[..., len(low) :]
        middle = np.cumsum(n_c, axis=-1) - n_c / 2
        apart = (totals[..., : len(low)] * (middle[..., low] - middle[..., high]) ** 2).sum(axis=-1)
        expected = 2 * (n_c[..., low] * n_c[..., high] * (middle[..., low] - middle[..., high]) ** 2).sum(axis=-1)
        return _alpha(apart, expected, n_c)

    return _of(found, np.hstack([together, marginals]), formula)


def _alpha(observed: Floats, expected: Floats, n_c: Floats) -> Floats:
    """Give 1 - D_o/D_e from sums that are not yet divided: by n, and by n(n-1)."""
    n = n_c.sum(axis=-1)
    # n <= 1 is possible with weights only, and means nothing.
    varied = (expected.real > ROUNDING * (n * n).real) & (n.real > 1)
    return np.where(varied, 1 - (n - 1) * observed / np.where(varied, expected, 1), np.nan)


def percent_moments(ratings: Ratings) -> Moments:
    """Totals of percent agreement."""
    found = code_patterns(ratings)
    agreed, pairable = _agreed(found, np.eye(len(ratings.scale)))
    return _of(found, np.column_stack([agreed, pairable]), _quotient)


def value_weighted_moments(ratings: Ratings) -> Moments:
    """Totals of value-weighted percent agreement."""
    found = code_patterns(ratings)
    agreed, pairable = _agreed(found, np.eye(len(ratings.scale)))
    return _of(found, np.column_stack([agreed, pairable]) * found.sizes()[:, None], _quotient)


def all_agree_moments(ratings: Ratings) -> Moments:
    """Totals of the share of units on which all agree."""
    found = code_patterns(ratings)
    pairable = np.where(found.sizes() >= PAIR, found.weight, 0.0)
    agreed = np.where(found.counts.max(axis=1, initial=0) == found.sizes(), pairable, 0.0)
    return _of(found, np.column_stack([agreed, pairable]), _quotient)


def chance_moments(ratings: Ratings, *, chance: Chance, weights: Floats) -> Moments:
    """Totals of Fleiss' kappa, Brennan-Prediger or Gwet's AC."""
    found = code_patterns(ratings)
    sizes = found.sizes()
    agreed, pairable = _agreed(found, weights)
    shares = found.counts / np.where(sizes == 0, 1, sizes)[:, None] * found.weight[:, None]

    def formula(totals: Floats) -> Floats:
        used = totals[..., 2:]
        rated = used.sum(axis=-1, keepdims=True)
        p_e = expected_agreement(chance, used / np.where(rated.real == 0, 1, rated), weights)
        return _beyond(_quotient(totals), p_e)

    return _of(found, np.column_stack([agreed, pairable, shares]), formula)


def conger_moments(ratings: Ratings, *, weights: Floats) -> Moments:
    """Totals of Conger's kappa: each coder's own use of the codes beside the observed agreement."""
    found = coder_patterns(ratings)
    m, q = len(ratings.coders), len(ratings.scale)
    by_code = Patterns(found.counts.reshape(-1, m, q).sum(axis=1), found.times, found.weight, found.of_unit)
    agreed, pairable = _agreed(by_code, weights)
    active = np.bincount(ratings.coder, minlength=m) > 0

    def formula(totals: Floats) -> Floats:
        used = totals[..., 2:].reshape(*totals.shape[:-1], m, q)[..., active, :]
        # A replicate in which a coder coded nothing has no marginals for that coder.
        whole = (used.sum(axis=-1).real > 0).all(axis=-1)
        p_e = chance_of_coders(np.where(whole[..., None, None], used, 1), weights)
        return np.where(whole, _beyond(_quotient(totals), p_e), np.nan)

    return _of(found, np.column_stack([agreed, pairable, found.counts * found.weight[:, None]]), formula)


def pair_moments(ratings: Ratings, *, weights: Floats, pooled: bool) -> Moments:
    """Totals of the mean kappa over all pairs of coders: Cohen's (``pooled`` False), or Scott's with the pair's pooled marginals.

    For two coders that is the coefficient itself; for more it is Light's.
    """
    found = coder_patterns(ratings)
    m, q = len(ratings.coders), len(ratings.scale)
    given = found.counts.reshape(-1, m, q)
    active = np.flatnonzero(np.bincount(ratings.coder, minlength=m))
    pairs = list(combinations(active.tolist(), 2))
    _refuse_big(len(pairs) * (1 + 2 * q) * len(given), CROWD)
    columns: list[Floats] = []
    for i, j in pairs:
        both = (given[:, i].sum(axis=1) * given[:, j].sum(axis=1) * found.weight)[:, None]
        agreed = (given[:, i] @ weights * given[:, j]).sum(axis=1, keepdims=True) * found.weight[:, None]
        columns += [agreed, given[:, i] * both, given[:, j] * both]

    def formula(totals: Floats) -> Floats:
        each = totals.reshape(*totals.shape[:-1], len(pairs), 1 + 2 * q)
        rows, cols = each[..., 1 : 1 + q], each[..., 1 + q :]
        n = rows.sum(axis=-1)
        shared = np.where(n.real == 0, 1, n)
        if pooled:
            rows = cols = (rows + cols) / 2
        p_e = np.einsum("...k,kl,...l->...", rows, weights, cols) / shared**2
        return _mean_of_defined(np.where(n.real == 0, np.nan, _beyond(each[..., 0] / shared, p_e)))

    return _of(found, np.hstack(columns), formula)


def pairwise_moments(ratings: Ratings, *, holsti: bool) -> Moments:
    """Totals of pairwise percent agreement, or of Holsti's CR, whose denominator is all codings of the two coders."""
    found = coder_patterns(ratings)
    m, q = len(ratings.coders), len(ratings.scale)
    given = found.counts.reshape(-1, m, q)
    active = np.flatnonzero(np.bincount(ratings.coder, minlength=m))
    made = given.sum(axis=2)
    _refuse_big(len(active) ** 2 * len(given), CROWD)
    columns: list[Floats] = []
    for i, j in combinations(active.tolist(), 2):
        agreed = (given[:, i] * given[:, j]).sum(axis=1)
        columns += [agreed * found.weight, ((made[:, i] + made[:, j]) / 2 if holsti else made[:, i] * made[:, j]) * found.weight]

    def formula(totals: Floats) -> Floats:
        return _mean_of_defined(_quotient(totals.reshape(*totals.shape[:-1], -1, 2)))

    return _of(found, np.column_stack(columns), formula)


def _refuse_big(cells: int, what_to_do: str) -> None:
    """Refuse a table of totals that would not fit: over the thousands of pairs of a crowd, or of a long ordinal scale."""
    if cells > CELLS:
        raise BadInput(what_to_do)


def _agreed(found: Patterns, w: Floats) -> tuple[Floats, Floats]:
    sizes = found.sizes()
    pairs = (found.counts * (found.counts @ w.T - np.diag(w))).sum(axis=1)
    pairable = np.where(sizes >= PAIR, found.weight, 0.0)
    return pairs / np.where(sizes >= PAIR, sizes * (sizes - 1), 1) * pairable, pairable


def _quotient(totals: Floats) -> Floats:
    below = totals[..., 1]
    return np.where(below.real == 0, np.nan, totals[..., 0] / np.where(below.real == 0, 1, below))


def _beyond(p_o: Floats, p_e: Floats) -> Floats:
    certain = (1 - p_e).real < ROUNDING
    return np.where(certain, np.nan, (p_o - p_e) / np.where(certain, 1, 1 - p_e))


def _mean_of_defined(each: Floats) -> Floats:
    defined = ~np.isnan(each)
    n = defined.sum(axis=-1)
    return np.where(n == 0, np.nan, np.where(defined, each, 0).sum(axis=-1) / np.where(n == 0, 1, n))


def _of(found: Patterns, rows: Floats, formula: Formula) -> Moments:
    return Moments(rows, found.times, found.of_unit, formula)
