"""What is never rewritten: each way to rewrite it is tried on each table, and a missing guard is named."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Table, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from service.coding.adjudication import Resolution, Way, Why
from service.coding.ledger import Exposure, Shown
from service.coding.model import Answer
from service.store import Store, triggers
from service.store.tables import APPEND_ONLY, ERASABLE, metadata
from tests.store.modelled import let_model_code
from tests.store.scene import Scene
from tests.store.test_language_models import call, terms

KEPT = [*APPEND_ONLY, *ERASABLE]


def with_rows(scene: Scene) -> Store:
    """Give every table that is never rewritten a row."""
    first = scene.open()
    scene.code_all(first, scene.coders[0])
    let_model_code(scene, first)
    with scene.store.writing() as tx:
        round_ = tx.codings.lock(first, scene.coders[0])
        turn = tx.assignments.of(first, scene.coders[0])[0]
        tx.codings.expose(round_, scene.coders[0], Exposure(assignment_id=turn.id, shown=Shown.SUGGESTION, digest="d"))
    scene.close(first)
    with scene.store.writing() as tx:
        answer = Answer(variable="theme", codes=("hope",))
        tx.adjudications.resolve(first, Resolution(excerpt_id=scene.excerpts[0], answer=answer, way=Way.EXPERT, why=Why.SLIP), scene.lead)
        tx.erasure.document(scene.document, scene.study, scene.lead)
        tx.audits.note(scene.lead, "unblinded", first, "A coder asked whether to go on.")
        tx.audits.note(scene.lead, "unblinded", first, "Another coder asked.")
        for model in ("a", "b"):
            tx.language_models.turn_on(scene.study, scene.lead, terms(model))
        tx.language_models.note(scene.study, call("a"))
    second = scene.in_other_study()
    agreed = second.open()
    for person in second.coders:
        second.code_all(agreed, person)
    second.close(agreed)
    return scene.store


@pytest.fixture
def coded(scene: Scene) -> Store:
    """Give a store in which every table that is never rewritten has a row."""
    return with_rows(scene)


def denied(store: Store, act: Callable[[Connection], object]) -> str:
    with store.engine.connect() as connection, pytest.raises(DBAPIError) as refused, connection.begin():
        act(connection)
    return str(refused.value.orig)


def rows(store: Store, table: Table) -> list[tuple[object, ...]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]


@pytest.mark.parametrize("table", KEPT, ids=lambda table: table.name)
def test_no_row_is_updated(coded: Store, table: Table) -> None:
    before = rows(coded, table)
    column = next(column for column in table.columns if not column.primary_key)
    assert before
    assert "append-only" in denied(coded, lambda connection: connection.execute(update(table).values({column: column})))
    assert rows(coded, table) == before


@pytest.mark.parametrize("table", KEPT, ids=lambda table: table.name)
def test_no_row_is_deleted(coded: Store, table: Table) -> None:
    before = rows(coded, table)
    said = denied(coded, lambda connection: connection.execute(delete(table)))
    assert ("append-only" in said) or (table in ERASABLE and "only with an erasure" in said)
    assert rows(coded, table) == before


@pytest.mark.parametrize("table", KEPT, ids=lambda table: table.name)
def test_no_table_is_truncated(postgresql_store: Store, table: Table) -> None:
    store = with_rows(Scene.in_store(postgresql_store))
    before = rows(store, table)
    assert "append-only" in denied(store, lambda connection: connection.execute(text(f"TRUNCATE {table.name} CASCADE")))
    assert rows(store, table) == before


@pytest.mark.parametrize("table", KEPT, ids=lambda table: table.name)
def test_no_row_is_replaced_by_an_insert(coded: Store, table: Table) -> None:
    before = rows(coded, table)
    values = dict(zip([column.name for column in table.columns], before[0], strict=True))
    column = next(column for column in table.columns if not column.primary_key)
    if coded.engine.dialect.name == "sqlite":
        replacing = insert(table).prefix_with("OR REPLACE").values(values)
    else:
        replacing = postgresql.insert(table).values(values)
        replacing = replacing.on_conflict_do_update(
            index_elements=table.primary_key.columns, set_={column: replacing.excluded[column.name]}
        )
    said = denied(coded, lambda connection: connection.execute(replacing))
    assert "append-only" in said or "only with an erasure" in said
    assert rows(coded, table) == before


@pytest.mark.parametrize(("table", "key"), ERASABLE.items(), ids=lambda one: getattr(one, "name", one))
def test_content_goes_only_for_the_row_that_an_erasure_names(coded: Store, table: Table, key: str) -> None:
    with coded.engine.connect() as connection, connection.begin():
        first, second, *_ = connection.execute(select(table.columns[key]).order_by(table.columns[key])).scalars().all()
        erasure = {"subject_id": first, "subject": "test", "at": "2026-01-01T00:00:00.000000Z", "by": "test"}
        connection.execute(insert(metadata.tables["erasures"]).values(erasure))
        connection.execute(delete(table).where(table.columns[key] == first))
    assert "only with an erasure" in denied(coded, lambda connection: connection.execute(delete(table).where(table.columns[key] == second)))


def test_a_healthy_database_has_every_trigger(store: Store) -> None:
    with store.engine.connect() as connection:
        assert triggers.sound(connection) == set(triggers.expected(connection.dialect.name))
    assert store.faults() == []


@pytest.mark.parametrize("table", KEPT, ids=lambda table: table.name)
def test_a_dropped_trigger_is_named_and_comes_back_with_the_next_migration(store: Store, table: Table) -> None:
    name = f"keep_{table.name}_delete"
    drop = f"DROP TRIGGER {name}" if store.engine.dialect.name == "sqlite" else f"DROP TRIGGER {name} ON {table.name}"
    meddle(store, drop)
    assert store.faults() == [f"trigger {name} is missing, disabled or changed"]
    store.migrate()
    assert store.faults() == []


def test_a_disabled_trigger_is_named_and_comes_back_with_the_next_migration(postgresql_store: Store) -> None:
    meddle(postgresql_store, "ALTER TABLE codings DISABLE TRIGGER keep_codings_update")
    assert postgresql_store.faults() == ["trigger keep_codings_update is missing, disabled or changed"]
    postgresql_store.migrate()
    assert postgresql_store.faults() == []


def test_a_trigger_that_only_has_the_name_is_named_and_set_right(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        meddle(store, "DROP TRIGGER keep_codings_update", "CREATE TRIGGER keep_codings_update BEFORE UPDATE ON codings BEGIN SELECT 1; END")
    else:
        hollow = "CREATE FUNCTION hollow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
        trigger = "CREATE OR REPLACE TRIGGER keep_codings_update BEFORE UPDATE ON codings FOR EACH ROW EXECUTE FUNCTION hollow()"
        meddle(store, hollow, trigger)
    assert store.faults() == ["trigger keep_codings_update is missing, disabled or changed"]
    store.migrate()
    assert store.faults() == []


def test_a_function_that_was_hollowed_out_is_named_and_set_right(postgresql_store: Store) -> None:
    hollow = "CREATE OR REPLACE FUNCTION intercoder_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
    meddle(postgresql_store, hollow)
    assert "trigger keep_codings_update is missing, disabled or changed" in postgresql_store.faults()
    postgresql_store.migrate()
    assert postgresql_store.faults() == []


def meddle(store: Store, *statements: str) -> None:
    with store.engine.connect() as connection, connection.begin():
        for statement in statements:
            connection.execute(text(statement))
