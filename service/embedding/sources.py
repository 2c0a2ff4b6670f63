"""Where the files of a model are, and a checked copy of exactly those that its manifest names."""

import importlib.util
import shutil
from pathlib import Path

from service.embedding.manifest import Manifest, Source, SourceKind, check_file
from service.errors import Unavailable


def source_folder(source: Source) -> Path:
    """The folder that holds a model's files.

    Raises
    ------
    Unavailable
        The package is not installed, or the folder is not there.
    """
    match source.kind:
        case SourceKind.PACKAGE:
            return _package_folder(source.place) / source.within
        case SourceKind.FOLDER:
            return Path(source.place) / source.within
        case SourceKind.HUB:
            return _hub_folder(source)


def stage(manifest: Manifest, target: Path) -> None:
    """Copy the files that the manifest names, each with its hash checked after copying; what else lies in the source is never read."""
    folder = source_folder(manifest.source)
    for name, sha256 in manifest.files.items():
        check_file(folder, name, sha256)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, target / name)
        check_file(target, name, sha256)


def check_source(manifest: Manifest) -> None:
    """Every file of the source is there and has its hash."""
    folder = source_folder(manifest.source)
    for name, sha256 in manifest.files.items():
        check_file(folder, name, sha256)


def _package_folder(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise Unavailable(f"The package {name}, which carries the model, is not installed.")
    return Path(found.origin).parent


def _hub_folder(source: Source) -> Path:
    raise Unavailable(
        f"The model {source.place} has not been fetched. Run `intercoder models add {source.place}` where there is a network."
    )
