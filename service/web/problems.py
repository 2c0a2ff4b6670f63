"""Every refusal becomes HTTP here: RFC 9457 problems with a stable ``type``, a title and what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from service import errors
from service.errors import Refusal

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:intercoder:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, the end of its type, its title."""

    status: int
    slug: str
    title: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every refusal."""

    type: str
    title: str
    status: int
    detail: str


PROBLEMS: dict[type[Refusal], Kind] = {
    errors.BadInput: Kind(400, "bad-input", "What was sent cannot be used"),
    errors.NotSignedIn: Kind(401, "not-signed-in", "Not signed in"),
    errors.NotAllowed: Kind(403, "not-allowed", "Not allowed"),
    errors.NotFound: Kind(404, "not-found", "Not found"),
    errors.Conflict: Kind(409, "conflict", "It does not fit the present state"),
    errors.RoundClosed: Kind(409, "round-closed", "The round is closed"),
    errors.TooLarge: Kind(413, "too-large", "Too large"),
    errors.KeyReused: Kind(422, "key-reused", "The Idempotency-Key belongs to another request"),
    errors.SuggestionsHidden: Kind(423, "suggestions-hidden", "Suggestions are hidden while you code"),
    errors.TooMany: Kind(429, "too-many", "Too many requests"),
    errors.Unavailable: Kind(503, "unavailable", "A part of the service does not answer"),
}

_BY_STATUS = {
    400: (PROBLEMS[errors.BadInput], "The request does not have the form that the API description asks for."),
    401: (PROBLEMS[errors.NotSignedIn], "Send a token as Authorization: Bearer, or sign in."),
    403: (PROBLEMS[errors.NotAllowed], "This is not yours to do."),
    404: (PROBLEMS[errors.NotFound], "There is nothing at this address. The API description lists every address."),
    405: (Kind(405, "method-not-allowed", "Method not allowed"), "This address does not take that method; see the Allow header."),
    413: (PROBLEMS[errors.TooLarge], "The request body is too large. Send it in parts."),
    415: (Kind(415, "media-type", "Media type not taken"), "Send the body as the media type that the API description names."),
}
_KEY = "Every write needs an Idempotency-Key header: up to 255 signs without spaces, such as a uuid4. Nothing was stored."
_ELSE = (Kind(500, "internal", "The service failed"), "The service failed and has logged why under the request id. Nothing was stored.")


def problem(kind: Kind, detail: str, headers: dict[str, str] | None = None) -> Response[Problem]:
    """Make the response of one problem."""
    body = Problem(type=PREFIX + kind.slug, title=kind.title, status=kind.status, detail=detail)
    return Response(body, status_code=kind.status, media_type=MEDIA_TYPE, headers=headers or {})


def refused(_: Request[Any, Any, Any], refusal: Refusal) -> Response[Problem]:
    """Answer a refusal of the service."""
    kind = PROBLEMS[type(refusal)]
    headers: dict[str, str] = {"Retry-After": "5"} if kind.status == 503 else {}  # noqa: PLR2004
    if isinstance(refusal, errors.TooMany):
        headers = {"Retry-After": str(refusal.retry_after)}
    if kind.status == 401:  # noqa: PLR2004
        headers = {"WWW-Authenticate": "Bearer"}
    return problem(kind, refusal.detail, headers)


def invalid(_: Request[Any, Any, Any], error: ValidationException) -> Response[Problem]:
    """Answer input that breaks the declared form, naming the fields and never their content."""
    kind, detail = _BY_STATUS[400]
    extra: Any = error.extra if isinstance(error.extra, list) else []
    if "Idempotency-Key" in error.detail or any(one.get("source") == "header" for one in extra):
        return problem(
            kind, "Every write needs an Idempotency-Key header: up to 255 signs without spaces, such as a uuid4. Nothing was stored."
        )
    named = [f"{one['key']}: {one['message']}" for one in extra if isinstance(one, dict) and "key" in one and "message" in one]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return problem(kind, f"{detail} {'; '.join(named)}".strip())


def http_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Answer what the framework refuses: no such address, wrong method, too large."""
    kind, detail = _BY_STATUS.get(error.status_code, _ELSE)
    return problem(kind, detail, dict(error.headers or {}))


def unreadable(_: Request[Any, Any, Any], __: Exception) -> Response[Problem]:
    """Answer a body that is no JSON: broken encoding, too deep, cut short."""
    return problem(PROBLEMS[errors.BadInput], "The body is not readable JSON in UTF-8.")


def failed(_: Request[Any, Any, Any], __: Exception) -> Response[Problem]:
    """Answer a fault of the service itself."""
    return problem(*_ELSE)


HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]] = {
    Refusal: refused,
    ValidationException: invalid,
    SerializationException: unreadable,
    UnicodeDecodeError: unreadable,
    RecursionError: unreadable,
    HTTPException: http_error,
    500: failed,
}
