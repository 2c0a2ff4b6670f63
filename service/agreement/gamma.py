"""Gamma: agreement on where spans are and what they are called, by the best alignment against random continua."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.agreement.alignment import Alignment, Dissimilarity, Units, best_alignment, categorical, positional
from service.agreement.cover import EMPTY, Members
from service.agreement.distributions import normal, normal_quantile
from service.agreement.estimate import Basis, Estimate, Interval, Reason, Undefined, undefined
from service.agreement.interval import RELIABLE, TENTATIVE
from service.agreement.ratings import PAIR, Floats
from service.agreement.spans import Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How many random continua give the expected disorder: at least ``samples``, then until ``precision`` at ``level`` is reached.

    ``unaligned_count`` lets units that nobody else has count against the gammas of the codes, as pygamma-agreement 0.5.9 does and
    Mathet (2017) does not.
    """

    seed: int
    samples: int
    precision: float | None
    level: float
    unaligned_count: bool


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma, gamma of the codes alone, and gamma of each code; ``disorder`` is of the best alignment, summed over texts."""

    gamma: Estimate | Undefined
    gamma_cat: Estimate | Undefined
    per_code: dict[str, Estimate | Undefined]
    disorder: float | None
    samples: int


@dataclass(frozen=True, slots=True, eq=False)
class Disorders:
    """Of one continuum: disorder, and the categorical disorder of all codes and of each (NaN where no pair says)."""

    whole: float
    by_code: Floats


def gamma(spans: Spans, *, by: Dissimilarity, sampling: Sampling) -> Gamma:
    """Compute gamma of spans of one text; overlaps are allowed, and every coder must have marked something.

    The disorder is exact. Gamma is a Monte-Carlo estimate: its interval is the error of the random continua only, not of the texts.

    References
    ----------
    Mathet, Widlöcher & Métivier (2015); Mathet (2017) The agreement measure gamma-cat, a complement to gamma.
    """
    codes, resting_on = spans.codes(), _basis(spans)
    if (reason := _nothing(spans)) is not None:
        none = undefined(reason, resting_on)
        return Gamma(none, none, dict.fromkeys(codes, none), None, 0)
    units = units_of(spans)
    observed = disorders(units, best_alignment(units, by), len(codes), by, lone=_lone(by, sampling))
    drawn = _expected(units, by, sampling, len(codes))
    chance = np.array([one.whole for one in drawn])
    each = np.array([one.by_code for one in drawn])
    found = _corrected("gamma", observed.whole, chance, resting_on, sampling)
    by_code = [_categorical(observed.by_code[at], each[:, at], resting_on, sampling) for at in range(len(codes) + 1)]
    return Gamma(found, by_code[-1], dict(zip(codes, by_code[:-1], strict=True)), observed.whole, len(drawn))


def units_of(spans: Spans) -> Units:
    """Lay spans out as columns, texts end to end."""
    codes = {code: at for at, code in enumerate(spans.codes())}
    begins = dict(zip(spans.texts, np.cumsum([0, *spans.texts.values()]).tolist(), strict=False))
    return Units(
        coders=len(spans.coders),
        coder=np.array([spans.coders.index(span.coder) for span in spans.spans], np.int64),
        start=np.array([begins[span.text] + span.start for span in spans.spans], np.float64),
        end=np.array([begins[span.text] + span.end for span in spans.spans], np.float64),
        code=np.array([codes[span.code] for span in spans.spans], np.int64),
    )


def disorders(units: Units, found: Alignment, codes: int, by: Dissimilarity, *, lone: float) -> Disorders:
    """Measure an alignment: pairs of aligned units count by how well they lie on each other, a unit beside an empty one by ``lone``."""
    sums = np.zeros((2, codes + 1))
    size = (found.members != EMPTY).sum(axis=1)
    for one, other in combinations(range(units.coders), 2):
        both = (found.members[:, one] != EMPTY) & (found.members[:, other] != EMPTY)
        first, second = found.members[both, one], found.members[both, other]
        near = np.maximum(0, 1 - by.alpha * positional(units, first, second)) / (size[both] - 1)
        differ = categorical(units, first, second) * near
        sums += np.array([_by_code(units, first, second, weight, codes) for weight in (differ, near)])
        alone = np.maximum(found.members[:, one], found.members[:, other])[~both]
        alone = alone[alone != EMPTY]
        cost = np.full(len(alone), lone)
        sums += np.array([_by_code(units, alone, alone, weight, codes) for weight in (cost * lone, cost)])
    apart, weight = sums
    return Disorders(found.disorder, np.where(weight > 0, apart / np.where(weight > 0, weight, 1), np.nan))


def _by_code(units: Units, first: Members, second: Members, weight: Floats, codes: int) -> Floats:
    """Add up weights of pairs by the codes in them (once if they are the same), and over all."""
    same = units.code[first] == units.code[second]
    by_code = np.bincount(units.code[first], weight, codes) + np.bincount(units.code[second], np.where(same, 0, weight), codes)
    return np.append(by_code, weight.sum()).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Habits:
    """What random continua imitate: mean and spread of units per coder, gaps and lengths, and how often each code is used."""

    number: tuple[float, float]
    gap: tuple[float, float]
    length: tuple[float, float]
    codes: tuple[float, ...]


def habits(units: Units, codes: int) -> Habits:
    """Measure the coders' habits over all of them."""
    gaps: list[float] = []
    for at in range(units.coders):
        mine = np.flatnonzero(units.coder == at)
        mine = mine[np.lexsort((units.end[mine], units.start[mine]))]
        gaps += (units.start[mine][1:] - units.end[mine][:-1]).tolist()
        gaps += [float(start) for start in units.start[mine][:1] if start > 0]
    number = np.bincount(units.coder, minlength=units.coders)
    length = units.end - units.start
    used = np.bincount(units.code, minlength=codes) / len(units.code)
    return Habits(_moments(number), _moments(np.array(gaps or [0.0])), _moments(length), tuple(used.tolist()))


def random_continuum(like: Habits, coders: int, rng: np.random.Generator) -> Units:
    """Draw each coder's units one after the other, as pygamma-agreement's statistical sampler does."""
    number = np.maximum(1, rng.normal(*like.number, coders).astype(np.int64))
    total = int(number.sum())
    gap, length = rng.normal(*like.gap, total), np.abs(rng.normal(*like.length, total))
    # A length of nought has no place in a quotient of lengths.
    length = np.maximum(length, np.finfo(np.float64).eps)
    after = np.cumsum(gap + length)
    before = np.repeat(np.concatenate(([0.0], after[np.cumsum(number)[:-1] - 1])), number)
    end = after - before
    code = rng.choice(len(like.codes), total, p=like.codes)
    return Units(coders=coders, coder=np.repeat(np.arange(coders), number), start=end - length, end=end, code=code)


def _expected(units: Units, by: Dissimilarity, sampling: Sampling, codes: int) -> list[Disorders]:
    """Draw random continua until their mean disorder is known to the precision asked for."""
    like = habits(units, codes)
    root = np.random.SeedSequence(sampling.seed)
    drawn: list[Disorders] = []
    wanted = sampling.samples
    while len(drawn) < wanted:
        for seed in root.spawn(wanted - len(drawn)):
            made = random_continuum(like, units.coders, np.random.default_rng(seed))
            drawn.append(disorders(made, best_alignment(made, by), codes, by, lone=_lone(by, sampling)))
        if sampling.precision is not None:
            whole = np.array([one.whole for one in drawn])
            spread = float(whole.std(ddof=1) / whole.mean()) if len(whole) > 1 else 0.0
            z = normal_quantile((1 + sampling.level) / 2)
            wanted = max(wanted, int(np.ceil((spread * z / sampling.precision) ** 2)))
    return drawn


def _categorical(observed: float, chance: Floats, resting_on: Basis, sampling: Sampling) -> Estimate | Undefined:
    chance = chance[~np.isnan(chance)]
    if np.isnan(observed) or not len(chance):
        return undefined(Reason.NO_PAIRABLE_UNITS, resting_on)
    return _corrected("gamma_cat", observed, chance, resting_on, sampling)


def _corrected(name: str, observed: float, chance: Floats, resting_on: Basis, sampling: Sampling) -> Estimate | Undefined:
    expected = float(chance.mean())
    if expected == 0:
        return undefined(Reason.NO_VARIATION, resting_on)
    value = 1 - float(observed) / expected
    error = float(observed) / expected**2 * float(chance.std(ddof=1) / np.sqrt(len(chance))) if len(chance) > 1 else 0.0
    reach = normal_quantile((1 + sampling.level) / 2) * error

    def at_least(threshold: float) -> float:
        return normal((value - threshold) / error) if error else float(value >= threshold)

    return Estimate(
        coefficient=name,
        value=value,
        basis=resting_on,
        observed=float(observed),
        expected=expected,
        on="disorder",
        interval=Interval(
            low=value - reach,
            high=value + reach,
            level=sampling.level,
            method="Monte-Carlo error of the random continua only",
            standard_error=error,
            at_least_667=at_least(TENTATIVE),
            at_least_800=at_least(RELIABLE),
            contains_estimate=True,
            seed=sampling.seed,
            replicates=len(chance),
            undefined_replicates=0,
        ),
    )


def _lone(by: Dissimilarity, sampling: Sampling) -> float:
    return by.empty if sampling.unaligned_count else 0.0


def _moments(values: Floats | NDArray[np.int64]) -> tuple[float, float]:
    return float(values.mean()), float(values.std())


def _nothing(spans: Spans) -> Reason | None:
    if not spans.spans:
        return Reason.NO_DATA
    if len(spans.coders) < PAIR:
        return Reason.ONE_CODER
    return Reason.NO_PAIRABLE_UNITS if {span.coder for span in spans.spans} != set(spans.coders) else None


def _basis(spans: Spans) -> Basis:
    texts = len(spans.texts)
    silent = tuple(sorted(set(spans.coders) - {span.coder for span in spans.spans}))
    return Basis(
        units=texts, pairable_units=texts, coders=len(spans.coders), values=len(spans.spans), missing_share=0.0, silent_coders=silent
    )
