"""Which schema the database is at, and bringing it up to date.

Alembic is imported when there is something to bring up to date: with what it imports itself it takes a sixth of a second of every start.
"""

from pathlib import Path

from sqlalchemy import Connection, text

from service.errors import Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
TABLE = "alembic_version"


def known() -> tuple[str, ...]:
    """The schemas that this version can make, the newest last: the numbers that its migrations' file names begin with."""
    return tuple(sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def present(connection: Connection) -> str | None:
    """The schema that the database is at; None where it has none yet."""
    if not connection.dialect.has_table(connection, TABLE):
        return None
    return connection.scalar(text(f"SELECT version_num FROM {TABLE}"))  # noqa: S608 - a name of our own


def upgrade(connection: Connection) -> None:
    """Bring the schema to this version's, within the connection's transaction.

    Raises
    ------
    Unavailable
        A newer version made the database.
    """
    now = present(connection)
    if now is not None and now not in known():
        raise Unavailable(_newer(now))
    if now != known()[-1]:
        _migrate(connection)


def check(connection: Connection) -> None:
    """Refuse a database that is not at this version's schema, and say what to do.

    Raises
    ------
    Unavailable
        There is no database yet, or another version made it.
    """
    now, newest = present(connection), known()[-1]
    if now is None:
        message = "There is no database yet where the settings say. Make it first: `intercoder init`."
        raise Unavailable(message)
    if now not in known():
        raise Unavailable(_newer(now))
    if now != newest:
        message = f"The database is at schema {now}, this version needs {newest}. Stop the service, back up, and run `intercoder init`."
        raise Unavailable(message)


def faults(connection: Connection) -> list[str]:
    """Say whether the schema is another than this version's."""
    now, newest = present(connection), known()[-1]
    return [] if now == newest else [f"the schema is at {now or 'nothing'}, this version needs {newest}: run `intercoder init`"]


def _newer(now: str) -> str:
    return f"The database is at schema {now}, which a newer version made. Start that version; nothing was changed."


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
