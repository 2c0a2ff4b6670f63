"""A converted model on disk: what each engine reads, its tokenizer, and the record of what it was made from."""

from enum import StrEnum
from itertools import chain
from pathlib import Path

import msgspec

from service.embedding.manifest import Manifest, check_file, sha256_of
from service.errors import Unavailable

GRAPH, WEIGHTS, ONNX, PACKED = "model.xml", "model.bin", "model.onnx", "packed-2.safetensors"
TOKENIZER, RECORD = "tokenizer.json", "converted.json"


class Engine(StrEnum):
    """What runs a converted model, the faster first."""

    PACKED = "packed"
    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"


FILES = {Engine.PACKED: (PACKED,), Engine.OPENVINO: (GRAPH, WEIGHTS), Engine.ONNXRUNTIME: (ONNX,)}


class Fidelity(msgspec.Struct, frozen=True):
    """Cosine against sentence-transformers on the fixed texts of ``convert``, and how many of them a second the machine embedded there."""

    runtime: str
    cosine_mean: float
    cosine_min: float
    texts_per_s: float = 0.0

    @property
    def engine(self) -> Engine:
        """The engine of the runtime: names begin with it."""
        return Engine(self.runtime.partition(" ")[0])


class Converted(msgspec.Struct, frozen=True):
    """Written beside the converted files, whose hashes differ from one converter version to the next.

    ``without`` says of an engine that cannot run this model why.
    """

    model: str
    revision: str
    files: dict[str, str]
    made_by: str
    fidelity: tuple[Fidelity, ...]
    without: dict[Engine, str] = {}

    def engines(self) -> tuple[Engine, ...]:
        """What it was converted for."""
        return tuple(engine for engine, names in FILES.items() if all(name in self.files for name in names))

    @property
    def is_timed(self) -> bool:
        """Whether every engine was timed that was measured at all; records of an earlier version tell no times."""
        return all(one.texts_per_s for one in self.fidelity)

    def fastest(self) -> Engine | None:
        """The engine that was the fastest where it was converted; None where that was not measured."""
        measured = [one for one in self.fidelity if one.texts_per_s]
        return max(measured, key=lambda one: one.texts_per_s).engine if measured else None


def read_record(models: Path, manifest: Manifest) -> Converted:
    """The record of a model's conversion.

    Raises
    ------
    Unavailable
        The model was not converted, or from other files than its manifest now names.
    """
    path = models / manifest.name / RECORD
    if not path.is_file():
        raise Unavailable(f"The model {manifest.name} is not converted yet. Run `intercoder models convert {manifest.name}`.")
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Converted)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(f"The record {RECORD} of the model {manifest.name} cannot be read: {error}") from error
    if record.revision != manifest.revision:
        raise Unavailable(f"The model {manifest.name} was converted from other files than its manifest names. Convert it again.")
    return record


def check_converted(models: Path, manifest: Manifest, engine: Engine = Engine.OPENVINO) -> Path:
    """The folder of a converted model in which every file that the engine reads has its recorded hash; the tokenizer also its manifest's.

    Raises
    ------
    Unavailable
        A file is missing, altered or cut short, or the model was not converted for this engine, or cannot be.
    """
    record = read_record(models, manifest)
    folder = models / manifest.name
    if reason := record.without.get(engine):
        raise Unavailable(f"The model {manifest.name} does not run on {engine}. {reason} Let its manifest name another runtime, or none.")
    if engine not in record.engines():
        raise Unavailable(f"The model {manifest.name} was not converted for {engine}. Run `intercoder models convert {manifest.name}`.")
    others = [name for name in record.files if name not in chain(*FILES.values())]  # the tokenizer; a given graph's further files
    for name in (*FILES[engine], *others):
        check_file(folder, name, record.files[name])
    check_file(folder, TOKENIZER, manifest.files[TOKENIZER])
    return folder


def write_record(folder: Path, manifest: Manifest, made_by: str, fidelity: tuple[Fidelity, ...], without: dict[Engine, str]) -> None:
    """Hash what stands in the folder and write it down."""
    files = {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    record = Converted(manifest.name, manifest.revision, files, made_by, fidelity, without)
    (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record)) + b"\n")
