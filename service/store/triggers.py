"""The triggers that keep rows from being rewritten, declared once for both databases.

``expected`` is what a healthy database holds; ``sound`` is what this one holds, enabled and word for word; ``check-store``
compares the two, because a migration that rebuilds a table drops its triggers silently.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from service.store.tables import APPEND_ONLY, ERASABLE

_SQLITE_DENY = """CREATE TRIGGER {name} BEFORE {act} ON {table} BEGIN
SELECT RAISE(ABORT, '{table} is append-only'); END"""
_SQLITE_ERASE = """CREATE TRIGGER {name} BEFORE DELETE ON {table}
WHEN NOT EXISTS (SELECT 1 FROM erasures WHERE subject_id = OLD.{key}) BEGIN
SELECT RAISE(ABORT, '{table} rows go only with an erasure'); END"""

_PG_FUNCTION = "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
_PG_TRIGGER = "CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH {level} EXECUTE FUNCTION {function}()"
_PG_DENY_BODY = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"
_PG_ERASE_BODY = """BEGIN IF NOT EXISTS (SELECT 1 FROM erasures WHERE subject_id = OLD.{key}) THEN
RAISE EXCEPTION '{table} rows go only with an erasure'; END IF; RETURN OLD; END"""

_FOUND = {
    "sqlite": "SELECT name, sql, '' FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgname, pg_get_triggerdef(pg_trigger.oid, true), prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
        " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    ),
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """One guard of one table; PostgreSQL keeps what it does in a function, whose ``body`` this is."""

    name: str
    table: str
    statement: str
    function: str = ""
    body: str = ""


def expected(dialect: str) -> dict[str, Trigger]:
    """Give the triggers a healthy database holds, by name, for ``sqlite`` or ``postgresql``."""
    denied = ("UPDATE", "TRUNCATE") if dialect == "postgresql" else ("UPDATE",)
    made = [_deny(dialect, table.name, act) for table in (*APPEND_ONLY, *ERASABLE) for act in denied]
    made += [_deny(dialect, table.name, "DELETE") for table in APPEND_ONLY]
    made += [_erase(dialect, table.name, key) for table, key in ERASABLE.items()]
    return {trigger.name: trigger for trigger in made}


def _deny(dialect: str, table: str, act: str) -> Trigger:
    name, function = f"keep_{table}_{act.lower()}", "intercoder_append_only"
    if dialect == "sqlite":
        return Trigger(name, table, _SQLITE_DENY.format(name=name, act=act, table=table))
    level = "STATEMENT" if act == "TRUNCATE" else "ROW"
    statement = _PG_TRIGGER.format(name=name, act=act, table=table, level=level, function=function)
    return Trigger(name, table, statement, function, _PG_DENY_BODY)


def _erase(dialect: str, table: str, key: str) -> Trigger:
    name, function = f"keep_{table}_delete", f"intercoder_erase_{table}"
    if dialect == "sqlite":
        return Trigger(name, table, _SQLITE_ERASE.format(name=name, table=table, key=key))
    statement = _PG_TRIGGER.format(name=name, act="DELETE", table=table, level="ROW", function=function)
    return Trigger(name, table, statement, function, _PG_ERASE_BODY.format(table=table, key=key))


def sound(connection: Connection) -> set[str]:
    """Name the triggers that this database holds, has enabled, and that do what is declared."""
    declared = {trigger.name: (trigger.statement, trigger.body) for trigger in expected(connection.dialect.name).values()}
    found = connection.execute(text(_FOUND[connection.dialect.name])).tuples()
    return {name for name, statement, body in found if declared.get(name) == (statement, body)}


def restore(connection: Connection) -> None:
    """Make the triggers that are missing, disabled or changed; the last step of every migration that rebuilds a table."""
    dialect = connection.dialect.name
    held = sound(connection)
    for trigger in expected(dialect).values():
        if trigger.name not in held:
            _make(connection, trigger)


def _make(connection: Connection, trigger: Trigger) -> None:
    if trigger.function:
        connection.execute(text(_PG_FUNCTION.format(function=trigger.function, body=trigger.body)))
    where = f" ON {trigger.table}" if trigger.function else ""
    connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger.name}{where}"))
    connection.execute(text(trigger.statement))
