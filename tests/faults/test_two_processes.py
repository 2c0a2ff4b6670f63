"""Two web processes on one database serve the same coders: keys, the close and the reveal are one for both."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import httpx
import pytest
import yaml

from service.coding.model import PersonId, RoundId
from service.report.verification import verify
from tests.faults.site import Site, answers
from tests.server import Server
from tests.store.scene import one

COMPOSE = Path(__file__).parent.parent.parent / "compose.yaml"
ROUNDS = 8
LONG_ROUNDS = 200


@dataclass(frozen=True)
class Pair:
    """One study behind two processes, started as compose.yaml starts them."""

    site: Site
    other: Site

    def of(self, number: int) -> Site:
        """Give one process or the other in turn."""
        return (self.site, self.other)[number % 2]


@pytest.fixture
def pair(database: str, tmp_path: Path) -> Iterator[Pair]:
    """Start two web processes on one database, with what compose.yaml sets for them."""
    folder = tmp_path / "data"
    site = Site.on(database, folder, coders=2, texts=12)
    web: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]["web"]
    assert [word for word in web["command"] if not word[0].isdigit()] == ["serve", "--host", "--port"]  # as Server does, on the loopback
    trusted = {"INTERCODER_TRUSTED_PROXY": web["environment"]["INTERCODER_TRUSTED_PROXY"]}
    environ = trusted | ({} if database.startswith("sqlite") else {"INTERCODER_DATABASE_URL": database})
    servers = [Server(folder, environ=environ, models=folder / "models") for _ in range(2)]
    for server in servers:
        server.start()
    yield Pair(*(replace(site, server=server) for server in servers))
    for server in servers:
        server.kill()
    site.scene.store.close()


def post(site: Site, person: PersonId, path: str, body: object, key: str) -> httpx.Response:
    headers = {"Idempotency-Key": key}
    with site.client(person) as client:
        return client.post(path, json=body, headers=headers) if body is not None else client.post(path, headers=headers)


def test_a_coder_goes_from_one_process_to_the_other_unnoticed(pair: Pair) -> None:
    scene, round_id = pair.site.scene, pair.site.round_id
    person, peer = scene.coders
    path = f"/rounds/{round_id}/codings"
    for number, turn in enumerate(scene.turns(round_id, person)):
        key = str(uuid.uuid4())
        first = post(pair.of(number), person, path, answers([turn.id], "hope"), key)
        again = post(pair.of(number + 1), person, path, answers([turn.id], "hope"), key)  # the answer was lost on the way
        assert (first.status_code, first.json()) == (again.status_code, again.json())
    with pair.other.client(person) as client:
        assert client.get(f"/rounds/{round_id}/progress").json()["done"] == 12
    assert post(pair.site, scene.lead, f"/rounds/{round_id}/closing", None, str(uuid.uuid4())).is_success
    late = post(pair.other, peer, path, answers([scene.turns(round_id, peer)[0].id], "fear"), str(uuid.uuid4()))
    assert (late.status_code, late.json()["type"]) == (409, "urn:intercoder:problem:round-closed")
    reports: list[object] = []
    for site in (pair.site, pair.other):
        with site.client(peer) as client:
            reports.append(client.get(f"/rounds/{round_id}/agreement").json())
    assert reports[0] == reports[1]


def test_no_coding_comes_into_a_round_that_the_other_process_closes(pair: Pair) -> None:
    assert race(pair, ROUNDS) == 0


@pytest.mark.long
def test_no_coding_comes_into_two_hundred_rounds_that_the_other_process_closes(pair: Pair) -> None:
    assert race(pair, LONG_ROUNDS) == 0


def race(pair: Pair, rounds: int) -> int:
    """Let both coders submit by both processes while the lead closes; count the rounds in which a coding is missing or late."""
    return sum(not raced_well(pair, number) for number in range(rounds))


def raced_well(pair: Pair, number: int) -> bool:
    scene = pair.site.scene
    round_id = scene.open()
    barrier = Barrier(len(scene.coders) + 1)
    acknowledged: dict[PersonId, set[str]] = {person: set() for person in scene.coders}

    def code(person: PersonId, offset: int) -> None:
        turns = scene.turns(round_id, person)
        with pair.of(number + offset).client(person) as client:
            barrier.wait()
            for turn in turns:
                key = {"Idempotency-Key": str(uuid.uuid4())}
                response = client.post(f"/rounds/{round_id}/codings", json=answers([turn.id], "hope"), headers=key)
                if response.status_code == 409:
                    return
                assert response.is_success, response.text
                acknowledged[person] |= {coding["id"] for coding in response.json()}

    threads = [Thread(target=code, args=(person, offset)) for offset, person in enumerate(scene.coders)]
    for thread in threads:
        thread.start()
    with pair.of(number).client(scene.lead) as client:
        barrier.wait()
        closed = client.post(f"/rounds/{round_id}/closing", headers={"Idempotency-Key": str(uuid.uuid4())})
    for thread in threads:
        thread.join()
    assert closed.is_success, closed.text
    return sealed_whole(pair.site, round_id, acknowledged)


def sealed_whole(site: Site, round_id: RoundId, acknowledged: dict[PersonId, set[str]]) -> bool:
    """Say whether what is stored is what was acknowledged, and all of it stands before the seal."""
    with site.scene.store.reading() as tx:
        stored = {person: {coding.id: coding.content for coding in tx.codings.own(round_id, person)} for person in acknowledged}
        held = list(verify(tx.proofs.of(tx.rounds.get(round_id))))  # refuses what stands behind the seal
    return len(held) > 0 and stored == {person: dict.fromkeys(ids, one("hope")) for person, ids in acknowledged.items()}
