"""Agreement as it is sent and shown: undefined is null beside its reason, nothing is rounded."""

from dataclasses import asdict as dataclass_fields
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from service.agreement.codes import CodeRow
from service.agreement.dashboard import Dashboard
from service.agreement.diagnosis import Coincidences
from service.agreement.estimate import Estimate, Interval, Reason, Undefined
from service.agreement.kinds import Split
from service.agreement.summary import Disagreement, PairAgreement, VariableAgreement
from service.agreement.verdict import Verdict


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """An interval with its method, and the probability that the coefficient reaches .667 and .800. Limits are raw, not clipped."""

    low: float
    high: float
    level: float
    method: str
    at_least_667: float
    at_least_800: float
    contains_estimate: bool
    standard_error: float | None = None
    seed: int | None = None
    replicates: int | None = None
    undefined_replicates: int | None = None
    clusters: int | None = None


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One coefficient: a value with what it was made of, or null with the reason."""

    value: float | None
    interval: Limits | None = None
    no_interval: str | None = None
    observed: float | None = None
    expected: float | None = None
    units: int = 0
    pairable_units: int = 0
    coders: int = 0
    codings: int = 0
    missing_share: float = 0.0
    undefined: Reason | None = None
    sentence: str | None = None


class PairFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Two coders; kappa is Cohen's, pooled over the codes where several may be given."""

    coders: list[str]
    units: int
    percent: Figure
    kappa: Figure


class CodeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One code against all others: nominal figures of given or not given.

    ``kappa`` is Cohen's for two coders, Light's for more; ``paradox`` marks a high percent beside a low coefficient that comes from the
    code being rare or common; ``excerpts_needed`` would give enough excerpts with the code for a verdict.
    """

    code: str
    units: int
    prevalence: float
    prevalence_by_coder: dict[str, float]
    percent: Figure
    kappa: Figure
    alpha: Figure
    ac1: Figure
    pabak: Figure
    verdict: Verdict
    prevalence_index: float | None
    bias_index: float | None
    paradox: bool
    excerpts_needed: int | None


class Without(msgspec.Struct, frozen=True, kw_only=True):
    """Alpha without one coder; a rise says that this coder differs from the others, not that they are wrong."""

    coder: str
    alpha: Figure
    change: float | None


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """Coincidences of codes within excerpts: the confusion matrix for any number of coders, symmetric; it sums to the pairable codings."""

    codes: list[str]
    counts: list[list[float]]


class SpanGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the excerpt's text with a code: half-open offsets in code points."""

    start: int
    end: int
    code: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What one coder gave; no codes is none-applies. Of a variable of spans also where."""

    coder: str
    codes: list[str]
    spans: list[SpanGiven] = []


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """An excerpt on which coders differ, with their codings side by side."""

    excerpt_id: str
    codings: list[Given]


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Excerpts that no coefficient could use, and why."""

    why: str
    excerpts: int


class KindFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the differences between two coders are of one kind, over all pairs of coders, and their share."""

    kind: str
    differences: int
    share: float


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """One variable's figures without intervals."""

    variable: str
    scheme: str
    metric: str
    excerpts: int
    excerpts_used: int
    dropped: list[Left]
    percent: Figure
    all_agree: Figure
    alpha: Figure
    pairs: list[PairFigures]
    disagreeing: int
    disagreements: list[Differing]


class MarkedCodeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One code of a variable of spans.

    ``alpha`` is u-alpha of marked with this code or not; ``ku_alpha`` asks what else it was called where two coders marked, and
    ``ku_coverage`` is the share of the code's length that this rests on.
    """

    code: str
    spans: int
    excerpts: int
    spans_by_coder: dict[str, int]
    alpha: Figure
    ku_alpha: Figure
    ku_coverage: float
    verdict: Verdict


class MarkedPairFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Two coders over the excerpts that both coded: how often they marked exactly the same, and u-alpha."""

    coders: list[str]
    excerpts: int
    percent: Figure
    alpha: Figure


class MarkedFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What only a variable of spans has; ``no_gamma`` says why gamma is not among the coefficients."""

    cu_coverage: float
    no_gamma: str | None
    codes: list[MarkedCodeFigures]
    pairs: list[MarkedPairFigures]


class VariableFigures(Overview, frozen=True, kw_only=True):
    """Everything about one variable; ``methods`` says every choice of method in words, ``coefficients`` has all there are.

    Of a variable of spans, ``alpha`` is u-alpha, ``percent`` asks whether two coders marked exactly the same, the rest is in ``marked``.
    """

    methods: str
    coefficients: dict[str, Figure]
    kinds: list[KindFigures]
    codes: list[CodeFigures]
    verdict_rule: str
    expected_below_by_chance: float
    without_coder: list[Without]
    coincidences: Matrix | None
    marked: MarkedFigures | None = None


def overview(summary: VariableAgreement) -> Overview:
    """Write down the point estimates of one variable."""
    return Overview(
        variable=summary.variable or "",
        scheme=summary.scheme.value,
        metric=summary.metric.value,
        excerpts=summary.units,
        excerpts_used=summary.units_used,
        dropped=[Left(why=dropped.why, excerpts=dropped.units) for dropped in summary.dropped],
        percent=figure(summary.percent),
        all_agree=figure(summary.all_agree),
        alpha=figure(summary.alpha),
        pairs=[_pair(pair) for pair in summary.pairs],
        disagreeing=summary.disagreeing,
        disagreements=[_differing(disagreement) for disagreement in summary.disagreements],
    )


def variable_figures(found: Dashboard) -> VariableFigures:
    """Write down the dashboard of one variable."""
    whole: dict[str, Any] = asdict(overview(found.summary))
    return VariableFigures(
        **whole,
        methods=found.methods,
        coefficients={coefficient.value: figure(estimate) for coefficient, estimate in found.overall.items()},
        kinds=kinds_of(found.kinds),
        codes=[_code(row) for row in found.codes.rows],
        verdict_rule=found.codes.rule,
        expected_below_by_chance=found.codes.expected_below_by_chance,
        without_coder=[Without(coder=one.coder, alpha=figure(one.without), change=one.change) for one in found.without_coder],
        coincidences=_matrix(found.coincidences),
    )


def figure(result: Estimate | Undefined) -> Figure:
    """Write down one coefficient."""
    basis = result.basis
    match result:
        case Undefined():
            found = Figure(value=None, undefined=result.reason, sentence=result.sentence)
        case Estimate():
            found = _with_limits(Figure(value=result.value, observed=result.observed, expected=result.expected), result.interval)
    if basis is None:
        return found
    return replace(
        found,
        units=basis.units,
        pairable_units=basis.pairable_units,
        coders=basis.coders,
        codings=basis.values,
        missing_share=basis.missing_share,
    )


def _with_limits(found: Figure, interval: Interval | Undefined | None) -> Figure:
    match interval:
        case None:
            return found
        case Undefined():
            return replace(found, no_interval=interval.sentence)
        case Interval():
            return replace(found, interval=Limits(**dataclass_fields(interval)))


def _pair(pair: PairAgreement) -> PairFigures:
    return PairFigures(coders=list(pair.coders), units=pair.units, percent=figure(pair.percent), kappa=figure(pair.kappa))


def _code(row: CodeRow) -> CodeFigures:
    return CodeFigures(
        code=row.code,
        units=row.units,
        prevalence=row.prevalence,
        prevalence_by_coder=row.prevalence_by_coder,
        percent=figure(row.percent),
        kappa=figure(row.kappa),
        alpha=figure(row.alpha),
        ac1=figure(row.ac1),
        pabak=figure(row.pabak),
        verdict=row.verdict,
        prevalence_index=row.prevalence_index,
        bias_index=row.bias_index,
        paradox=row.paradox,
        excerpts_needed=row.excerpts_needed,
    )


def kinds_of(split: Split) -> list[KindFigures]:
    """Write down the kinds of disagreement that there are."""
    shares = split.shares()
    return [KindFigures(kind=kind.value, differences=count, share=shares[kind]) for kind, count in split.counts.items() if count]


def _matrix(found: Coincidences | None) -> Matrix | None:
    return None if found is None else Matrix(codes=list(found.scale), counts=found.matrix.tolist())


def _differing(disagreement: Disagreement) -> Differing:
    codings = [Given(coder=given.coder, codes=[code for code in given.codes if code]) for given in disagreement.codings]
    return Differing(excerpt_id=disagreement.unit, codings=codings)
