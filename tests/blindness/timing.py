"""Times of the same request in two processes: one whose database holds 500 codings of another coder, one whose holds none.

Raw times differ even between two identical processes, so several fresh pairs are compared, each by the median of its paired
differences, and a run counts only if it sees a planted leak and sees nothing between equals.

``python -m tests.blindness.timing FOLDER plain|leaking`` is one such process: it answers each line with a number of a request by
the nanoseconds that the request took.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.coding.model import Answer, AssignmentId, Coding, Content
from service.leaktest.cast import BEA, CODES, HUGO, LEA, THEME, Cast
from service.leaktest.comparison import plain
from service.leaktest.fakes import MomentEntropy, StillClock
from service.leaktest.surface import NOTHING
from service.leaktest.world import KEY, FileTemplate, Request, running
from service.leaktest.worlds import MEMORY, inline
from service.store import Store
from service.store.codings import Codings

PAIRS, REQUESTS, WARM = 8, 400, 40
BOUND_NS, SAME_SIGN = 25_000, 7
CODED = 500
ROWS = 50
CONTROL = "/api/v1/rounds/{main}/own-codings"
READS = (
    CONTROL,
    "/api/v1/rounds/{main}/progress",
    "/api/v1/rounds/{main}/assignments",
    "/api/v1/rounds/{main}/ledger",
    "/api/v1/rounds/{main}/codebook",
    "/api/v1/rounds/{main}",
    "/api/v1/studies/{study}/rounds",
    "/api/v1/studies/{study}/documents",
)
REFUSED = (
    "/api/v1/rounds/{main}/codings",
    "/api/v1/rounds/{main}/agreement",
    "/api/v1/rounds/{main}/completion",
    "/api/v1/rounds/{nothing}",
)


@dataclass(frozen=True, slots=True)
class Sides:
    """The folders of two databases, and whether the processes on them leak."""

    empty: Path
    coded: Path
    leaking: bool = False


def flagged(medians: Sequence[float]) -> bool:
    """Say whether the pairs' medians tell the sides apart: far enough, and nearly all in one direction."""
    ups = sum(median > 0 for median in medians)
    return abs(statistics.median(medians)) > BOUND_NS and max(ups, len(medians) - ups) >= SAME_SIGN


def prepared(cast: Cast, folder: Path, *, coded: bool) -> Path:
    """Copy the template and open the round; in one of the two, Hugo codes, and codes anew, 500 times."""
    folder.mkdir()
    with FileTemplate(Path(cast.template.url.removeprefix("sqlite:///")).parent).copied(folder) as url:
        clock, entropy = StillClock(), MomentEntropy()
        store = Store(url, KEY.encode(), clock=clock, entropy=entropy)
        with store.writing() as tx:
            for name in ("pilot", "near"):
                tx.rounds.close(cast.rounds[name], cast.people[LEA])
            tx.rounds.open(cast.rounds["main"], cast.people[LEA])
            _code(tx.codings, cast, BEA, 6)
            _code(tx.codings, cast, HUGO, CODED if coded else 0)
        store.scrub()
        store.close()
    return folder


def _code(codings: Codings, cast: Cast, who: str, count: int) -> None:
    round_ = codings.lock(cast.rounds["main"], cast.people[who])
    turns = codings.assignments.of(round_.id, cast.people[who])
    content = Content(answers=(Answer(variable=THEME, codes=CODES[:1]),))
    for place in range(count):
        codings.submit(round_, cast.people[who], [(AssignmentId(turns[place % len(turns)].id), content)])


def paths(cast: Cast) -> list[str]:
    """Give the addresses that are timed."""
    ids = {"main": cast.rounds["main"], "study": cast.studies["ours"], "nothing": NOTHING}
    return [path.format(**ids) for path in (*READS, *REFUSED)]


def medians(sides: Sides, asked: Sequence[str], secret: str) -> dict[str, list[float]]:
    """Give for each address the medians of the paired differences, one for each fresh pair of processes."""
    found: dict[str, list[float]] = {path: [] for path in asked}
    for pair in range(PAIRS):
        first_starts = pair % 2 == 0
        order = (sides.empty, sides.coded) if first_starts else (sides.coded, sides.empty)
        started = [_Timed(folder, secret, asked, leaking=sides.leaking) for folder in order]
        empty, coded = started if first_starts else started[::-1]
        for place, path in enumerate(asked):
            found[path].append(statistics.median(_differences(empty, coded, place)))
        for one in started:
            one.stop()
    return found


def _differences(empty: "_Timed", coded: "_Timed", place: int) -> list[int]:
    differences: list[int] = []
    for turn in range(WARM + REQUESTS):
        sides = (empty, coded) if turn % 2 else (coded, empty)
        took = {id(side): side.ask(place) for side in sides}
        differences.append(took[id(coded)] - took[id(empty)])
    return differences[WARM:]


class _Timed:
    """A process on one database."""

    def __init__(self, folder: Path, secret: str, asked: Sequence[str], *, leaking: bool) -> None:
        command = [sys.executable, "-m", "tests.blindness.timing", str(folder), "leaking" if leaking else "plain", secret, *asked]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._line()  # it is ready

    def ask(self, place: int) -> int:
        """Let it serve a request, and give how long that took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{place}\n")
        return int(self._line())

    def stop(self) -> None:
        """End it."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def leak_rows() -> None:
    """Plant the control: of everybody's codings the first fifty are fetched, then filtered."""
    whole = Codings.own

    def own(self: Codings, round_id: str, person_id: str) -> list[Coding]:
        rows = self.session.connection.exec_driver_sql(f"SELECT * FROM codings WHERE person_id <> ? LIMIT {ROWS}", (person_id,)).all()
        return [one for one in whole(self, round_id, person_id) if len(rows) <= ROWS]

    pytest.MonkeyPatch().setattr(Codings, "own", own)


def serve(folder: Path, secret: str, asked: Sequence[str]) -> None:
    """Answer each line with how long its request took."""

    async def live() -> None:
        async with running(Path(made) / "served", FileTemplate(folder), {BEA: secret}, plain) as world:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            while line := sys.stdin.readline():
                request = Request(BEA, "GET", asked[int(line)])
                began = time.perf_counter_ns()
                await world.ask(request, 500)
                sys.stdout.write(f"{time.perf_counter_ns() - began}\n")
                sys.stdout.flush()

    with tempfile.TemporaryDirectory(dir=MEMORY) as made:
        inline(live)


if __name__ == "__main__":
    if sys.argv[2] == "leaking":
        leak_rows()
    serve(Path(sys.argv[1]), sys.argv[3], sys.argv[4:])
