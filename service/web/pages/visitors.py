"""Who looks at a page: the person of the browser's session, or nobody yet."""

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from service.coding.model import PersonId
from service.errors import NotSignedIn
from service.settings import Settings
from service.store import Store, Transaction
from service.store.credentials import SESSION_LIFE
from service.web import identity
from service.web.identity import COOKIE, Principal


def visitor(request: Request[Any, Any, Any], store: NamedDependency[Store]) -> Principal | None:
    """Give the signed-in person, if there is one."""
    return identity.by_session(store, request.cookies.get(COOKIE))


def who(visitor: NamedDependency[Principal | None]) -> Principal:
    """Give the signed-in person, or refuse."""
    if visitor is None:
        message = "You are not signed in, or your session has ended. Nothing was stored. Sign in, then send the form again."
        raise NotSignedIn(message)
    return visitor


def enter(tx: Transaction, request: Request[Any, Any, Any], settings: Settings, person: PersonId) -> Cookie:
    """Start a session with an id minted now; the one the browser came with ends, whoever made it up."""
    if earlier := request.cookies.get(COOKIE):
        tx.sessions.end(earlier)
    return _cookie(settings, tx.sessions.start(person), int(SESSION_LIFE.total_seconds()))


def leave(tx: Transaction, request: Request[Any, Any, Any], settings: Settings) -> Cookie:
    """End the session and take the cookie away."""
    if present := request.cookies.get(COOKIE):
        tx.sessions.end(present)
    return _cookie(settings, "", 0)


def _cookie(settings: Settings, value: str, life: int) -> Cookie:
    secure = settings.public_url.startswith("https://")
    return Cookie(key=COOKIE, value=value, max_age=life, path="/", httponly=True, samesite="lax", secure=secure)
