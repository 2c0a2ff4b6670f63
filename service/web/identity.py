"""Who is asking: a browser session's person, a person's token, or a tool's token."""

from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.coding.model import PersonId
from service.errors import BadInput, NotSignedIn
from service.store import Store, Transaction
from service.store.credentials import Scope, Token, TokenKind

COOKIE = "intercoder_session"
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
_HASHER = PasswordHasher()
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$hg1hqYWjrhihyr+4crwU9g$st0wI1+p7xPkQFULwRmbH/nczWjEWCmCglonpmBfZ4w"
"""The hash of a password that nobody has, written down because making it takes a seventh of a second of every start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The person behind a request, and what this request's token allows; a browser session allows everything."""

    person_id: PersonId
    name: str
    token: Token | None

    @property
    def is_machine(self) -> bool:
        """Say whether a tool asks for itself rather than a person."""
        return self.token is not None and self.token.kind is TokenKind.MACHINE

    @property
    def key(self) -> str:
        """Name whose requests, limits and caches these are: a machine token is a principal of its own."""
        return f"token:{self.token.id}" if self.token and self.is_machine else f"person:{self.person_id}"

    def may(self, scope: Scope) -> bool:
        """Say whether this request's token has a scope."""
        return self.token is None or scope in self.token.scopes


def by_token(store: Store, authorization: str | None) -> Principal:
    """Give the principal of an ``Authorization: Bearer`` header."""
    scheme, _, secret = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        with store.reading() as tx:
            token = tx.tokens.find(secret.strip())
            if token is not None:
                return Principal(person_id=token.person_id, name=tx.people.get(token.person_id).name, token=token)
    message = "Send a token as Authorization: Bearer. Tokens are made on the page Tokens, or by `intercoder token create`."
    raise NotSignedIn(message)


def by_session(store: Store, cookie: str | None) -> Principal | None:
    """Give the principal of a browser session, if it runs."""
    if not cookie:
        return None
    with store.reading() as tx:
        person_id = tx.sessions.person(cookie)
        return Principal(person_id=person_id, name=tx.people.get(person_id).name, token=None) if person_id else None


def hash_password(password: str) -> str:
    """Hash a new password, or refuse one that is too short or too long."""
    if len(password) < SHORTEST_PASSWORD:
        message = f"The password needs at least {SHORTEST_PASSWORD} characters; a few words are easy to keep in mind."
        raise BadInput(message)
    if len(password) > LONGEST_PASSWORD:
        message = f"The password is longer than {LONGEST_PASSWORD} characters."
        raise BadInput(message)
    return _HASHER.hash(password.encode(errors="surrogatepass"))


def sign_in(tx: Transaction, login: str, password: str) -> PersonId:
    """Give the person of a login name and password; an unknown name takes as long and answers the same."""
    person = tx.people.by_login(login)
    known = person.password_hash if person and person.password_hash else None
    try:
        _HASHER.verify(known or NOBODY, password.encode(errors="surrogatepass"))
    except (VerificationError, InvalidHashError):
        known = None
    if person is None or known is None:
        message = "Login name and password do not fit together. The lead can make you a new link."
        raise NotSignedIn(message)
    return person.id
