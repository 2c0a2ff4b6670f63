"""Models that suggestions are made with, and the vectors made by them."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

import math
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli.terminal import ERR, OUT, Read, Refusing, opened


@click.group(cls=Refusing)
def models() -> None:
    """List, add, convert, verify and remove the models that suggestions are made with."""


@models.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def models_list(read: Read, *, as_json: bool) -> None:
    """List the models of the models folder, each with its state; a broken one with its reason."""
    from service.embedding.commands import list_models

    settings = read()
    found = list_models(settings.models_dir)
    if as_json:
        OUT.print(msgspec.json.format(msgspec.json.encode(found)).decode(), markup=False)
        return
    for model in found:
        used = "*" if model.name == settings.model else " "
        facts = f"{model.dimension} numbers, {model.max_tokens} tokens, {model.licence}, {', '.join(model.languages)}"
        OUT.print(f"{used} {model.name}: {model.state}" + (f" ({model.runtime}; {facts})" if model.revision else ""), markup=False)
    OUT.print("* is used (INTERCODER_MODEL).", markup=False)


@models.command(name="add")
@click.argument("name")
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A sentence-transformers folder here.")
@click.option("--hub", default="", help="A model's name on the Hugging Face hub; its files are fetched now and pinned.")
@click.option("--revision", default="", help="With --hub: which revision; else the newest.")
@click.option("--server", default="", help="An embeddings server, such as http://127.0.0.1:8080/v1; texts will be sent there.")
@click.option("--upstream", default="", help="With --server: the name the server knows the model by.")
@click.option("--dimension", type=click.IntRange(1, 65_536), help="With --server: numbers in a vector; else the server is asked.")
@click.option("--max-tokens", type=click.IntRange(1, 10_000_000), help="With --server: tokens the model reads.")
@click.option("--licence", required=True, help="The licence of the weights, as SPDX writes it.")
@click.option("--language", "languages", multiple=True, required=True, help="A language the model knows (en, …); repeat for more.")
@click.option("--prefix", default="", help="What the model wants before each text.")
@click.option("--long-texts", type=click.Choice(["cut", "windows"]), default="cut", show_default=True, help="What becomes of long texts.")
@click.option("--onnx", default="", help="With --folder or --hub: the ONNX file in it that is run, by onnxruntime.")
@click.option(
    "--runtime",
    type=click.Choice(["converted", "packed", "openvino", "onnxruntime", "sentence-transformers"]),
    default="converted",
    show_default=True,
    help="What runs it: converted for the best here; sentence-transformers for models that do not convert, slowly.",
)
@click.pass_obj
def models_add(read: Read, name: str, **given: Any) -> None:
    """Add a model from one place: --folder, --hub or --server. Only safetensors are taken; pickled weights are refused."""
    from service.embedding.commands import Place, add
    from service.embedding.inspection import Told
    from service.embedding.manifest import CONVERTED, LongTexts, Runtime

    place = Place(**{one: given.pop(one) for one in Place.__struct_fields__})
    told = Told(name=name, runtime=Runtime(given.pop("runtime")), long_texts=LongTexts(given.pop("long_texts")), **given)
    settings = read()
    manifest = add(settings.models_dir, place, told, server_key=settings.model_server_key)
    OUT.print(f"Added {manifest.name}, revision {manifest.revision}.", markup=False)
    if manifest.runtime in CONVERTED:
        OUT.print(f"Next: intercoder models convert {manifest.name}", markup=False)


@models.command(name="convert")
@click.argument("name")
@click.pass_obj
def models_convert(read: Read, name: str) -> None:
    """Convert a model for this processor and measure how faithful it is; needs torch, some seconds."""
    from service.embedding.commands import convert_model

    with ERR.status("Converting and checking…"):
        done = convert_model(read().models_dir, name)
    for measured in done.fidelity:
        least = math.floor(measured.cosine_min * 1e6) / 1e6  # rounded down: "at least" has to be true
        speed = f"{measured.texts_per_s:,.0f} texts a second here"
        OUT.print(f"{measured.runtime}: cosine to the published model at least {least:.6f}, {speed}", markup=False)
    for engine, reason in done.without.items():
        OUT.print(f"{engine}: does not run this model. {reason}", markup=False)


@models.command(name="verify")
@click.argument("names", nargs=-1)
@click.pass_obj
def models_verify(read: Read, names: tuple[str, ...]) -> None:
    """Hash every file of the named models, or of all; ask a server for a vector."""
    from service.embedding.commands import list_models, verify_model
    from service.embedding.manifest import Runtime

    settings = read()
    for name in names or [model.name for model in list_models(settings.models_dir)]:
        manifest = verify_model(settings.models_dir, name, server_key=settings.model_server_key)
        sound = "the server answers" if manifest.runtime is Runtime.SERVER else "every file is"
        OUT.print(f"{name}: {sound} as its manifest says, revision {manifest.revision}", markup=False)


@models.command(name="remove")
@click.argument("name")
@click.pass_obj
def models_remove(read: Read, name: str) -> None:
    """Remove a model's manifest and what was fetched or converted for it; a local folder or package stays."""
    from service.embedding.commands import remove_model

    remove_model(read().models_dir, name)
    OUT.print(f"Removed {name}.", markup=False)


@click.command()
@click.option("--study", default="", help="With --out: this study's excerpts (name or id).")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write a study's vectors to this folder as parquet parts.")
@click.pass_obj
def embed(read: Read, study: str, out: Path | None) -> None:
    """Embed every excerpt that has no vector of the present model yet. Stop it at any time; run again, it goes on.

    The server does the same in the background; this is for a large import, with progress.
    """
    from service.embedding import open_encoder
    from service.store import bulk

    settings = read()
    encoder = open_encoder(settings.models_dir, settings.model, server_key=settings.model_server_key)
    with opened(settings) as store, _rate() as bar:
        row = bar.add_task("Embedding", total=bulk.count_missing(store, encoder))
        done = bulk.embed_all(store, encoder, lambda count: bar.update(row, advance=count))
        OUT.print(f"Embedded {done} texts; every excerpt has its vector of {encoder.identity.name}.", markup=False)
        if out is not None:
            for part in bulk.write_vectors(store, encoder.identity, study, out):
                OUT.print(str(part), markup=False)


def _rate() -> Progress:
    speed = TextColumn("{task.speed:.0f} texts/s")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
    return Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal)


COMMANDS = [models, embed]
