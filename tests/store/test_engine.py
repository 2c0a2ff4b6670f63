"""The engine: every connection of the pool is set right, and what could lose codings is named."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from service.errors import Unavailable
from service.store import Store, engine
from service.store.engine import PRAGMAS, faults, integrity, make_engine, wal_is_safe
from service.store.tables import erasures
from tests.databases import KEY, PostgreSQL
from tests.store.scene import Scene

AT_ONCE = 12
"""More than the pool keeps, so that overflow connections are looked at too."""


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Store]:
    """Give a store on the embedded database."""
    store = Store(f"sqlite:///{tmp_path / 'made' / 'here' / 'intercoder.sqlite'}", KEY)
    store.migrate()
    yield store
    store.close()


def test_every_connection_of_the_pool_has_every_setting(embedded: Store) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(embedded.engine.connect()) for _ in range(AT_ONCE)]
        for connection in connections:
            assert faults(connection) == []
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize("pragma", PRAGMAS)
def test_a_setting_that_was_turned_is_named(embedded: Store, pragma: str) -> None:
    wrong = {"busy_timeout": "1", "mmap_size": "4096", "synchronous": "OFF"}.get(pragma, "OFF")
    with embedded.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        connection.rollback()
        raw.cursor().execute(f"PRAGMA {pragma}={wrong}")
        found = faults(connection)
        connection.invalidate()
    assert [fault.partition(" ")[0] for fault in found] == [pragma]


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((3, 51, 2), False),
        ((3, 51, 0), False),
        ((3, 50, 7), True),
        ((3, 50, 6), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 40, 1), False),
    ],
)
def test_write_ahead_logging_only_where_its_corruption_is_fixed(version: tuple[int, ...], safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_an_old_engine_keeps_a_rollback_journal_and_is_named_in_wal(
    embedded: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("service.store.engine.sqlite.sqlite_version_info", (3, 40, 1))
    with embedded.engine.connect() as connection:
        assert faults(connection) == ["SQLite 3.40.1 in WAL mode can corrupt the database; 3.51.3 or newer is needed"]
    old = Store(f"sqlite:///{tmp_path / 'old.sqlite'}", KEY)
    old.migrate()
    assert old.faults() == []
    with old.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    old.close()


def test_a_database_of_neither_kind_is_refused() -> None:
    with pytest.raises(Unavailable, match="neither sqlite nor postgresql"):
        make_engine("mysql://root@localhost/intercoder")


def test_postgresql_without_fsync_or_too_old_is_named(postgresql_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert postgresql_store.faults() == []
    monkeypatch.setattr("service.store.engine.OLDEST_POSTGRESQL", 10**9)
    assert postgresql_store.faults() == ["PostgreSQL is older than 15"]


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_postgresql_that_may_lose_commits_is_named(postgresql: PostgreSQL, postgresql_store: Store, setting: str) -> None:
    try:
        postgresql.set(setting, "off")
        assert postgresql_store.faults() == [f"PostgreSQL runs with {setting} off: acknowledged codings could be lost"]
    finally:
        postgresql.set(setting, "on")
    assert postgresql_store.faults() == []


def test_damage_is_found(scene: Scene) -> None:
    assert scene.store.integrity() == []
    if scene.store.engine.dialect.name == "postgresql":
        return
    with scene.store.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.execute(text("DELETE FROM codebooks"))
        assert integrity(connection) == ["foreign key of codebook_revisions leads nowhere"]
        connection.rollback()


@pytest.mark.parametrize("page", [1, 20], ids=["the first page", "a page within"])
def test_a_damaged_file_is_found_and_named(embedded: Store, page: int) -> None:
    Scene.in_store(embedded)
    file = Path(embedded.engine.url.database or "")
    embedded.scrub()
    embedded.close()
    data = bytearray(file.read_bytes())
    data[4096 * (page - 1) + 100 : 4096 * page] = b"damage!!" * 499 + b"1234"
    file.write_bytes(data)
    try:
        found = embedded.integrity()
    except Unavailable as refusal:
        found = [refusal.detail]
    assert found != []
    assert "damaged" in "".join(found) or page > 1


def test_reading_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "intercoder.sqlite"
    file.write_bytes(b"This is a letter to my aunt. " * 500)
    with pytest.raises(Unavailable, match=r"damaged.*check-store"):
        Store(f"sqlite:///{file}", KEY).faults()


def test_what_the_database_cannot_do_now_is_unavailable(scene: Scene, tmp_path: Path) -> None:
    scene.store.close()
    act: Callable[[], object] = scene.store.faults
    if scene.store.engine.dialect.name == "sqlite":
        Path(scene.store.engine.url.database or "").rename(tmp_path / "gone")
        (Path(scene.store.engine.url.database or "")).mkdir()
    else:
        act = Store("postgresql://nobody@localhost:1/nothing", KEY).faults
    with pytest.raises(Unavailable, match="same key"):
        act()


def test_what_is_a_defect_of_the_service_is_not_called_unavailable(scene: Scene) -> None:
    def add_twice() -> None:
        with scene.store.writing() as tx:
            row = {"subject_id": "x", "subject": "test", "at": "t", "by": "test"}
            tx.session.connection.execute(erasures.insert(), [row, row])

    with pytest.raises(IntegrityError):
        add_twice()


def test_who_scrubs_while_another_does_returns_when_the_log_is_empty(embedded: Store) -> None:
    """The engine turns a second checkpoint away at once instead of waiting for the first."""
    with embedded.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE bulk (x)")
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint=0")
        connection.exec_driver_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
                                   " INSERT INTO bulk SELECT randomblob(20000) FROM n")  # fmt: skip
    log = Path(f"{embedded.engine.url.database}-wal")
    assert log.stat().st_size > 1_000_000

    def scrubbed() -> int:
        embedded.scrub()
        return log.stat().st_size

    with ThreadPoolExecutor(4) as pool:
        assert [done.result() for done in [pool.submit(scrubbed) for _ in range(4)]] == [0, 0, 0, 0]


def test_a_log_that_stays_in_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "WAIT_MS", 200)
    monkeypatch.setitem(PRAGMAS, "busy_timeout", ("200", 200))
    store = Store(f"sqlite:///{tmp_path / 'intercoder.sqlite'}", KEY)
    store.migrate()
    with store.reading() as tx:
        assert not tx.people.anybody()
        with store.writing() as other:
            other.people.add(login="ana", name="Ana", may_lead=True)
        with pytest.raises(Unavailable, match="write-ahead log"):
            store.scrub()
    store.scrub()
    store.close()
