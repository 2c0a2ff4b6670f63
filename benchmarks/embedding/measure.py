"""The questions, each asked of every runtime in turn: round after round, so that a slow minute of the machine falls on all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.embedding.peak import int16_peak
from benchmarks.embedding.rows import Row, fidelity, operations, spread
from benchmarks.embedding.runtimes import Folders, Process, installed_mb
from benchmarks.embedding.texts import near_duplicate_codes
from benchmarks.embedding.worker import CALLERS

REFERENCE = "sentence-transformers"
OURS = "ours openvino f32"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    singles: int
    concurrent: int


@dataclass(frozen=True, slots=True)
class Machine:
    """Measured peaks in 1e9 operations a second.

    Of torch's products; int16 is the kernel's: of its instruction alone, or of the four products of bytes that make one by tiles, whichever
    is more.
    """

    f32: float
    bf16: float
    int8: float
    int16: float
    copy_gb_per_s: float

    def rows(self) -> Iterator[Row]:
        """One a precision, and one of the memory."""
        for precision in ("f32", "bf16", "int8", "int16"):
            yield Row(name="machine", runtime=precision, gop_per_s=getattr(self, precision), note="peak, 1e9 operations/s")
        yield Row(name="machine", runtime="copy", x=self.copy_gb_per_s, note="x: GB/s of a large copy")

    def limit(self, runtime: str) -> float:
        """The peak of the precision that a runtime multiplies in; OpenVINO takes bf16 where nobody asks for another."""
        if "int16" in runtime:
            return self.int16
        return self.bf16 if "bf16" in runtime or runtime.endswith(" openvino") else self.f32


def machine(processes: dict[str, Process]) -> Machine:
    """Ask the process that has torch."""
    found = processes[REFERENCE].do("peak", [])
    return Machine(found["f32"], found["bf16"], found["int8"], max(int16_peak(), found["int8"] / 4), found["copy_gb_per_s"])


def start(runtimes: Sequence[str], folders: Folders) -> tuple[dict[str, Process], list[Row]]:
    """Start each alone, which is its cold start; one that cannot start is a row that says why."""
    processes: dict[str, Process] = {}
    rows: list[Row] = []
    for runtime in runtimes:
        try:
            processes[runtime] = Process(runtime, folders)
        except (RuntimeError, OSError) as error:
            rows.append(Row(name="cold_start", runtime=runtime, note=f"not measured: {str(error).strip().splitlines()[-1][:120]}"))
    slowest = processes[REFERENCE].cold_start
    rows += [
        Row(
            name="cold_start",
            runtime=runtime,
            seconds=process.cold_start,
            ratio_to_sentence_transformers=slowest / process.cold_start,
            installed_mb=installed_mb(runtime, folders),
            note=process.versions,
        )
        for runtime, process in processes.items()
    ]
    return processes, rows


def bulk(processes: dict[str, Process], limits: Machine, name: str, texts: list[str], plan: Plan) -> Iterator[Row]:
    """Tokens a second over all texts in one call, with fidelity and the fraction of the machine's peak."""
    tokens: list[int] = processes[OURS].do("counts", texts)["tokens"]
    codes = near_duplicate_codes()
    times: dict[str, list[float]] = {runtime: [] for runtime in processes}
    rss: dict[str, float] = {}
    for process in processes.values():
        process.do("bulk", texts[: len(texts) // 4])
    for _ in range(plan.rounds):
        for runtime, process in processes.items():
            answer = process.do("bulk", texts)
            times[runtime].append(answer["seconds"])
            rss[runtime] = answer["rss_mb"]
    checked = texts[:300]
    wanted = _vectors(processes[REFERENCE], [*checked, *codes])
    for runtime, process in processes.items():
        seconds = median(times[runtime])
        yield Row(
            name="bulk",
            runtime=runtime,
            workload=name,
            tokens_per_s=sum(tokens) / seconds,
            ratio_to_sentence_transformers=median(t / s for t, s in zip(times[REFERENCE], times[runtime], strict=True)),
            fraction_of_roofline=operations(tokens) / seconds / 1e9 / limits.limit(runtime),
            peak_rss_mb=rss[runtime],
            noise=spread(times[runtime]),
            **fidelity(_vectors(process, [*checked, *codes]), wanted, len(checked)),
        )


def single(processes: dict[str, Process], name: str, texts: list[str], plan: Plan) -> Iterator[Row]:
    """One text a call."""
    asked = texts[: plan.singles]
    times: dict[str, list[list[float]]] = {runtime: [] for runtime in processes}
    for turn in range(plan.rounds + 1):
        for runtime, process in processes.items():
            answer: list[float] = process.do("single", asked)["ms"]
            if turn:  # the first is warming up
                times[runtime].append(answer)
    reference = median(median(one) for one in times[REFERENCE])
    for runtime, rounds in times.items():
        p50 = median(median(one) for one in rounds)
        yield Row(
            name="single",
            runtime=runtime,
            workload=name,
            p50_ms=p50,
            p99_ms=_p99([time for one in rounds for time in one]),
            ratio_to_sentence_transformers=reference / p50,
            noise=spread([median(one) for one in rounds]),
        )


def concurrent(processes: dict[str, Process], name: str, texts: list[str], plan: Plan) -> Iterator[Row]:
    """32 callers with one text each time; ``x`` is the gain over the same texts one by one."""
    asked = texts[: plan.concurrent]
    tokens: list[int] = processes[OURS].do("counts", asked)["tokens"]
    found: dict[str, tuple[dict[str, Any], float]] = {}
    for runtime, process in list(processes.items()):
        try:
            process.do("concurrent", asked[: max(CALLERS, len(asked) // 4)])  # warming up
        except RuntimeError as error:  # its process ended: some back ends take one caller at a time
            processes[runtime] = process.again()
            yield Row(name="concurrent", runtime=runtime, workload=name, note=f"not measured: {str(error).strip().splitlines()[-1][:120]}")
            continue
        one_by_one = sum(process.do("single", asked)["ms"]) / 1000
        found[runtime] = (process.do("concurrent", asked), one_by_one)
    for runtime, (answer, one_by_one) in found.items():
        yield Row(
            name="concurrent",
            runtime=runtime,
            workload=name,
            tokens_per_s=sum(tokens) / answer["seconds"],
            p50_ms=median(answer["ms"]),
            p99_ms=_p99(answer["ms"]),
            x=one_by_one / answer["seconds"],
            ratio_to_sentence_transformers=found[REFERENCE][0]["seconds"] / answer["seconds"],
            note="x: gain over one by one",
        )


def interference(processes: dict[str, Process], name: str, texts: list[str]) -> Iterator[Row]:
    """One caller while a bulk job runs; ``x`` is its p99 over the idle p99."""
    for runtime in (one for one in processes if one.startswith("ours")):
        answer = processes[runtime].do("interference", texts)
        idle, busy = _p99(answer["idle_ms"]), _p99(answer["busy_ms"])
        note = "x: p99 beside a bulk job over idle p99" + (" (the bulk job ended first)" if answer["bulk_ended_first"] else "")
        yield Row(
            name="beside_bulk", runtime=runtime, workload=name, p50_ms=median(answer["busy_ms"]), p99_ms=busy, x=busy / idle, note=note
        )


def event_loop(processes: dict[str, Process], name: str, texts: list[str]) -> Iterator[Row]:
    """How late an event loop wakes under load; beside it the machine's own lateness is part of the figure."""
    runtime = next(iter(processes))
    late: list[float] = processes[runtime].do("lag", texts)["ms"]
    yield Row(name="event_loop", runtime=runtime, workload=name, p50_ms=median(late), p99_ms=_p99(late), note="how late it wakes")


def cache_hits(processes: dict[str, Process], texts: list[str]) -> Iterator[Row]:
    """What a text costs against the share of texts that is kept in memory already."""
    runtime = next(iter(processes))
    found: dict[str, float] = processes[runtime].do("cached", texts)["ms_by_share"]
    for share, cost in found.items():
        yield Row(name="cache_hits", runtime=runtime, x=float(share), p50_ms=cost, note="p50_ms: a text")


def curves(processes: dict[str, Process], texts: list[str]) -> Iterator[Row]:
    """Cost against length and against texts a call, of ours and the reference."""
    for runtime in (one for one in processes if one.startswith("ours") or one == REFERENCE):
        process = processes[runtime]
        for words in (4, 8, 16, 32, 64, 128, 250):
            asked = [" ".join((text.split() * words)[:words]) for text in texts[:32]]
            yield _point("length", runtime, words, process, asked)
        for count in (1, 2, 4, 8, 16, 32, 64, 128, 256):
            yield _point("batch", runtime, count, process, texts[:count])


def _point(name: str, runtime: str, x: float, process: Process, asked: list[str]) -> Row:
    process.do("bulk", asked)
    seconds = median(process.do("bulk", asked)["seconds"] for _ in range(5))
    return Row(name=name, runtime=runtime, x=x, p50_ms=1000 * seconds / len(asked), note="p50_ms: a text")


def _vectors(process: Process, texts: list[str]) -> Any:
    return np.array(process.do("vectors", texts)["vectors"], np.float64)


def _p99(times: Sequence[float]) -> float:
    return float(np.percentile(times, 99))
