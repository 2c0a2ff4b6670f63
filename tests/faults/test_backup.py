"""The drill: a backup under write load comes back with everything acknowledged before its mark; killed, it harms nothing."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from service.coding.model import Content, PersonId
from service.settings import Settings
from service.store.backups import bring_back
from service.store.opening import open_store
from tests.faults.site import Site, answers
from tests.installation import KEY
from tests.store.scene import one

CODERS = 3
KILLS = 12
FEWEST_BEFORE = 20


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give an open round on a server with the embedded database."""
    folder = tmp_path / "data"
    site = Site.on(f"sqlite:///{folder / 'intercoder.sqlite'}", folder, coders=CODERS, texts=40)
    site.server.start()
    yield site
    site.server.kill()
    site.scene.store.close()


class Load:
    """Coders who submit without a pause, and what was acknowledged to them by when."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.acknowledged: list[tuple[float, PersonId, str, Content]] = []
        self.done = Event()
        self.threads = [Thread(target=self._run, args=(person,), daemon=True) for person in site.scene.coders]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join(timeout=30)

    def _run(self, person: PersonId) -> None:
        rng = random.Random(person)
        turns = [turn.id for turn in self.site.scene.turns(self.site.round_id, person)]
        with self.site.client(person) as client:
            while not self.done.is_set():
                code, some = rng.choice(["hope", "fear"]), rng.sample(turns, rng.choice([1, 5]))
                key = {"Idempotency-Key": str(uuid.uuid4())}
                response = client.post(f"/rounds/{self.site.round_id}/codings", json=answers(some, code), headers=key)
                assert response.is_success, response.text
                self.acknowledged += [(time.time(), person, coding["id"], one(code)) for coding in response.json()]

    def wait_for(self, count: int) -> None:
        """Wait until so many codings are acknowledged."""
        ends = time.monotonic() + 60
        while len(self.acknowledged) < count:
            assert time.monotonic() < ends
            time.sleep(0.01)


def backing_up(site: Site, file: Path) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")}
    environ = kept | {"INTERCODER_DATA_DIR": str(site.server.folder), "INTERCODER_SECRET_KEY": KEY}
    command = [sys.executable, "-m", "service.cli", "backup", str(file)]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_a_backup_taken_while_coders_submit_has_everything_acknowledged_before_it(site: Site, tmp_path: Path) -> None:
    with Load(site) as load:
        load.wait_for(FEWEST_BEFORE)
        asked = time.time()
        process = backing_up(site, tmp_path / "b.zip")
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        load.wait_for(len(load.acknowledged) + FEWEST_BEFORE)
    elsewhere = Settings(data_dir=tmp_path / "restored", secret_key=KEY)
    bring_back(elsewhere, tmp_path / "b.zip")
    restored = open_store(elsewhere)
    with restored.reading() as tx:
        there = {coding.id: coding.content for person in site.scene.coders for coding in tx.codings.own(site.round_id, person)}
    before = {coding: content for at, _, coding, content in load.acknowledged if at < asked}
    assert len(before) >= FEWEST_BEFORE
    assert before.items() <= there.items()
    assert len(there) < len(load.acknowledged)  # it went on meanwhile
    assert [*restored.faults(), *restored.integrity()] == []
    restored.close()


def test_a_backup_killed_at_any_moment_harms_nothing_and_leaves_no_file_that_looks_whole(site: Site, tmp_path: Path) -> None:
    rng = random.Random(20261123)
    with Load(site) as load:
        load.wait_for(FEWEST_BEFORE)
        for _ in range(KILLS):
            process = backing_up(site, tmp_path / "b.zip")
            time.sleep(rng.uniform(0.4, 1.2))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            (tmp_path / "b.zip").unlink(missing_ok=True)  # it was quicker this time
        load.wait_for(len(load.acknowledged) + FEWEST_BEFORE)
    site.server.stop()
    assert site.faults() == []
    for person in site.scene.coders:
        own = {coding: content for _, whose, coding, content in load.acknowledged if whose == person}
        assert site.contents(person) == own
