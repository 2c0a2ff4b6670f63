"""A disk that is full, refuses or fails, and a clock that jumps: writes are refused in words, reads go on, nothing acknowledged is lost."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from service.coding.model import PersonId
from tests.faults.site import Site, answers
from tests.faults.tracing import fresh_key, needs_strace, traced
from tests.server import Server
from tests.store.scene import one

SIZE = "16m"
WALL_CLOCK = Path(__file__).with_name("wall_clock.c")

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here: install it (Debian: apt-get install gcc)")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=False).returncode:
        pytest.skip("a small disk cannot be mounted here (it takes root): the disk is not filled")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def served(folder: Path, environ: dict[str, str] | None = None) -> Generator[Site]:
    site = Site.on(f"sqlite:///{folder / 'intercoder.sqlite'}", folder, coders=2, texts=40)
    if environ:
        server = Server(folder, environ=environ, models=folder / "models")
        site = Site(site.scene, server, site.round_id, site.tokens)
    site.server.start()
    try:
        yield site
    finally:
        site.server.kill()
        site.scene.store.close()


def submit(site: Site, person: PersonId, code: str, key: dict[str, str] | None = None) -> httpx.Response:
    turns = [turn.id for turn in site.scene.turns(site.round_id, person)]
    with site.client(person) as client:
        return client.post(f"/rounds/{site.round_id}/codings", json=answers(turns, code), headers=key or fresh_key())


def reads(site: Site, person: PersonId) -> int:
    with site.client(person) as client:
        return client.get(f"/rounds/{site.round_id}/own-codings").status_code


def until_refused(site: Site, person: PersonId) -> tuple[list[str], httpx.Response, dict[str, str]]:
    """Submit until the disk takes no more; give what was acknowledged, the refusal and its key."""
    acknowledged: list[str] = []
    for _ in range(2000):
        key = fresh_key()
        response = submit(site, person, "hope", key)
        if not response.is_success:
            return acknowledged, response, key
        acknowledged += [coding["id"] for coding in response.json()]
    message = "the disk was never full"
    raise AssertionError(message)


def test_a_full_disk_refuses_writes_serves_reads_and_resumes_by_itself(small_disk: Path) -> None:
    with served(small_disk) as site:
        person = site.scene.coders[0]
        assert submit(site, person, "fear").is_success
        filler = small_disk / "filler"
        filler.write_bytes(b"\0" * (shutil.disk_usage(small_disk).free - 400_000))
        acknowledged, refused, key = until_refused(site, person)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["type"] == "urn:intercoder:problem:unavailable"
        assert reads(site, person) == 200
        assert httpx.get(f"{site.server.url}/readyz").json()["parts"][1]["state"] == "failed"
        born = site.server.process_ids()
        filler.unlink()
        again = submit(site, person, "hope", key)
        assert again.is_success, again.text
        assert site.server.process_ids() == born
        site.server.stop()
        stored = site.contents(person)
        assert site.faults() == []
        ids = acknowledged + [coding["id"] for coding in again.json()]
        assert {made: content for made, content in stored.items() if content == one("hope")} == dict.fromkeys(ids, one("hope"))


@needs_strace
@pytest.mark.parametrize("error", ["EIO", "EROFS", "ENOSPC"])
@pytest.mark.parametrize("call", ["pwrite64", "fsync"])
def test_a_disk_that_refuses_a_call_loses_nothing_and_is_used_again(tmp_path: Path, call: str, error: str) -> None:
    with served(tmp_path / "data") as site:
        person = site.scene.coders[0]
        before = submit(site, person, "fear").json()
        key = fresh_key()
        with traced(site, "-e", f"trace={call}", "-e", f"inject={call}:error={error}", "-o", "/dev/null"):
            refused = submit(site, person, "hope", key)
            assert (refused.status_code, refused.headers.get("retry-after")) == (503, "5")
            assert reads(site, person) == 200
        after = submit(site, person, "hope", key)
        assert after.is_success, after.text
        site.server.stop()
        assert site.faults() == []
        expected = {coding["id"]: one("fear") for coding in before} | {coding["id"]: one("hope") for coding in after.json()}
        assert site.contents(person) == expected


def make_read_only(disk: Path) -> None:
    """Remount a disk; a process that was killed may hold its files for a moment longer."""
    ends = time.monotonic() + 20
    while subprocess.run(["mount", "-o", "remount,ro", disk], check=False, capture_output=True).returncode:
        assert time.monotonic() < ends, "somebody holds a file on the disk"
        time.sleep(0.1)


def test_a_read_only_folder_is_refused_at_the_start_in_one_line(small_disk: Path) -> None:
    with served(small_disk):
        pass
    make_read_only(small_disk)
    environ = {"INTERCODER_DATA_DIR": str(small_disk), "INTERCODER_SECRET_KEY": "x" * 32}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")}
    command = [sys.executable, "-m", "service.cli", "init"]
    done = subprocess.run(command, env=kept | environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.startswith("intercoder: ")


@pytest.fixture
def faked(tmp_path: Path) -> dict[str, str]:
    """Give the environment of a process whose wall clock is off by the seconds in ``WALL_CLOCK``."""
    library = tmp_path / "wall_clock.so"
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, WALL_CLOCK], check=True)
    return {"LD_PRELOAD": str(library), "WALL_CLOCK": str(tmp_path / "clock")}


def set_clock(faked: dict[str, str], seconds: int) -> None:
    """In one step: a process may look at any moment."""
    clock = Path(faked["WALL_CLOCK"])
    written = clock.with_suffix(".new")
    written.write_text(str(seconds))
    written.replace(clock)


@needs_compiler
def test_a_faked_wall_clock_leaves_sleeps_alone(faked: dict[str, str]) -> None:
    code = "import time; began = time.monotonic(); time.sleep(0.1); print(time.time(), time.monotonic() - began)"
    for seconds in (0, 3600, -86400):
        set_clock(faked, seconds)
        now = time.time()
        told = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **faked}, capture_output=True, text=True, check=True, timeout=60
        )
        wall, slept = map(float, told.stdout.split())
        assert abs(wall - now - seconds) < 60
        assert 0.1 <= slept < 60


@needs_compiler
def test_a_clock_that_jumps_changes_neither_order_nor_contents(tmp_path: Path, faked: dict[str, str]) -> None:
    set_clock(faked, 0)
    with served(tmp_path / "data", faked) as site:
        person = site.scene.coders[0]
        ids: list[str] = []
        for step in (0, 3600, -3600, -86400, 0):
            set_clock(faked, step)
            response = submit(site, person, "hope")
            assert response.is_success, f"{step}: {response.text}"
            ids += [coding["id"] for coding in response.json()]
        set_clock(faked, 10 * 365 * 86400)
        assert submit(site, person, "hope").status_code == 401  # tokens run out by the clock
        set_clock(faked, 0)
        assert reads(site, person) == 200
        site.server.stop()
        assert site.faults() == []
        with site.scene.store.reading() as tx:
            own = tx.codings.own(site.round_id, person)
        assert [coding.id for coding in own] == ids
        assert [coding.sequence for coding in own] == list(range(1, len(ids) + 1))
        hours = [coding.at[:13] for coding in own[:: len(ids) // 5]]
        assert sorted(hours) != hours  # the clock did jump, and the order is not its
        assert all(coding.at.endswith("Z") for coding in own)
