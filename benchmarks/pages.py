"""How long do people wait? ``python -m benchmarks.pages [--quick] [--json]``.

The real service on a free loopback port, one web process. A closed round of 100,000 codings (10,000 excerpts, 10 coders, 30 codes): its
agreement page asked for the first time and again. An open round of 32 coders: each sends a coding by the page's form every two seconds and
is shown the next excerpt; the time is from the click to the last byte of the next page.
"""

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import httpx
import numpy as np

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.draw import chosen_set
from service.coding.model import Answer, Content, PersonId, RoundId, RoundKind, SuggestionPolicy
from service.coding.visibility import Role
from service.corpus.model import ExcerptId, StudyId
from service.exchange.documents import DocumentOptions, read_documents
from service.settings import Settings
from service.store import Store, Transaction
from service.store.opening import open_store
from service.store.rounds import Plan

ROOT = Path(__file__).parents[1]
SECRET = "benchmark-only-0123456789abcdef0123456789ab"  # noqa: S105 - of a data folder that lives for one run
CODES = [f"Code {number}" for number in range(30)]
CARE = 0.8
PACE_S = 2.0
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; times in milliseconds."""

    name: str
    x: int
    p50_ms: float
    p95_ms: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Staged:
    """What there is to ask for, and each person's session."""

    closed: RoundId
    open: RoundId
    lead: str
    coders: list[str]


def rows(*, quick: bool) -> list[Row]:
    """Stage both rounds, serve them, measure."""
    excerpts, coders, seconds = (1_000, 8, 6.0) if quick else (10_000, 32, 30.0)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environ(_environ(Path(folder)))
        staged = _stage(settings, excerpts, coders)
        with _serving(Path(folder)) as address:
            return [*_dashboard(address, staged, excerpts * 10), asyncio.run(_coding(address, staged, seconds))]


def _dashboard(address: str, staged: Staged, codings: int) -> list[Row]:
    with httpx.Client(base_url=address, headers=_as(staged.lead), timeout=300) as client:
        path = f"/rounds/{staged.closed}/agreement"
        cold = [_timed(client, path)]
        warm = [_timed(client, path) for _ in range(7)]
        size = len(client.get(path).content)
    return [_row("dashboard, first", codings, cold), _row("dashboard, again", codings, warm, f"{size / 1000:.0f} kB of HTML")]


async def _coding(address: str, staged: Staged, seconds: float) -> Row:
    # Coders do not agree on when to click: each begins somewhere within the pace. Clients are made first, which takes longer than a page.
    begins = np.random.default_rng(1).uniform(0, PACE_S, len(staged.coders))
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=address, headers=_as(session), timeout=60))
            for session in staged.coders
        ]
        now = time.perf_counter()
        coding = (_one_coder(client, staged, due=now + delay, seconds=seconds) for client, delay in zip(clients, begins, strict=True))
        times = [one for some in await asyncio.gather(*coding) for one in some]
    return _row("submit and next excerpt", len(staged.coders), times, f"{len(times)} codings, one every {PACE_S:g} s a coder")


async def _one_coder(client: httpx.AsyncClient, staged: Staged, *, due: float, seconds: float) -> list[float]:
    path, times, ends = f"/rounds/{staged.open}/code", list[float](), due + seconds
    await asyncio.sleep(due - time.perf_counter())
    page = (await client.get(path)).text
    while (due := due + PACE_S) < ends:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        began = time.perf_counter()
        sent = await client.post(path, data={**_fields(page), "v0": "1"})
        page = (await client.get(sent.headers["location"])).text
        times.append(1000 * (time.perf_counter() - began))
    return times


def _fields(page: str) -> dict[str, str]:
    """The hidden fields of the coding form."""
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))


def _timed(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return 1000 * (time.perf_counter() - began)


def _row(name: str, x: int, times: Sequence[float], note: str = "") -> Row:
    return Row(name, x, median(times), float(np.quantile(times, 0.95)), note)


def _as(session: str) -> dict[str, str]:
    return {"Cookie": f"intercoder_session={session}", "Sec-Fetch-Site": "same-origin"}


def _stage(settings: Settings, excerpts: int, coders: int) -> Staged:
    store = open_store(settings)
    store.migrate()
    with store.writing() as tx:
        lead = tx.people.add(login="lead@example.org", name="Lead", may_lead=True)
        study = tx.corpus.add_study("Large", lead)
        tx.people.join(study, lead, Role.LEAD)
        people = [tx.people.add(login=f"{n}@example.org", name=f"Coder {n}", may_lead=False) for n in range(max(10, coders))]
        for person in people:
            tx.people.join(study, person, Role.CODER)
        _documents(tx, study, excerpts)
        variable = Variable(name="theme", scheme=Scheme.ONE_CODE, codes=tuple(Code(name=name) for name in CODES))
        revision, _ = tx.codebooks.save(study, Codebook(variables=(variable,)), by=lead, note="")
        ids = tx.corpus.excerpt_ids(study)
        closed = tx.rounds.open(tx.rounds.plan(study, _plan(revision.id, ids, people[:10]), lead), lead).id
        opened = tx.rounds.open(tx.rounds.plan(study, _plan(revision.id, ids[:200], people[:coders]), lead), lead).id
        sessions = [tx.sessions.start(person) for person in (lead, *people[:coders])]
    for person in people[:10]:
        _code(store, closed, person)
    with store.writing() as tx:
        tx.rounds.close(closed, lead)
    store.close()
    return Staged(closed, opened, sessions[0], sessions[1:])


def _documents(tx: Transaction, study: StudyId, excerpts: int) -> None:
    lines = ["text,document", *(f"Excerpt {n} of a long talk about mentoring.,Interview {n % 200}" for n in range(excerpts))]
    how = DocumentOptions(text_column="text", document_column="document", label_column=None)
    tx.corpus.bring_in(study, read_documents("all.csv", "\n".join(lines).encode(), how))


def _plan(revision: str, excerpts: Sequence[ExcerptId], coders: Sequence[PersonId]) -> Plan:
    return Plan(
        name="Round",
        kind=RoundKind.RELIABILITY,
        policy=SuggestionPolicy.NONE,
        revision_id=revision,
        sample_method="chosen",
        sample_seed=1,
        sample=chosen_set(excerpts),
        coders=tuple(coders),
        close_by=None,
    )


def _code(store: Store, round_id: RoundId, person: PersonId) -> None:
    rng = np.random.default_rng(int(person.replace("-", "")[:8], 16))
    with store.reading() as tx:
        turns = sorted(tx.assignments.of(round_id, person), key=lambda turn: turn.excerpt_id)
    for first in range(0, len(turns), AT_ONCE):
        part = turns[first : first + AT_ONCE]
        with store.writing() as tx:
            round_ = tx.codings.lock(round_id, person)
            tx.codings.submit(round_, person, [(turn.id, _content(turn.excerpt_id, rng)) for turn in part])


def _content(excerpt: str, rng: np.random.Generator) -> Content:
    true = int(excerpt.replace("-", "")[:8], 16) % len(CODES)
    code = true if rng.random() < CARE else int(rng.integers(len(CODES)))
    return Content(answers=(Answer(variable="theme", codes=(CODES[code],)),))


def _environ(folder: Path) -> dict[str, str]:
    return {
        "INTERCODER_DATA_DIR": str(folder),
        "INTERCODER_MODELS_DIR": str(ROOT / "models"),
        "INTERCODER_SECRET_KEY": SECRET,
        "INTERCODER_LOG_LEVEL": "WARNING",
    }


@contextmanager
def _serving(folder: Path) -> Generator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environ = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")} | _environ(folder)
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    try:
        _until_embedded(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def _until_embedded(address: str) -> None:
    """Wait until the service answers; then a little, so that embedding the excerpts is over."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                time.sleep(20)
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the service did not start")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = rows(quick=asked.quick)
    for row in found:
        print(json.dumps(asdict(row)) if asked.json else f"{row.name:<26}{row.x:>9}{row.p50_ms:>10.1f}{row.p95_ms:>10.1f}  {row.note}")


if __name__ == "__main__":
    main()
