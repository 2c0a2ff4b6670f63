"""Suggestions on pages: for a text a lead tries out, and for a coder's own assignment where the round's policy allows it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.corpus.model import StudyId
from service.embedding import Failed, Loading, ReadText, Ready
from service.errors import Refusal
from service.store import Store
from service.store.corpus import Study
from service.store.credentials import Scope
from service.suggestion import Suggestion
from service.suggestion.configuration import Fitted
from service.suggestion.terms import Terms
from service.web import access
from service.web.allowance import Allowance
from service.web.api.suggestions import Backend, SuggestIn, assisted, expose, exposure_to, source_for, source_of
from service.web.background import Background
from service.web.identity import Principal
from service.web.language_models import LanguageModels
from service.web.pages.answers import filled_from
from service.web.pages.coding import Desk, desk_at, desk_page
from service.web.pages.forms import Form, read
from service.web.pages.rendering import page
from service.web.problems import PROBLEMS
from service.web.sources import Source
from service.web.suggesting import Suggesting

TOP = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """Where a text is tried: the study, its codebook, and the language model that its lead turned on, if one is."""

    study: Study
    codebook_id: str | None
    terms: Terms | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the page shows of an answer; a language model reads the whole text, and nothing is fitted to it."""

    found: Suggestion | None = None
    revision: int | None = None
    length: ReadText | None = None
    fits: Sequence[Fitted] = ()
    problem: str = ""
    status: int = 200


@get("/studies/{study_id:uuid}/suggestions", sync_to_thread=True)
def show(
    study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], background: NamedDependency[Background]
) -> Response[str]:
    """Show the form that tries suggestions on a text."""
    return _page(who, _entered(store, who, study_id), background, Answered(), text="", backend=Backend.EMBEDDINGS)


@post("/studies/{study_id:uuid}/suggestions", status_code=200)
async def suggest(  # noqa: PLR0913, PLR0917
    study_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    language_models: NamedDependency[LanguageModels],
    background: NamedDependency[Background],
    allowance: NamedDependency[Allowance],
) -> Response[str]:
    """Rank the study's codes for a text; nothing is stored but a language model's answer, as by the API."""
    asking = await asyncio.to_thread(_entered, store, who, study_id)
    text, backend = form.text("text").strip(), form.text("backend") or Backend.EMBEDDINGS.value
    try:
        asked = read(SuggestIn, {"texts": [text], "codebook_id": asking.codebook_id, "top": TOP, "backend": backend})
        source, number = await asyncio.to_thread(source_for, store, who, asked)
        allowance.take(who.key, len(asked.texts))
        if asked.backend is Backend.LANGUAGE_MODEL:
            answered = await _from_language_model(language_models, who, source, asked)
        else:
            answered = await _from_embeddings(suggesting, who, source, asked)
        answered = replace(answered, revision=number)
    except Refusal as refusal:
        answered = Answered(problem=refusal.detail, status=PROBLEMS[type(refusal)].status)
    return _page(who, asking, background, answered, text=text, backend=backend)


async def _from_embeddings(suggesting: Suggesting, who: Principal, source: Source, asked: SuggestIn) -> Answered:
    [found], [length] = await suggesting.for_texts(who, source, asked.texts, top=asked.top)
    index = await suggesting.index(who, source)
    return Answered(found, length=length, fits=index.configuration.fitted)


async def _from_language_model(language_models: LanguageModels, who: Principal, source: Source, asked: SuggestIn) -> Answered:
    [found] = await language_models.for_texts(who, source, asked.texts, top=asked.top, offline=False)
    return Answered(found)


def _page(who: Principal, asking: Asking, background: Background, answered: Answered, *, text: str, backend: str) -> Response[str]:
    context: dict[str, object] = {"study": asking.study, "terms": asking.terms, "model": _model(background), "text": text}
    return page("suggestions.html", who, status=answered.status, backend=backend, answered=answered, **context)


@post("/rounds/{round_id:uuid}/code/suggestion", status_code=200, opt={"back": "/rounds/{round_id}/code"})
async def suggest_for_turn(
    round_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    background: NamedDependency[Background],
) -> Response[str]:
    """Show a suggestion on the coder's page once the ledger says so; what is filled in stays."""
    assignment = form.text("assignment")
    round_, vector = await asyncio.to_thread(assisted, store, who, str(round_id), assignment, background)
    source = await asyncio.to_thread(source_of, store, who, round_)
    [suggestion] = await suggesting.for_vectors(who, source, vector, top=TOP)
    await asyncio.to_thread(expose, store, who, round_.id, exposure_to(assignment, suggestion), form.key())
    desk = await asyncio.to_thread(_desk, store, who, str(round_id), assignment)
    return desk_page(who, desk, filled_from(form, desk.codebook), suggestion=suggestion)


def _desk(store: Store, who: Principal, round_id: str, assignment: str) -> Desk:
    with store.reading() as tx:
        return desk_at(tx, who, round_id, assignment)


def _entered(store: Store, who: Principal, study_id: UUID) -> Asking:
    with store.reading() as tx:
        study: StudyId = access.enter_study(tx, who, str(study_id), Scope.SUGGEST, access.LEAD)
        present = tx.language_models.present(study)
        return Asking(tx.corpus.study(study), tx.codebooks.id_of(study), present.terms if present else None)


def _model(background: Background) -> dict[str, str]:
    key = background.model()
    match background.state():
        case Ready():
            state, reason = "is ready", ""
        case Loading():
            state, reason = "is loading; the first suggestion waits for it", ""
        case Failed(why):
            state, reason = "cannot be used", why
    return {"name": key.name, "revision": key.revision, "state": state, "reason": reason}


handlers = [show, suggest, suggest_for_turn]
