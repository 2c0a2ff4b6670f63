"""A closed round's agreement: blind codings to a long table, the long table to figures."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import polars as pl
from msgspec.structs import replace

from service.agreement.dashboard import Asked, dashboard
from service.agreement.long import Columns
from service.agreement.profile import MethodsProfile, profile_named
from service.agreement.summary import Scheme
from service.codebook.model import Codebook, Variable
from service.codebook.model import Scheme as CodebookScheme
from service.coding.ledger import Verdict
from service.coding.model import Coding, PersonId, RoundKind
from service.coding.reveal import Revealed, blind_codings, repeated_codings
from service.corpus.model import ExcerptId
from service.report.asked import Computed
from service.report.assistance import Assistance
from service.report.breakdown import Breakdown
from service.report.figures import VariableFigures, variable_figures
from service.report.marked import SpanRow, marked_figures, span_rows
from service.report.models import Models
from service.report.negotiation import Negotiated
from service.report.stability import StabilityFigures, stability_figures
from service.report.training import Training

COLUMNS = Columns(unit="unit", coder="coder", code="code", variable="variable")
SCHEMA = {"unit": pl.String, "coder": pl.String, "variable": pl.String, "code": pl.String}


Row = tuple[str, str, str, str]


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """A coder who left and who took over; the leaver's codings enter no coefficient."""

    leaver: str
    person: str
    codings: int


class RoundAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one round, with what they leave out: only blind codings enter them.

    ``weighted`` says that excerpts weigh 1/inclusion probability; ``stability`` compares coders with themselves where excerpts came again.
    """

    coders: list[str]
    profile: str
    excerpts: int
    codings: int
    assisted: int
    peer_exposed: int
    skipped: int
    erased: int
    variables: list[VariableFigures]
    weighted: bool = False
    replaced: list[Replaced] = []
    stability: list[StabilityFigures] = []


class Unblinding(msgspec.Struct, frozen=True):
    """Codings that a lead opened early: printed on every report of the round."""

    at: str
    reason: str


class Reopening(msgspec.Struct, frozen=True):
    """A round that was opened again after its codings had been revealed, with the close and the seal that went before."""

    at: str
    reason: str
    closed_at: str
    seal: str


class Imported(msgspec.Struct, frozen=True):
    """Earlier codings that somebody brought in as a coder's: declared blind, and nothing here can prove it."""

    at: str
    coder: str
    by: str
    codings: int


class RoundReport(msgspec.Struct, frozen=True):
    """The figures of a closed round, and what a reader has to know beside them."""

    round_id: str
    name: str
    kind: RoundKind
    codebook_revision: int
    sample_method: str
    sample_seed: int
    draw: str
    design: str
    opened_at: str | None
    closed_at: str | None
    seal: str | None
    provenance: list[str]
    unblinded: list[Unblinding]
    agreement: RoundAgreement
    asked: list[Computed] = []
    assistance: list[Assistance] = []
    arm_seed: int | None = None
    imported: list[Imported] = []
    reopened: list[Reopening] = []
    negotiated: list[Negotiated] = []
    training: Training | None = None
    breakdown: list[Breakdown] = []
    models: Models | None = None


def listing(report: RoundReport, most: int) -> RoundReport:
    """Give a report with at most so many of the disagreeing excerpts that it lists."""
    variables = [replace(one, disagreements=one.disagreements[:most]) for one in report.agreement.variables]
    return replace(report, agreement=replace(report.agreement, variables=variables))


def round_agreement(  # noqa: PLR0913
    revealed: Sequence[Revealed],
    codebook: Codebook,
    *,
    sample: Mapping[ExcerptId, str],
    lengths: Mapping[ExcerptId, int],
    coders: Mapping[PersonId, str],
    profile: MethodsProfile,
    list_at_most: int | None,
    weights: Mapping[ExcerptId, float] | None = None,
    replaced: Mapping[PersonId, PersonId] | None = None,
) -> RoundAgreement:
    """Compute every variable's agreement over the blind codings of a round's sample; it names each excerpt's document.

    ``weights`` are 1/inclusion probability where these differ; ``replaced`` names who took over from each leaver. ``lengths`` are those of
    the excerpts' texts in code points, which spans are measured by.
    """
    blind = list(blind_codings(revealed).values())
    table = long_table(blind, coders)
    marking = any(variable.scheme is CodebookScheme.SPANS for variable in codebook.variables)
    spans = tuple(span_rows(blind, coders)) if marking else ()
    left = replaced or {}
    staying = tuple(name for person, name in coders.items() if person not in left)
    weighing = tuple((str(excerpt), weights[excerpt]) for excerpt in sample) if weights else None
    excerpts = tuple((str(excerpt), document, lengths[excerpt]) for excerpt, document in sample.items())
    verdicts = Counter(one.verdict for one in revealed)
    return RoundAgreement(
        coders=list(staying),
        profile=profile.label,
        excerpts=len(sample),
        codings=len(blind),
        assisted=verdicts[Verdict.ASSISTED],
        peer_exposed=verdicts[Verdict.PEER_EXPOSED],
        skipped=sum(coding.content is not None and coding.content.skip is not None for coding in blind),
        erased=sum(coding.content is None for coding in blind),
        variables=[
            _marked(spans, variable, profile.label, excerpts, staying, weighing, list_at_most)
            if variable.scheme is CodebookScheme.SPANS
            else _figures(
                table, variable, profile.label, tuple((excerpt, document) for excerpt, document, _ in excerpts), weighing, list_at_most
            )
            for variable in codebook.variables
        ],
        weighted=weights is not None,
        replaced=[_replaced(revealed, coders, leaver, person) for leaver, person in left.items()],
        stability=stability_figures(repeated_codings(revealed), codebook.variables, coders=coders, profile=profile),
    )


def _replaced(revealed: Sequence[Revealed], coders: Mapping[PersonId, str], leaver: PersonId, person: PersonId) -> Replaced:
    given = {one.coding.assignment_id for one in revealed if one.coding.person_id == leaver}
    return Replaced(leaver=coders[leaver], person=coders[person], codings=len(given))


def long_table(codings: Iterable[Coding], coders: Mapping[PersonId, str]) -> pl.DataFrame:
    """Make the long rows ``unit, coder, variable, code``; an empty code is none-applies, a skip has no row."""
    columns = list(zip(*_rows_of(codings, coders), strict=True)) or [()] * len(SCHEMA)
    return pl.DataFrame(dict(zip(SCHEMA, columns, strict=True)), schema=SCHEMA)


def _figures(
    table: pl.DataFrame,
    variable: Variable,
    profile: str,
    sample: tuple[tuple[str, str], ...],
    weights: tuple[tuple[str, float], ...] | None,
    list_at_most: int | None,
) -> VariableFigures:
    documents = dict(sample)
    asked = Asked(
        name=variable.name,
        scheme=Scheme(variable.scheme.value),
        codes=[code.name for code in variable.codes],
        profile=profile_named(profile),
        documents=clusters(documents),
        weights_of_units=dict(weights) if weights else None,
        parents={code.name: code.parent for code in variable.codes if code.parent is not None},
        sample=list(documents),
        list_at_most=list_at_most,
    )
    return variable_figures(dashboard(table, asked, columns=COLUMNS))


def _marked(  # noqa: PLR0913, PLR0917
    rows: tuple[SpanRow, ...],
    variable: Variable,
    profile: str,
    sample: tuple[tuple[str, str, int], ...],
    coders: tuple[str, ...],
    weights: tuple[tuple[str, float], ...] | None,
    list_at_most: int | None,
) -> VariableFigures:
    return marked_figures(
        rows,
        variable,
        coders=coders,
        lengths={excerpt: length for excerpt, _, length in sample},
        documents=clusters({excerpt: document for excerpt, document, _ in sample}),
        profile=profile_named(profile),
        list_at_most=list_at_most,
        weights=dict(weights) if weights else None,
    )


def _rows_of(codings: Iterable[Coding], coders: Mapping[PersonId, str]) -> Iterable[Row]:
    for coding in codings:
        if coding.content is not None:
            for answer in coding.content.answers:
                for code in answer.codes or sorted({span.code for span in answer.spans}) or ("",):
                    yield str(coding.excerpt_id), coders[coding.person_id], answer.variable, code


def clusters(documents: Mapping[str, str]) -> Mapping[str, str] | None:
    """Give the documents to resample, if there are several: one document has nothing to resample."""
    return documents if len(set(documents.values())) > 1 else None
