"""Suggestions: codes ranked for texts, for tools and leads; and for a coder's own assignment where the round's policy allows it."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
import numpy as np
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from service.codebook.model import Codebook
from service.coding.arms import policy_of
from service.coding.ledger import Exposure, Shown, SuggestedCodes, canonical
from service.coding.model import Round, RoundId, SuggestionPolicy
from service.coding.submission import check_open
from service.coding.visibility import Sight
from service.embedding import Failed, Loading, ReadText, Ready, TextKey, Vectors
from service.errors import BadInput, Conflict, NotFound, Refusal, SuggestionsHidden, Unavailable
from service.store import Store
from service.store.credentials import Scope
from service.suggestion import RankedCode, Suggestion
from service.web import access
from service.web.allowance import Allowance
from service.web.api.forms import IdempotencyKey
from service.web.background import Background
from service.web.identity import Principal
from service.web.language_models import LanguageModels
from service.web.modelling import Backend
from service.web.openapi import WRITES, json_body, refusals
from service.web.sources import Source, of_round, of_study
from service.web.suggesting import Suggesting

MOST_TEXTS = 1_000
LONGEST_TEXT = 100_000
STREAMED_AT_ONCE = 32
NDJSON = "application/x-ndjson"
Told = Sequence[tuple[Suggestion, ReadText | None]]
ASKED = (400, 401, 403, 404, 409, 413, 415, 423, 429, 503)


class SuggestIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts to suggest codes for, and the codebook: one of a study by id, or one written out.

    ``revision`` says which revision is expected; where the study's last suggestion snapshot has another one, the call is refused (409).
    With ``backend`` language-model the texts go to the server that the study's lead turned on (409 where none is); with ``offline``
    nothing is sent, and only what was asked in the same words before is answered, bit for bit.
    """

    texts: Annotated[list[Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]], msgspec.Meta(min_length=1, max_length=MOST_TEXTS)]
    codebook_id: UUID | None = None
    revision: Annotated[int, msgspec.Meta(ge=1)] | None = None
    codebook: Codebook | None = None
    top: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 5
    backend: Backend = Backend.EMBEDDINGS
    offline: bool = False


class SuggestOut(msgspec.Struct, frozen=True):
    """One suggestion a text, in the order of the texts. A score orders codes and is no probability.

    ``read`` says of each text how many tokens it has, and whether it is longer than the model reads; a language model reads the whole.
    """

    suggestions: list[Suggestion]
    codebook_revision: int | None
    read: list[ReadText]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a stream: a text's suggestion by its number from 1 on; at the end how many were ranked, or why the rest was not."""

    text: int | None = None
    suggestion: Suggestion | None = None
    read: ReadText | None = None
    problem: str | None = None
    done: int | None = None
    codebook_revision: int | None = None


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


@post("/suggestions", responses=refusals(*ASKED), operation_id="suggest", status_code=200)
async def suggest(
    data: Annotated[SuggestIn, json_body(A_QUESTION)],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    allowance: NamedDependency[Allowance],
    language_models: NamedDependency[LanguageModels],
) -> SuggestOut:
    """Rank a codebook's codes for texts. Hidden (423) from whoever codes in an open round.

    Nothing is stored, but a language model's answers, which the study keeps so that they can be given again.
    """
    source, number = await asyncio.to_thread(source_for, store, who, data)
    allowance.take(who.key, len(data.texts))
    if data.backend is Backend.LANGUAGE_MODEL:
        answered = await language_models.for_texts(who, source, data.texts, top=data.top, offline=data.offline)
        return SuggestOut(suggestions=list(answered), codebook_revision=number, read=[])
    suggestions, read = await suggesting.for_texts(who, source, data.texts, top=data.top)
    return SuggestOut(suggestions=list(suggestions), codebook_revision=number, read=list(read))


@post(
    "/suggestions/stream",
    responses=refusals(*ASKED)
    | {200: ResponseSpec(Line, media_type=NDJSON, description="One line a text, then one that ends it.", generate_examples=False)},
    operation_id="streamSuggestions",
    status_code=200,
)
async def stream_suggestions(
    data: Annotated[SuggestIn, json_body(A_QUESTION)],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    allowance: NamedDependency[Allowance],
    language_models: NamedDependency[LanguageModels],
) -> Stream:
    """Rank as above, one line of JSON a text as soon as it is there; the last line has ``done``, or ``problem`` if the rest failed.

    What cannot be answered at all is refused before the first line. A language model takes long: that the asker may know, and that it is
    still turned on, is looked up before each text.
    """
    source, number = await asyncio.to_thread(source_for, store, who, data)
    allowance.take(who.key, len(data.texts))

    async def ranked(part: Sequence[str]) -> Told:
        suggestions, read = await suggesting.for_texts(who, source, part, top=data.top)
        return list(zip(suggestions, read, strict=True))

    async def asked(part: Sequence[str]) -> Told:
        again = msgspec.structs.replace(data, texts=list(part), revision=number)
        present, _ = await asyncio.to_thread(source_for, store, who, again)
        return [(one, None) for one in await language_models.for_texts(who, present, part, top=data.top, offline=data.offline)]

    if data.backend is Backend.LANGUAGE_MODEL:
        await language_models.check(who, source, data.texts, offline=data.offline)
        return Stream(_lines(asked, data.texts, 1, number), media_type=NDJSON)
    await suggesting.index(who, source)
    return Stream(_lines(ranked, data.texts, STREAMED_AT_ONCE, number), media_type=NDJSON)


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
    source = await asyncio.to_thread(source_of, store, who, round_)
    [suggestion] = await suggesting.for_vectors(who, source, vector, top=5)
    await asyncio.to_thread(expose, store, who, round_.id, exposure_to(str(assignment_id), suggestion), key)
    return suggestion


def source_for(store: Store, who: Principal, asked: SuggestIn) -> tuple[Source, int | None]:
    """Give what suggestions are made from: a codebook written out, or the study's last suggestion snapshot."""
    check_texts(asked.texts)
    if asked.offline and asked.backend is Backend.EMBEDDINGS:
        message = "offline is for the language model; the embeddings never leave this machine."
        raise BadInput(message)
    if (asked.codebook is None) == (asked.codebook_id is None):
        message = "Give either codebook_id or codebook."
        raise BadInput(message)
    with store.reading() as tx:
        access.check_scope(who, Scope.SUGGEST)
        access.check_suggestions(tx, who)
        if asked.codebook is not None:
            return Source(asked.codebook), None
        study = tx.codebooks.study_of(str(asked.codebook_id))
        entered = access.enter_study(tx, who, study, Scope.SUGGEST, access.LEAD, asked="codebook") if study else None
        found = of_study(tx, entered) if entered else None
        if found is None:
            message = "There is no such codebook."
            raise NotFound(message)
        if asked.revision not in {None, found[1]}:
            message = (
                f"The study's last suggestion snapshot is of codebook revision {found[1]}. Ask for that one, or leave the revision out."
            )
            raise Conflict(message)
        return found


def check_texts(texts: Sequence[str]) -> None:
    """Refuse a text with nothing in it, naming its place."""
    blank = [place for place, text in enumerate(texts, 1) if not text.strip()]
    if blank:
        message = f"Text {blank[0]} of {len(texts)} is empty. Leave it out; nothing was ranked."
        raise BadInput(message)


async def _lines(
    tell: Callable[[Sequence[str]], Awaitable[Told]], texts: Sequence[str], at_once: int, number: int | None
) -> AsyncGenerator[bytes]:
    for first in range(0, len(texts), at_once):
        try:
            told = await tell(texts[first : first + at_once])
        except Refusal as refusal:
            yield msgspec.json.encode(Line(text=first + 1, problem=refusal.detail)) + b"\n"
            return
        for place, (suggestion, read) in enumerate(told, first + 1):
            yield msgspec.json.encode(Line(text=place, suggestion=suggestion, read=read)) + b"\n"
    yield msgspec.json.encode(Line(done=len(texts), codebook_revision=number)) + b"\n"


def assisted(store: Store, who: Principal, round_id: str, assignment_id: str, background: Background) -> tuple[Round, Vectors]:
    """Check that the policy allows a suggestion now, and give the excerpt's stored vector."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, round_id, Sight.OWN, Scope.CODE)
        check_open(round_)
        turn = tx.assignments.one(assignment_id, who.person_id)
        if turn.round_id != round_.id:
            message = "You have no such assignment."
            raise NotFound(message)
        answered = bool(tx.codings.own(round_.id, who.person_id, among=[turn.id]))
        _check_policy(round_.policy, policy_of(round_.policy, turn.arm), answered=answered)
        key = TextKey(tx.corpus.excerpts([turn.excerpt_id])[turn.excerpt_id].text_sha256)
        found = tx.vectors.get(background.model(), [key])
    if key not in found:
        message = "This excerpt has no vector of the present model yet. Coding goes on; try again in a moment."
        raise Unavailable(message)
    return round_, np.array([found[key]], dtype=np.float32)


def source_of(store: Store, who: Principal, round_: Round) -> Source:
    """Give what a round's suggestions are made from: its own codebook revision and the snapshot it opened with."""
    codebook = pinned(store, round_)
    with store.reading() as tx:
        return of_round(tx, round_, codebook, who.person_id)


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


def exposure_to(assignment_id: str, suggestion: Suggestion) -> Exposure:
    """Say what showing a suggestion shows: its digest, and the codes that it puts first for each variable."""
    suggested = tuple(SuggestedCodes(variable=one.variable, codes=first) for one in suggestion.variables if (first := _first(one.codes)))
    digest = hashlib.sha256(canonical(suggestion)).hexdigest()
    return Exposure(assignment_id=assignment_id, shown=Shown.SUGGESTION, digest=digest, suggested=suggested)


def _first(codes: Sequence[RankedCode]) -> tuple[str, ...]:
    return tuple(code.code for code in codes if code.suggested) or tuple(code.code for code in codes[:1])


def _check_policy(declared: SuggestionPolicy, policy: SuggestionPolicy, *, answered: bool) -> None:
    if policy is SuggestionPolicy.NONE and declared is SuggestionPolicy.RANDOMISED:
        message = "No suggestion is shown for this excerpt. They open when the round closes."
        raise SuggestionsHidden(message)
    if policy is SuggestionPolicy.NONE:
        message = "This round is coded without suggestions. They open when it closes."
        raise SuggestionsHidden(message)
    if policy is SuggestionPolicy.AFTER_OWN_ANSWER and not answered:
        message = "A suggestion is shown after your own first answer. Code the excerpt, then ask again."
        raise SuggestionsHidden(message)


router = Router("/", route_handlers=[list_models, suggest, stream_suggestions, suggest_for_assignment], tags=["Suggestions"])
