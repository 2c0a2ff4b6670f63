"""PostgreSQL that goes away under the service: what was acknowledged stays, what was not is retried, and the pool heals by itself."""

import os
import signal
import time
import uuid
from pathlib import Path

import httpx
import psycopg
import pytest

from service.errors import Unavailable
from tests.databases import PostgreSQL
from tests.faults.site import Site, answers
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


def test_a_database_that_crashes_and_comes_back_loses_nothing_and_the_service_goes_on(postgresql: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql.fresh()
    site = Site.on(url, tmp_path / "data", coders=2, texts=6)
    site.server.start()
    born = site.server.process_ids()
    person = site.scene.coders[0]
    path = f"/rounds/{site.round_id}/codings"
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = answers([turn.id for turn in site.scene.turns(site.round_id, person)], "hope")
    with site.client(person) as client:
        before = client.post(path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}).json()
        crash(postgresql)
        while_gone = client.post(path, json=body, headers=key)
        assert (while_gone.status_code, while_gone.headers["retry-after"]) == (503, "5")
        assert httpx.get(f"{site.server.url}/readyz").status_code == 503
        postgresql.server.ensure_postgres_running()
        after = answered(client, path, body, key)
    assert site.server.process_ids() == born
    site.server.stop()
    assert site.faults() == []
    assert site.contents(person) == {coding["id"]: one("hope") for coding in (*before, *after)}
    site.scene.store.close()
    postgresql.drop(url)


def crash(postgresql: PostgreSQL) -> None:
    """Stop every process of the database as pg_ctl's immediate mode does: no checkpoint, the log is replayed at the start."""
    postmaster = postgresql.server.get_pid()
    assert postmaster is not None
    os.kill(postmaster, signal.SIGQUIT)
    while Path(f"/proc/{postmaster}").exists():
        time.sleep(0.02)


def answered(client: httpx.Client, path: str, body: object, key: dict[str, str]) -> list[dict[str, str]]:
    """Ask again under the same key until the database is there."""
    ends = time.monotonic() + 30
    while True:
        response = client.post(path, json=body, headers=key)
        if response.is_success:
            return response.json()
        assert response.status_code == 503, response.text
        assert time.monotonic() < ends
        time.sleep(0.1)
