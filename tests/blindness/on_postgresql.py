"""The template of both worlds on PostgreSQL: a copy of it is one command of the server."""

import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from service.store import Store
from tests.databases import PostgreSQL

PAUSE_S = 0.001


@dataclass(frozen=True, slots=True)
class ServerTemplate:
    """A database that others are made from."""

    server: PostgreSQL
    url: str

    @contextmanager
    def copied(self, folder: Path) -> Generator[str]:
        """Make a database from the template, and drop it in the end."""
        name = f"{folder.name}{uuid.uuid4().hex}"
        self._make(name)
        url = self.server.server.get_uri(name)
        yield url
        self.server.drop(url)

    def put_back(self, store: Store) -> None:
        """Drop the copy under the running application and make it anew; the pool is emptied first, as the server waits a while for each."""
        url = store.engine.url.render_as_string(hide_password=False)
        _left(store)
        self.server.drop(url)
        self._make(make_url(url).database or "")

    def kept(self, store: Store, folder: Path) -> "ServerTemplate":
        """Make a database of what the copy is now."""
        name = f"{folder.name}{uuid.uuid4().hex}"
        now = ServerTemplate(self.server, store.engine.url.render_as_string(hide_password=False))
        while True:
            _left(store)
            try:
                now._make(name)
            except psycopg.errors.ObjectInUse:  # the background looked for work in between
                continue
            return ServerTemplate(self.server, self.server.server.get_uri(name))

    def _make(self, name: str) -> None:
        template = Identifier(make_url(self.url).database or "")
        made = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(Identifier(name), template)
        with psycopg.connect(self.server.server.get_uri(), autocommit=True) as connection:
            connection.execute(made)


def _left(store: Store) -> None:
    """Let go of every connection of an application, once its background, which looks for work now and then, has none in use."""
    while store.engine.pool.checkedout():  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        time.sleep(PAUSE_S)
    store.engine.dispose()
