"""Killed at a single system call of an import, an erasure or a migration: done again it ends as if nothing had happened."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Boolean, Float, Integer, LargeBinary, MetaData, Table, func, select

from service.store import Store
from service.store.schema import MIGRATIONS
from tests.databases import KEY
from tests.faults.site import Site
from tests.faults.tracing import fresh_key, needs_strace, traced

CANARY = b"CANARY-crash-4711"
POINTS = [("pwrite64", 2), ("pwrite64", 25), ("fsync", 2), ("ftruncate", 1)]
LONG_POINTS = [*(("pwrite64", n) for n in range(1, 62, 3)), *(("fsync", n) for n in range(1, 13)), *(("ftruncate", n) for n in range(1, 4))]
MIGRATION_POINTS = [("pwrite64", 3), ("pwrite64", 40), ("fsync", 1)]
LONG_MIGRATION_POINTS = [*(("pwrite64", n) for n in range(1, 121, 3)), *(("fsync", n) for n in range(1, 9))]
ROWS = 3


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give an open round on a server with the embedded database; what is imported and erased here is beside it."""
    folder = tmp_path / "data"
    site = Site.on(f"sqlite:///{folder / 'intercoder.sqlite'}", folder, coders=2, texts=6)
    site.server.start()
    yield site
    site.server.kill()
    site.scene.store.close()


@needs_strace
@pytest.mark.parametrize(("call", "number"), POINTS)
def test_an_import_and_an_erasure_killed_at_a_system_call_are_whole(site: Site, call: str, number: int) -> None:
    assert killed_at(site, call, number) == 1


@needs_strace
@pytest.mark.long
@pytest.mark.parametrize(("call", "number"), LONG_POINTS)
def test_an_import_and_an_erasure_killed_at_many_system_calls_are_whole(
    site: Site, call: str, number: int, record_property: Callable[[str, object], None]
) -> None:
    died = killed_at(site, call, number)
    record_property("died", died)
    assert died <= 1  # the job may need fewer calls of this kind


def killed_at(site: Site, call: str, number: int) -> int:
    """Import and erase while the server dies at the n-th call of a kind; count the deaths."""
    born = site.server.process_ids()
    study = f"/studies/{site.scene.study}"
    text = b"\n\n".join(CANARY + f" paragraph {number}".encode() for number in range(40))
    with traced(site, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}", "-o", "/dev/null"):
        upload = {"file": ("notes.txt", text, "text/plain")}
        made = until_answered(site, lambda client, key: client.post(f"{study}/documents", files=upload, headers=key))
        document: str = made.json()["added"][0]["id"]
        until_answered(site, lambda client, key: client.delete(f"/documents/{document}", headers=key))
    died = int(site.server.process_ids() != born)
    site.server.stop()
    assert site.faults() == []
    assert len(made.json()["added"]) == 1
    with site.scene.store.reading() as tx:
        assert [one.id for one in tx.corpus.documents(site.scene.study)] == [site.scene.document]
        assert [audit.act for audit in tx.audits.about(document)] == ["erased document"]
    site.scene.store.close()
    assert not any(CANARY in file.read_bytes() for file in site.server.folder.glob("intercoder.sqlite*"))
    return died


def until_answered(site: Site, send: Callable[[httpx.Client, dict[str, str]], httpx.Response]) -> httpx.Response:
    """Ask as the lead until answered, under one key; a server that died is started again."""
    key = fresh_key()
    while True:
        with site.client(site.scene.lead) as client:
            try:
                response = send(client, key)
            except httpx.TransportError:
                site.server.kill()
                site.server.start()
                continue
        assert response.is_success, response.text
        return response


# A database of the first schema with rows in every table, brought to the newest.


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database as the first version made it, with rows in every table."""
    path: Path = tmp_path_factory.mktemp("old") / "intercoder.sqlite"
    store = Store(f"sqlite:///{path}", KEY)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(table.insert(), [row_of(table, number) for number in range(ROWS)])
    store.scrub()
    store.close()
    return path


def row_of(table: Table, number: int) -> dict[str, Any]:
    """Make a row whose values fit their columns; keys to other tables lead to the row of the same number."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.foreign_keys or (column.primary_key and not isinstance(column.type, Integer)) or column.name.endswith("_id"):
            row[column.name] = str(uuid.UUID(int=number))
        elif isinstance(column.type, Boolean):
            row[column.name] = bool(number % 2)
        elif isinstance(column.type, Integer | Float):
            row[column.name] = number
        elif isinstance(column.type, LargeBinary):
            row[column.name] = bytes([number])
        else:
            row[column.name] = VALUES.get((table.name, column.name), f"{column.name[:8]} {number}")
    return row


VALUES = {
    ("rounds", "kind"): "reliability",
    ("rounds", "policy"): "none",
    ("rounds", "sample_method"): "random",
    ("round_events", "kind"): "opened",
    ("ledger", "kind"): "coding",
    ("codings", "provenance"): "in service",
    ("memberships", "role"): "coder",
    ("revision_contents", "content"): '{"variables":[]}',
}


def dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read every row of every table."""
    store = Store(f"sqlite:///{path}", KEY)
    tables = MetaData()
    with store.engine.connect() as connection:
        tables.reflect(connection)
        found = {name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr) for name, table in tables.tables.items()}
    assert [*store.faults(), *store.integrity()] == []
    store.close()
    return found


@pytest.fixture(scope="module")
def migrated(old: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """Give what a migration without a fault makes of the old database."""
    path = copied(old, tmp_path_factory.mktemp("migrated"))
    migrate(path)
    return dump(path)


def copied(old: Path, folder: Path) -> Path:
    return Path(shutil.copy(old, folder / old.name))


def migrate(path: Path) -> None:
    store = Store(f"sqlite:///{path}", KEY)
    store.migrate()
    store.close()


def test_a_migration_from_the_first_schema_keeps_every_row(old: Path, migrated: dict[str, list[tuple[object, ...]]]) -> None:
    store = Store(f"sqlite:///{old}", KEY)
    tables = MetaData()
    with store.engine.connect() as connection:
        tables.reflect(connection)
        before = {name: connection.execute(select(func.count()).select_from(table)).scalar_one() for name, table in tables.tables.items()}
    store.close()
    assert set(before.values()) == {1, ROWS}  # 1: alembic's own
    assert {name: len(migrated[name]) for name in before} == before


@needs_strace
@pytest.mark.parametrize(("call", "number"), MIGRATION_POINTS)
def test_a_migration_killed_at_a_system_call_is_whole_or_not_at_all(
    old: Path, migrated: dict[str, list[tuple[object, ...]]], tmp_path: Path, call: str, number: int
) -> None:
    assert migration_killed_at(copied(old, tmp_path), call, number) == 1
    assert dump(tmp_path / old.name) == migrated


@needs_strace
@pytest.mark.long
@pytest.mark.parametrize(("call", "number"), LONG_MIGRATION_POINTS)
def test_a_migration_killed_at_many_system_calls_is_whole_or_not_at_all(
    old: Path,
    migrated: dict[str, list[tuple[object, ...]]],
    tmp_path: Path,
    call: str,
    number: int,
    record_property: Callable[[str, object], None],
) -> None:
    died = migration_killed_at(copied(old, tmp_path), call, number)
    record_property("died", died)
    assert died <= 1
    assert dump(tmp_path / old.name) == migrated


def migration_killed_at(path: Path, call: str, number: int) -> int:
    """Migrate in a process that dies at the n-th call of a kind, then migrate again; count the deaths."""
    script = f"from service.store import Store; store = Store({f'sqlite:///{path}'!r}, {KEY!r}); store.migrate(); store.close()"
    kill = ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"]
    done = subprocess.run(["strace", "-f", "-o", "/dev/null", *kill, sys.executable, "-c", script], capture_output=True, check=False)
    migrate(path)
    return int(done.returncode != 0)
