"""API tokens on a page: made, shown once, listed, revoked."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.coding.visibility import Role
from service.store import Store
from service.store.credentials import Scope, TokenKind
from service.web.api.forms import body_of, once
from service.web.api.studies import studies_of
from service.web.api.tokens import TokenIn, make_token, revoke
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page


@get("/tokens", sync_to_thread=True)
def show(who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """List the own tokens, and show the form that makes one."""
    return _page(store, who, made=False, secret="")


@post("/tokens", sync_to_thread=True, status_code=200, opt={"back": "/tokens"})
def make(form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Make a token and show its secret once."""
    fields: dict[str, object] = {"name": form.text("name").strip(), "kind": form.text("kind"), "scopes": form.texts("scopes")}
    asked = read(TokenIn, fields | {"study_id": form.text("study_id") or None, "days": form.number("days")})
    secret: list[str] = []
    with store.writing() as tx:
        once(tx, who, "createToken", form.key(), body_of(asked), lambda: [make_token(tx, who, asked, secret)])
    return _page(store, who, made=True, secret=secret[0] if secret else "")


@post("/tokens/{token_id:uuid}/revocation", sync_to_thread=True, opt={"back": "/tokens"})
def revoke_token(
    token_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Revoke a token at once."""
    with store.writing() as tx:
        once(tx, who, f"revokeToken {token_id}", form.key(), b"", lambda: [revoke(tx, who, str(token_id))])
    return go("/tokens")


def _page(store: Store, who: Principal, *, made: bool, secret: str) -> Response[str]:
    with store.reading() as tx:
        studies = studies_of(tx, who)
        tokens = tx.tokens.of(who.person_id)
        now = tx.session.now()
    names = {str(study.id): study.name for study in studies}
    led = [study for study in studies if study.role is Role.LEAD]
    choices: dict[str, Any] = {"kinds": list(TokenKind), "scopes": list(Scope), "led": led, "now": now}
    return page("tokens.html", who, here="tokens", tokens=tokens, names=names, made=made, secret=secret, **choices)


handlers = [show, make, revoke_token]
