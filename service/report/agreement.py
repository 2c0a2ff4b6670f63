"""A closed round's agreement: blind codings to a long table, the long table to figures."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec
import polars as pl

from service.agreement.dashboard import Asked, dashboard
from service.agreement.long import Columns
from service.agreement.profile import MethodsProfile, profile_named
from service.agreement.summary import Scheme
from service.codebook.model import Codebook, Variable
from service.coding.ledger import Verdict
from service.coding.model import Coding, PersonId, RoundKind
from service.coding.reveal import Revealed, blind_codings
from service.corpus.model import ExcerptId
from service.report.asked import Computed
from service.report.figures import VariableFigures, variable_figures

COLUMNS = Columns(unit="unit", coder="coder", code="code", variable="variable")
SCHEMA = {"unit": pl.String, "coder": pl.String, "variable": pl.String, "code": pl.String}


Row = tuple[str, str, str, str]


class RoundAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one round, with what they leave out: only blind codings enter them."""

    coders: list[str]
    profile: str
    excerpts: int
    codings: int
    assisted: int
    peer_exposed: int
    skipped: int
    erased: int
    variables: list[VariableFigures]


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


class RoundReport(msgspec.Struct, frozen=True):
    """The figures of a closed round, and what a reader has to know beside them."""

    round_id: str
    name: str
    kind: RoundKind
    codebook_revision: int
    sample_method: str
    sample_seed: int
    opened_at: str | None
    closed_at: str | None
    seal: str | None
    provenance: list[str]
    unblinded: list[Unblinding]
    agreement: RoundAgreement
    asked: list[Computed] = []
    reopened: list[Reopening] = []


def round_agreement(
    revealed: Sequence[Revealed],
    codebook: Codebook,
    *,
    sample: Mapping[ExcerptId, str],
    coders: Mapping[PersonId, str],
    profile: MethodsProfile,
    list_at_most: int | None,
) -> RoundAgreement:
    """Compute every variable's agreement over the blind codings of a round's sample; it names each excerpt's document."""
    blind = list(blind_codings(revealed).values())
    rows = tuple(_rows_of(blind, coders))
    verdicts = Counter(one.verdict for one in revealed)
    return RoundAgreement(
        coders=list(coders.values()),
        profile=profile.label,
        excerpts=len(sample),
        codings=len(blind),
        assisted=verdicts[Verdict.ASSISTED],
        peer_exposed=verdicts[Verdict.PEER_EXPOSED],
        skipped=sum(coding.content is not None and coding.content.skip is not None for coding in blind),
        erased=sum(coding.content is None for coding in blind),
        variables=[
            _figures(rows, variable, profile.label, tuple((str(excerpt), document) for excerpt, document in sample.items()), list_at_most)
            for variable in codebook.variables
        ],
    )


def long_table(codings: Iterable[Coding], coders: Mapping[PersonId, str]) -> pl.DataFrame:
    """Make the long rows ``unit, coder, variable, code``; an empty code is none-applies, a skip has no row."""
    return pl.DataFrame(list(_rows_of(codings, coders)), schema=SCHEMA, orient="row")


@lru_cache(maxsize=64)
def _figures(
    rows: tuple[Row, ...], variable: Variable, profile: str, sample: tuple[tuple[str, str], ...], list_at_most: int | None
) -> VariableFigures:
    """Compute one variable's figures, once for the same codings: a page and its charts ask for the same ones at the same time."""
    documents = dict(sample)
    asked = Asked(
        name=variable.name,
        scheme=Scheme(variable.scheme.value),
        codes=[code.name for code in variable.codes],
        profile=profile_named(profile),
        documents=clusters(documents),
        parents={code.name: code.parent for code in variable.codes if code.parent is not None},
        sample=list(documents),
        list_at_most=list_at_most,
    )
    return variable_figures(dashboard(pl.DataFrame(rows, schema=SCHEMA, orient="row"), asked, columns=COLUMNS))


def _rows_of(codings: Iterable[Coding], coders: Mapping[PersonId, str]) -> Iterable[Row]:
    for coding in codings:
        if coding.content is not None:
            for answer in coding.content.answers:
                for code in answer.codes or ("",):
                    yield str(coding.excerpt_id), coders[coding.person_id], answer.variable, code


def clusters(documents: Mapping[str, str]) -> Mapping[str, str] | None:
    """Give the documents to resample, if there are several: one document has nothing to resample."""
    return documents if len(set(documents.values())) > 1 else None
