"""A closed round's agreement: blind codings to a long table, the long table to figures."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from service.agreement.dashboard import Asked, dashboard
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme
from service.codebook.model import Scheme as CodebookScheme
from service.codebook.model import Variable
from service.coding.ledger import Verdict
from service.coding.model import PersonId, RoundKind
from service.coding.reveal import Revealed, repeated_codings
from service.report.asked import Computed
from service.report.assistance import Assistance
from service.report.breakdown import Breakdown
from service.report.closed import COLUMNS, ClosedRound
from service.report.figures import VariableFigures, variable_figures
from service.report.marked import marked_figures
from service.report.models import Models
from service.report.negotiation import Negotiated
from service.report.stability import StabilityFigures, stability_figures
from service.report.training import Training


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


def round_agreement(
    closed: ClosedRound, *, profile: MethodsProfile, list_at_most: int | None, replaced: Mapping[PersonId, PersonId] | None = None
) -> RoundAgreement:
    """Compute every variable's agreement over the blind codings of a round's sample; ``replaced`` names who took over from each leaver."""
    blind, coders, left = closed.blind.values(), closed.coders, replaced or {}
    staying = [name for person, name in coders.items() if person not in left]
    verdicts = Counter(one.verdict for one in closed.revealed)
    return RoundAgreement(
        coders=staying,
        profile=profile.label,
        excerpts=len(closed.sample.documents),
        codings=len(blind),
        assisted=verdicts[Verdict.ASSISTED],
        peer_exposed=verdicts[Verdict.PEER_EXPOSED],
        skipped=sum(coding.content is not None and coding.content.skip is not None for coding in blind),
        erased=sum(coding.content is None for coding in blind),
        variables=[
            _marked(closed, variable, staying, profile, list_at_most)
            if variable.scheme is CodebookScheme.SPANS
            else _figures(closed, variable, profile, list_at_most)
            for variable in closed.codebook.variables
        ],
        weighted=closed.sample.weights is not None,
        replaced=[_replaced(closed.revealed, coders, leaver, person) for leaver, person in left.items()],
        stability=stability_figures(repeated_codings(closed.revealed), closed.codebook.variables, coders=coders, profile=profile),
    )


def _replaced(revealed: Sequence[Revealed], coders: Mapping[PersonId, str], leaver: PersonId, person: PersonId) -> Replaced:
    given = {one.coding.assignment_id for one in revealed if one.coding.person_id == leaver}
    return Replaced(leaver=coders[leaver], person=coders[person], codings=len(given))


def _figures(closed: ClosedRound, variable: Variable, profile: MethodsProfile, list_at_most: int | None) -> VariableFigures:
    asked = Asked(
        name=variable.name,
        scheme=Scheme(variable.scheme.value),
        codes=[code.name for code in variable.codes],
        profile=profile,
        documents=closed.sample.clusters,
        weights_of_units=closed.sample.weights,
        parents={code.name: code.parent for code in variable.codes if code.parent is not None},
        sample=list(closed.sample.documents),
        list_at_most=list_at_most,
    )
    return variable_figures(dashboard(closed.table, asked, columns=COLUMNS))


def _marked(
    closed: ClosedRound, variable: Variable, coders: Sequence[str], profile: MethodsProfile, list_at_most: int | None
) -> VariableFigures:
    return marked_figures(
        closed.spans,
        variable,
        coders=coders,
        lengths=closed.sample.lengths,
        documents=closed.sample.clusters,
        profile=profile,
        list_at_most=list_at_most,
        weights=closed.sample.weights,
    )
