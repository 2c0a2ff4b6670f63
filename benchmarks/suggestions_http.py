"""How many suggestions a second does the service answer? ``python -m benchmarks.suggestions_http [--seconds N] [--json]``.

The real service on a free loopback port, once with the default model's fast runtime and once with the same model on sentence-transformers
(a manifest with another ``runtime``); 32 callers with a machine token, each asking again when it was answered, with one excerpt a call,
then with 100; then by the clock, whether answered or not, at the rates that are wanted. The callers share the processors with the
server, as any measurement on one machine does. ``ratio_to_encoder`` compares with the encoder alone, in this process, in the same run.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import msgspec
import numpy as np

from benchmarks.embedding.cache import DIMENSION
from benchmarks.embedding.rows import Row, table
from benchmarks.embedding.running import OTHER, Service, memory, serving
from benchmarks.embedding.runtimes import ROOT
from benchmarks.embedding.texts import CLAUSES, workload
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.model import PersonId
from service.embedding import DEFAULT_MODEL, EncoderService, Limits, ModelIdentity
from service.embedding.convert import ensure_default
from service.embedding.registry import open_encoder
from service.embedding.tokens import unit
from service.store import Store
from service.suggestion import FIXED, Resolved, build_index, texts_of
from service.web.identity import Principal
from service.web.sources import Source
from service.web.suggesting import Suggesting

CALLERS, FEW = 32, 2
"""How many ask at once; a few where more would only wait past the service's deadline."""
WANTED = {1: 0.4, 100: 0.85}
"""Excerpts a second as a share of the bulk encoder's, by excerpts a call."""
CONNECTIONS = 32
CODES, EXAMPLES, AT_ONCE = 200, (5_000, 100_000), 100
MODELS = {"ours": DEFAULT_MODEL, "sentence-transformers": OTHER}
CODEBOOK = {
    "variables": [
        {"name": "topic", "scheme": "one_code", "codes": [{"name": name, "definition": clauses} for name, clauses in CLAUSES.items()]}
    ]
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request and how it went."""

    ms: float
    answered: bool


def in_suite(seconds: float, runtimes: Sequence[str], pinnings: Sequence[int]) -> list[Row]:
    """For the embedding suite: start to first suggestion with peak memory, then single excerpts by 32 callers, on so many processors."""
    texts = workload("W", 400, seed=5)
    found: list[Row] = []
    for processors in pinnings:
        for runtime in runtimes:
            with serving(MODELS[runtime], processors) as service:
                started = asyncio.run(_started(service, texts[0]))
                row = asyncio.run(asked(service, runtime, "W", texts, 1, seconds))
                peak, torch = memory(service.process)
            if not processors:
                note = f"from the start of `intercoder serve` to the first suggestion; torch is {'loaded' if torch else 'not loaded'}"
                found.append(Row(name="service_start", runtime=runtime, seconds=started, peak_rss_mb=peak, note=note))
            where = "server on one core" if processors else "server on every core"
            found.append(replace(row, workload=where, peak_rss_mb=peak))
    base = {row.workload: row.tokens_per_s for row in found if row.name == "http" and row.runtime == "sentence-transformers"}
    return [
        replace(row, ratio_to_sentence_transformers=(row.tokens_per_s or 0.0) / rate) if (rate := base.get(row.workload)) else row
        for row in found
    ]


async def _started(service: Service, text: str) -> float:
    """Seconds from the start of the process to the first suggestion."""
    await _until_ready(service, _body([text]))
    return time.perf_counter() - service.began


@dataclass(frozen=True, slots=True)
class Alone:
    """What the encoder does without a service: words a second in bulk, and milliseconds for one text."""

    words_per_s: float
    excerpts_per_s: float
    single_ms: float


def alone(texts: list[str]) -> Alone:
    """Measure the encoder in this process, medians of five."""
    encoder = open_encoder(ROOT / "models", DEFAULT_MODEL)
    encoder.encode(texts)
    bulk = median(_seconds(lambda: encoder.encode(texts)) for _ in range(5))
    single = median(_seconds(lambda text=text: encoder.encode([text])) for _ in range(3) for text in texts[:100])
    words = sum(len(text.split()) for text in texts)
    return Alone(words / bulk, len(texts) / bulk, 1000 * single)


def without_http(texts: list[str], name: str) -> Row:
    """One excerpt through queue and ranking in this process, warm, turn by turn with the bare encoder: what a call costs without HTTP."""
    encoder = open_encoder(ROOT / "models", DEFAULT_MODEL)
    source = Source(msgspec.convert(CODEBOOK, Codebook))
    who = Principal(person_id=PersonId("caller"), name="caller", token=None)

    async def measured(suggesting: Suggesting) -> tuple[list[float], list[float]]:
        calls, bare = list[float](), list[float]()
        for text in texts[:100] * 4:
            began = time.perf_counter()
            await suggesting.for_texts(who, source, [text], top=3)
            calls.append(1000 * (time.perf_counter() - began))
            bare.append(1000 * _seconds(lambda text=text: encoder.encode([text])))
        return calls[100:], bare[100:]

    with tempfile.TemporaryDirectory() as folder:
        service, store = EncoderService(lambda: encoder, Limits()), Store(f"sqlite:///{folder}/unused.db", bytes(32))
        service.start()
        calls, bare = asyncio.run(measured(Suggesting(service, store)))
        service.stop()
        store.close()
    p50, ratio = median(calls), median(calls) / median(bare)
    note = f"one excerpt without HTTP; x the encoder's p50 of {median(bare):.2f} ms, turn by turn"
    return Row(
        name="suggesting", runtime="ours", workload=name, p50_ms=p50, p99_ms=sorted(calls)[int(0.99 * (len(calls) - 1))],
        ratio_to_encoder=ratio, note=note,
    )  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rows(workload_name: str, seconds: float) -> list[Row]:
    """Both runtimes, one and a hundred excerpts a call; then ours one call at a time, and by the clock."""
    ensure_default(ROOT / "models")
    texts = workload(workload_name, 400, seed=5)
    bare, inside = alone(texts), without_http(texts, workload_name)
    found, beside = list[Row](), list[Row]()
    for runtime, model in MODELS.items():
        with serving(model) as service:
            found += [asyncio.run(asked(service, runtime, workload_name, texts, size, seconds)) for size in WANTED]
            if runtime == "ours":
                beside = [
                    asyncio.run(one_by_one(service, workload_name, texts, seconds, bare)),
                    *(asyncio.run(by_the_clock(service, workload_name, texts, size, seconds, bare)) for size in WANTED),
                ]
    reference = {row.x: row.tokens_per_s for row in found if row.runtime == "sentence-transformers"}
    with_ratios = [
        replace(
            row,
            ratio_to_sentence_transformers=(row.tokens_per_s or 0.0) / base if (base := reference[row.x]) else None,
            ratio_to_encoder=(row.tokens_per_s or 0.0) / bare.words_per_s,
        )
        for row in found
    ]
    return [*with_ratios, inside, *beside, *(ranking(examples, bare) for examples in EXAMPLES)]


def ranking(examples: int, bare: Alone) -> Row:
    """Rank 200 codes with so many coded examples for 100 excerpts at once; beside it what embedding an excerpt in bulk takes."""
    codes = [Code(name=f"Code {number}", definition=f"about {number}") for number in range(CODES)]
    codebook = Codebook(variables=(Variable(name="topic", scheme=Scheme.ONE_CODE, codes=tuple(codes)),))
    texts = texts_of(codebook, tuple(Resolved("topic", (f"Code {number % CODES}",), f"Example {number}") for number in range(examples)))
    rng, model = np.random.default_rng(1), ModelIdentity("random", "1", DIMENSION, "none")
    index = build_index(codebook, texts, unit(rng.standard_normal((len(texts), DIMENSION))), model, FIXED)
    excerpts = unit(rng.standard_normal((AT_ONCE, DIMENSION)))
    index.rank(excerpts, top=5)
    each = 1000 * median(_seconds(lambda: index.rank(excerpts, top=5)) for _ in range(5)) / AT_ONCE
    note = f"{CODES} codes and so many examples, {AT_ONCE} excerpts at once: milliseconds an excerpt; x what embedding it takes"
    return Row(
        name="ranking", runtime="ours", x=float(examples), p50_ms=each, ratio_to_encoder=each * bare.excerpts_per_s / 1000, note=note
    )


async def one_by_one(service: Service, name: str, texts: list[str], seconds: float, bare: Alone) -> Row:
    """One caller with one excerpt a call: the service's own time beside the encoder's."""
    times = [call.ms for call in await _calls(service, [_body([text]) for text in texts[:100]], seconds) if call.answered]
    p50, p99 = median(times), sorted(times)[int(0.99 * (len(times) - 1))]
    note = f"one caller; x the encoder's p50 of {bare.single_ms:.2f} ms"
    return Row(name="http_single", runtime="ours", workload=name, p50_ms=p50, p99_ms=p99, ratio_to_encoder=p50 / bare.single_ms, note=note)


async def by_the_clock(service: Service, name: str, texts: list[str], size: int, seconds: float, bare: Alone) -> Row:
    """Send calls when they are due, over 32 connections, however long the answers take; times count from when a call was due."""
    rate = WANTED[size] * bare.excerpts_per_s / size
    bodies = [_body((texts[start:] + texts)[:size]) for start in range(0, len(texts), 7)]
    due = iter(range(int(rate * seconds)))
    began = time.perf_counter()
    found = await asyncio.gather(*(_due_calls(service, bodies, due, began, rate) for _ in range(CONNECTIONS)))
    spent = time.perf_counter() - began
    calls = [one for some in found for one in some]
    times = sorted(call.ms for call in calls)
    answered = sum(call.answered for call in calls) * size
    note = f"by the clock: {rate * size:.0f} excerpts/s offered, {answered / spent:.0f} answered, {len(calls) * size - answered} refused"
    return Row(
        name="http_by_the_clock",
        runtime="ours",
        workload=name,
        x=float(size),
        p50_ms=median(times),
        p99_ms=times[int(0.99 * (len(times) - 1))],
        ratio_to_encoder=answered / spent / bare.excerpts_per_s,
        note=note,
    )


async def _due_calls(service: Service, bodies: list[bytes], due: Iterator[int], began: float, rate: float) -> list[Call]:
    """Take the next call that is due, wait for its time, and count from that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    calls: list[Call] = []
    for number in due:
        at = began + number / rate
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        try:
            answered = await _ask(reader, writer, service, bodies[number % len(bodies)])
        except (asyncio.IncompleteReadError, ConnectionError):  # the server hangs up on who says nothing for a while
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            answered = await _ask(reader, writer, service, bodies[number % len(bodies)])
        calls.append(Call(1000 * (time.perf_counter() - at), answered))
    writer.close()
    await writer.wait_closed()
    return calls


async def asked(service: Service, runtime: str, name: str, texts: list[str], size: int, seconds: float) -> Row:
    """What all callers together got in this time, after one call each to warm up; a call that is refused (503) got nothing."""
    callers = range(FEW if runtime == "sentence-transformers" and size > 1 else CALLERS)
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
        note=f"x: excerpts a call, by {len(callers)} callers; {rates}; tokens are words",
    )


def _body(texts: list[str]) -> bytes:
    return msgspec.json.encode({"texts": texts, "codebook": CODEBOOK, "top": 3})


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
