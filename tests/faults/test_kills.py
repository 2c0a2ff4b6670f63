"""Servers that are killed while coders submit: what was acknowledged is there, once and whole, and what was not is retried by its key."""

import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from service.coding.model import PersonId
from tests.faults.site import Site, answers
from tests.store.scene import one

CODERS = 4
TEXTS = 24
LARGEST_BATCH = 20
KILLS = {"sqlite": 10, "postgresql": 5}
LONG_KILLS = 200
CODES = ("hope", "fear")


@dataclass
class Sent:
    """One request as its coder remembers it: what was asked under which key, and the acknowledged ids."""

    key: str
    assignments: list[str]
    code: str
    ids: list[str]


@dataclass
class Busy:
    """A coder who submits without a pause; an answer that does not come is unknown, never failed, and is asked for again by its key."""

    site: Site
    person: PersonId
    seed: int
    acknowledged: list[Sent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    interrupted: int = 0
    done: Event = field(default_factory=Event)

    def run(self) -> None:
        """Submit until told to stop and until nothing is unknown any more."""
        rng = random.Random(self.seed)
        turns: list[str] = [turn.id for turn in self.site.scene.turns(self.site.round_id, self.person)]
        with self.site.client(self.person) as client:
            while not self.done.is_set():
                size = rng.choice([1, 1, 2, LARGEST_BATCH])
                request = Sent(str(uuid.UUID(int=rng.getrandbits(128), version=4)), rng.sample(turns, size), rng.choice(CODES), [])
                self._until_answered(client, request)

    def _until_answered(self, client: httpx.Client, request: Sent) -> None:
        while True:
            try:
                body = answers(request.assignments, request.code)
                path = f"/rounds/{self.site.round_id}/codings"
                response = client.post(path, json=body, headers={"Idempotency-Key": request.key})
            except httpx.TransportError:
                self.interrupted += 1
                time.sleep(0.02)
                continue
            if response.is_success:
                request.ids += [coding["id"] for coding in response.json()]
                self.acknowledged.append(request)
            else:
                self.refused.append(response.text)
            return


@pytest.fixture
def site(database: str, tmp_path: Path) -> Iterator[Site]:
    """Give an open round of four coders on a server."""
    site = Site.on(database, tmp_path / "data", coders=CODERS, texts=TEXTS)
    site.server.start()
    yield site
    site.server.kill()
    site.scene.store.close()


def kill_often(site: Site, kills: int, seed: int) -> list[Busy]:
    """Kill and restart the server at random moments while every coder submits; give the coders when all of them know everything."""
    rng = random.Random(seed)
    busy = [Busy(site, person, seed + number) for number, person in enumerate(site.scene.coders)]
    threads = [Thread(target=coder.run, daemon=True) for coder in busy]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        time.sleep(rng.uniform(0.02, 0.4))
        site.server.kill()
        site.server.start()
    for coder in busy:
        coder.done.set()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return busy


def check(site: Site, busy: list[Busy]) -> None:
    """Compare what each coder was acknowledged with what is stored, to the id and to the content."""
    site.server.stop()
    assert site.faults() == []
    for coder in busy:
        assert coder.refused == []
        expected = {made: one(sent.code) for sent in coder.acknowledged for made in sent.ids}
        assert len(expected) == sum(len(sent.assignments) for sent in coder.acknowledged)
        assert site.contents(coder.person) == expected
    assert sum(coder.interrupted for coder in busy) > 0


def test_killed_at_random_nothing_acknowledged_is_lost_doubled_or_halved(site: Site) -> None:
    kills = KILLS[site.scene.store.engine.dialect.name]
    check(site, kill_often(site, kills, seed=20261123))


@pytest.mark.long
def test_killed_two_hundred_times_nothing_acknowledged_is_lost_doubled_or_halved(site: Site) -> None:
    check(site, kill_often(site, LONG_KILLS, seed=1))
