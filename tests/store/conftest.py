"""The store's tests run on both kinds of database."""

from collections.abc import Iterator

import pytest

from service.store import Store
from tests.databases import KEY, PostgreSQL, database, postgresql
from tests.fakes import SeededEntropy, VirtualClock
from tests.store.scene import Scene

__all__ = ["database", "postgresql"]


@pytest.fixture
def clock() -> VirtualClock:
    """Give the time that the store's tests turn by hand."""
    return VirtualClock()


@pytest.fixture
def store(database: str, clock: VirtualClock) -> Iterator[Store]:
    """Give a store with an empty schema."""
    store = Store(database, KEY, clock=clock, entropy=SeededEntropy(1))
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def postgresql_store(postgresql: PostgreSQL) -> Iterator[Store]:
    """Give a store on PostgreSQL, for what the embedded database cannot do."""
    url = postgresql.fresh()
    store = Store(url, KEY, clock=VirtualClock(), entropy=SeededEntropy(1))
    store.migrate()
    yield store
    store.close()
    postgresql.drop(url)


@pytest.fixture
def scene(store: Store) -> Scene:
    """Give a study with a lead, two coders, a codebook and a document of six excerpts."""
    return Scene.in_store(store)
