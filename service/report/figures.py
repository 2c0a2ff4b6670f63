"""Agreement as it is sent and shown: undefined is null beside its reason."""

import msgspec
from msgspec.structs import replace

from service.agreement.estimate import Estimate, Reason, Undefined
from service.agreement.summary import CodeAgreement, Disagreement, PairAgreement, VariableAgreement


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One coefficient: a value with what it was made of, or null with the reason. Nothing is rounded."""

    value: float | None
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
    """One code against all others: nominal alpha of given or not given."""

    code: str
    units: int
    prevalence: float
    percent: Figure
    alpha: Figure


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What one coder gave; no codes is none-applies."""

    coder: str
    codes: list[str]


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """An excerpt on which coders differ, with their codings side by side."""

    excerpt_id: str
    codings: list[Given]


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Excerpts that no coefficient could use, and why."""

    why: str
    excerpts: int


class VariableFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one variable."""

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
    codes: list[CodeFigures]
    disagreeing: int
    disagreements: list[Differing]


def variable_figures(agreement: VariableAgreement) -> VariableFigures:
    """Write down the agreement of one variable."""
    return VariableFigures(
        variable=agreement.variable or "",
        scheme=agreement.scheme.value,
        metric=agreement.metric.value,
        excerpts=agreement.units,
        excerpts_used=agreement.units_used,
        dropped=[Left(why=dropped.why, excerpts=dropped.units) for dropped in agreement.dropped],
        percent=figure(agreement.percent),
        all_agree=figure(agreement.all_agree),
        alpha=figure(agreement.alpha),
        pairs=[_pair(pair) for pair in agreement.pairs],
        codes=[_code(code) for code in agreement.codes],
        disagreeing=agreement.disagreeing,
        disagreements=[_differing(disagreement) for disagreement in agreement.disagreements],
    )


def figure(result: Estimate | Undefined) -> Figure:
    """Write down one coefficient."""
    basis = result.basis
    match result:
        case Undefined():
            found = Figure(value=None, undefined=result.reason, sentence=result.sentence)
        case Estimate():
            found = Figure(value=result.value, observed=result.observed, expected=result.expected)
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


def _pair(pair: PairAgreement) -> PairFigures:
    return PairFigures(coders=list(pair.coders), units=pair.units, percent=figure(pair.percent), kappa=figure(pair.kappa))


def _code(code: CodeAgreement) -> CodeFigures:
    return CodeFigures(code=code.code, units=code.units, prevalence=code.prevalence, percent=figure(code.percent), alpha=figure(code.alpha))


def _differing(disagreement: Disagreement) -> Differing:
    codings = [Given(coder=given.coder, codes=[code for code in given.codes if code]) for given in disagreement.codings]
    return Differing(excerpt_id=disagreement.unit, codings=codings)
