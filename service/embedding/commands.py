"""What ``intercoder models`` does, as functions that return data and print nothing."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from service.embedding.converted import Converted, Fidelity, check_converted, read_record
from service.embedding.inspection import READ, Told, as_toml, inspect
from service.embedding.manifest import CONVERTED, LongTexts, Manifest, Runtime, Source, SourceKind, plain_name, read_manifest
from service.embedding.registry import DEFAULT_MODEL
from service.embedding.server_runtime import Server, ServerEncoder
from service.embedding.sources import check_source, fetched_folder
from service.errors import BadInput, Conflict, Unavailable

_ASKED = "What a server is asked to embed, to see that it answers."


class ModelLine(msgspec.Struct, frozen=True):
    """One model of ``models list``; ``state`` is *ready* or the reason why it is not."""

    name: str
    state: str
    revision: str = ""
    runtime: str = ""
    dimension: int = 0
    max_tokens: int = 0
    licence: str = ""
    languages: tuple[str, ...] = ()
    upstream: str = ""
    fidelity: tuple[Fidelity, ...] = ()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model comes from: exactly one of ``folder``, ``hub`` and ``server``; the others say more of it."""

    folder: Path | None = None
    hub: str = ""
    revision: str = ""
    server: str = ""
    upstream: str = ""
    dimension: int | None = None
    max_tokens: int | None = None


def list_models(models: Path) -> tuple[ModelLine, ...]:
    """Every manifest of the models folder; a broken one is listed with its reason. Hashes are not computed: that is ``verify_model``."""
    return tuple(_listed(models, path.stem) for path in sorted(models.glob("*.toml")))


def add(models: Path, place: Place, told: Told, *, server_key: str = "") -> Manifest:
    """Add a model from wherever it is; a server is asked for the dimension where that is not given.

    Raises
    ------
    BadInput
        Not exactly one place is given, or a server without its number of tokens, or windows of a model whose tokenizer is not here.
    """
    if sum(map(bool, (place.folder, place.hub, place.server))) != 1:
        raise BadInput("Say where the model comes from: one of --folder, --hub and --server.")
    if place.folder is not None:
        return add_folder(models, place.folder, told)
    if place.hub:
        return add_from_hub(models, place.hub, place.revision, told)
    return add_server(models, _on_server(place, told, server_key))


def add_folder(models: Path, folder: Path, told: Told) -> Manifest:
    """Write the manifest of a model that lies in a local folder; the files stay there.

    Raises
    ------
    BadInput, Conflict
        It is no safe sentence-transformers folder; the name is taken.
    """
    source = Source(SourceKind.FOLDER, str(folder.resolve()), told.name)
    return _added(models, inspect(folder, source, told))


def add_from_hub(models: Path, repository: str, revision: str, told: Told) -> Manifest:
    """Fetch a model by its hub name into the models folder and write its manifest, pinned to the commit that came."""
    target = fetched_folder(models, told.name)
    _check_free(models, told.name)
    shutil.rmtree(target, ignore_errors=True)  # of a fetch that was stopped: files of another model beside these would be taken for theirs
    try:
        commit = fetch_from_hub(repository, revision, target, _fetched(told))
        return _added(models, inspect(target, Source(SourceKind.HUB, repository, repository, revision=commit), told))
    except (BadInput, Unavailable):
        shutil.rmtree(target, ignore_errors=True)
        raise


def add_server(models: Path, manifest: Manifest) -> Manifest:
    """Write the manifest of a model on an embeddings server; from then on texts go to that address when this model is used."""
    if manifest.runtime is not Runtime.SERVER or manifest.source.kind is not SourceKind.SERVER or manifest.files:
        raise BadInput("A model on a server has the runtime and source kind *server* and no files.")
    try:
        Server(manifest.source)
    except Unavailable as refusal:
        raise BadInput(refusal.detail) from refusal
    return _added(models, manifest)


def convert_model(models: Path, name: str) -> Converted:
    """Convert a model unless it is converted already; seconds, and needs torch."""
    from service.embedding.convert import ensure

    return ensure(models, read_manifest(models, name))


def verify_model(models: Path, name: str, *, server_key: str = "") -> Manifest:
    """Hash every file of a model, published and converted; have one that is on a server embed a text.

    Raises
    ------
    Unavailable
        The first that is missing, altered or cut short; the server does not answer, or not as the manifest says.
    """
    manifest = read_manifest(models, name)
    if manifest.runtime is Runtime.SERVER:
        ServerEncoder(manifest, server_key).encode([_ASKED])
    else:
        check_source(models, manifest)
    for engine in read_record(models, manifest).engines() if manifest.runtime in CONVERTED else ():
        check_converted(models, manifest, engine)
    return manifest


def remove_model(models: Path, name: str) -> None:
    """Delete a model's manifest and what was fetched or converted for it; files of a package or folder stay.

    Raises
    ------
    Conflict
        It is the default model, which the project carries.
    """
    if name == DEFAULT_MODEL:
        raise Conflict(f"{name} is the default model and stays.")
    if name not in {path.stem for path in models.glob("*.toml")}:
        raise Unavailable(f"There is no model named {name!r}.")
    for folder in (models / name, fetched_folder(models, name)):
        if folder.is_dir():
            shutil.rmtree(folder)
    (models / f"{name}.toml").unlink()


def fetch_from_hub(repository: str, revision: str, folder: Path, patterns: Sequence[str]) -> str:
    """Fetch by ``huggingface_hub``: only files that are read, never pickles or code. Its client shows how far it is, to people only.

    Raises
    ------
    Unavailable
        There is no network, or no such repository.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # the hub is asked for the files and nothing else
    import huggingface_hub
    from huggingface_hub.utils import disable_progress_bars

    hub: Any = huggingface_hub
    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        commit: str = hub.HfApi().model_info(repository, revision=revision or None).sha
        hub.snapshot_download(repository, revision=commit, local_dir=folder, allow_patterns=list(patterns))
    except (OSError, ValueError, hub.errors.HTTPError) as error:
        raise Unavailable(f"The model {repository} could not be fetched ({type(error).__name__}).") from error
    return commit


def _fetched(told: Told) -> tuple[str, ...]:
    """What is fetched of a hub repository: what is read, and a named ONNX graph with what lies beside it under its name."""
    return (*(f"*{suffix}" for suffix in READ), *((told.onnx, f"{told.onnx}_data", f"{told.onnx}.data") if told.onnx else ()))


def _on_server(place: Place, told: Told, key: str) -> Manifest:
    if place.max_tokens is None:
        raise BadInput("Of a model on a server say --max-tokens: nothing here can measure it.")
    if told.long_texts is LongTexts.WINDOWS:
        raise BadInput("Windows are cut by the model's tokenizer, which a server does not lend. Leave --long-texts out.")
    source = Source(SourceKind.SERVER, place.server, place.upstream or told.name, revision=place.revision)
    return Manifest(
        name=told.name,
        licence=told.licence,
        languages=told.languages,
        dimension=place.dimension or len(Server(source, key).ask([_ASKED])[0]),
        max_tokens=place.max_tokens,
        pooling="server",
        long_texts=told.long_texts,
        source=source,
        files={},
        prefix=told.prefix,
        runtime=Runtime.SERVER,
    )


def _listed(models: Path, name: str) -> ModelLine:
    try:
        manifest = read_manifest(models, name)
    except Unavailable as refusal:
        return ModelLine(name, refusal.detail)
    state, fidelity = _state(models, manifest)
    return ModelLine(
        name,
        state,
        manifest.revision,
        manifest.runtime,
        manifest.dimension,
        manifest.max_tokens,
        manifest.licence,
        manifest.languages,
        manifest.source.upstream,
        fidelity,
    )


def _state(models: Path, manifest: Manifest) -> tuple[str, tuple[Fidelity, ...]]:
    if manifest.runtime not in CONVERTED:
        return "ready", ()
    try:
        return "ready", read_record(models, manifest).fidelity
    except Unavailable as refusal:
        return refusal.detail, ()


def _check_free(models: Path, name: str) -> None:
    if not plain_name(name):
        raise BadInput(f"{name!r} cannot be a model's name: it needs letters and no slash, and does not begin with a dot.")
    if (models / f"{name}.toml").exists():
        raise Conflict(f"There is already a model named {name!r}; remove it first or choose another name.")


def _added(models: Path, manifest: Manifest) -> Manifest:
    _check_free(models, manifest.name)
    path = models / f"{manifest.name}.toml"
    path.write_text(as_toml(manifest), encoding="utf-8")
    try:
        return read_manifest(models, manifest.name)
    except Unavailable as refusal:
        path.unlink()
        raise BadInput(refusal.detail) from refusal
