"""Durable before acknowledged: the order of system calls says so, and a kill at each of them changes nothing."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.coding.model import RoundState
from tests.faults.site import Site, answers
from tests.faults.tracing import ask, fresh_key, needs_strace, traced
from tests.store.scene import one

ANSWERED = re.compile(r"(?:write|writev|sendto|sendmsg)\(.*HTTP/1\.1 2\d\d")
ASKED = re.compile(r'(?:read|recvfrom)\(.*"POST ')
ON_DISK = re.compile(r"(?:fsync|fdatasync)\(\d+<.*intercoder\.sqlite-wal>\s*\)\s+= 0")
UNFINISHED = "<unfinished ...>"
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>")
POINTS = [("pwrite64", 1), ("pwrite64", 6), ("pwrite64", 23), ("fsync", 1), ("writev", 1), ("writev", 3)]
LONG_POINTS = [*(("pwrite64", n) for n in range(1, 121)), *(("fsync", n) for n in range(1, 21)), *(("writev", n) for n in range(1, 8))]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give an open round of two coders on a server with the embedded database."""
    folder = tmp_path / "data"
    site = Site.on(f"sqlite:///{folder / 'intercoder.sqlite'}", folder, coders=2, texts=12)
    site.server.start()
    yield site
    site.server.kill()
    site.scene.store.close()


@needs_strace
def test_every_acknowledgement_follows_a_sync_of_the_write_ahead_log(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    person = site.scene.coders[0]
    turns = [turn.id for turn in site.scene.turns(site.round_id, person)]
    watched = ("-s", "64", "-e", "trace=read,recvfrom,fsync,fdatasync,write,writev,sendto,sendmsg", "-o", str(log))
    with traced(site, *watched), site.client(person) as client:
        for batch in ([turns[0]], turns[1:3], turns):
            assert client.post(f"/rounds/{site.round_id}/codings", json=answers(batch, "hope"), headers=fresh_key()).is_success
    assert order_of(log) == ["asked", "on disk", "answered"] * 3


def test_a_call_in_two_lines_counts_when_it_ends_and_an_answer_when_it_begins(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    log.write_text(
        "7 recvfrom(9<socket:[1]>,  <unfinished ...>\n8 fsync(5</intercoder.sqlite-wal> <unfinished ...>\n"
        '7 <... recvfrom resumed>"POST /x", 9, 0, NULL, NULL) = 9\n7 writev(9<socket:[1]>, [{"HTTP/1.1 201 Created"}] <unfinished ...>\n'
        "8 <... fsync resumed>)              = 0\n7 <... writev resumed>)         = 20\n"
    )
    assert order_of(log) == ["asked", "answered", "on disk"]


def calls_of(log: Path) -> Iterator[str]:
    """Give the lines of a trace, where another thread's call stands between the two halves of one, that one whole at its end.

    What is written leaves when its call begins, so its second half is left out.
    """
    begun: dict[str, str] = {}
    for line in log.read_text(errors="replace").splitlines():
        thread = line.split(maxsplit=1)[0]
        if line.endswith(UNFINISHED):
            begun[thread] = line.removesuffix(UNFINISHED)
        resumed = RESUMED.search(line)
        if resumed is None:
            yield line
        elif resumed[1] not in {"write", "writev", "sendto", "sendmsg"}:
            yield begun.pop(thread, "") + line[resumed.end() :]


def order_of(log: Path) -> list[str]:
    """Reduce a trace to what was asked, synced and answered, each run of the same told once."""
    calls: list[str] = []
    for line in calls_of(log):
        for name, pattern in (("asked", ASKED), ("on disk", ON_DISK), ("answered", ANSWERED)):
            if pattern.search(line) and calls[-1:] != [name]:
                calls.append(name)
    return calls


@needs_strace
@pytest.mark.parametrize(("call", "number"), POINTS)
def test_killed_at_a_system_call_the_job_ends_as_if_nothing_had_happened(site: Site, call: str, number: int) -> None:
    assert killed_at(site, call, number) == 1


@needs_strace
@pytest.mark.long
@pytest.mark.parametrize(("call", "number"), LONG_POINTS)
def test_killed_at_every_system_call_the_job_ends_as_if_nothing_had_happened(
    site: Site, call: str, number: int, record_property: Callable[[str, object], None]
) -> None:
    died = killed_at(site, call, number)
    record_property("died", died)
    assert died <= 1  # the job may need fewer calls of this kind


def killed_at(site: Site, call: str, number: int) -> int:
    """Do the job while the server dies at the n-th call of a kind; check it against a job without a fault; count the deaths."""
    born = site.server.process_ids()
    first, second = site.scene.coders
    turns = {person: [turn.id for turn in site.scene.turns(site.round_id, person)] for person in (first, second)}
    with traced(site, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}", "-o", "/dev/null"):
        made = [
            ask(site, first, f"/rounds/{site.round_id}/codings", answers(turns[first][:1], "hope")),
            ask(site, first, f"/rounds/{site.round_id}/codings", answers(turns[first], "fear")),
            ask(site, second, f"/rounds/{site.round_id}/codings", answers(turns[second], "hope")),
        ]
        ask(site, first, f"/rounds/{site.round_id}/hand-in", None)
        closed = ask(site, site.scene.lead, f"/rounds/{site.round_id}/closing", None)
    died = int(site.server.process_ids() != born)
    site.server.stop()
    assert site.faults() == []
    ids = [[coding["id"] for coding in answer.json()] for answer in made]
    assert site.contents(first) == dict.fromkeys(ids[0], one("hope")) | dict.fromkeys(ids[1], one("fear"))
    assert site.contents(second) == dict.fromkeys(ids[2], one("hope"))
    with site.scene.store.reading() as tx:
        round_ = tx.rounds.get(site.round_id)
    assert (round_.state, round_.seal) == (RoundState.CLOSED, closed.json()["seal"])
    return died
