"""The table a lead reads code by code: figures, interval, thresholds, verdict, and what rarity and bias do to kappa."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.agreement.alpha import alpha_of, nothing_to_compare
from service.agreement.chance import Chance, chance_corrected
from service.agreement.distributions import normal
from service.agreement.estimate import Basis, Estimate, Interval, Undefined, undefined
from service.agreement.interval import RELIABLE, TENTATIVE, Pull, Uncertainty, draw, of_draws
from service.agreement.kappa import kappa_of, mean_kappa
from service.agreement.metric import Metric
from service.agreement.moments import Moments
from service.agreement.pairs import Confusion, shared_codes
from service.agreement.patterns import alike, unit_weights
from service.agreement.percent import percent_of
from service.agreement.planning import excerpts_for_code
from service.agreement.ratings import PAIR, Floats, Ratings, basis, documents_of
from service.agreement.tally import tally
from service.agreement.verdict import ENOUGH, RULE, Verdict, verdict_of

PARADOX_PERCENT = 0.8
"""From this percent agreement on, an alpha under .667 comes from the code being rare or common, not from coders at odds."""
PARADOX_PREVALENCE = 0.5
ASSURANCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """One code against all others.

    ``kappa`` is Cohen's for two coders, Light's for more. ``prevalence_index`` and ``bias_index`` are those of Byrt, Bishop & Carlin
    (1993), the mean over pairs of coders. ``paradox`` marks high percent beside a low coefficient because of prevalence
    (Feinstein & Cicchetti 1990). ``excerpts_needed`` would give enough excerpts with the code, with probability .95.
    """

    code: str
    units: int
    prevalence: float
    prevalence_by_coder: dict[str, float]
    percent: Estimate | Undefined
    kappa: Estimate | Undefined
    alpha: Estimate | Undefined
    ac1: Estimate | Undefined
    pabak: Estimate | Undefined
    verdict: Verdict
    prevalence_index: float | None
    bias_index: float | None
    paradox: bool
    excerpts_needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTable:
    """All codes, the rule of the verdicts, and how many codes chance alone would let fall below .667 if all were truly .800."""

    rows: tuple[CodeRow, ...]
    rule: str
    expected_below_by_chance: float


def code_table(ratings: Ratings, *, codes: Sequence[str], members: Sequence[Sequence[str]], how: Uncertainty) -> CodeTable:
    """Compute the table. ``members[k]`` are the codes of place k of the scale; all codes share the same resamples.

    Raises
    ------
    BadInput
        When ``how`` resamples documents and the ratings do not say which document a unit is from.
    """
    member = np.array([[code in chosen for code in codes] for chosen in members], np.float64).reshape(len(members), len(codes))
    resting_on = basis(ratings)
    intervals = _intervals(ratings, member, how) if nothing_to_compare(resting_on) is None else [None] * len(codes)
    tables = _pair_tables(ratings, member)
    rows = tuple(
        _row(code, ratings.recode(member[:, at].astype(np.int32), ("0", "1")), [pair[at] for pair in tables], intervals[at], resting_on)
        for at, code in enumerate(codes)
    )
    return CodeTable(rows=rows, rule=RULE, expected_below_by_chance=_below_by_chance(rows))


def code_moments(ratings: Ratings, member: Floats) -> Moments:
    """Totals of the binary alphas of all codes at once: values, then for each code disagreement and values given."""
    found = alike(ratings, ratings.code.astype(np.int64), len(ratings.scale))
    kept, pattern = found.rows(ratings.unit)
    n, code = len(found.first), ratings.code[kept]
    sizes = np.bincount(pattern, minlength=n).astype(np.float64)
    given = np.stack([np.bincount(pattern, column[code], n).astype(np.float64) for column in member.T], axis=1)
    pairable = np.where(sizes >= PAIR, unit_weights(ratings, found.first), 0.0)
    apart = 2 * given * (sizes[:, None] - given) / np.where(sizes >= PAIR, sizes - 1, 1)[:, None]
    k = member.shape[1]

    def formula(totals: Floats) -> Floats:
        n, disagreed, yes = totals[..., :1], totals[..., 1 : 1 + k], totals[..., 1 + k :]
        chance = 2 * yes * (n - yes)
        varied = (chance.real > 0) & (n.real > 1)
        return np.where(varied, 1 - (n - 1) * disagreed / np.where(varied, chance, 1), np.nan)

    rows = np.column_stack([sizes, apart, given]) * pairable[:, None]
    return Moments(rows, found.times, found.of_unit, formula)


def _intervals(ratings: Ratings, member: Floats, how: Uncertainty) -> list[Interval | Undefined]:
    totals = code_moments(ratings, member)
    if how.by_cluster:
        totals = totals.clustered(documents_of(ratings))
    told = totals.informative()
    estimates, drawn, influence = told.formula(told.totals()), draw(told, how), told.influence()
    return [of_draws(float(estimates[at]), drawn[:, at], Pull(influence[:, at], told.times), how) for at in range(member.shape[1])]


def _pair_tables(ratings: Ratings, member: Floats) -> list[list[Confusion]]:
    """Cross every two coders on every code at once: for each pair, one 2 x 2 table a code."""
    chosen = member.astype(np.bool_)
    return [_crossed(coders, chosen[first], chosen[second], weight) for coders, first, second, weight in shared_codes(ratings)]


def _crossed(coders: tuple[int, int], first: NDArray[np.bool_], second: NDArray[np.bool_], weight: Floats | None) -> list[Confusion]:
    w = np.ones(len(first)) if weight is None else weight
    both, one, other = w @ (first & second), w @ first, w @ second
    cells = np.array([[w.sum() - one - other + both, other - both], [one - both, both]])
    return [Confusion(coders=coders, table=cells[:, :, at], units=len(first)) for at in range(first.shape[1])]


def _row(code: str, binary: Ratings, tables: list[Confusion], interval: Interval | Undefined | None, whole: Basis) -> CodeRow:
    given = binary.code == 1
    units = int(np.count_nonzero(np.bincount(binary.unit[given])))
    weights = None if binary.weights is None else binary.weights[binary.unit]
    prevalence = float(np.average(given, weights=weights)) if len(given) else 0.0
    percent, alpha, ac1, pabak = _figures(binary, whole)
    alpha = replace(alpha, interval=interval) if isinstance(alpha, Estimate) else alpha
    indices = [_indices(pair) for pair in tables if pair.total > 0]
    leaning = float(np.mean([index[0] for index in indices])) if indices else None
    return CodeRow(
        code=code,
        units=units,
        prevalence=prevalence,
        prevalence_by_coder=_by_coder(binary),
        percent=percent,
        kappa=_kappa(tables, whole),
        alpha=alpha,
        ac1=ac1,
        pabak=pabak,
        verdict=_verdict(alpha, interval, units),
        prevalence_index=leaning,
        bias_index=float(np.mean([index[1] for index in indices])) if indices else None,
        paradox=_paradox(percent, alpha, leaning),
        excerpts_needed=_needed(binary, units),
    )


def _figures(binary: Ratings, whole: Basis) -> tuple[Estimate | Undefined, ...]:
    if (reason := nothing_to_compare(whole)) is not None:
        return (undefined(reason, whole),) * 4
    counts = tally(binary, identities_only=True)
    return (
        percent_of(counts, whole),
        alpha_of(binary, counts, whole, metric=Metric.NOMINAL),
        chance_corrected(counts, Chance.GWET, np.eye(2), whole),
        chance_corrected(counts, Chance.BRENNAN_PREDIGER, np.eye(2), whole),
    )


def _kappa(tables: list[Confusion], whole: Basis) -> Estimate | Undefined:
    if (reason := nothing_to_compare(whole)) is not None:
        return undefined(reason, whole)
    kappas = [kappa_of(pair, weights=np.eye(2), resting_on=whole) for pair in tables]
    return kappas[0] if len(kappas) == 1 else mean_kappa(kappas, whole)


def _indices(pair: Confusion) -> tuple[float, float]:
    (neither, second), (first, both) = pair.table / pair.total
    return abs(float(both - neither)), abs(float(first - second))


def _verdict(alpha: Estimate | Undefined, interval: Interval | Undefined | None, units: int) -> Verdict:
    if isinstance(alpha, Undefined) or interval is None:
        return Verdict.UNDEFINED
    return Verdict.NOT_ENOUGH_DATA if units < ENOUGH else verdict_of(interval)


def _paradox(percent: Estimate | Undefined, alpha: Estimate | Undefined, leaning: float | None) -> bool:
    if isinstance(percent, Undefined) or isinstance(alpha, Undefined) or leaning is None:
        return False
    return percent.value >= PARADOX_PERCENT and alpha.value < TENTATIVE and leaning >= PARADOX_PREVALENCE


def _needed(binary: Ratings, units: int) -> int | None:
    coded = int(np.count_nonzero(binary.per_unit()))
    if units in {0, coded}:
        return None
    return excerpts_for_code(prevalence=units / coded, needed=ENOUGH, assurance=ASSURANCE)


def _by_coder(binary: Ratings) -> dict[str, float]:
    weights = np.ones(len(binary.coder)) if binary.weights is None else binary.weights[binary.unit]
    made = np.bincount(binary.coder, weights, minlength=len(binary.coders))
    given = np.bincount(binary.coder, weights * binary.code, minlength=len(binary.coders))
    return {name: float(g / n) for name, g, n in zip(binary.coders, given, made, strict=True) if n}


def _below_by_chance(rows: Sequence[CodeRow]) -> float:
    return sum(_chance_below(error) for error in _errors(rows))


def _errors(rows: Sequence[CodeRow]) -> Iterator[float]:
    for row in rows:
        if isinstance(row.alpha, Estimate) and isinstance(row.alpha.interval, Interval) and row.alpha.interval.standard_error:
            yield row.alpha.interval.standard_error


def _chance_below(error: float) -> float:
    return normal((TENTATIVE - RELIABLE) / error)
