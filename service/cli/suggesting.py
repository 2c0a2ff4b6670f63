"""How good suggestions are, on excerpts whose codes are known."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

from collections.abc import Iterator
from pathlib import Path

import msgspec
import rich_click as click

from service.cli.terminal import ERR, OUT, Read, opened
from service.codebook.model import Codebook
from service.errors import BadInput
from service.report import quality
from service.report.quality import VariableQuality
from service.settings import Settings
from service.suggestion import Resolved

FEWEST = 2
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="suggest-eval")
@click.argument("file", required=False, type=FILE)
@click.option("--codebook", type=FILE, help="With FILE: its codebook (.csv, .json).")
@click.option("--study", help="Instead of FILE: a study by name or id; its last suggestion snapshot is judged.")
@click.option("--variable", help="Only this variable.")
@click.option("--text-column", default="text", show_default=True, help="With FILE: the excerpt's text.")
@click.option("--variable-column", default="variable", show_default=True, help="With FILE: the variable, if there is such a column.")
@click.option("--code-column", default="code", show_default=True, help="With FILE: the code; a row for each of several.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the folds of cross-validation.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw macro-F1 and calibration into this SVG file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: nothing rounded.")
@click.pass_obj
def suggest_eval(  # noqa: PLR0913
    read: Read,
    *,
    file: Path | None,
    codebook: Path | None,
    study: str | None,
    variable: str | None,
    text_column: str,
    variable_column: str,
    code_column: str,
    seed: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Judge suggestions on resolved excerpts, beside what is had for nothing.

    From a CSV FILE of long rows (text[, variable], code) with its --codebook, or from a --study of this installation.
    An excerpt never speaks for itself; fitted weights are judged by ten-fold cross-validation.
    """
    settings = read()
    if file is not None and codebook is not None and study is None:
        from service.exchange.codebooks import read_codebook

        book = read_codebook(codebook.name, codebook.read_bytes())
        columns = {"text": text_column, "variable": variable_column, "code": code_column}
        resolved = quality.read_resolved(file.name, file.read_bytes(), book, **columns)
    elif study is not None and file is None:
        book, resolved = _of_study(settings, study)
    else:
        message = "Give a FILE with its --codebook, or a --study."
        raise BadInput(message)
    found = list(_judged(settings, book, resolved, variable, seed))
    if plot is not None:
        plot.write_text(quality.plot(found), encoding="utf-8")
    text = msgspec.json.format(msgspec.json.encode(found)).decode() if as_json else "\n\n".join(map(quality.as_text, found))
    OUT.print(text, markup=False)


def _of_study(settings: Settings, named: str) -> tuple[Codebook, tuple[Resolved, ...]]:
    from service.store.operator import study

    with opened(settings) as store:
        study_id = study(store, named, "")
        with store.reading() as tx:
            snapshot = tx.snapshots.last(study_id)
            if snapshot is None:
                message = "The study has no suggestion snapshot yet: import its codebook and close a round."
                raise BadInput(message)
            resolved = tx.snapshots.resolved(snapshot, tx.snapshots.candidates(study_id))
            found = tuple(Resolved(one.variable, one.codes, one.text) for one in resolved)
            return tx.codebooks.revision(snapshot.revision_id).codebook, found


def _judged(
    settings: Settings, codebook: Codebook, resolved: tuple[Resolved, ...], only: str | None, seed: int
) -> Iterator[VariableQuality]:
    from service.embedding import MemoryVectors, open_encoder, vectors_of
    from service.suggestion.judging import judged, task_of

    names = [variable.name for variable in codebook.variables] if only is None else [only]
    tasks = [task for name in names if len((task := task_of(codebook, name, resolved)).excerpts) >= FEWEST]
    if not tasks:
        message = "There are no resolved excerpts to judge on: they come from closed rounds, or from the rows of the file."
        raise BadInput(message)
    encoder, kept = open_encoder(settings.models_dir, settings.model, server_key=settings.model_server_key), MemoryVectors(capacity=200_000)
    for task in tasks:
        ERR.print(f"{task.name}: {len(task.excerpts)} excerpts …", style="dim", markup=False)
        methods = list(judged(task, lambda texts: vectors_of(encoder, kept, texts), encoder.identity, seed))
        yield quality.told(task.name, methods, model=encoder.identity.name, model_revision=encoder.identity.revision, seed=seed)


COMMANDS = [suggest_eval]
