"""Every refusal as a page: what happened, what happened to the data, what to do."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.response import Redirect

from service import errors
from service.errors import Refusal
from service.web import problems
from service.web.pages.rendering import go, page
from service.web.problems import PROBLEMS, Kind

_SAFE = "Nothing was stored, and nothing that was stored before has changed."
_ELSE = Kind(500, "internal", "The service failed")


def refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[str] | Redirect:
    """Show a refusal; who only wanted to read a page and is not signed in signs in first."""
    if isinstance(refusal, errors.NotSignedIn) and request.method == "GET":
        return go(f"/login?next={quote(request.scope['path'])}")
    shown = refusal_page(request, PROBLEMS[type(refusal)], refusal.detail)
    if isinstance(refusal, errors.TooMany):
        shown.headers["Retry-After"] = str(refusal.retry_after)
    return shown


def http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    """Show what the framework refuses."""
    details = {
        404: (PROBLEMS[errors.NotFound], "There is nothing at this address, or it is not yours to see."),
        405: (Kind(405, "method-not-allowed", "This address does not take that"), "Open the page and use its buttons."),
        413: (PROBLEMS[errors.TooLarge], "What was sent is too large. Send it in parts."),
    }
    bad = (PROBLEMS[errors.BadInput], "The form could not be read. Open the page again and send the form from there.")
    kind, detail = details.get(error.status_code, bad if error.status_code < 500 else (_ELSE, _failed()))  # noqa: PLR2004
    shown = refusal_page(request, kind, detail)
    shown.headers.update(error.headers or {})
    return shown


def unreadable(request: Request[Any, Any, Any], _: Exception) -> Response[str]:
    """Show that a form could not be read."""
    return refusal_page(request, PROBLEMS[errors.BadInput], "The form is not readable text in UTF-8. Open the page again and send it anew.")


def failed(request: Request[Any, Any, Any], _: Exception) -> Response[str]:
    """Show a fault of the service itself."""
    return refusal_page(request, _ELSE, _failed())


def unrouted(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer for an address that no handler has: a problem to callers of the API, a page to people."""
    is_navigation = "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith("/api/")
    return http_error(request, error) if is_navigation else problems.http_error(request, error)


def refusal_page(request: Request[Any, Any, Any], kind: Kind, detail: str) -> Response[str]:
    """Make the page of one refusal, with the way back to where the form was."""
    stored = "" if request.method == "GET" or "stored" in detail else _SAFE
    return page("refusal.html", None, bare=True, status=kind.status, kind=kind, detail=detail, stored=stored, back=_back(request))


def _failed() -> str:
    return "The service failed and has logged why. Try again in a moment; if it stays so, tell the person who runs the service."


def _back(request: Request[Any, Any, Any]) -> str:
    scope: dict[str, Any] = {**request.scope}
    handler = scope.get("route_handler")
    pattern: str = handler.opt.get("back", "/") if handler else "/"
    return pattern.format(**scope.get("path_params", {}))


HANDLERS: dict[int | type[Exception], Any] = {
    Refusal: refused,
    ValidationException: http_error,
    SerializationException: unreadable,
    UnicodeDecodeError: unreadable,
    HTTPException: http_error,
    500: failed,
}
