"""The engine: one place where a connection is made and set right, for the embedded database and for PostgreSQL."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExecutionContext
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from service.errors import Unavailable

try:
    import pysqlite3 as sqlite  # pyright: ignore[reportMissingTypeStubs]
except ImportError:  # no wheel for this platform: the standard library's engine, checked below
    import sqlite3 as sqlite

WAIT_MS = 10_000
SCRUB_PAUSE_S = 0.05
OLDEST_POSTGRESQL = 150_000
PRAGMAS = {
    "foreign_keys": ("ON", 1),
    "synchronous": ("FULL", 2),
    "secure_delete": ("ON", 1),
    "recursive_triggers": ("ON", 1),
    "busy_timeout": (str(WAIT_MS), WAIT_MS),
    "mmap_size": ("0", 0),
}
"""Set on every connection: what to set, and what the engine must then answer."""
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
"""PostgreSQL's settings without which an acknowledged coding may not be on the disk."""
Trace = Callable[[str, int], None]
"""Told each statement with the rows it changed, then each fetch with the rows that it brought. For tests."""


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Say whether this SQLite has the fix of the WAL-reset corruption (3.51.3; also in 3.50.7 and 3.44.6)."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def make_engine(url: str, trace: Trace | None = None) -> Engine:
    """Make the engine for a database URL; ``sqlite:///file`` or ``postgresql+psycopg://…``."""
    engine = _engine_for(url)
    if trace:
        _tell(engine, trace)
    return engine


def _engine_for(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, module=sqlite, connect_args={"check_same_thread": False}, pool_size=10, max_overflow=30)
        _set_right(engine)
        return engine
    if parsed.get_backend_name() == "postgresql":
        driver = parsed.set(drivername="postgresql+psycopg")
        return create_engine(driver, pool_pre_ping=True, pool_size=10, max_overflow=30, isolation_level="READ COMMITTED")
    message = "INTERCODER_DATABASE_URL names neither sqlite nor postgresql. Use sqlite:///file or postgresql://user:password@host/name."
    raise Unavailable(message)


def _set_right(engine: Engine) -> None:
    journal = "WAL" if wal_is_safe(sqlite.sqlite_version_info) else "DELETE"

    def connected(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver's own transaction start is off: begin below is the only one
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA busy_timeout={WAIT_MS}")
            cursor.execute(f"PRAGMA journal_mode={journal}")
            for pragma, (value, _expected) in PRAGMAS.items():
                cursor.execute(f"PRAGMA {pragma}={value}")

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


class _Fetches:
    """A cursor that tells how many rows each fetch brought."""

    def __init__(self, cursor: DBAPICursor, trace: Trace) -> None:
        self._cursor = cursor
        self._trace = trace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def fetchone(self) -> Any:
        row = self._cursor.fetchone()
        self._trace("one row", int(row is not None))
        return row

    def fetchmany(self, size: int) -> Sequence[Any]:
        rows = self._cursor.fetchmany(size)
        self._trace("some rows", len(rows))
        return rows

    def fetchall(self) -> Sequence[Any]:
        rows = self._cursor.fetchall()
        self._trace("all rows", len(rows))
        return rows


def _tell(engine: Engine, trace: Trace) -> None:
    def executed(*told: Any) -> None:
        cursor: DBAPICursor = told[1]
        context: ExecutionContext = told[4]
        trace(told[2], cursor.rowcount)
        context.cursor = _Fetches(cursor, trace)  # pyright: ignore[reportAttributeAccessIssue]

    event.listen(engine, "after_cursor_execute", executed)


def faults(connection: Connection) -> list[str]:
    """Say what about this connection's engine could lose or corrupt codings; an empty list is healthy."""
    if connection.dialect.name == "postgresql":
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        found = [] if version >= OLDEST_POSTGRESQL else ["PostgreSQL is older than 15"]
        off = [setting for setting in DURABLE if connection.execute(text(f"SHOW {setting}")).scalar_one() == "off"]
        return found + [f"PostgreSQL runs with {setting} off: acknowledged codings could be lost" for setting in off]
    answers = {pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in PRAGMAS}
    found = [f"{pragma} is {answers[pragma]}, not {value}" for pragma, (value, expected) in PRAGMAS.items() if answers[pragma] != expected]
    journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    version = sqlite.sqlite_version_info
    if journal == "wal" and not wal_is_safe(version):
        found.append(f"SQLite {'.'.join(map(str, version))} in WAL mode can corrupt the database; 3.51.3 or newer is needed")
    return found


def integrity(connection: Connection) -> list[str]:
    """Run the embedded database's own integrity check; PostgreSQL has no such command and answers nothing."""
    if connection.dialect.name == "postgresql":
        return []
    try:
        report = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    except DatabaseError as error:  # so damaged that the check itself cannot read it
        return [str(error.orig)]
    broken = [] if report == ["ok"] else report
    return broken + [f"foreign key of {row[0]} leads nowhere" for row in dangling]


def copy(engine: Engine, path: Path) -> None:
    """Copy the embedded database to a new file as it is at one moment, in one step, while others read and write it."""
    path.touch(mode=0o600)
    target = create_engine(f"sqlite:///{path}", module=sqlite)
    with closing(engine.raw_connection()) as connection, closing(target.raw_connection()) as copied, closing(copied.cursor()) as cursor:
        source: Any = connection.driver_connection
        source.backup(copied.driver_connection)
        cursor.execute("PRAGMA journal_mode=DELETE")  # one file: what stands in the source's log is in it
    target.dispose()


def scrub(engine: Engine) -> None:
    """Bring erased bytes out of the write-ahead log of the embedded database; secure_delete has zeroed them in the file."""
    if engine.dialect.name != "sqlite":
        return
    with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        ends = time.monotonic() + WAIT_MS / 1000
        while _checkpoint_is_busy(cursor):
            if time.monotonic() > ends:
                break
            time.sleep(SCRUB_PAUSE_S)  # another checkpoint runs: for that the engine does not wait by itself
        else:
            return
    message = (
        "What was erased is gone from the database, but its bytes still stand in the write-ahead log, which is in use. Send this again."
    )
    raise Unavailable(message)


def _checkpoint_is_busy(cursor: DBAPICursor) -> bool:
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    found = cursor.fetchone()
    return found is not None and bool(found[0])
