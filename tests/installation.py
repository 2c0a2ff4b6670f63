"""A working installation for tests: the real application on a real database, asked in process or over a socket.

``Installation`` is one database and one application; ``Caller`` is one principal that asks it over HTTP.
"""

import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from litestar.testing import TestClient

from service.app import App, create_app
from service.coding.visibility import Role
from service.corpus.model import StudyId
from service.embedding import Encoder
from service.settings import Settings
from service.store import Store
from service.store.credentials import Scope, TokenKind
from service.store.session import Clock, Entropy
from service.web.identity import hash_password
from tests.fakes import HashEncoder

URL = "http://intercoder.test"
KEY = "tests-only-0123456789abcdef0123456789abcdef"
MODELS = Path(__file__).parent.parent / "models"
PASSWORD = "correct horse battery staple"
ALL_SCOPES = tuple(Scope)


@dataclass(frozen=True)
class Caller:
    """One principal asking over HTTP; every write gets a fresh key unless one is given."""

    client: httpx.Client | TestClient[Any]
    person_id: str
    token: str

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Read."""
        return self.client.get(f"/api/v1{path}", headers=self.headers(), **options)

    def post(self, path: str, body: object = None, *, key: str | None = None, **options: Any) -> httpx.Response:
        """Write JSON, or a form if ``files`` are among the options."""
        headers = self.headers() | {"Idempotency-Key": key or str(uuid.uuid4())}
        if "files" not in options:
            options["content"] = msgspec.json.encode(body) if body is not None else b""
            headers["Content-Type"] = "application/json"
        return self.client.post(f"/api/v1{path}", headers=headers, **options)

    def delete(self, path: str, *, key: str | None = None) -> httpx.Response:
        """Delete."""
        return self.client.delete(f"/api/v1{path}", headers=self.headers() | {"Idempotency-Key": key or str(uuid.uuid4())})

    def upload(self, path: str, name: str, data: bytes, **fields: str) -> httpx.Response:
        """Send a file."""
        return self.post(path, files={"file": (name, data, "application/octet-stream")}, data=fields)

    def headers(self) -> dict[str, str]:
        """Give the header that says who asks."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


class Installation:
    """One database with the application on it."""

    def __init__(
        self,
        folder: Path,
        *,
        url: str = "",
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        load_encoder: Callable[[], Encoder] | None = HashEncoder,
    ) -> None:
        self.settings = Settings(data_dir=folder, database_url=url, secret_key=KEY, models_dir=MODELS, public_url=URL, log_level="WARNING")
        self.hooks: Mapping[str, Any] = {"clock": clock, "entropy": entropy, "load_encoder": load_encoder}
        self.store = Store(self.settings.database, KEY.encode(), clock=clock, entropy=entropy)
        self.store.migrate()

    def app(self) -> App:
        """Build the application."""
        return create_app(self.settings, **self.hooks)

    @contextmanager
    def running(self) -> Generator[TestClient[Any]]:
        """Run the application in process and give a client of it."""
        with TestClient(self.app(), base_url=URL, raise_server_exceptions=False) as client:
            yield client

    def person(self, login: str, *, may_lead: bool = False) -> str:
        """Add a person who can sign in with PASSWORD."""
        with self.store.writing() as tx:
            person = tx.people.add(login=login, name=login.title(), may_lead=may_lead)
            tx.people.set_password(person, hash_password(PASSWORD))
            return person

    def member(self, study: str, login: str, role: Role) -> str:
        """Add a person to a study."""
        person = self.person(login)
        with self.store.writing() as tx:
            tx.people.join(StudyId(study), tx.people.get(person).id, role)
        return person

    def token(self, person: str, scopes: tuple[Scope, ...] = ALL_SCOPES, *, study: str | None = None, machine: bool = False) -> str:
        """Make a token and give its secret."""
        kind = TokenKind.MACHINE if machine else TokenKind.PERSON
        with self.store.writing() as tx:
            owner = tx.people.get(person).id
            tied = StudyId(study) if study else None
            _, secret = tx.tokens.issue(kind=kind, name="test", scopes=scopes, person_id=owner, study_id=tied, life=timedelta(days=30))
        return secret

    def caller(self, client: httpx.Client | TestClient[Any], person: str) -> Caller:
        """Give a person who asks over this client with every scope."""
        return Caller(client, person, self.token(person))
