"""API tokens: your own, listed, revoked; new ones are made with a token that may manage, on a page, or on the command line."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.corpus.model import StudyId
from service.errors import BadInput, NotAllowed
from service.store import Store, Transaction
from service.store.credentials import Scope, Token, TokenKind
from service.web import access
from service.web.api.forms import IdempotencyKey, Name, body_of, once
from service.web.identity import Principal
from service.web.openapi import WRITES, json_body, refusals

LONGEST_DAYS = 366
MACHINE_SCOPES = frozenset({Scope.SUGGEST, Scope.RESULTS})


class TokenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made. A machine token belongs to a study you lead and may suggest and read results, no more."""

    name: Name
    kind: TokenKind
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=4)]
    study_id: UUID | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DAYS)] = 90


class TokenOut(msgspec.Struct, frozen=True):
    """A token without its secret; ``secret`` is given once, in the answer that makes it."""

    id: str
    name: str
    kind: TokenKind
    scopes: list[Scope]
    study_id: str | None
    created_at: str
    expires_at: str
    revoked_at: str | None
    secret: str | None = None


class MeOut(msgspec.Struct, frozen=True):
    """Who a token acts for, and what it may."""

    person_id: str
    name: str
    machine: bool
    scopes: list[Scope]
    study_id: str | None


A_TOKEN: dict[str, object] = {"name": "notebook", "kind": "person", "scopes": ["code", "results"], "days": 30}


@get("/me", responses=refusals(400, 401, 503), sync_to_thread=True, operation_id="getMe")
def get_me(who: NamedDependency[Principal]) -> MeOut:
    """Say who this token acts for."""
    token = who.token
    scopes = list(token.scopes) if token else list(Scope)
    study = token.study_id if token else None
    return MeOut(person_id=who.person_id, name=who.name, machine=who.is_machine, scopes=scopes, study_id=study)


@get("/tokens", responses=refusals(400, 401, 403, 503), sync_to_thread=True, operation_id="listTokens")
def list_tokens(who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[TokenOut]:
    """List your tokens, revoked ones too."""
    _check_person(who)
    with store.reading() as tx:
        return [_out(token) for token in tx.tokens.of(who.person_id)]


@post("/tokens", responses=refusals(*WRITES), sync_to_thread=True, operation_id="createToken")
def create_token(
    data: Annotated[TokenIn, json_body(A_TOKEN)], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]
) -> TokenOut:
    """Make a token; its secret is in this answer only, not in that of a repeated request."""
    _check_person(who)
    access.check_scope(who, Scope.MANAGE)
    secret: list[str] = []
    with store.writing() as tx:
        [token] = once(tx, who, "createToken", key, body_of(data), lambda: [make_token(tx, who, data, secret)])
        return _out(tx.tokens.get(who.person_id, token), secret[0] if secret else None)


@delete("/tokens/{token_id:uuid}", responses=refusals(*WRITES), sync_to_thread=True, operation_id="revokeToken")
def revoke_token(token_id: FromPath[UUID], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]) -> None:
    """Revoke one of your tokens; it stops working at once."""
    _check_person(who)
    with store.writing() as tx:
        once(tx, who, f"revokeToken {token_id}", key, b"", lambda: [revoke(tx, who, str(token_id))])


def revoke(tx: Transaction, who: Principal, token_id: str) -> str:
    """Revoke one of the asker's tokens, and note it."""
    tx.tokens.revoke(who.person_id, token_id)
    tx.audits.note(who.person_id, "revoked token", token_id)
    return token_id


def make_token(tx: Transaction, who: Principal, asked: TokenIn, secret: list[str]) -> str:
    """Make a token for the asker; its secret is put into ``secret``."""
    study = StudyId(str(asked.study_id)) if asked.study_id else None
    if study is not None:
        role = access.role_in(tx, who, study)
        if asked.kind is TokenKind.MACHINE and role not in access.LEAD:
            message = "Only the lead of a study can make a machine token for it."
            raise NotAllowed(message)
    _check_kind(asked)
    tied = who.token.study_id if who.token else None
    if tied is not None and study != tied:
        message = "This token is tied to one study and can only make tokens for that study."
        raise NotAllowed(message)
    token, shown = tx.tokens.issue(
        kind=asked.kind,
        name=asked.name,
        scopes=asked.scopes,
        person_id=who.person_id,
        study_id=study,
        life=timedelta(days=asked.days),
    )
    secret.append(shown)
    tx.audits.note(who.person_id, "made token", token)
    return token


def _check_kind(asked: TokenIn) -> None:
    if asked.kind is TokenKind.MACHINE and asked.study_id is None:
        message = "A machine token belongs to a study; give study_id."
        raise BadInput(message)
    if asked.kind is TokenKind.MACHINE and not MACHINE_SCOPES.issuperset(asked.scopes):
        message = "A machine token may have the scopes suggest and results only; people manage and code."
        raise BadInput(message)


def _check_person(who: Principal) -> None:
    if who.is_machine:
        message = "A machine token cannot handle tokens. Its issuer does that."
        raise NotAllowed(message)


def _out(token: Token, secret: str | None = None) -> TokenOut:
    return TokenOut(
        id=token.id,
        name=token.name,
        kind=token.kind,
        scopes=list(token.scopes),
        study_id=token.study_id,
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        secret=secret,
    )


router = Router("/", route_handlers=[get_me, list_tokens, create_token, revoke_token], tags=["Tokens"])
