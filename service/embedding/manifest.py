"""What ``models/<name>.toml`` says of a model: where its files come from, their hashes, and how it is used."""

import hashlib
from enum import StrEnum
from pathlib import Path

import msgspec

from service.errors import Unavailable

FORMAT = 1
"""Counted up when a text is prepared, pooled or windowed in another way: older vectors then belong to another revision."""

_UNSAFE = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".py")
"""Formats that run code when they are read, or may hold pickles."""


class SourceKind(StrEnum):
    """Where the files of a model are."""

    PACKAGE = "package"
    FOLDER = "folder"
    HUB = "hub"
    SERVER = "server"


class Runtime(StrEnum):
    """What computes the vectors: the converted model on the best engine here, one of the engines, sentence-transformers, or a server."""

    CONVERTED = "converted"
    PACKED = "packed"
    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"
    SENTENCE_TRANSFORMERS = "sentence-transformers"
    SERVER = "server"


CONVERTED = frozenset({Runtime.CONVERTED, Runtime.PACKED, Runtime.OPENVINO, Runtime.ONNXRUNTIME})
"""The runtimes that read converted files."""


class LongTexts(StrEnum):
    """What becomes of a text with more tokens than the model reads."""

    CUT = "cut"
    WINDOWS = "windows"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``place`` is an import name, a folder, a hub repository or an address; ``within`` a folder inside it.

    ``upstream`` is who published the weights (of a server: the name it knows the model by), ``revision`` which state of them.
    """

    kind: SourceKind
    place: str
    upstream: str
    within: str = ""
    revision: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model. ``files`` maps each file that is read, relative to the source, to its sha256; no other file is read.

    ``graph`` is the file among them that holds an ONNX graph, where the model comes as one.
    """

    name: str
    licence: str
    languages: tuple[str, ...]
    dimension: int
    max_tokens: int
    pooling: str
    long_texts: LongTexts
    source: Source
    files: dict[str, str]
    prefix: str = ""
    graph: str = ""
    runtime: Runtime = Runtime.CONVERTED

    @property
    def revision(self) -> str:
        """Changes with anything that changes a vector: weights, tokenizer, pooling, prefix, cut."""
        weights = sorted(self.files.items()) or (self.source.place, self.source.upstream, self.source.revision)
        parts = (FORMAT, self.dimension, self.max_tokens, self.pooling, self.long_texts, self.prefix, weights)
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def read_manifest(models: Path, name: str) -> Manifest:
    """The manifest of a model.

    Raises
    ------
    Unavailable
        There is none by this name, or it breaks the rules of its format.
    """
    path = models / f"{name}.toml"
    if not plain_name(name) or not path.is_file():
        raise Unavailable(f"There is no model named {name!r}: {path.name} is missing from the models folder.")
    try:
        manifest = msgspec.toml.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Unavailable(f"The manifest {path.name} cannot be read: {error}") from error
    _check(manifest, name)
    return manifest


def sha256_of(path: Path) -> str:
    """Hash a file without holding it in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(folder: Path, name: str, sha256: str) -> Path:
    """The path of a file that is inside the folder and has this hash.

    Raises
    ------
    Unavailable
        It is missing, leads out of the folder, or has another hash (altered or cut short).
    """
    path = folder / name
    if not path.is_file():
        raise Unavailable(f"The model file {name} is missing. Run `intercoder models verify`, or convert the model again.")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Unavailable(f"The model file {name} leads out of the model's folder.")
    if sha256_of(path) != sha256:
        raise Unavailable(f"The model file {name} is altered or cut short (its sha256 is not the recorded one). Convert the model again.")
    return path


def _check(manifest: Manifest, name: str) -> None:
    if manifest.name != name:
        raise Unavailable(f"The manifest {name}.toml names another model, {manifest.name!r}.")
    for file in manifest.files:
        _check_name(name, Path(file))
    if manifest.graph and (manifest.graph not in manifest.files or manifest.runtime is not Runtime.ONNXRUNTIME):
        raise Unavailable(f"The manifest {name}.toml names the graph {manifest.graph}: it must be among its files, and run on onnxruntime.")


def _check_name(model: str, file: Path) -> None:
    if file.is_absolute() or ".." in file.parts:
        raise Unavailable(f"The manifest {model}.toml names a file outside the model's folder: {file}")
    if file.suffix in _UNSAFE:
        raise Unavailable(
            f"The manifest {model}.toml names {file}, a format that can run code; only safetensors and ONNX weights are read."
        )


def plain_name(name: str) -> bool:
    """Whether a name can be a file's, and no path to elsewhere."""
    return bool(name) and not name.startswith(".") and "/" not in name and "\\" not in name and "\0" not in name
