"""PostgreSQL that goes away under the service: what was acknowledged stays, what was not is retried, and the pool heals by itself."""

import psycopg
import pytest

from service.errors import Unavailable
from tests.databases import PostgreSQL
from tests.store.scene import Scene, one


def cut_all(postgresql: PostgreSQL, scene: Scene) -> None:
    with psycopg.connect(postgresql.server.get_uri(), autocommit=True) as connection:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(query, [scene.store.engine.url.database])


def test_a_cut_connection_is_unavailable_and_the_next_request_is_served(postgresql: PostgreSQL, postgresql_scene: Scene) -> None:
    scene = postgresql_scene
    round_id = scene.open()
    person = scene.coders[0]
    first, second, *_ = scene.turns(round_id, person)
    acknowledged = scene.submit(round_id, person, [(first.id, one("hope"))])

    def submit_and_lose_the_connection() -> None:
        with scene.store.writing() as tx:
            tx.codings.submit(tx.codings.lock(round_id, person), person, [(second.id, one("hope"))])
            cut_all(postgresql, scene)

    with pytest.raises(Unavailable, match="same key"):
        submit_and_lose_the_connection()
    with scene.store.reading() as tx:
        assert [coding.id for coding in tx.codings.own(round_id, person)] == acknowledged
    scene.submit(round_id, person, [(second.id, one("hope"))])


def test_idle_connections_that_were_cut_are_replaced_unnoticed(postgresql: PostgreSQL, postgresql_scene: Scene) -> None:
    for _ in range(3):
        cut_all(postgresql, postgresql_scene)
        assert postgresql_scene.store.faults() == []
