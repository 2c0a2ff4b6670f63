"""The JSON API, one module a noun. A handler asks who may, asks the store, answers."""

import msgspec
from litestar import Request, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from service.store import Store
from service.web import identity
from service.web.api import (
    adjudication,
    agreement,
    codebooks,
    codings,
    documents,
    drawing,
    imports,
    language_models,
    model_coders,
    people,
    planning,
    proofs,
    reopening,
    retention,
    rounds,
    studies,
    suggestions,
    tokens,
    trend,
)
from service.web.identity import Principal
from service.web.openapi import described


def who(request: Request[object, object, State], store: NamedDependency[Store]) -> Principal:
    """Give the principal of the request's token."""
    return identity.by_token(store, request.headers.get("Authorization"))


@get("/openapi.json", include_in_schema=False, sync_to_thread=False, media_type="application/json")
def description(request: Request[object, object, State]) -> bytes:
    """Give this API's OpenAPI description."""
    return msgspec.json.encode(described(request.app))


ROOMS = (
    studies,
    retention,
    documents,
    codebooks,
    people,
    tokens,
    rounds,
    drawing,
    planning,
    reopening,
    codings,
    imports,
    agreement,
    adjudication,
    trend,
    proofs,
    suggestions,
    language_models,
    model_coders,
)

router = Router(
    "/api/v1",
    route_handlers=[
        description,
        *(room.router for room in ROOMS),
    ],
    dependencies={"who": Provide(who, sync_to_thread=True)},
)
