"""The schema: migrations from nothing, again, and two at once; what is written in ``tables`` is what migrations make."""

import subprocess
import sys
from threading import Barrier, Thread

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from service.store import Store
from service.store.schema import MIGRATIONS, known
from service.store.tables import metadata
from tests.databases import KEY


def differences(store: Store) -> list[object]:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        return list(compare_metadata(context, metadata))


def tables(connection: Connection) -> set[str]:
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    }
    return set(connection.execute(text(names[connection.dialect.name])).scalars())


def test_an_empty_database_says_what_it_needs(database: str) -> None:
    store = Store(database, KEY)
    assert [fault.partition(",")[0] for fault in store.faults()] == ["the schema is at nothing"]
    store.close()


def test_the_schemas_that_are_known_are_the_migrations() -> None:
    scripts = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())
    assert [script.revision for script in reversed(scripts)] == list(known())


def test_a_start_at_the_newest_schema_does_not_wait_for_alembic(database: str, store: Store) -> None:
    assert not store.faults()
    code = (
        "import sys; from service.store import Store; import service.app\n"
        "store = Store(sys.argv[1], sys.argv[2].encode()); store.migrate(); print(store.faults(), 'alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, database, KEY.decode()], check=False, capture_output=True, text=True)
    assert done.stdout == "[] False\n", done.stderr


def test_migrations_make_exactly_the_tables_that_are_declared(store: Store) -> None:
    assert differences(store) == []
    with store.engine.connect() as connection:
        assert tables(connection) == {*metadata.tables, "alembic_version"}


def test_the_comparison_sees_a_difference(store: Store) -> None:
    with store.engine.connect() as connection, connection.begin():
        connection.execute(text("ALTER TABLE people ADD COLUMN shoe_size INTEGER"))
    assert len(differences(store)) == 1


def test_migrating_again_changes_nothing(store: Store) -> None:
    with store.writing() as tx:
        person = tx.people.add(login="ann", name="Ann", may_lead=True)
    store.migrate()
    with store.reading() as tx:
        assert tx.people.get(person).login == "ann"
    assert (store.faults(), store.integrity(), differences(store)) == ([], [], [])


def test_two_processes_that_start_at_once_migrate_once(database: str) -> None:
    barrier = Barrier(2)
    stores = [Store(database, KEY) for _ in range(2)]
    outcomes: list[list[str]] = []

    def start(store: Store) -> None:
        barrier.wait()
        store.migrate()
        outcomes.append(store.faults())

    threads = [Thread(target=start, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [[], []]
    for store in stores:
        store.close()


def test_a_database_of_a_newer_version_is_refused_by_name(store: Store) -> None:
    with store.engine.connect() as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert store.faults() == [f"the schema is at 9999, this version needs {newest}: run `intercoder init`"]
