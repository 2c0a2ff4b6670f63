"""The triggers that keep rows from being rewritten, declared once for both databases.

``expected`` is what a healthy database holds; ``present`` is what this one holds; ``check-store`` compares the two, because a
migration that rebuilds a table drops its triggers silently.
"""

from sqlalchemy import Connection, text

from service.store.tables import APPEND_ONLY, ERASABLE

_SQLITE_DENY = """CREATE TRIGGER {name} BEFORE {act} ON {table} BEGIN
SELECT RAISE(ABORT, '{table} is append-only'); END"""
_SQLITE_ERASE = """CREATE TRIGGER {name} BEFORE DELETE ON {table}
WHEN NOT EXISTS (SELECT 1 FROM erasures WHERE subject_id = OLD.{key}) BEGIN
SELECT RAISE(ABORT, '{table} rows go only with an erasure'); END"""

_PG_DENY_FUNCTION = """CREATE OR REPLACE FUNCTION intercoder_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
_PG_ERASE_FUNCTION = """CREATE OR REPLACE FUNCTION intercoder_erase_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NOT EXISTS (SELECT 1 FROM erasures WHERE subject_id = OLD.{key}) THEN
RAISE EXCEPTION '{table} rows go only with an erasure'; END IF; RETURN OLD; END $$"""
_PG_DENY = "CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH {level} EXECUTE FUNCTION intercoder_append_only()"
_PG_ERASE = "CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION intercoder_erase_{table}()"

_PRESENT = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'keep_%'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname LIKE 'keep_%'",
}


def statements(dialect: str) -> dict[str, str]:
    """Give each trigger's name and the statement that makes it, for ``sqlite`` or ``postgresql``."""
    made: dict[str, str] = {}
    for table in (table.name for table in (*APPEND_ONLY, *ERASABLE)):
        made |= _deny(dialect, table, "UPDATE")
        if dialect == "postgresql":
            made |= _deny(dialect, table, "TRUNCATE")
    for table in APPEND_ONLY:
        made |= _deny(dialect, table.name, "DELETE")
    for table, key in ERASABLE.items():
        name = f"keep_{table.name}_delete"
        form = _SQLITE_ERASE if dialect == "sqlite" else _PG_ERASE
        made[name] = form.format(name=name, table=table.name, key=key)
    return made


def functions(dialect: str) -> list[str]:
    """Give the PostgreSQL functions the triggers call; SQLite's need none."""
    if dialect == "sqlite":
        return []
    return [_PG_DENY_FUNCTION, *(_PG_ERASE_FUNCTION.format(table=table.name, key=key) for table, key in ERASABLE.items())]


def _deny(dialect: str, table: str, act: str) -> dict[str, str]:
    name = f"keep_{table}_{act.lower()}"
    if dialect == "sqlite":
        return {name: _SQLITE_DENY.format(name=name, act=act, table=table)}
    return {name: _PG_DENY.format(name=name, act=act, table=table, level="STATEMENT" if act == "TRUNCATE" else "ROW")}


def expected(dialect: str) -> set[str]:
    """Name the triggers a healthy database of this dialect holds."""
    return set(statements(dialect))


def present(connection: Connection) -> set[str]:
    """Name the triggers this database holds and has enabled."""
    return set(connection.execute(text(_PRESENT[connection.dialect.name])).scalars())


def restore(connection: Connection) -> None:
    """Make the triggers that are missing; the last step of every migration that rebuilds a table."""
    dialect = connection.dialect.name
    for statement in functions(dialect):
        connection.execute(text(statement))
    held = present(connection)
    for name, statement in statements(dialect).items():
        if name not in held:
            connection.execute(text(statement))
