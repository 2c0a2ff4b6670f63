"""One world: the application on its own database, asked directly, with time and random bytes that are the same for the same moment."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from litestar.types import Message
from litestar.types import Scope as Connection

from service.app import App, create_app
from service.embedding import ModelKey
from service.leaktest.fakes import HashEncoder, MomentEntropy, StillClock
from service.leaktest.work import Recorder, Work
from service.settings import Settings
from service.store import Store
from service.store.engine import copy, make_engine

URL = "http://intercoder.test"
KEY = "two-worlds-0123456789abcdef0123456789abcdef"
FILE = "world.sqlite3"
PAUSE_S = 0.005
ENCODER = HashEncoder().identity
MODEL = ModelKey(ENCODER.name, ENCODER.revision)
SERVER = "here"
"""The one server of language models that a world names."""


class Template(Protocol):
    """A database that worlds begin with."""

    @property
    def url(self) -> str:
        """Say where the template itself is."""
        ...

    def copied(self, folder: Path) -> AbstractContextManager[str]:
        """Copy it for the world in a folder; give the copy's URL."""
        ...

    def put_back(self, store: Store) -> None:
        """Make a world's database what the template is, under a running application."""
        ...

    def kept(self, store: Store, folder: Path) -> "Template":
        """Make a template, in an empty folder, of what a world's database is now."""
        ...


@dataclass(frozen=True, slots=True)
class FileTemplate:
    """A template on the embedded database: a file."""

    folder: Path

    @property
    def url(self) -> str:
        """Say where the file is."""
        return f"sqlite:///{self.folder / FILE}"

    @contextmanager
    def copied(self, folder: Path) -> Generator[str]:
        """Copy the file."""
        shutil.copy(self.folder / FILE, folder / FILE)
        yield f"sqlite:///{folder / FILE}"

    def put_back(self, store: Store) -> None:
        """Write the template's pages over the copy's, by the engine's own backup."""
        source = make_engine(self.url)
        with closing(source.raw_connection()) as old, closing(store.engine.raw_connection()) as new:
            old.driver_connection.backup(new.driver_connection)  # pyright: ignore[reportOptionalMemberAccess]
        source.dispose()

    def kept(self, store: Store, folder: Path) -> "FileTemplate":
        """Copy the world's file."""
        folder.mkdir()
        copy(store.engine, folder / FILE)
        return FileTemplate(folder)


@dataclass(frozen=True, slots=True)
class Request:
    """What a principal sends; ``who`` is a name in the world's keys, or nobody."""

    who: str
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    media: str = ""
    key: str = ""
    operation: str = ""

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{self.who or 'nobody'}: {self.method} {self.path}{query} {self.key} {self.body.decode(errors='replace')[:400]}".strip()


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back, byte for byte."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def __str__(self) -> str:
        return f"{self.status} {dict(self.headers)} {self.body.decode(errors='replace')}"


@dataclass
class World:
    """A running application. ``secrets`` holds each name's credential: a token, or a session for names that end in ``@page``."""

    app: App
    clock: StillClock
    entropy: MomentEntropy
    secrets: dict[str, str]
    recorder: Recorder
    folder: Path
    work: Work = ()
    """What the last request made the service do, if that was watched."""

    async def watched(self, request: Request, moment: int) -> Answer:
        """Send one request and keep what work it made."""
        self.recorder.begin()
        try:
            return await self.ask(request, moment)
        finally:
            self.work = self.recorder.end()

    async def ask(self, request: Request, moment: int) -> Answer:
        """Send one request at a moment and give the whole answer."""
        self.clock.at(moment)
        self.entropy.at(moment)
        sent: list[Message] = []

        over = asyncio.Event()

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                over.set()

        asked: list[Message] = [{"type": "http.request", "body": request.body, "more_body": False}]  # pyright: ignore[reportAssignmentType]

        async def receive() -> Message:
            if asked:
                return asked.pop()
            await over.wait()  # nobody hangs up while an answer streams
            return {"type": "http.disconnect"}

        await self.app(self._scope(request), receive, send)  # pyright: ignore[reportArgumentType]
        start = next(message for message in sent if message["type"] == "http.response.start")
        body = b"".join(message["body"] for message in sent if message["type"] == "http.response.body")
        return Answer(start["status"], tuple(start["headers"]), body)

    async def loaded(self) -> None:
        """Wait until the model is there."""
        while b'"loading"' in (await self.ask(Request("", "GET", "/readyz"), 0)).body:  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_S)

    async def settled(self) -> None:
        """Wait until every excerpt has its vector, so that no background work falls into a comparison."""
        while self._texts_without_vector():  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_S)

    def _texts_without_vector(self) -> list[str]:
        with self.app.store.reading() as tx:
            return tx.vectors.missing(MODEL, limit=1)

    def _scope(self, request: Request) -> Connection:
        scope: dict[str, object] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.path,
            "raw_path": request.path.encode(),
            "query_string": request.query.encode(),
            "root_path": "",
            "headers": self._headers(request),
            "client": ("127.0.0.1", 50000),
            "server": ("localhost", 80),
        }
        return scope  # pyright: ignore[reportReturnType]

    def _headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        headers = [(b"host", b"localhost"), (b"content-length", str(len(request.body)).encode())]
        if request.media:
            headers.append((b"content-type", request.media.encode()))
        if request.key:
            headers.append((b"idempotency-key", request.key.encode()))
        secret = self.secrets.get(request.who, "")
        if request.who.endswith("@page"):
            headers.append((b"cookie", f"intercoder_session={secret}".encode()))
        elif secret:
            headers.append((b"authorization", f"Bearer {secret}".encode()))
        return headers


@asynccontextmanager
async def running(folder: Path, template: Template, secrets: dict[str, str], dress: Callable[[App], App]) -> AsyncGenerator[World]:
    """Run an application on a copy of the template's database."""
    folder.mkdir(parents=True)  # noqa: ASYNC240
    clock, entropy, recorder = StillClock(), MomentEntropy(), Recorder(folder)
    with template.copied(folder) as url:
        settings = settings_of(folder, url)
        made = create_app(settings, clock=clock, entropy=entropy, load_encoder=lambda: recorder.encoder, trace=recorder.sql)
        app = dress(made)
        async with app.litestar.lifespan():
            world = World(app, clock, entropy, secrets, recorder, folder)
            await world.loaded()
            yield world


def settings_of(folder: Path, url: str) -> Settings:
    """Give the settings of a world in a folder."""
    return Settings(
        data_dir=folder,
        database_url=url,
        secret_key=KEY,
        models_dir=folder,
        public_url=URL,
        log_level="CRITICAL",
        language_model_servers=f"{SERVER}=http://127.0.0.1:9/v1",  # nothing listens there, and who codes has nothing sent
    )
