"""Rounds: planned and opened by the lead, seen by each according to the table of the coding room."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec.structs import replace

from service.coding.draw import weights_of
from service.coding.model import PersonId, Round, RoundKind, RoundState, SuggestionPolicy
from service.coding.plan import Overlap, Repeats
from service.coding.visibility import Role, Sight
from service.embedding import TextKey
from service.errors import BadInput, Conflict
from service.report.draws import draw_sentence
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.exposures import PlanExposureOut, exposure_of
from service.web.api.forms import IdempotencyKey, body_of, once
from service.web.background import Background
from service.web.identity import Principal
from service.web.openapi import READS, WRITES, json_body, refusals

MOST_EXCERPTS = 100_000
LARGEST_SEED = 2_147_483_647


class ReplacedOut(msgspec.Struct, frozen=True):
    """Who left, and who took over the whole set."""

    leaver: str
    person: str


class PlanOut(msgspec.Struct, frozen=True):
    """The sample and the coders: for the lead who does not code in it, and for everybody after the close.

    ``draw`` says in words how the sample was drawn; ``weighted`` that its excerpts had different probabilities, so that figures weigh them.
    """

    method: str
    draw: str
    seed: int
    excerpts: int
    weighted: bool
    coders: list[str]
    overlap: Overlap
    repeats: Repeats | None
    replaced: list[ReplacedOut]


class ReplaceIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who leaves the round, and which coder of the study takes over."""

    leaver_id: UUID
    person_id: UUID


class RoundOut(msgspec.Struct, frozen=True):
    """A round as far as you may see it; what you may not see is null."""

    id: str
    study_id: str
    name: str
    kind: RoundKind
    state: RoundState
    policy: SuggestionPolicy
    revision_id: str
    close_by: str | None
    opened_at: str | None
    closed_at: str | None
    seal: str | None
    you_code: bool
    plan: PlanOut | None
    exposure: PlanExposureOut | None = None
    """Of a draft asked for by itself: which of its coders could see peers' codings of its excerpts, and what would be free of it."""


class CompletionOut(msgspec.Struct, frozen=True):
    """How far one coder has come; ``left`` says that somebody else took over."""

    person_id: str
    name: str
    done: int
    assigned: int
    handed_in: bool
    left: bool


A_REPLACEMENT: dict[str, object] = {
    "leaver_id": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    "person_id": "9b2c7d0e-52c1-4c1c-8a4e-3d0b6a3f2f11",
}


@get("/studies/{study_id:uuid}/rounds", responses=refusals(*READS), sync_to_thread=True, operation_id="listRounds")
def list_rounds(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[RoundOut]:
    """List those of a study's rounds that you may know of."""
    with store.reading() as tx:
        access.role_in(tx, who, str(study_id))
        rounds = tx.rounds.of_study(str(study_id))
        return [shown(tx, who, round_) for round_ in rounds if access.may_see(tx, who, round_, Sight.EXISTENCE)]


@get("/rounds/{round_id:uuid}", responses=refusals(*READS), sync_to_thread=True, operation_id="getRound")
def get_round(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> RoundOut:
    """Give a round as far as you may see it."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None)
        return replace(shown(tx, who, round_), exposure=exposure_of(tx, who, round_))


@delete("/rounds/{round_id:uuid}", responses=refusals(*WRITES), sync_to_thread=True, operation_id="deleteRound")
def delete_round(round_id: FromPath[UUID], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]) -> None:
    """Delete a draft. A round that was opened is kept."""
    with store.writing() as tx:
        once(tx, who, f"deleteRound {round_id}", key, b"", lambda: delete_draft(tx, who, str(round_id)))


@post("/rounds/{round_id:uuid}/opening", responses=refusals(*WRITES), sync_to_thread=True, operation_id="openRound")
def open_round(
    round_id: FromPath[UUID],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    background: NamedDependency[Background],
) -> RoundOut:
    """Draw every coder's assignments and let coding begin."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        once(tx, who, f"openRound {round_id}", key, b"", lambda: [open_for(tx, who, round_, background)])
        return shown(tx, who, tx.rounds.get(round_.id))


@post("/rounds/{round_id:uuid}/closing", responses=refusals(*WRITES), sync_to_thread=True, operation_id="closeRound")
def close_round(round_id: FromPath[UUID], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]) -> RoundOut:
    """End the blind phase: freeze the codings, seal them, reveal them to all at once. Closing again changes nothing."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        once(tx, who, f"closeRound {round_id}", key, b"", lambda: [tx.rounds.close(round_.id, who.person_id).id])
        return shown(tx, who, tx.rounds.get(round_.id))


@post("/rounds/{round_id:uuid}/replacements", responses=refusals(*WRITES), sync_to_thread=True, operation_id="replaceCoder")
def replace_coder(
    round_id: FromPath[UUID],
    data: Annotated[ReplaceIn, json_body(A_REPLACEMENT)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> RoundOut:
    """Let somebody take over from a coder who left: fresh turns at the whole set, coded or not. The leaver's codings stay."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        once(tx, who, f"replaceCoder {round_id}", key, body_of(data), lambda: [replaced(tx, who, round_, data)])
        return shown(tx, who, tx.rounds.get(round_.id))


@get("/rounds/{round_id:uuid}/completion", responses=refusals(*READS), sync_to_thread=True, operation_id="getCompletion")
def get_completion(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[CompletionOut]:
    """Say how far each coder has come: for a lead who does not code in the round."""
    with store.reading() as tx:
        return completion(tx, access.enter_round(tx, who, str(round_id), Sight.COMPLETION, Scope.MANAGE))


def completion(tx: Transaction, round_: Round) -> list[CompletionOut]:
    """Count each coder's done assignments."""
    done = tx.codings.completion(round_.id)
    handed_in = set(tx.chains.who_handed_in(round_.id))
    assigned = tx.assignments.counts(round_.id)
    return [
        CompletionOut(
            person_id=coder,
            name=tx.people.get(coder).name,
            done=done.get(coder, 0),
            assigned=assigned.get(coder, 0),
            handed_in=coder in handed_in,
            left=coder in round_.leavers,
        )
        for coder in round_.coders
    ]


def delete_draft(tx: Transaction, who: Principal, round_id: str) -> list[str]:
    """Delete a draft of a study that the asker leads."""
    tx.rounds.delete_draft(access.lead_round(tx, who, round_id).id)
    return []


def replaced(tx: Transaction, who: Principal, round_: Round, asked: ReplaceIn) -> str:
    """Let a coder of the study take over; a lead could see how far the coders are, so a lead cannot."""
    leaver, person = PersonId(str(asked.leaver_id)), PersonId(str(asked.person_id))
    roles = {member.person.id: member.role for member in tx.people.members(round_.study_id)}
    if person not in roles or roles[person] is Role.OBSERVER:
        message = "Name somebody of the study who may code."
        raise BadInput(message)
    if roles[person] is Role.LEAD:
        message = "A lead could see how far the coders are since the opening, so a lead cannot take over. Choose a coder."
        raise Conflict(message)
    return tx.rounds.replace(round_.id, leaver, person, who.person_id).id


def open_for(tx: Transaction, who: Principal, round_: Round, background: Background) -> str:
    """Open a round; one that shows suggestions needs every excerpt's stored vector first."""
    if round_.policy is not SuggestionPolicy.NONE:
        excerpts = tx.corpus.excerpts([drawn.excerpt_id for drawn in tx.rounds.sample(round_.id)])
        keys = {TextKey(excerpt.text_sha256) for excerpt in excerpts.values()}
        there = tx.vectors.get(background.model(), sorted(keys))
        if len(there) < len(keys):
            message = f"{len(keys) - len(there)} excerpts of the round have no vector yet, which its suggestions need. Try again shortly."
            raise Conflict(message)
    tx.audits.note(who.person_id, "opened round", round_.id)
    return tx.rounds.open(round_.id, who.person_id).id


def shown(tx: Transaction, who: Principal, round_: Round) -> RoundOut:
    """Show a round as far as the asker may see it."""
    sees_plan = round_.state.is_revealed or access.may_see(tx, who, round_, Sight.PLAN)
    return RoundOut(
        id=round_.id,
        study_id=round_.study_id,
        name=round_.name,
        kind=round_.kind,
        state=round_.state,
        policy=round_.policy,
        revision_id=round_.revision_id,
        close_by=round_.close_by,
        opened_at=round_.opened_at,
        closed_at=round_.closed_at,
        seal=round_.seal,
        you_code=not who.is_machine and who.person_id in round_.coders,
        plan=_plan(tx, round_) if sees_plan else None,
    )


def _plan(tx: Transaction, round_: Round) -> PlanOut:
    sample = tx.rounds.sample(round_.id)
    names = {coder: tx.people.get(coder).name for coder in round_.coders}
    return PlanOut(
        method=round_.sample_method,
        draw=draw_sentence(round_, tx.codebooks.revision(round_.revision_id).codebook, tx.metadata.drawn_by(round_)),
        seed=round_.sample_seed,
        excerpts=len(sample),
        weighted=weights_of(sample) is not None,
        coders=list(names.values()),
        overlap=round_.design.overlap,
        repeats=round_.design.repeats,
        replaced=[ReplacedOut(names[one.leaver], names[one.person]) for one in round_.replacements],
    )


router = Router(
    "/",
    route_handlers=[list_rounds, get_round, delete_round, open_round, close_round, replace_coder, get_completion],
    tags=["Rounds"],
)
