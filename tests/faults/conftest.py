"""Faults are tried on both kinds of database."""

from collections.abc import Iterator

import pytest

from service.store import Store
from tests.databases import KEY, PostgreSQL, database, postgresql
from tests.store.scene import Scene

__all__ = ["database", "postgresql"]


@pytest.fixture
def postgresql_scene(postgresql: PostgreSQL) -> Iterator[Scene]:
    """Give a study on PostgreSQL."""
    url = postgresql.fresh()
    store = Store(url, KEY)
    store.migrate()
    yield Scene.in_store(store)
    store.close()
    postgresql.drop(url)
