"""Suggestions: codes ranked for texts, for tools and leads; and for a coder's own assignment where the round's policy allows it."""

import asyncio
import hashlib
from typing import Annotated
from uuid import UUID

import msgspec
import numpy as np
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.codebook.model import Codebook
from service.coding.ledger import Exposure, Shown, canonical
from service.coding.model import Round, RoundId, SuggestionPolicy
from service.coding.submission import check_open
from service.coding.visibility import Sight
from service.embedding import Failed, Loading, Ready, TextKey, Vectors
from service.errors import BadInput, NotFound, SuggestionsHidden, Unavailable
from service.store import Store
from service.store.credentials import Scope
from service.suggestion import Suggestion
from service.web import access
from service.web.api.forms import IdempotencyKey
from service.web.background import Background
from service.web.identity import Principal
from service.web.openapi import WRITES, json_body, refusals
from service.web.suggesting import Suggesting

MOST_TEXTS = 1_000
LONGEST_TEXT = 100_000


class SuggestIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts to suggest codes for, and the codebook: one of a study by id, or one written out."""

    texts: Annotated[list[Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]], msgspec.Meta(min_length=1, max_length=MOST_TEXTS)]
    codebook_id: UUID | None = None
    codebook: Codebook | None = None
    top: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 5


class SuggestOut(msgspec.Struct, frozen=True):
    """One suggestion a text, in the order of the texts. A score orders codes and is no probability."""

    suggestions: list[Suggestion]
    codebook_revision: int | None


class ModelOut(msgspec.Struct, frozen=True):
    """A model that suggestions are made with, and whether it answers."""

    name: str
    revision: str
    runtime: str | None
    state: str
    reason: str | None


A_QUESTION: dict[str, object] = {
    "texts": ["Every Thursday we sat down and went back over the week."],
    "codebook": {
        "variables": [
            {"name": "theme", "scheme": "one_code", "codes": [{"name": "Supervision", "definition": "Planned time to look back."}]}
        ]
    },
    "top": 3,
}


@get("/models", responses=refusals(400, 401, 503), operation_id="listModels", sync_to_thread=True)
def list_models(who: NamedDependency[Principal], background: NamedDependency[Background]) -> list[ModelOut]:  # noqa: ARG001
    """List the models that suggestions are made with."""
    key = background.model()
    match background.state():
        case Ready(identity):
            return [ModelOut(name=key.name, revision=key.revision, runtime=identity.runtime, state="ready", reason=None)]
        case Loading():
            return [ModelOut(name=key.name, revision=key.revision, runtime=None, state="loading", reason=None)]
        case Failed(reason):
            return [ModelOut(name=key.name, revision=key.revision, runtime=None, state="failed", reason=reason)]


@post("/suggestions", responses=refusals(400, 401, 403, 404, 413, 415, 423, 503), operation_id="suggest", status_code=200)
async def suggest(
    data: Annotated[SuggestIn, json_body(A_QUESTION)],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
) -> SuggestOut:
    """Rank a codebook's codes for texts. Nothing is stored. Hidden (423) from whoever codes in an open round."""
    codebook, number = await asyncio.to_thread(codebook_for, store, who, data)
    suggestions = await suggesting.for_texts(who, codebook, data.texts, top=data.top)
    return SuggestOut(suggestions=list(suggestions), codebook_revision=number)


@post(
    "/rounds/{round_id:uuid}/assignments/{assignment_id:uuid}/suggestions",
    responses=refusals(*WRITES, 423),
    operation_id="suggestForAssignment",
)
async def suggest_for_assignment(  # noqa: PLR0913, PLR0917
    round_id: FromPath[UUID],
    assignment_id: FromPath[UUID],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    background: NamedDependency[Background],
) -> Suggestion:
    """Show the model's suggestion for one of your assignments, if the round's policy allows it; the ledger records that you saw it."""
    round_, vector = await asyncio.to_thread(assisted, store, who, str(round_id), str(assignment_id), background)
    codebook = await asyncio.to_thread(pinned, store, round_)
    [suggestion] = await suggesting.for_vectors(who, codebook, vector, top=5)
    digest = hashlib.sha256(canonical(suggestion)).hexdigest()
    exposure = Exposure(assignment_id=str(assignment_id), shown=Shown.SUGGESTION, digest=digest)
    await asyncio.to_thread(expose, store, who, round_.id, exposure, key)
    return suggestion


def codebook_for(store: Store, who: Principal, asked: SuggestIn) -> tuple[Codebook, int | None]:
    """Give the codebook asked for: written out, or the revision of the study's last suggestion snapshot."""
    if (asked.codebook is None) == (asked.codebook_id is None):
        message = "Give either codebook_id or codebook."
        raise BadInput(message)
    with store.reading() as tx:
        access.check_scope(who, Scope.SUGGEST)
        access.check_suggestions(tx, who)
        if asked.codebook is not None:
            return asked.codebook, None
        study = tx.codebooks.study_of(str(asked.codebook_id))
        entered = access.enter_study(tx, who, study, Scope.SUGGEST, access.LEAD, asked="codebook") if study else None
        snapshot = tx.rounds.snapshot(entered) if entered else None
        if snapshot is None:
            message = "There is no such codebook."
            raise NotFound(message)
        revision = tx.codebooks.revision(snapshot)
        return revision.codebook, revision.number


def assisted(store: Store, who: Principal, round_id: str, assignment_id: str, background: Background) -> tuple[Round, Vectors]:
    """Check that the policy allows a suggestion now, and give the excerpt's stored vector."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, round_id, Sight.OWN, Scope.CODE)
        check_open(round_)
        turn = tx.rounds.assignment(assignment_id, who.person_id)
        if turn.round_id != round_.id:
            message = "You have no such assignment."
            raise NotFound(message)
        coded = {coding.assignment_id for coding in tx.codings.own(round_.id, who.person_id)}
        _check_policy(round_.policy, answered=turn.id in coded)
        key = TextKey(tx.corpus.excerpts([turn.excerpt_id])[turn.excerpt_id].text_sha256)
        found = tx.vectors.get(background.model(), [key])
    if key not in found:
        message = "This excerpt has no vector of the present model yet. Coding goes on; try again in a moment."
        raise Unavailable(message)
    return round_, np.array([found[key]], dtype=np.float32)


def pinned(store: Store, round_: Round) -> Codebook:
    """Give the codebook revision that the round pins."""
    with store.reading() as tx:
        return tx.codebooks.revision(round_.revision_id).codebook


def expose(store: Store, who: Principal, round_id: RoundId, exposure: Exposure, key: str) -> None:
    """Write into the ledger what is about to be shown; the same request again is the same exposure."""
    with store.writing() as tx:
        round_ = tx.codings.lock(round_id, who.person_id)

        def record() -> str:
            tx.codings.expose(round_, who.person_id, exposure)
            return exposure.assignment_id

        tx.requests.once(who.key, f"suggestForAssignment {round_id}", key, canonical(exposure), record)


def _check_policy(policy: SuggestionPolicy, *, answered: bool) -> None:
    if policy is SuggestionPolicy.NONE:
        message = "This round is coded without suggestions. They open when it closes."
        raise SuggestionsHidden(message)
    if policy is SuggestionPolicy.AFTER_OWN_ANSWER and not answered:
        message = "This round shows a suggestion after your own first answer. Code the excerpt, then ask again."
        raise SuggestionsHidden(message)


router = Router("/", route_handlers=[list_models, suggest, suggest_for_assignment], tags=["Suggestions"])
