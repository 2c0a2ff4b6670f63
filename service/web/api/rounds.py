"""Rounds: planned and opened by the lead, seen by each according to the table of the coding room."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import numpy as np
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.coding.model import PersonId, Round, RoundKind, RoundState, SuggestionPolicy
from service.coding.draw import Drawn, chosen_set, simple_sample
from service.coding.visibility import Role, Sight
from service.corpus.model import ExcerptId, StudyId
from service.embedding import TextKey
from service.errors import BadInput, Conflict, NotFound
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.store.rounds import Plan
from service.store.session import stamp
from service.web import access
from service.web.api.forms import IdempotencyKey, Name, body_of, once
from service.web.background import Background
from service.web.identity import Principal
from service.web.openapi import READS, WRITES, json_body, refusals

MOST_EXCERPTS = 100_000
LARGEST_SEED = 2_147_483_647


class RandomSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="random", tag_field="method"):
    """``size`` excerpts drawn from all of the study's by this seed."""

    size: Annotated[int, msgspec.Meta(ge=1, le=MOST_EXCERPTS)]
    seed: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_SEED)]


class ChosenSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="chosen", tag_field="method"):
    """Exactly these excerpts; the seed makes the coders' orders."""

    excerpts: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=MOST_EXCERPTS)]
    seed: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_SEED)]


class RoundIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A round to be planned. ``revision`` is the number of a codebook revision; ``close_by`` a time with its zone."""

    name: Name
    kind: RoundKind
    policy: SuggestionPolicy
    revision: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_SEED)]
    sample: RandomSample | ChosenSample
    coders: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=1000)]
    close_by: datetime | None = None


class PlanOut(msgspec.Struct, frozen=True):
    """The sample and the coders: for the lead who does not code in it, and for everybody after the close."""

    method: Literal["random", "chosen"]
    seed: int
    excerpts: int
    coders: list[str]


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


class CompletionOut(msgspec.Struct, frozen=True):
    """How far one coder has come."""

    person_id: str
    name: str
    done: int
    assigned: int
    handed_in: bool


A_ROUND: dict[str, object] = {
    "name": "Round 1",
    "kind": "reliability",
    "policy": "none",
    "revision": 1,
    "sample": {"method": "random", "size": 80, "seed": 7},
    "coders": ["7d444840-9dc0-41d1-b245-5ffdce74fad2", "9b2c7d0e-52c1-4c1c-8a4e-3d0b6a3f2f11"],
}


@get("/studies/{study_id:uuid}/rounds", responses=refusals(*READS), sync_to_thread=True, operation_id="listRounds")
def list_rounds(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[RoundOut]:
    """List those of a study's rounds that you may know of."""
    with store.reading() as tx:
        access.role_in(tx, who, str(study_id))
        rounds = tx.rounds.of_study(str(study_id))
        return [shown(tx, who, round_) for round_ in rounds if access.may_see(tx, who, round_, Sight.EXISTENCE)]


@post("/studies/{study_id:uuid}/rounds", responses=refusals(*WRITES), sync_to_thread=True, operation_id="planRound")
def plan_round(
    study_id: FromPath[UUID],
    data: Annotated[RoundIn, json_body(A_ROUND)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> RoundOut:
    """Plan a round: draw its sample and name its coders. Nobody else sees it before it is opened."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)

        def plan() -> list[str]:
            return [tx.rounds.plan(study, plan_of(tx, study, data), who.person_id)]

        [made] = once(tx, who, f"planRound {study_id}", key, body_of(data), plan)
        return shown(tx, who, tx.rounds.get(made))


@get("/rounds/{round_id:uuid}", responses=refusals(*READS), sync_to_thread=True, operation_id="getRound")
def get_round(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> RoundOut:
    """Give a round as far as you may see it."""
    with store.reading() as tx:
        return shown(tx, who, access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None))


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


@get("/rounds/{round_id:uuid}/completion", responses=refusals(*READS), sync_to_thread=True, operation_id="getCompletion")
def get_completion(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[CompletionOut]:
    """Say how far each coder has come: for a lead who does not code in the round."""
    with store.reading() as tx:
        return completion(tx, access.enter_round(tx, who, str(round_id), Sight.COMPLETION, Scope.MANAGE))


def completion(tx: Transaction, round_: Round) -> list[CompletionOut]:
    """Count each coder's done assignments."""
    done = tx.codings.completion(round_.id)
    handed_in = set(tx.chains.who_handed_in(round_.id))
    assigned = len(tx.rounds.sample(round_.id))
    return [
        CompletionOut(
            person_id=coder, name=tx.people.get(coder).name, done=done.get(coder, 0), assigned=assigned, handed_in=coder in handed_in
        )
        for coder in round_.coders
    ]


def delete_draft(tx: Transaction, who: Principal, round_id: str) -> list[str]:
    """Delete a draft of a study that the asker leads."""
    tx.rounds.delete_draft(access.lead_round(tx, who, round_id).id)
    return []


def plan_of(tx: Transaction, study: StudyId, asked: RoundIn) -> Plan:
    """Draw the sample and check that revision and coders are the study's."""
    codebook = tx.codebooks.id_of(study)
    if codebook is None:
        message = "The study has no codebook yet. Import one, then plan the round."
        raise Conflict(message)
    if asked.close_by is not None and asked.close_by.tzinfo is None:
        message = "close_by needs its zone, such as 2027-01-31T18:00:00Z."
        raise BadInput(message)
    return Plan(
        name=asked.name,
        kind=asked.kind,
        policy=asked.policy,
        revision_id=tx.codebooks.numbered(codebook, asked.revision).id,
        sample_method="random" if isinstance(asked.sample, RandomSample) else "chosen",
        sample_seed=asked.sample.seed,
        sample=_sample(tx.corpus.excerpt_ids(study), asked.sample),
        coders=_coders(tx, study, [str(coder) for coder in asked.coders]),
        close_by=stamp(asked.close_by) if asked.close_by else None,
    )


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
    return PlanOut(
        method="random" if round_.sample_method == "random" else "chosen",
        seed=round_.sample_seed,
        excerpts=len(tx.rounds.sample(round_.id)),
        coders=[tx.people.get(coder).name for coder in round_.coders],
    )


def _sample(present: list[ExcerptId], asked: RandomSample | ChosenSample) -> tuple[Drawn, ...]:
    if isinstance(asked, RandomSample):
        return simple_sample(present, asked.size, np.random.default_rng(asked.seed))
    named = [ExcerptId(str(one)) for one in asked.excerpts]
    if not set(present).issuperset(named):
        message = "The chosen set names an excerpt that is not in the study."
        raise NotFound(message)
    return chosen_set(named)


def _coders(tx: Transaction, study: StudyId, named: list[str]) -> tuple[PersonId, ...]:
    may_code = {member.person.id for member in tx.people.members(study) if member.role is not Role.OBSERVER}
    if len(set(named)) != len(named) or not may_code.issuperset(PersonId(one) for one in named):
        message = "Name each coder once, by the id of a lead or coder of the study."
        raise BadInput(message)
    return tuple(PersonId(one) for one in named)


router = Router(
    "/",
    route_handlers=[list_rounds, plan_round, get_round, delete_round, open_round, close_round, get_completion],
    tags=["Rounds"],
)
