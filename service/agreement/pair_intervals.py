"""Intervals of the kappas of all pairs of coders at once: the infinitesimal jackknife, in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from service.agreement.estimate import Estimate, Interval, Reason, Undefined, undefined
from service.agreement.interval import Method, Uncertainty, symmetric
from service.agreement.ratings import MISSING, Floats, Places
from service.agreement.summary import PairAgreement, Reading

MOST_PAIRS = 500
"""Pairs up to which each gets an interval; of a crowd nobody reads them one by one."""
MOST_CELLS = 50_000_000
"""Coders x units up to which the codings are laid out for it."""


def with_intervals(reading: Reading, pairs: Sequence[PairAgreement], *, level: float, by_cluster: bool) -> tuple[PairAgreement, ...]:
    """Give the kappa of each pair its interval: Cohen's, or in a several-codes variable the pooled one.

    The interval of the profile would draw thousands of samples for each of up to hundreds of pairs. The infinitesimal jackknife is the
    exact derivative of kappa to the weight of each unit (or document), and the same error to first order.
    """
    ratings = reading.ratings
    if len(pairs) > MOST_PAIRS or len(ratings.coders) * len(ratings.units) > MOST_CELLS:
        return tuple(pairs)
    how = Uncertainty(method=Method.INFINITESIMAL_JACKKNIFE, level=level, by_cluster=by_cluster)
    given = ratings.matrix()
    member = np.array([[code in chosen for code in reading.codes] for chosen in reading.members], np.float64) if reading.sets else None
    place = {name: at for at, name in enumerate(ratings.coders)}
    return tuple(_with(reading, pair, (given[place[pair.coders[0]]], given[place[pair.coders[1]]]), member, how) for pair in pairs)


def _with(reading: Reading, pair: PairAgreement, given: tuple[Places, Places], member: Floats | None, how: Uncertainty) -> PairAgreement:
    if isinstance(pair.kappa, Undefined):
        return pair
    units = np.flatnonzero((given[0] != MISSING) & (given[1] != MISSING))
    one, other = given[0][units], given[1][units]
    ratings = reading.ratings
    weight = np.ones(len(units)) if ratings.weights is None else ratings.weights[units]
    terms = _terms(one, other, weight, len(ratings.scale)) if member is None else _pooled(member[one], member[other], weight)
    documents = ratings.clusters[units] if how.by_cluster and ratings.clusters is not None else None
    return replace(pair, kappa=replace(pair.kappa, interval=_interval(pair.kappa, terms, documents, how)))


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """What each shared unit adds: whether the two agree, and how much of either's marginals lies on what the unit got."""

    same: Floats
    chance: Floats
    weight: Floats


def _terms(one: Places, other: Places, weight: Floats, q: int) -> _Terms:
    first, second = (np.bincount(codes, weight, minlength=q) / weight.sum() for codes in (one, other))
    return _Terms((one == other).astype(np.float64), second[one] + first[other], weight)


def _pooled(one: Floats, other: Floats, weight: Floats) -> _Terms:
    """Give the same terms averaged over codes, each code given or not."""
    first, second = (weight @ sets / weight.sum() for sets in (one, other))
    chance = one * second + (1 - one) * (1 - second) + other * first + (1 - other) * (1 - first)
    return _Terms((one == other).mean(axis=1), chance.mean(axis=1), weight)


def _interval(kappa: Estimate, terms: _Terms, documents: Places | None, how: Uncertainty) -> Interval | Undefined:
    total = float(terms.weight.sum())
    p_o, p_e = float(terms.weight @ terms.same) / total, float(terms.weight @ terms.chance) / total / 2
    pull = (terms.same - p_o) / (1 - p_e) - (1 - p_o) / (1 - p_e) ** 2 * (terms.chance - 2 * p_e)
    each = terms.weight * pull / total
    if documents is not None:
        each = np.bincount(np.unique(documents, return_inverse=True)[1], each)
    n = len(each)
    if n <= 1:
        return undefined(Reason.ONE_UNIT)
    error = float(np.sqrt((each**2).sum() * n / (n - 1)))
    return symmetric(kappa.value, error, how, degrees=n - 1, clusters=n if how.by_cluster else None)
