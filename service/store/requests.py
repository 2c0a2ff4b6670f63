"""Idempotency: a write that is sent again with the same key does nothing twice."""

from collections.abc import Callable

from sqlalchemy import bindparam, select, text

from service.errors import KeyReused
from service.store.session import Session
from service.store.tables import requests

_CLAIM = text(
    "INSERT INTO requests (principal, operation, key, digest, made, at) VALUES (:principal, :operation, :key, :digest, '', :at)"
    " ON CONFLICT DO NOTHING"
)
_MADE = (
    requests.update()
    .where(requests.c.principal == bindparam("whose"), requests.c.operation == bindparam("what"), requests.c.key == bindparam("which"))
    .values(made=bindparam("ids"))
)


class Requests:
    """Remembers which requests were carried out, each for its own principal and operation."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def once(self, principal: str, operation: str, key: str, body: bytes, act: Callable[[], str]) -> tuple[str, bool]:
        """Carry out ``act`` unless this request was carried out before; give what it made, and whether it was made just now.

        ``act`` returns ids, from which the caller rebuilds the reply. Two at once: the second waits for the first and gets its ids.
        """
        digest = self.session.hash(body.hex())
        row = {"principal": principal, "operation": operation, "key": key, "digest": digest, "at": self.session.now()}
        if self.session.connection.execute(_CLAIM, row).rowcount == 0:
            return self._again(principal, operation, key, digest), False
        made = act()
        self.session.connection.execute(_MADE, {"whose": principal, "what": operation, "which": key, "ids": made})
        return made, True

    def made(self, principal: str, operation: str, key: str, body: bytes) -> str | None:
        """Give what this very request made before, if it was carried out; for an act that computes long before it writes."""
        here = (requests.c.principal == principal, requests.c.operation == operation, requests.c.key == key)
        there = self.session.connection.execute(select(requests.c.key).where(*here)).first()
        return None if there is None else self._again(principal, operation, key, self.session.hash(body.hex()))

    def _again(self, principal: str, operation: str, key: str, digest: str) -> str:
        here = (requests.c.principal == principal, requests.c.operation == operation, requests.c.key == key)
        kept, made = self.session.connection.execute(select(requests.c.digest, requests.c.made).where(*here)).one()
        if kept != digest:
            message = "This Idempotency-Key was used for another request. Send each new request with a new key."
            raise KeyReused(message)
        return made
