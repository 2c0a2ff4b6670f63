"""Are suggestions better than what is had for nothing? ``python -m benchmarks.suggestion_quality [--seed N] [--language-model URL]``.

Leave-one-out on the demo study's key and, where REFERENCE_DATA names the reference folder, on ``aifc`` and ``csta_immigration`` with the
majority of coders as key (ties to the first by name). *Fixed weights* learn nothing from resolved excerpts; *fitted* is judged by ten-fold
cross-validation in which an excerpt never learns from its own fold. With ``--language-model`` a model on a server is asked too, and every
method is judged on the same few excerpts, drawn by the seed: a model takes seconds for each.
"""

import argparse
import csv
import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from benchmarks.asking import Asking
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.embedding import DEFAULT_MODEL, MemoryVectors, open_encoder, vectors_of
from service.embedding.convert import ensure_default
from service.report.quality import VariableQuality, as_text, told
from service.suggestion import Resolved
from service.suggestion.judging import Task, judged, task_of

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "service" / "demo" / "content"
MOST = 1500


def demo() -> Task:
    with (DEMO / "codebook.csv").open(newline="", encoding="utf-8") as file:
        codes = tuple(_code(row) for row in csv.DictReader(file))
    with (DEMO / "interviews.csv").open(newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    with (DEMO / "key.csv").open(newline="", encoding="utf-8") as file:
        keys = [row["code"] for row in csv.DictReader(file)]
    return _task("demo theme", _codebook("theme", codes), [(text, key) for text, key in zip(texts, keys, strict=True) if key])


def reference(folder: Path) -> Iterator[Task]:
    """Each variable of the reference sets that has texts, codes and at least thirty excerpts."""
    for name in ("aifc", "csta_immigration"):
        codes: dict[str, list[Code]] = defaultdict(list)
        with (folder / name / "codebook.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                codes[row["variable"]].append(Code(name=row["code"], definition=row["definition"], example=row["example"]))
        for variable, some in codes.items():
            excerpts = list(_majorities(folder / name, variable))[:MOST]
            yield _task(f"{name} {variable}", _codebook(variable, tuple(some)), excerpts)


def _task(name: str, codebook: Codebook, excerpts: list[tuple[str, str]]) -> Task:
    variable = codebook.variables[0].name
    return replace(task_of(codebook, variable, [Resolved(variable, (key,), text) for text, key in excerpts]), name=name)


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


def tell(found: VariableQuality, *, as_json: bool) -> None:
    print(json.dumps(msgspec.to_builtins(found)) if as_json else f"\n{as_text(found)}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suggestion_quality", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a method and task")
    parser.add_argument("--seed", type=int, default=1, help="of the cross-validation's folds")
    parser.add_argument("--language-model", metavar="URL", help="an OpenAI-compatible server, such as http://127.0.0.1:8080/v1")
    parser.add_argument("--model", default="default", help="which of the server's models")
    parser.add_argument("--most", type=int, default=40, help="excerpts of a task that the language model is asked about")
    options = parser.parse_args()
    asking = Asking(options.language_model, options.model, options.most) if options.language_model else None
    models = ROOT / "models"
    ensure_default(models)
    encoder = open_encoder(models, DEFAULT_MODEL)
    folder = os.environ.get("REFERENCE_DATA")
    if not folder:
        print("REFERENCE_DATA names no folder: only the demo study is judged")
    for task in (demo(), *(reference(Path(folder) / "data" if (Path(folder) / "data").is_dir() else Path(folder)) if folder else ())):
        kept = MemoryVectors(capacity=100_000)
        few = asking.sample(task, options.seed) if asking else task
        methods = list(judged(few, lambda texts, kept=kept: vectors_of(encoder, kept, texts), encoder.identity, options.seed))
        found = told(task.name, methods, model=encoder.identity.name, model_revision=encoder.identity.revision, seed=options.seed)
        beside = (asking.judged(few, options.seed),) if asking else ()
        tell(msgspec.structs.replace(found, methods=(*found.methods, *beside)), as_json=options.json)


if __name__ == "__main__":
    main()
