"""How many suggestions a second does the service answer? ``python -m benchmarks.suggestions_http [--seconds N] [--json]``.

The real service on a free loopback port, once with the default model's fast runtime and once with the same model on sentence-transformers
(a manifest with another ``runtime``); 32 callers with a machine token, each asking again when it was answered, with one excerpt a call,
and 2 with 100. The callers share the processors with the server, as any measurement on one machine does.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.embedding.rows import Row, table
from benchmarks.embedding.texts import CLAUSES, workload
from service.coding.visibility import Role
from service.embedding import DEFAULT_MODEL, read_manifest
from service.embedding.convert import ensure_default
from service.embedding.inspection import as_toml
from service.embedding.manifest import Runtime
from service.settings import Settings
from service.store import Store
from service.store.credentials import Scope, TokenKind

ROOT = Path(__file__).parents[1]
CALLERS = {1: 32, 100: 2}
"""Excerpts a call, and how many callers ask so; more of the large ones would only wait past the service's deadline."""
SECRET = "benchmark-only-0123456789abcdef0123456789ab"  # noqa: S105 - of a data folder that lives for one run
OTHER = "on-sentence-transformers"
MODELS = {"ours": DEFAULT_MODEL, "sentence-transformers": OTHER}
CODEBOOK = {
    "variables": [
        {"name": "topic", "scheme": "one_code", "codes": [{"name": name, "definition": clauses} for name, clauses in CLAUSES.items()]}
    ]
}


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and a machine token for it; ``began`` is when its process was started, ``process`` its id."""

    port: int
    token: str
    began: float
    process: int


def in_suite(seconds: float, runtimes: Sequence[str], pinnings: Sequence[int]) -> list[Row]:
    """For the embedding suite: start to first suggestion with peak memory, then single excerpts by 32 callers, on so many processors."""
    texts = workload("W", 400, seed=5)
    found: list[Row] = []
    for processors in pinnings:
        for runtime in runtimes:
            with serving(MODELS[runtime], processors) as service:
                started = asyncio.run(_started(service, texts[0]))
                row = asyncio.run(asked(service, runtime, "W", texts, 1, seconds))
                memory, torch = _memory(service.process)
            if not processors:
                note = f"from the start of `intercoder serve` to the first suggestion; torch is {'loaded' if torch else 'not loaded'}"
                found.append(Row(name="service_start", runtime=runtime, seconds=started, peak_rss_mb=memory, note=note))
            where = "server on one core" if processors else "server on every core"
            found.append(replace(row, workload=where, peak_rss_mb=memory))
    base = {row.workload: row.tokens_per_s for row in found if row.name == "http" and row.runtime == "sentence-transformers"}
    return [
        replace(row, ratio_to_sentence_transformers=(row.tokens_per_s or 0.0) / rate) if (rate := base.get(row.workload)) else row
        for row in found
    ]


async def _started(service: Service, text: str) -> float:
    """Seconds from the start of the process to the first suggestion."""
    await _until_ready(service, _body([text]))
    return time.perf_counter() - service.began


def _memory(process: int) -> tuple[float, bool]:
    """Peak resident megabytes of a process with its children, and whether torch is in any of them."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    found = [_memory(int(child)) for child in children]
    peak = next(line for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    own = "libtorch" in Path(f"/proc/{process}/maps").read_text(encoding="utf-8")
    return int(peak.split()[1]) / 1024 + sum(memory for memory, _ in found), own or any(torch for _, torch in found)


def rows(workload_name: str, seconds: float) -> list[Row]:
    """Both runtimes, one and a hundred excerpts a call."""
    ensure_default(ROOT / "models")
    texts = workload(workload_name, 400, seed=5)
    found: list[Row] = []
    for runtime, model in MODELS.items():
        with serving(model) as service:
            found += [asyncio.run(asked(service, runtime, workload_name, texts, size, seconds)) for size in CALLERS]
    reference = {row.x: row.tokens_per_s for row in found if row.runtime == "sentence-transformers"}
    return [
        replace(row, ratio_to_sentence_transformers=(row.tokens_per_s or 0.0) / base) if (base := reference[row.x]) else row
        for row in found
    ]


async def asked(service: Service, runtime: str, name: str, texts: list[str], size: int, seconds: float) -> Row:
    """What all callers together got in this time, after one call each to warm up; a call that is refused (503) got nothing."""
    callers = range(CALLERS[size])
    starts = range(0, len(texts), 7)
    bodies = [_body((texts[start:] + texts)[:size]) for start in starts]
    await _until_ready(service, bodies[0])
    await asyncio.gather(*(_calls(service, bodies[caller:], 0.0) for caller in callers))
    began = time.perf_counter()
    found = await asyncio.gather(*(_calls(service, bodies[caller:] + bodies, seconds) for caller in callers))
    spent = time.perf_counter() - began
    calls = [one for some in found for one in some]
    times = [call.ms for call in calls if call.answered]
    answered = sum(call.answered for call in calls)
    words = sum(len(text.split()) for text in texts) / len(texts)
    rates = f"{answered / spent:.1f} requests/s, {answered * size / spent:.1f} excerpts/s, {len(calls) - answered} refused"
    return Row(
        name="http",
        runtime=runtime,
        workload=name,
        x=float(size),
        tokens_per_s=answered * size * words / spent,
        p50_ms=median(times) if times else None,
        p99_ms=sorted(times)[int(0.99 * (len(times) - 1))] if times else None,
        note=f"x: excerpts a call; {rates}; tokens are words",
    )


def _body(texts: list[str]) -> bytes:
    return msgspec.json.encode({"texts": texts, "codebook": CODEBOOK, "top": 3})


@dataclass(frozen=True, slots=True)
class Call:
    """One request and how it went."""

    ms: float
    answered: bool


async def _until_ready(service: Service, body: bytes) -> None:
    """Wait for the model: torch alone takes its time to import."""
    ends = time.monotonic() + 180
    while time.monotonic() < ends:
        if (await _calls(service, [body], 0.0))[0].answered:
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("the model did not answer within three minutes")


async def _calls(service: Service, bodies: list[bytes], seconds: float) -> list[Call]:
    """Ask one after the other until the time is over, once at least."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    ends, calls = time.perf_counter() + seconds, list[Call]()
    while not calls or time.perf_counter() < ends:
        began = time.perf_counter()
        answered = await _ask(reader, writer, service, bodies[len(calls) % len(bodies)])
        calls.append(Call(1000 * (time.perf_counter() - began), answered))
    writer.close()
    await writer.wait_closed()
    return calls


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, service: Service, body: bytes) -> bool:
    head = (
        f"POST /api/v1/suggestions HTTP/1.1\r\nHost: localhost:{service.port}\r\nAuthorization: Bearer {service.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    first, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
    length = int(next(line.split(":")[1] for line in headers if line.startswith("content-length")))
    content = await reader.readexactly(length)
    if " 200 " not in first and " 503 " not in first:
        raise RuntimeError(f"{first}: {content[:300]!r}")
    return " 200 " in first


@contextmanager
def serving(model: str, processors: int = 0) -> Generator[Service, None, None]:
    """The service with this model, in a data folder of its own, until the block ends, on so many processors (0: every one)."""
    with tempfile.TemporaryDirectory() as folder:
        models = _models(Path(folder))
        token = _token(Path(folder))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")} | {
            "INTERCODER_DATA_DIR": folder,
            "INTERCODER_MODELS_DIR": str(models),
            "INTERCODER_MODEL": model,
            "INTERCODER_SECRET_KEY": SECRET,
            "INTERCODER_LOG_LEVEL": "WARNING",
            "INTERCODER_SUGGESTIONS_PER_MINUTE": "1000000",
        }
        command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
        allowed = sorted(os.sched_getaffinity(0))
        began = time.perf_counter()
        with _only(allowed[:processors] or allowed):
            server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield Service(port, token, began, server.pid)
        finally:
            server.terminate()
            server.wait(timeout=60)


@contextmanager
def _only(processors: Sequence[int]) -> Generator[None, None, None]:
    """What is started within the block may use these processors only; this process may use all of its own again afterwards."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    yield
    os.sched_setaffinity(0, before)


def _wait(port: int) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the service did not start")


def _models(folder: Path) -> Path:
    """The project's models and one more: the default on sentence-transformers."""
    models = folder / "models"
    models.mkdir()
    manifest = read_manifest(ROOT / "models", DEFAULT_MODEL)
    shutil.copy(ROOT / "models" / f"{DEFAULT_MODEL}.toml", models)
    (models / DEFAULT_MODEL).symlink_to(ROOT / "models" / DEFAULT_MODEL)
    other = msgspec.structs.replace(manifest, name=OTHER, runtime=Runtime.SENTENCE_TRANSFORMERS)
    (models / f"{OTHER}.toml").write_text(as_toml(other), encoding="utf-8")
    return models


def _token(folder: Path) -> str:
    store = Store(Settings(data_dir=folder).database, SECRET.encode())
    store.migrate()
    with store.writing() as tx:
        lead = tx.people.add(login="lead", name="Lead", may_lead=True)
        study = tx.corpus.add_study("Benchmark", lead)
        tx.people.join(study, lead, Role.LEAD)
        _, secret = tx.tokens.issue(
            kind=TokenKind.MACHINE, name="benchmark", scopes=(Scope.SUGGEST,), person_id=lead, study_id=study, life=timedelta(days=1)
        )
    store.close()
    return secret


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suggestions_http", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each figure is measured")
    parser.add_argument("--workload", choices=("W", "S"), default="W", help="which lengths the excerpts have")
    parser.add_argument("--json", action="store_true", help="one JSON object a row instead of the table")
    options = parser.parse_args()
    found = rows(options.workload, options.seconds)
    print("\n".join(json.dumps(row.plain()) for row in found) if options.json else table(found))


if __name__ == "__main__":
    main()
