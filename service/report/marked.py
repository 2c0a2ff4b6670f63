"""A variable of spans: blind codings to who marked what, and the figures as they are sent and shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from service.agreement.estimate import Estimate, Undefined
from service.agreement.marked import Marked, MarkedCode, MarkedDashboard, MarkedPair, marked_dashboard
from service.agreement.profile import MethodsProfile
from service.agreement.spans import Span
from service.agreement.verdict import RULE
from service.codebook.model import Variable
from service.coding.model import Coding, PersonId
from service.report.figures import (
    Differing,
    Given,
    Left,
    MarkedCodeFigures,
    MarkedFigures,
    MarkedPairFigures,
    SpanGiven,
    VariableFigures,
    Without,
    figure,
    kinds_of,
)

NO_GAMMA = "Gamma is left out: too many spans or coders for its exact alignment, or a coder who marked nothing."
SpanRow = tuple[str, str, str, tuple[Span, ...]]
"""Excerpt, coder, variable, spans."""


def span_rows(codings: Iterable[Coding], coders: Mapping[PersonId, str]) -> Iterator[SpanRow]:
    """Give what each coding marked; who marked nothing has a row, a skip has none."""
    for coding in codings:
        for answer in coding.content.answers if coding.content else ():
            excerpt, coder = str(coding.excerpt_id), coders[coding.person_id]
            yield excerpt, coder, answer.variable, tuple(Span(excerpt, coder, one.start, one.end, one.code) for one in answer.spans)


def marked_of(
    rows: Sequence[SpanRow], variable: Variable, *, coders: Sequence[str], lengths: Mapping[str, int], weights: Mapping[str, float] | None
) -> Marked:
    """Take the rows of one variable and of these coders."""
    given = {(text, coder): spans for text, coder, of, spans in rows if of == variable.name and coder in coders}
    return Marked(lengths, tuple(coders), given, weights)


def marked_figures(  # noqa: PLR0913
    rows: Sequence[SpanRow],
    variable: Variable,
    *,
    coders: Sequence[str],
    lengths: Mapping[str, int],
    documents: Mapping[str, str] | None,
    profile: MethodsProfile,
    list_at_most: int | None,
    weights: Mapping[str, float] | None = None,
) -> VariableFigures:
    """Compute the figures of one variable of spans, of these coders; with documents, intervals resample documents.

    ``weights`` are 1/inclusion probability of each excerpt, where these differ.
    """
    marked = marked_of(rows, variable, coders=coders, lengths=lengths, weights=weights)
    parents = {code.name: code.parent for code in variable.codes if code.parent is not None}
    found = marked_dashboard(marked, codes=[code.name for code in variable.codes], profile=profile, documents=documents, parents=parents)
    differing = list(_differing(marked))
    return VariableFigures(
        variable=variable.name,
        scheme=variable.scheme.value,
        metric="unitizing",
        excerpts=len(lengths),
        excerpts_used=found.texts_used,
        dropped=_dropped(marked, found.texts_used),
        percent=figure(found.percent),
        all_agree=figure(found.all_agree),
        alpha=figure(found.alpha),
        pairs=[],
        disagreeing=len(differing),
        disagreements=differing[:list_at_most],
        methods=found.methods,
        coefficients={name: figure(value) for name, value in _coefficients(found).items()},
        kinds=kinds_of(found.kinds),
        codes=[],
        verdict_rule=RULE,
        expected_below_by_chance=0.0,
        without_coder=[Without(coder=one.coder, alpha=figure(one.without), change=one.change) for one in found.without_coder],
        coincidences=None,
        marked=MarkedFigures(
            cu_coverage=found.cu_alpha.coverage,
            no_gamma=None if found.gamma else NO_GAMMA,
            codes=[_code(code) for code in found.codes],
            pairs=[_pair(pair) for pair in found.pairs],
        ),
    )


def _coefficients(found: MarkedDashboard) -> dict[str, Estimate | Undefined]:
    gamma = {} if found.gamma is None else {"gamma": found.gamma.gamma, "gamma_cat": found.gamma.gamma_cat}
    return {"u_alpha": found.alpha, "u_alpha_binary": found.binary, "cu_alpha": found.cu_alpha.estimate, **gamma}


def _dropped(marked: Marked, used: int) -> list[Left]:
    coded = len({text for text, _ in marked.given})
    found = [
        Left(why="coded by nobody", excerpts=len(marked.texts) - coded),
        Left(why="not coded by every coder, which coefficients of spans need", excerpts=coded - used),
    ]
    return [left for left in found if left.excerpts]


def _differing(marked: Marked) -> list[Differing]:
    found: list[Differing] = []
    for text in marked.texts:
        given = [_given(coder, marked.given[text, coder]) for coder in marked.coders if (text, coder) in marked.given]
        if any(one.spans != given[0].spans for one in given[1:]):
            found.append(Differing(excerpt_id=text, codings=given))
    return found


def _given(coder: str, spans: Sequence[Span]) -> Given:
    told = [SpanGiven(start=span.start, end=span.end, code=span.code) for span in sorted(spans)]
    return Given(coder=coder, codes=sorted({span.code for span in told}), spans=told)


def _code(code: MarkedCode) -> MarkedCodeFigures:
    told: dict[str, Any] = {"code": code.code, "spans": code.spans, "excerpts": code.texts, "spans_by_coder": code.spans_by_coder}
    return MarkedCodeFigures(
        **told,
        alpha=figure(code.alpha),
        ku_alpha=figure(code.ku_alpha.estimate),
        ku_coverage=code.ku_alpha.coverage,
        verdict=code.verdict,
    )


def _pair(pair: MarkedPair) -> MarkedPairFigures:
    return MarkedPairFigures(coders=list(pair.coders), excerpts=pair.texts, percent=figure(pair.percent), alpha=figure(pair.alpha))
