"""What load does the service carry? ``python -m benchmarks.load [--seconds N] [--idle N] [--slow N] [--json]``.

The real service on a free loopback port with the embedded database, by one web process and then by one for each processor, asked by
this process over plain sockets. Reads come by the clock, whether or not the last was answered (open loop: a wait counts). Writes are
sent one after another by each coder; raw SQLite commits with synchronous=FULL are timed before and after them in the same folder, and so
are codings through the store without HTTP. The callers share the processors with the server.
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from http import HTTPStatus
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pysqlite3  # pyright: ignore[reportMissingTypeStubs]

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.draw import chosen_set
from service.coding.model import Answer, Content, PersonId, RoundId, RoundKind, SuggestionPolicy
from service.coding.visibility import Role
from service.corpus.model import NewDocument, Span
from service.settings import Settings
from service.store import Store
from service.store.credentials import Scope, TokenKind
from service.store.rounds import Plan

SECRET = "benchmark-only-0123456789abcdef0123456789ab"  # noqa: S105 - of a data folder that lives for one run
CODERS = 16
EXCERPTS = 1000
BATCH = 100
READS_PER_S = 500
FRESH_PER_S = 20
CONNECTIONS = 64
SETTLES_S = 5.0
"""For the other web processes to have their models too."""
SPARE_FILES = 500
"""Open files that are left for everything but the crowd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement; ``wanted`` is what it is to be compared with."""

    what: str
    per_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    failed: int = 0
    ratio: float | None = None
    wanted: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """A running service with an open round."""

    port: int
    process: int
    folder: Path
    round_id: RoundId
    turns: dict[PersonId, list[str]]
    tokens: dict[PersonId, str]

    def request(self, person: PersonId, method: str, path: str, body: object = None) -> bytes:
        """Write a request as it goes over the wire."""
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} /api/v1/rounds/{self.round_id}{path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"Authorization: Bearer {self.tokens[person]}", f"Idempotency-Key: {uuid.uuid4()}"]
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}", "", ""]
        return "\r\n".join(lines).encode() + data


class Caller:
    """One kept-alive connection; a request is sent after the answer of the one before."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> bool:
        """Send one request, read the whole answer, say whether it was a success."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(length)
        return head.startswith(b"HTTP/1.1 2")

    def close(self) -> None:
        """Hang up."""
        if self.streams is not None:
            self.streams[1].close()


async def by_the_clock(site: Site, requests: Sequence[bytes], per_s: float, seconds: float, *, fresh: bool) -> tuple[list[float], int]:
    """Send requests at fixed times; a time runs from when the request was due. ``fresh`` opens a connection for each."""
    free: asyncio.Queue[Caller] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(Caller(site.port))
    times: list[float] = []
    failed = 0

    async def one(due: float, request: bytes) -> None:
        nonlocal failed
        connection = Caller(site.port) if fresh else await free.get()
        try:
            good = await connection.ask(request)
        except (OSError, asyncio.IncompleteReadError):
            good, connection.streams = False, None
        failed += not good
        times.append(time.perf_counter() - due)
        if fresh:
            connection.close()
        else:
            free.put_nowait(connection)

    begins = time.perf_counter() + 0.1
    tasks: list[asyncio.Task[None]] = []
    for number in range(int(per_s * seconds)):
        due = begins + number / per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due, requests[number % len(requests)])))
    await asyncio.gather(*tasks)
    return times, failed


async def in_turn(site: Site, person: PersonId, size: int, seconds: float) -> tuple[list[float], int]:
    """Submit codings one request after another."""
    connection, times, failed = Caller(site.port), list[float](), 0
    ends, number, turns = time.perf_counter() + seconds, 0, site.turns[person]
    while time.perf_counter() < ends:
        some = [turns[(number * size + place) % len(turns)] for place in range(size)]
        codings = [{"assignment_id": one, "answers": [{"variable": "theme", "codes": ["hope"]}]} for one in some]
        request = site.request(person, "POST", "/codings", {"codings": codings})
        begins = time.perf_counter()
        failed += not await connection.ask(request)
        times.append(time.perf_counter() - begins)
        number += 1
    connection.close()
    return times, failed


def written(site: Site, what: str, coders: int, size: int, seconds: float) -> Row:
    """Measure writes of several coders at once, in codings a second."""

    async def all_of_them() -> list[tuple[list[float], int]]:
        people = list(site.turns)[:coders]
        return await asyncio.gather(*(in_turn(site, person, size, seconds) for person in people))

    begins = time.perf_counter()
    found = asyncio.run(all_of_them())
    took = time.perf_counter() - begins
    times = [one for some, _ in found for one in some]
    return row(what, times, sum(failed for _, failed in found), len(times) * size / took)


def raw_commits(folder: Path, seconds: float) -> float:
    """Commit rows of a coding's size in SQLite alone, as durably as the service does."""
    engine: Any = pysqlite3  # its names are made while it is imported
    with closing(engine.connect(folder / "raw.sqlite", isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, x)"):
            connection.execute(statement)
        count, begins = 0, time.perf_counter()
        while time.perf_counter() < begins + seconds:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t (x) VALUES (?)", (os.urandom(500),))
            connection.execute("COMMIT")
            count += 1
        return count / (time.perf_counter() - begins)


def through_the_store(site: Site, seconds: float) -> float:
    """Submit codings one after another as the handler does, but in this process."""
    store = Store(Settings(data_dir=site.folder).database, SECRET.encode())
    person, turns = next(iter(site.turns.items()))
    content = Content(answers=(Answer(variable="theme", codes=("hope",)),))
    count, begins = 0, time.perf_counter()
    while time.perf_counter() < begins + seconds:
        with store.writing() as tx:
            tx.codings.submit(tx.codings.lock(site.round_id, person), person, [(turns[count % len(turns)], content)])
        count += 1
    took = time.perf_counter() - begins
    store.close()
    return count / took


def row(what: str, times: Sequence[float], failed: int, per_s: float) -> Row:
    """Sum up some times."""
    p50, p99 = np.percentile(times, [50, 99]) * 1000
    return Row(what=what, per_s=round(per_s, 1), p50_ms=round(float(p50), 1), p99_ms=round(float(p99), 1), failed=failed)


def measured(site: Site, seconds: float, idle: int, slow: int) -> Generator[Row]:
    """Give every measurement in turn."""
    reads = [site.request(person, "GET", "/assignments?limit=1") for person in site.turns]
    times, failed = asyncio.run(by_the_clock(site, reads, READS_PER_S, seconds, fresh=False))
    yield with_(row("reads by the clock", times, failed, len(times) / seconds), wanted="p99 ≤ 50 ms at 500/s")
    before = raw_commits(site.folder, seconds / 2)
    singles = written(site, f"durable single codings, {CODERS} coders", CODERS, 1, seconds)
    raw = (before + raw_commits(site.folder, seconds / 2)) / 2
    yield Row(what="raw SQLite commits, synchronous=FULL", per_s=round(raw, 1))
    alone = through_the_store(site, seconds / 2)
    yield Row(what="durable single codings through the store, one caller, no HTTP", per_s=round(alone, 1), ratio=round(alone / raw, 2))
    yield with_(singles, ratio=round((singles.per_s or 0) / raw, 2), wanted="≥ 0.5 × raw")
    yield with_(written(site, f"codings in batches of {BATCH}, 4 coders", 4, BATCH, seconds), wanted="≥ 3,000/s")
    yield beside_a_crowd(site, reads, seconds, idle, slow)


def beside_a_crowd(site: Site, reads: Sequence[bytes], seconds: float, idle: int, slow: int) -> Row:
    """Measure fresh requests while another process keeps many connections idle and dribbles headers on many more."""
    here, there = get_context("spawn").Pipe()
    crowd = get_context("spawn").Process(target=make_crowd, args=(there, site.port, idle, slow), daemon=True)
    crowd.start()
    here.recv()
    times, failed = asyncio.run(by_the_clock(site, reads, FRESH_PER_S, seconds, fresh=True))
    memory = memory_mb(site.process)
    here.send("enough")
    still = here.recv()
    crowd.join()
    return with_(
        row(f"fresh requests beside {idle:,} idle connections and {slow:,} slow senders", times, failed, FRESH_PER_S),
        wanted="p99 ≤ 50 ms",
        note=f"{still:,} of the idle ones still open at the end; server's memory {memory} MB",
    )


def make_crowd(parent: Connection, port: int, idle: int, slow: int) -> None:
    """Be the crowd until told that it is enough; then say how many of the idle connections are still open."""

    async def stay() -> int:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(idle)]
        dribblers = [asyncio.create_task(dribble(port)) for _ in range(slow)]
        await asyncio.sleep(2)
        parent.send("here")
        await asyncio.to_thread(parent.recv)
        for task in dribblers:
            task.cancel()
        await asyncio.gather(*dribblers, return_exceptions=True)
        return sum(open_still(one) for one in silent)

    parent.send(asyncio.run(stay()))


def open_still(connection: socket.socket) -> bool:
    """Say whether the server has not hung up."""
    connection.setblocking(False)  # noqa: FBT003
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


async def dribble(port: int) -> None:
    """Send a header byte by byte; when cut off, begin again."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for byte in b"GET /livez HTTP/1.1\r\nX-Slow: " + b"x" * 1000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
        except OSError:
            await asyncio.sleep(0.5)


def with_(found: Row, **more: Any) -> Row:
    """Give a row with some fields set."""
    return Row(**{**asdict(found), **more})


def memory_mb(process: int) -> int:
    """Give the resident memory of a process and its children."""
    ids = [process, *(int(one) for path in Path(f"/proc/{process}/task").glob("*/children") for one in path.read_text().split())]
    pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in ids]
    return sum(pages) * resource.getpagesize() // 1_000_000


@contextmanager
def served(folder: Path, workers: int = 1) -> Generator[Site]:
    """Make an open round and serve it by so many web processes."""
    store = Store(Settings(data_dir=folder).database, SECRET.encode())
    store.migrate()
    round_id, turns, tokens = study(store)
    store.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environ = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")}
    environ |= {"INTERCODER_DATA_DIR": str(folder), "INTERCODER_SECRET_KEY": SECRET, "INTERCODER_LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    try:
        while not _ready(port):
            time.sleep(0.1)
        time.sleep(SETTLES_S)
        yield Site(port, process.pid, folder, round_id, turns, tokens)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _ready(port: int) -> bool:
    """Say whether a web process answers and has its model: reading it takes a second of both cores, once."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False


def study(store: Store) -> tuple[RoundId, dict[PersonId, list[str]], dict[PersonId, str]]:
    """Make a study with an open round of all coders over all excerpts."""
    text = "Trust takes time and mentors know it.\n" * EXCERPTS
    line = len(text) // EXCERPTS
    document = NewDocument("interview", text, tuple(Span(place * line, place * line + line - 1) for place in range(EXCERPTS)))
    codebook = Codebook(variables=(Variable(name="theme", scheme=Scheme.ONE_CODE, codes=(Code(name="hope"), Code(name="fear"))),))
    with store.writing() as tx:
        lead = tx.people.add(login="lead", name="Lead", may_lead=True)
        study_id = tx.corpus.add_study("Load", lead)
        tx.people.join(study_id, lead, Role.LEAD)
        people = [tx.people.add(login=f"c{number}", name=f"C{number}", may_lead=False) for number in range(CODERS)]
        for person in people:
            tx.people.join(study_id, person, Role.CODER)
        revision, _ = tx.codebooks.save(study_id, codebook, by=lead, note="")
        tx.corpus.bring_in(study_id, [document])
        plan = Plan(
            name="Load",
            kind=RoundKind.PILOT,
            policy=SuggestionPolicy.NONE,
            revision_id=revision.id,
            sample_method="chosen",
            sample_seed=1,
            sample=chosen_set(tx.corpus.excerpt_ids(study_id)),
            coders=tuple(people),
            close_by=None,
        )
        round_id = tx.rounds.open(tx.rounds.plan(study_id, plan, lead), lead).id
        turns = {person: [str(turn.id) for turn in tx.assignments.of(round_id, person)] for person in people}
        issue, scopes, day = tx.tokens.issue, [Scope.CODE], timedelta(days=1)
        tokens = {one: issue(kind=TokenKind.PERSON, name="", scopes=scopes, person_id=one, study_id=None, life=day)[1] for one in people}
    return round_id, turns, tokens


def tell(row: Mapping[str, object], *, as_json: bool) -> None:
    """Print one row at once."""
    plain = {name: value for name, value in row.items() if value not in (None, "")}
    told = json.dumps(plain) if as_json else "  ".join(f"{name} {value}" for name, value in plain.items())
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--slow", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the server inherits it
    room = max(0, most - SPARE_FILES)
    slow = min(asked.slow, room // 5)
    idle = min(asked.idle, room - slow)
    for workers in sorted({1, os.cpu_count() or 1}):
        with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "data", workers) as site:
            for found in measured(site, asked.seconds, idle, slow):
                tell({"web_processes": workers, **asdict(found)}, as_json=asked.json)
    sys.stdout.write(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")


if __name__ == "__main__":
    main()
