"""``python -m benchmarks.agreement [--quick] [--json]``: ours and the peers on the same data, each in a process of its own."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.agreement.coverage import lines
from benchmarks.agreement.data import codings, save_codings, save_spans, spans
from benchmarks.agreement.environments import NAMES, PEERS, Environment, environment
from benchmarks.agreement.rows import Measured, Row, measure, table

QUICK_SECONDS, FULL_SECONDS = 42, 3_600
QUICKLY_INSTALLED = ("krippendorff", "nltk")


@dataclass(frozen=True, slots=True)
class Task:
    """One question: our task, the file it reads, the units in it, and the peers that answer the same."""

    name: str
    file: Path
    units: int
    peers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """What is left of the time of the whole run."""

    ends: float

    def left(self) -> float:
        return max(self.ends - perf_counter(), 1.0)


def tasks(folder: Path, *, quick: bool) -> list[Task]:
    """Write the data and list what is asked of it; --quick has a twentieth of the units."""
    many = 50_000 if quick else 1_000_000
    big = save_codings(folder / "big.npy", codings(coders=10, units=many, codes=20, missing=0.3))
    small = save_codings(folder / "small.npy", codings(coders=3, units=10_000, codes=20, missing=0))
    wide = save_codings(folder / "wide.npy", codings(coders=3, units=5_000, codes=1_000, missing=0))
    board = save_codings(folder / "board.npy", codings(coders=3, units=100_000, codes=30, missing=0))
    marked = 40 if quick else 120
    text = save_spans(folder / "spans.csv", spans(coders=3, units=marked))
    bootstrap = "alpha, 1,000 bootstrap replicates"
    return [
        Task("alpha", small, 10_000, ("krippendorff", "nltk")),
        Task(bootstrap, small, 10_000),
        Task("alpha", wide, 5_000),
        Task("table of codes, documents resampled", board, 100_000),
        Task("gamma", text, marked, ("pygamma",)),
        Task("alpha", big, many, ("krippendorff", "nltk")),
        Task("alpha, infinitesimal jackknife", big, many),
        Task("alpha, analytic interval", big, many, ("irrcac",)),
        Task("all coefficients", big, many),
        Task(bootstrap, big, many),
    ]


def rows(task: Task, environments: dict[str, Environment], clock: Clock) -> Iterator[Row]:
    """Measure ours, then each peer."""
    command = [sys.executable, "-m", "benchmarks.agreement.ours", task.name, str(task.file)]
    ours = measure(command, seconds=clock.left())
    yield Row(name=task.name, units=task.units, peer=None, ratio=None, note=ours.failed, **_numbers(ours))
    for peer in task.peers:
        where = environments[peer]
        if where.python is None:
            yield Row(name=task.name, units=task.units, seconds=None, peak_rss_mb=None, peer=where.peer, ratio=None, note=where.why_not)
            continue
        theirs = measure([str(where.python), str(PEERS / f"run_{peer}.py"), str(task.file)], seconds=clock.left())
        ratio = theirs.seconds / ours.seconds if theirs.seconds and ours.seconds else None
        yield Row(name=task.name, units=task.units, peer=where.peer, ratio=ratio, note=theirs.failed, **_numbers(theirs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the units; ends within 50 seconds")
    parser.add_argument("--json", action="store_true", help="one object a row")
    options = parser.parse_args()
    clock = Clock(perf_counter() + (QUICK_SECONDS if options.quick else FULL_SECONDS))
    environments = {peer: environment(peer, seconds=_patience(peer, quick=options.quick)) for peer in NAMES}
    measured: list[Row] = []
    with TemporaryDirectory() as folder:
        for task in tasks(Path(folder), quick=options.quick):
            for row in rows(task, environments, clock):
                measured.append(row)
                if options.json:
                    print(json.dumps(row.plain()), flush=True)
    if not options.json:
        print(table(measured))
    if not options.quick and not options.json:
        print("\nCoverage of the 95 % intervals of the standard methods profile, 500 simulated studies a design:")
        for line in lines(500):
            print(line, flush=True)


def _patience(peer: str, *, quick: bool) -> float:
    """Seconds to wait for a peer's installation; the big ones are installed by the first full run."""
    if not quick:
        return 900
    return 6 if peer in QUICKLY_INSTALLED else 0


def _numbers(measured: Measured) -> dict[str, float | None]:
    return {"seconds": measured.seconds, "peak_rss_mb": measured.peak_rss_mb, "value": measured.value}


if __name__ == "__main__":
    main()
