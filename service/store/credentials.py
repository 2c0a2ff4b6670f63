"""What opens the door: one-time links, browser sessions and API tokens. Secrets are kept as keyed hashes and shown once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, RowMapping, bindparam, select, update

from service.coding.model import PersonId
from service.coding.visibility import Role
from service.corpus.model import StudyId
from service.errors import NotFound, NotSignedIn
from service.store.session import Session
from service.store.tables import links, sessions, tokens

SESSION_LIFE = timedelta(days=14)
LINK_LIFE = timedelta(days=14)
# One of the two is asked with every request, so they are put together once.
_WHOSE_SESSION = select(sessions.c.person_id, sessions.c.expires_at).where(sessions.c.secret_hash == bindparam("secret"))
_OF_SECRET = select(tokens).where(tokens.c.secret_hash == bindparam("secret"))


class LinkKind(StrEnum):
    """What a one-time link does for the one who opens it."""

    SET_UP = "set_up"
    SET_PASSWORD = "set_password"  # noqa: S105
    JOIN = "join"


class TokenKind(StrEnum):
    """Whether a token acts for its person, or is a tool's own."""

    PERSON = "person"
    MACHINE = "machine"


class Scope(StrEnum):
    """What a token may be used for."""

    MANAGE = "manage"
    CODE = "code"
    SUGGEST = "suggest"
    RESULTS = "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link that has not been used and has not run out."""

    id: str
    kind: LinkKind
    person_id: PersonId | None
    study_id: StudyId | None
    role: Role | None
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token as its owner sees it: everything but the secret."""

    id: str
    kind: TokenKind
    name: str
    scopes: tuple[Scope, ...]
    person_id: PersonId
    study_id: StudyId | None
    created_at: str
    expires_at: str
    revoked_at: str | None


class Links:
    """Issues and uses one-time links."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def issue(self, kind: LinkKind, *, person_id: PersonId | None = None, study_id: StudyId | None = None, role: Role | None = None) -> str:
        """Make a link and give its secret, which is shown once; an earlier open link of the same kind for the person ends."""
        self._end(links.c.kind == kind, links.c.person_id == person_id if person_id else links.c.person_id.is_(None))
        secret, kept = self.session.new_secret("")
        row = {
            "id": self.session.new_id(),
            "secret_hash": kept,
            "kind": kind,
            "person_id": person_id,
            "study_id": study_id,
            "role": role,
            "created_at": self.session.now(),
            "expires_at": self.session.after(LINK_LIFE),
        }
        self.session.connection.execute(links.insert().values(row))
        return secret

    def find(self, secret: str) -> Link:
        """Give the link of a secret if it can still be used."""
        query = select(links).where(links.c.secret_hash == self.session.hash(secret), links.c.ended_at.is_(None))
        row = self.session.connection.execute(query).mappings().first()
        if row is None or row["expires_at"] <= self.session.now():
            message = "This link was used, replaced or has run out. Ask for a new one."
            raise NotSignedIn(message)
        return Link(
            id=row["id"],
            kind=LinkKind(row["kind"]),
            person_id=row["person_id"],
            study_id=row["study_id"],
            role=Role(row["role"]) if row["role"] else None,
            expires_at=row["expires_at"],
        )

    def use(self, link: Link) -> None:
        """End a link; of two uses at once only one succeeds."""
        if not self._end(links.c.id == link.id):
            message = "This link was used a moment ago. Ask for a new one."
            raise NotSignedIn(message)

    def _end(self, *conditions: ColumnElement[bool]) -> int:
        query = update(links).where(links.c.ended_at.is_(None), *conditions).values(ended_at=self.session.now())
        return self.session.connection.execute(query).rowcount


class Sessions:
    """Starts and ends browser sessions; the id is minted here, never taken from the browser."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def start(self, person_id: PersonId) -> str:
        """Start a session and give the secret for the cookie."""
        secret, kept = self.session.new_secret("")
        row = {
            "secret_hash": kept,
            "person_id": person_id,
            "created_at": self.session.now(),
            "expires_at": self.session.after(SESSION_LIFE),
        }
        self.session.connection.execute(sessions.insert().values(row))
        return secret

    def person(self, secret: str) -> PersonId | None:
        """Give whose session this is, if it runs."""
        row = self.session.connection.execute(_WHOSE_SESSION, {"secret": self.session.hash(secret)}).first()
        return PersonId(row[0]) if row and row[1] > self.session.now() else None

    def end(self, secret: str) -> None:
        """End one session."""
        self.session.connection.execute(sessions.delete().where(sessions.c.secret_hash == self.session.hash(secret)))

    def end_all(self, person_id: PersonId) -> None:
        """End every session of a person."""
        self.session.connection.execute(sessions.delete().where(sessions.c.person_id == person_id))


class Tokens:
    """Issues, lists and revokes API tokens."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def issue(
        self, *, kind: TokenKind, name: str, scopes: Iterable[Scope], person_id: PersonId, study_id: StudyId | None, life: timedelta
    ) -> tuple[str, str]:
        """Make a token; give its id and the secret, which is shown once."""
        secret, kept = self.session.new_secret("ic_")
        token = self.session.new_id()
        row = {
            "id": token,
            "secret_hash": kept,
            "kind": kind,
            "name": name,
            "scopes": " ".join(sorted(set(scopes))),
            "person_id": person_id,
            "study_id": study_id,
            "created_at": self.session.now(),
            "expires_at": self.session.after(life),
        }
        self.session.connection.execute(tokens.insert().values(row))
        return token, secret

    def find(self, secret: str) -> Token | None:
        """Give the token of a secret if it can be used."""
        row = self.session.connection.execute(_OF_SECRET, {"secret": self.session.hash(secret)}).mappings().first()
        if row is None or row["revoked_at"] or row["expires_at"] <= self.session.now():
            return None
        return _token(row)

    def of(self, person_id: PersonId) -> list[Token]:
        """List a person's tokens, newest first."""
        query = select(tokens).where(tokens.c.person_id == person_id).order_by(tokens.c.created_at.desc(), tokens.c.id)
        return [_token(row) for row in self.session.connection.execute(query).mappings()]

    def get(self, person_id: PersonId, token_id: str) -> Token:
        """Give one of a person's own tokens."""
        found = [token for token in self.of(person_id) if token.id == token_id]
        if not found:
            message = "You have no such token."
            raise NotFound(message)
        return found[0]

    def revoke(self, person_id: PersonId, token_id: str) -> None:
        """Revoke one of a person's own tokens; revoking twice keeps the first time."""
        self.get(person_id, token_id)
        query = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=self.session.now())
        self.session.connection.execute(query)


def _token(row: RowMapping) -> Token:
    return Token(
        id=row["id"],
        kind=TokenKind(row["kind"]),
        name=row["name"],
        scopes=tuple(Scope(scope) for scope in row["scopes"].split()),
        person_id=PersonId(row["person_id"]),
        study_id=row["study_id"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
