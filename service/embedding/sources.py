"""Where the files of a model are, and a checked copy of exactly those that its manifest names."""

import importlib.util
import shutil
from pathlib import Path

from service.embedding.manifest import Manifest, SourceKind, check_file
from service.errors import Unavailable


def source_folder(models: Path, manifest: Manifest) -> Path:
    """The folder that holds a model's published files.

    Raises
    ------
    Unavailable
        The package is not installed, or the model has no files of its own.
    """
    source = manifest.source
    match source.kind:
        case SourceKind.PACKAGE:
            return _package_folder(source.place) / source.within
        case SourceKind.FOLDER:
            return Path(source.place) / source.within
        case SourceKind.HUB:
            return fetched_folder(models, manifest.name) / source.within
        case SourceKind.SERVER:
            raise Unavailable(f"The model {manifest.name} runs on a server and has no files here.")


def fetched_folder(models: Path, name: str) -> Path:
    """Where the files of a model from the hub are kept."""
    return models / f"{name}.source"


def stage(models: Path, manifest: Manifest, target: Path) -> None:
    """Copy the files that the manifest names, each with its hash checked after copying; what else lies in the source is never read."""
    folder = source_folder(models, manifest)
    for name, sha256 in manifest.files.items():
        check_file(folder, name, sha256)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, target / name)
        check_file(target, name, sha256)


def check_source(models: Path, manifest: Manifest) -> Path:
    """The folder of the source, in which every file that the manifest names is there and has its hash."""
    folder = source_folder(models, manifest)
    for name, sha256 in manifest.files.items():
        check_file(folder, name, sha256)
    return folder


def _package_folder(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise Unavailable(f"The package {name}, which carries the model, is not installed.")
    return Path(found.origin).parent
