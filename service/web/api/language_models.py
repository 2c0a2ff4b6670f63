"""A study's language model: off until a lead turns a named one on, with what it is for; every change and every call is on record."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.corpus.model import StudyId
from service.errors import BadInput
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.store.language_models import Call
from service.suggestion.redaction import Redaction
from service.suggestion.terms import Parameters, Terms
from service.web import access
from service.web.api.forms import IdempotencyKey, Name, body_of, once
from service.web.identity import Principal
from service.web.language_models import LanguageModels
from service.web.openapi import READS, WRITES, json_body, refusals

MOST_WORDS = 500
Purpose = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
Word = Annotated[str, msgspec.Meta(min_length=2, max_length=100, pattern=r"\S")]


class LanguageModelIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model to turn on: on a server that the operator of this service named, for a purpose in words.

    ``words`` (names, places) are taken out of every text before it leaves, and with ``redaction`` contacts also addresses and numbers.
    ``samples`` above 1 asks as often, which needs a temperature above 0.
    """

    server: Name
    model: Name
    purpose: Purpose
    redaction: Redaction
    words: Annotated[list[Word], msgspec.Meta(max_length=MOST_WORDS)] = []
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.0
    seed: Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)] = 1
    samples: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1


class SettingOut(msgspec.Struct, frozen=True):
    """Something that a lead turned on or off; ``configuration`` is the digest that answers name. What an erasure took is null."""

    state: str
    at: str
    by: str
    terms: Terms | None
    configuration: str | None


class LanguageModelOut(msgspec.Struct, frozen=True):
    """What is on now, null where nothing is; the servers one can name; and what was turned on and off, the newest first."""

    present: SettingOut | None
    servers: list[str]
    history: list[SettingOut]


A_MODEL: dict[str, object] = {
    "server": "here",
    "model": "qwen2.5-7b-instruct",
    "purpose": "To compare its codes with ours after the close; the machine stands in our office.",
    "redaction": "contacts",
    "words": ["Mrs Miller", "Leeds"],
}


@get("/studies/{study_id:uuid}/language-model", responses=refusals(*READS), sync_to_thread=True, operation_id="getLanguageModel")
def get_language_model(
    study_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    language_models: NamedDependency[LanguageModels],
) -> LanguageModelOut:
    """Say which language model is on for a study, and what was before: for its lead."""
    with store.reading() as tx:
        return shown(tx, access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD), language_models)


@post("/studies/{study_id:uuid}/language-model", responses=refusals(*WRITES), sync_to_thread=True, operation_id="setLanguageModel")
def set_language_model(
    study_id: FromPath[UUID],
    data: Annotated[LanguageModelIn, json_body(A_MODEL)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    language_models: NamedDependency[LanguageModels],
) -> LanguageModelOut:
    """Turn a language model on for a study, in place of the one before. From then on leads and tools can have texts sent to it."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        once(tx, who, f"setLanguageModel {study_id}", key, body_of(data), lambda: turn_on(tx, who, study, data, language_models))
        return shown(tx, study, language_models)


@delete(
    "/studies/{study_id:uuid}/language-model",
    responses=refusals(*WRITES),
    status_code=204,
    sync_to_thread=True,
    operation_id="endLanguageModel",
)
def end_language_model(
    study_id: FromPath[UUID], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]
) -> None:
    """Turn the language model off: from then on nothing is sent. What it answered is kept until a document or the study is erased."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        once(tx, who, f"endLanguageModel {study_id}", key, b"", lambda: turn_off(tx, who, study))


@get(
    "/studies/{study_id:uuid}/language-model/calls",
    responses=refusals(*READS, 423),
    sync_to_thread=True,
    operation_id="listLanguageModelCalls",
)
def list_calls(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[Call]:
    """List the last 500 calls of the study's language models, without content; hidden (423) from whoever codes in an open round."""
    with store.reading() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        access.check_suggestions(tx, who)
        return tx.language_models.calls(study)


def turn_on(tx: Transaction, who: Principal, study: StudyId, asked: LanguageModelIn, known: LanguageModels) -> Sequence[str]:
    """Turn a model on, if the operator named its server."""
    server = known.servers.get(asked.server)
    if server is None:
        names = ", ".join(known.servers) or "none; they are named in INTERCODER_LANGUAGE_MODEL_SERVERS"
        message = f"There is no such server of language models. Those of this service: {names}. Nothing was turned on."
        raise BadInput(message)
    if asked.samples > 1 and asked.temperature <= 0:
        message = "Samples of one model at temperature 0 are one answer again and again. Set a temperature, or ask once."
        raise BadInput(message)
    parameters = Parameters(model=asked.model, temperature=asked.temperature, seed=asked.seed, samples=asked.samples)
    words = tuple(word.strip() for word in asked.words)
    terms = Terms(
        server=server.name,
        base_url=server.base_url,
        purpose=asked.purpose.strip(),
        parameters=parameters,
        redaction=asked.redaction,
        words=words,
    )
    return [tx.language_models.turn_on(study, who.person_id, terms)]


def turn_off(tx: Transaction, who: Principal, study: StudyId) -> Sequence[str]:
    """Turn the model off; where none is on nothing changes."""
    tx.language_models.turn_off(study, who.person_id)
    return []


def shown(tx: Transaction, study: StudyId, known: LanguageModels) -> LanguageModelOut:
    """Say what is on, what could be, and what was."""
    history = [
        SettingOut(one.state, one.at, tx.people.get(one.by).name, one.terms, one.terms.digest() if one.terms else None)
        for one in tx.language_models.history(study)
    ]
    present = history[0] if history and history[0].state == "on" and history[0].terms else None
    return LanguageModelOut(present=present, servers=list(known.servers), history=history)


router = Router("/", route_handlers=[get_language_model, set_language_model, end_language_model, list_calls], tags=["Suggestions"])
