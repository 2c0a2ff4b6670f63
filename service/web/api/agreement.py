"""Agreement of a closed round, computed on the frozen set each time it is asked for."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from service.coding.model import Round, RoundKind
from service.coding.visibility import Sight
from service.report.agreement import RoundAgreement, round_agreement
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.codings import labels
from service.web.identity import Principal
from service.web.openapi import READS, refusals

Listed = Annotated[int, QueryParameter(ge=0, le=100_000, description="How many disagreeing excerpts to list for each variable.")]


class UnblindingOut(msgspec.Struct, frozen=True):
    """Codings that a lead opened early: printed on every report of the round."""

    at: str
    reason: str


class AgreementOut(msgspec.Struct, frozen=True):
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
    unblinded: list[UnblindingOut]
    agreement: RoundAgreement


@get("/rounds/{round_id:uuid}/agreement", responses=refusals(*READS), sync_to_thread=True, operation_id="getAgreement")
def get_agreement(
    round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], disagreements: Listed = 100
) -> AgreementOut:
    """Give a closed round's agreement for each variable. While the round is open, this answers like a round that does not exist."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        shows_codings = access.may_see(tx, who, round_, Sight.CODINGS)
        return agreement_of(tx, round_, list_at_most=disagreements if shows_codings else 0)


def agreement_of(tx: Transaction, round_: Round, *, list_at_most: int | None) -> AgreementOut:
    """Compute a round's report from what the close revealed."""
    revision = tx.codebooks.revision(round_.revision_id)
    sample = [drawn.excerpt_id for drawn in tx.rounds.sample(round_.id)]
    figures = round_agreement(
        tx.codings.revealed(round_.id), revision.codebook, sample=sample, coders=labels(tx, round_), list_at_most=list_at_most
    )
    early = [audit for audit in tx.audits.about(round_.id) if audit.act == "unblinded"]
    return AgreementOut(
        round_id=round_.id,
        name=round_.name,
        kind=round_.kind,
        codebook_revision=revision.number,
        sample_method=round_.sample_method,
        sample_seed=round_.sample_seed,
        opened_at=round_.opened_at,
        closed_at=round_.closed_at,
        seal=round_.seal,
        unblinded=[UnblindingOut(at=audit.at, reason=audit.reason) for audit in early],
        agreement=figures,
    )


router = Router("/", route_handlers=[get_agreement], tags=["Agreement"])
