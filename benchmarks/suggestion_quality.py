"""Are suggestions better than what is had for nothing? ``python -m benchmarks.suggestion_quality [--json] [--seed N]``.

Leave-one-out on the demo study's key and, where REFERENCE_DATA names the reference folder, on ``aifc`` and ``csta_immigration`` with the
majority of coders as key (ties to the first by name). *Fixed weights* learn nothing from resolved excerpts; *fitted* is judged by ten-fold
cross-validation in which an excerpt never learns from its own fold.
"""

import argparse
import csv
import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.embedding import DEFAULT_MODEL, Encoder, MemoryVectors, open_encoder, vectors_of
from service.embedding.convert import ensure_default
from service.suggestion import FIXED, CodeIndex, Resolved, TextKind, TooFew, build_index, fit_variable, texts_of
from service.suggestion.evaluation import Quality, keyword_overlap, most_frequent, quality
from service.suggestion.similarity import exact, similarities

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "service" / "demo" / "content"
MOST = 1500


@dataclass(frozen=True, slots=True)
class Task:
    """One variable and the excerpts that were resolved to one of its codes."""

    name: str
    codebook: Codebook
    excerpts: tuple[tuple[str, str], ...]

    @property
    def variable(self) -> Variable:
        return self.codebook.variables[0]


def demo() -> Task:
    with (DEMO / "codebook.csv").open(newline="", encoding="utf-8") as file:
        codes = tuple(_code(row) for row in csv.DictReader(file))
    with (DEMO / "interviews.csv").open(newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    with (DEMO / "key.csv").open(newline="", encoding="utf-8") as file:
        keys = [row["code"] for row in csv.DictReader(file)]
    return Task("demo theme", _codebook("theme", codes), tuple((text, key) for text, key in zip(texts, keys, strict=True) if key))


def reference(folder: Path) -> Iterator[Task]:
    """Each variable of the reference sets that has texts, codes and at least thirty excerpts."""
    for name in ("aifc", "csta_immigration"):
        codes: dict[str, list[Code]] = defaultdict(list)
        with (folder / name / "codebook.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                codes[row["variable"]].append(Code(name=row["code"], definition=row["definition"], example=row["example"]))
        for variable, some in codes.items():
            excerpts = tuple(_majorities(folder / name, variable))[:MOST]
            yield Task(f"{name} {variable}", _codebook(variable, tuple(some)), excerpts)


def _code(row: dict[str, str]) -> Code:
    fields = {key: row[key] for key in ("definition", "include_when", "exclude_when", "example", "counter_example")}
    return Code(name=row["code"], parent=row["parent"] or None, **fields)


def _codebook(variable: str, codes: tuple[Code, ...]) -> Codebook:
    return Codebook(variables=(Variable(name=variable, scheme=Scheme.ONE_CODE, codes=codes),))


def _majorities(folder: Path, variable: str) -> Iterator[tuple[str, str]]:
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    texts: dict[str, str] = {}
    with gzip.open(folder / "codings.csv.gz", "rt", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["variable"] == variable and row["code"]:
                votes[row["unit_id"]][row["code"]] += 1
                texts[row["unit_id"]] = row["text"]
    for unit, cast in votes.items():
        yield texts[unit], max(sorted(cast), key=lambda code: cast[code])


def judged(task: Task, encoder: Encoder, seed: int) -> Iterator[Quality]:
    """Every method on one task."""
    codes = [code.name for code in task.variable.codes]
    texts = [text for text, _ in task.excerpts]
    truth = np.array([[float(code == key) for code in codes] for _, key in task.excerpts])
    yield quality("most frequent code", codes, most_frequent(truth), truth, probabilities=False)
    documents = [" ".join((code.name, code.definition, code.include_when, code.example)) for code in task.variable.codes]
    yield quality("keyword overlap (BM25)", codes, keyword_overlap(texts, documents), truth, probabilities=False)
    store = MemoryVectors(capacity=100_000)
    for name, configuration in (
        ("definition only", msgspec.structs.replace(FIXED, speaks_for={TextKind.DEFINITION: 1.0}, speaks_against={})),
        ("ours, fixed weights", FIXED),
    ):
        index = _index(task, encoder, store, resolved=False).configured(configuration)
        excerpts = exact(vectors_of(encoder, store, texts))
        found = similarities(excerpts, index.vectors)
        yield quality(name, codes, index.variables[0].scored(excerpts, found, configuration).scores, truth, probabilities=False)
    match fit_variable(_index(task, encoder, store, resolved=True), task.variable.name, risk=0.3, seed=seed):
        case TooFew():
            return
        case _, crossed:
            yield quality("ours, fitted", codes, crossed.probabilities, crossed.truth, probabilities=True)


def _index(task: Task, encoder: Encoder, store: MemoryVectors, *, resolved: bool) -> CodeIndex:
    known = tuple(Resolved(task.variable.name, (key,), text) for text, key in task.excerpts) if resolved else ()
    texts = texts_of(task.codebook, known)
    return build_index(task.codebook, texts, vectors_of(encoder, store, [text.text for text in texts]), encoder.identity, FIXED)


def tell(task: Task, qualities: list[Quality], *, as_json: bool) -> None:
    if as_json:
        for one in qualities:
            print(json.dumps({"task": task.name, **msgspec.to_builtins(one)}))
        return
    print(f"\n{task.name}: {qualities[0].excerpts} excerpts, {len(task.variable.codes)} codes")
    for one in qualities:
        calibration = "" if one.calibration_error is None else f"  calibration error {one.calibration_error:.3f}  Brier {one.brier:.3f}"
        print(f"  {one.method:24} macro-F1 {one.macro_f1:.3f}  top-1 {one.top1:.3f}  top-3 {one.top3:.3f}{calibration}")
    if max(qualities, key=lambda one: one.macro_f1).method not in {"ours, fitted", "ours, fixed weights"}:
        print("  -> a baseline is better here")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suggestion_quality", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a method and task")
    parser.add_argument("--seed", type=int, default=1, help="of the cross-validation's folds")
    options = parser.parse_args()
    models = ROOT / "models"
    ensure_default(models)
    encoder = open_encoder(models, DEFAULT_MODEL)
    folder = os.environ.get("REFERENCE_DATA")
    if not folder:
        print("REFERENCE_DATA names no folder: only the demo study is judged")
    for task in (demo(), *(reference(Path(folder) / "data" if (Path(folder) / "data").is_dir() else Path(folder)) if folder else ())):
        tell(task, list(judged(task, encoder, options.seed)), as_json=options.json)


if __name__ == "__main__":
    main()
