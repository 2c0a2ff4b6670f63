"""Open a model by name: manifest, hashes, runtime."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from service.embedding import onnx_runtime, packed
from service.embedding.converted import GRAPH, ONNX, PACKED, TOKENIZER, Converted, Engine, check_converted, read_record
from service.embedding.encoder import UNBOUNDED, Encoder, ModelIdentity
from service.embedding.manifest import LongTexts, Manifest, Runtime, read_manifest
from service.embedding.openvino_runtime import OpenVinoGraph, Precision, best_precision, runtime_name
from service.embedding.padded import Padded
from service.embedding.reference import ReferenceEncoder, best_device
from service.embedding.server_runtime import ServerEncoder
from service.embedding.sources import check_source
from service.embedding.token_encoder import RowModel, TokenEncoder
from service.embedding.tokens import TokenReader

DEFAULT_MODEL = "all-MiniLM-L6-v2"


def open_encoder(models: Path, name: str, *, server_key: str = "") -> Encoder:
    """The model of this name on the runtime of its manifest; a converted one on the best engine and precision here, in under a second.

    ``server_key`` is sent to the server of a model that is on one, and used for nothing else.

    Raises
    ------
    Unavailable
        There is no such model, or a file of it is missing, altered or cut short.
    """
    manifest = read_manifest(models, name)
    match manifest.runtime:
        case Runtime.CONVERTED | Runtime.PACKED | Runtime.OPENVINO | Runtime.ONNXRUNTIME:
            return _open_on(engine_of(manifest, engines_for(read_record(models, manifest))), models, manifest)
        case Runtime.SENTENCE_TRANSFORMERS:
            return ReferenceEncoder(check_source(models, manifest), manifest, device=best_device())
        case Runtime.SERVER:
            return ServerEncoder(manifest, server_key)


def engines() -> tuple[Engine, ...]:
    """The engines that are installed and run on this processor, in the order of ``Engine``; no library of theirs is imported."""
    return tuple(engine for engine in Engine if (packed.fit() if engine is Engine.PACKED else find_spec(engine)))


def engines_for(record: Converted) -> tuple[Engine, ...]:
    """Those of them that a model was converted for, the faster first."""
    return faster_first([engine for engine in engines() if engine in record.engines()], packed.fit(), record.fastest())


def faster_first(found: Sequence[Engine], fit: packed.Fit, fastest: Engine | None) -> tuple[Engine, ...]:
    """The engines by speed. Where nobody knows whether the kernel is the fastest, what was measured at the conversion says it."""
    last = Engine.PACKED if fit is packed.Fit.RUNS and fastest is not Engine.PACKED else None
    return tuple(sorted(found, key=lambda engine: engine is last))


def engine_of(manifest: Manifest, usable: Sequence[Engine]) -> Engine:
    """Which engine runs a converted model here: the one that the manifest names, else the first of the usable ones."""
    match manifest.runtime:
        case Runtime.PACKED | Runtime.OPENVINO | Runtime.ONNXRUNTIME:
            return Engine(manifest.runtime)
        case _:
            return usable[0] if usable else Engine.ONNXRUNTIME


def open_packed(folder: Path, manifest: Manifest) -> Encoder:
    """A converted model on the packed kernel, whose files were checked."""
    return _encoder(folder, manifest, packed.RUNTIME, packed.Packed(folder / PACKED))


def open_converted(folder: Path, manifest: Manifest, precision: Precision) -> Encoder:
    """A converted model on OpenVINO, whose files were checked."""
    return _encoder(folder, manifest, runtime_name(precision), Padded(OpenVinoGraph(folder / GRAPH, precision), manifest.dimension))


def open_onnx(folder: Path, manifest: Manifest) -> Encoder:
    """A converted model on onnxruntime, whose files were checked."""
    graph = onnx_runtime.OnnxGraph(folder / ONNX, manifest.pooling)
    return _encoder(folder, manifest, onnx_runtime.runtime_name(), Padded(graph, manifest.dimension))


def _open_on(engine: Engine, models: Path, manifest: Manifest) -> Encoder:
    folder = check_converted(models, manifest, engine)
    match engine:
        case Engine.PACKED:
            return open_packed(folder, manifest)
        case Engine.OPENVINO:
            return open_converted(folder, manifest, best_precision())
        case Engine.ONNXRUNTIME:
            return open_onnx(folder, manifest)


def _encoder(folder: Path, manifest: Manifest, runtime: str, model: RowModel) -> Encoder:
    identity = ModelIdentity(manifest.name, manifest.revision, manifest.dimension, runtime)
    most = UNBOUNDED if manifest.long_texts is LongTexts.WINDOWS else manifest.max_tokens
    return TokenEncoder(identity, most, TokenReader(folder / TOKENIZER, manifest), model)
