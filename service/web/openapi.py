"""The description of the API: what each operation refuses, with an example of each refusal."""

from functools import lru_cache
from typing import Any

from litestar import Litestar
from litestar.enums import RequestEncodingType
from litestar.openapi import ResponseSpec
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Example, License, SecurityScheme
from litestar.params import BodyKwarg

from service.web.problems import MEDIA_TYPE, PREFIX, PROBLEMS, Kind, Problem

_EXAMPLES = {
    400: "The round's codebook has no variable of that name. It has: theme.",
    401: "Send a token as Authorization: Bearer. Tokens are made on the page Tokens, or by `intercoder token create`.",
    403: "This token lacks the scope manage. Make one that has it on the page Tokens.",
    404: "There is no such round.",
    409: "The round is closed. Your earlier codings count; this one was not stored and is not in the round.",
    413: "The request body is too large. Send it in parts.",
    415: "Send the body as the media type that the API description names.",
    422: "This Idempotency-Key was used for another request. Send each new request with a new key.",
    423: "You code in an open round, so suggestions are hidden from you until it closes. This protects your independence.",
    429: "Too many attempts. Wait a minute.",
    503: "The model is not ready. Coding goes on; try suggestions again in a moment.",
}
READS = (400, 401, 403, 404, 503)
WRITES = (400, 401, 403, 404, 409, 413, 415, 422, 503)


def json_body(example: dict[str, object]) -> BodyKwarg:
    """Declare a JSON body and show one that the operation takes."""
    return BodyKwarg(media_type=RequestEncodingType.JSON, examples=[Example(value=example)])


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """Describe the problems that an operation may answer."""
    return {status: _spec(status) for status in statuses}


def _spec(status: int) -> ResponseSpec:
    kinds = [kind for kind in PROBLEMS.values() if kind.status == status] or [Kind(415, "media-type", "Media type not taken")]
    examples = [Example(id=kind.slug, summary=kind.title, value=_example(kind)) for kind in kinds]
    description = " · ".join(kind.title for kind in kinds)
    return ResponseSpec(Problem, media_type=MEDIA_TYPE, description=description, examples=examples, generate_examples=False)


def _example(kind: Kind) -> dict[str, object]:
    return {"type": PREFIX + kind.slug, "title": kind.title, "status": kind.status, "detail": _EXAMPLES[kind.status]}


def config(version: str) -> OpenAPIConfig:
    """Configure the description; its page is our own, because the framework's load scripts from elsewhere."""
    return OpenAPIConfig(
        title="Intercoder",
        version=version,
        summary="Blind coding, agreement and suggestions for qualitative studies",
        description=(
            "Send a token as `Authorization: Bearer ic_…`. Every write needs an `Idempotency-Key` header: the same key sent again does "
            "nothing twice. Every refusal is `application/problem+json` with a stable `type`."
        ),
        license=License(name="GPL-3.0-or-later", identifier="GPL-3.0-or-later"),
        components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"bearer": []}],
        use_handler_docstrings=True,
        path="/openapi-unused",
        render_plugins=[JsonRenderPlugin()],  # none at all would mean the framework's own pages
    )


@lru_cache(maxsize=2)
def described(app: Litestar) -> dict[str, Any]:
    """Write the description, once: it takes a tenth of a second, and anybody may ask for it."""
    return app.openapi_schema.to_schema()
