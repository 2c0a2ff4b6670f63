"""``python -m benchmarks.embedding [--quick] [--json] [--no-peers] [--peers FOLDER] [--texts FILE] [--out FOLDER]``."""

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks import suggestions_http
from benchmarks.embedding import cache, measure
from benchmarks.embedding.goals import goals
from benchmarks.embedding.measure import Plan
from benchmarks.embedding.plots import draw
from benchmarks.embedding.rows import Row, table
from benchmarks.embedding.runtimes import OWN, PEERS, QUICK, ROOT, Folders, Process, chosen, peers_folder, prepare_peers
from benchmarks.embedding.texts import from_file, workload
from service.embedding import DEFAULT_MODEL, read_manifest
from service.embedding.convert import ensure_default
from service.embedding.sources import source_folder


def main() -> None:
    options = arguments()
    models = ROOT / "models"
    ensure_default(models)
    peers = options.peers or peers_folder()
    folders = Folders(source_folder(models, read_manifest(models, DEFAULT_MODEL)), peers / "onnx_model", peers)
    runtimes: tuple[str, ...] = QUICK if options.quick else OWN
    if not (options.quick or options.no_peers):
        prepare_peers(folders)
        runtimes = (*OWN, *PEERS)
    rows: list[Row] = []
    try:
        for row in ask(runtimes, folders, options):
            keep(row, rows, options)
        for row in list(goals(rows, chosen())):
            keep(row, rows, options)
    finally:  # what was measured before a failure took many minutes
        told(rows, options)


def keep(row: Row, rows: list[Row], options: argparse.Namespace) -> None:
    """Keep a row for the table, and print it at once where rows are printed as JSON."""
    rows.append(row)
    if options.json:
        print(json.dumps(row.plain()), flush=True)


def told(rows: list[Row], options: argparse.Namespace) -> None:
    """Print the table, unless each row was printed as JSON; write rows and charts to the folder asked for."""
    if not options.json:
        print(table(rows))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "embedding.json").write_text(json.dumps([row.plain() for row in rows], indent=1))
        draw(rows, options.out)


def ask(runtimes: tuple[str, ...], folders: Folders, options: argparse.Namespace) -> Iterator[Row]:
    """All questions, cheapest first."""
    count = options.count or (64 if options.quick else 1200)
    plan = Plan(rounds=options.rounds or (3 if options.quick else 5), singles=min(100, count // 6), concurrent=min(400, count))
    processes, started = measure.start(runtimes, folders)
    yield from started
    try:
        yield from in_process(processes, texts(options, count), plan, whole=not options.quick)
    finally:
        for process in processes.values():
            process.end()
    if options.quick:
        yield from suggestions_http.in_suite(2, ("ours",), (0,))
    else:
        yield from suggestions_http.in_suite(8, tuple(suggestions_http.MODELS), (0, 1))


def in_process(processes: dict[str, Process], workloads: dict[str, list[str]], plan: Plan, *, whole: bool) -> Iterator[Row]:
    """What is asked of the runtimes' own processes."""
    limits = measure.machine(processes)
    yield from limits.rows()
    for name, some in workloads.items():
        yield from measure.bulk(processes, limits, name, some, plan)
        yield from measure.single(processes, name, some, plan)
        yield from measure.concurrent(processes, name, some, plan)
        yield from measure.interference(processes if whole else dict(islice(processes.items(), 1)), name, some)
        yield from measure.event_loop(processes, name, some)
        if whole and name == "W":
            yield from measure.cache_hits(processes, some)
            yield from measure.curves(processes, some)
    if whole:
        yield from cache.corpus_sizes([100, 10_000, 1_000_000])


def texts(options: argparse.Namespace, count: int) -> dict[str, list[str]]:
    """The workloads of this run."""
    if options.texts:
        return {options.texts.name: from_file(options.texts)}
    made = {"W": workload("W", count, seed=1)}
    return made if options.quick else {**made, "S": workload("S", count, seed=2)}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedding", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="our runtimes and sentence-transformers' default only, one workload; within 50 s on two cores"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a row instead of the table")
    parser.add_argument("--peers", type=Path, help="the folder of the peers' environments, made from their locks where missing")
    parser.add_argument("--no-peers", action="store_true", help="only what runs in the project's own environment")
    parser.add_argument("--texts", type=Path, help="a file whose lines are embedded instead of the made texts")
    parser.add_argument("--count", type=int, help="texts a workload: 64 of a quick run, 1,200 of a whole one")
    parser.add_argument("--rounds", type=int, help="rounds, of which the median is told: 3 of a quick run, 5 of a whole one")
    parser.add_argument("--out", type=Path, help="a folder for the rows as JSON and the charts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
