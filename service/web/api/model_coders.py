"""Model coders: a model configuration codes a round's sample, blind like everyone; what it gave opens with the close."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec.structs import asdict

from service.coding.model_coders import ModelCoder
from service.coding.visibility import Sight
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.api.forms import IdempotencyKey
from service.web.identity import Principal
from service.web.modelling import Backend, Modelling, Wanted
from service.web.openapi import READS, WRITES, json_body, refusals


class ModelCoderIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which model codes the sample."""

    backend: Backend


class ModelCoderOut(msgspec.Struct, frozen=True):
    """A model coder of a round: what it is, and nothing of what it gave.

    ``configuration`` is the digest of all that makes it what it is (``backend`` to ``rule``); another one is another model coder.
    ``settings`` is the digest of weights and fit, or of what was turned on of a language model. ``new`` is false where it was there.
    """

    id: str
    name: str
    backend: Backend
    model: str
    revision: str
    runtime: str
    codebook: str
    settings: str
    resolved: str | None
    snapshot: int | None
    rule: str
    configuration: str
    made_at: str
    new: bool = False


A_MODEL_CODER: dict[str, object] = {"backend": "embeddings"}


@get("/rounds/{round_id:uuid}/model-coders", responses=refusals(*READS), sync_to_thread=True, operation_id="listModelCoders")
def list_model_coders(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[ModelCoderOut]:
    """List the model configurations that code a round's sample, for its leads; what they gave is on the report after the close."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.MODEL_CODERS, Scope.MANAGE)
        return [shown(one) for one in tx.model_coders.of(round_.id)]


@post("/rounds/{round_id:uuid}/model-coders", responses=refusals(*WRITES, 423, 429), operation_id="makeModelCoder")
async def make_model_coder(
    round_id: FromPath[UUID],
    data: Annotated[ModelCoderIn, json_body(A_MODEL_CODER)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    modelling: NamedDependency[Modelling],
) -> ModelCoderOut:
    """Let a model code every excerpt of an open round's sample, sealed until the close. The same configuration again changes nothing.

    All or nothing: where excerpts are still being embedded, or a language model is slow (503), send it again; what a language model
    answered is kept, so that it goes on where it stopped.
    """
    made, new = await modelling.make(Wanted(who, str(round_id), data.backend, key))
    return await asyncio.to_thread(_made, store, str(round_id), made, new)


def shown(one: ModelCoder, *, new: bool = False) -> ModelCoderOut:
    """Show a model coder."""
    about = one.configuration
    fields: dict[str, Any] = asdict(about) | {"backend": Backend(about.backend)}
    return ModelCoderOut(id=one.id, name=about.name, configuration=about.digest(), made_at=one.at, new=new, **fields)


def _made(store: Store, round_id: str, made: str, new: bool) -> ModelCoderOut:  # noqa: FBT001 - what was found, no switch
    with store.reading() as tx:
        return shown(tx.model_coders.get(round_id, made), new=new)


router = Router("/", route_handlers=[list_model_coders, make_model_coder], tags=["Suggestions"])
