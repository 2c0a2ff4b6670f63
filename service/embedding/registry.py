"""Open a model by name: manifest, hashes, runtime."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from service.embedding import onnx_runtime
from service.embedding.converted import GRAPH, ONNX, TOKENIZER, Engine, check_converted
from service.embedding.encoder import UNBOUNDED, Encoder, ModelIdentity
from service.embedding.manifest import LongTexts, Manifest, Runtime, read_manifest
from service.embedding.openvino_runtime import OpenVinoGraph, Precision, best_precision, runtime_name
from service.embedding.padded import Graph, PaddedEncoder, shape_for
from service.embedding.reference import ReferenceEncoder, best_device
from service.embedding.server_runtime import ServerEncoder
from service.embedding.sources import check_source
from service.embedding.tokens import TokenReader

DEFAULT_MODEL = "all-MiniLM-L6-v2"


def open_encoder(models: Path, name: str) -> Encoder:
    """The model of this name on the runtime of its manifest; a converted one on the best engine and precision here, in under a second.

    Raises
    ------
    Unavailable
        There is no such model, or a file of it is missing, altered or cut short.
    """
    manifest = read_manifest(models, name)
    match manifest.runtime:
        case Runtime.CONVERTED | Runtime.ONNXRUNTIME:
            return _open_on(engine_of(manifest, engines()), models, manifest)
        case Runtime.SENTENCE_TRANSFORMERS:
            return ReferenceEncoder(check_source(models, manifest), manifest, device=best_device())
        case Runtime.SERVER:
            return ServerEncoder(manifest)


def engines() -> tuple[Engine, ...]:
    """The engines that are installed, the faster first; nothing is imported."""
    return tuple(engine for engine in Engine if find_spec(engine) is not None)


def engine_of(manifest: Manifest, installed: Sequence[Engine]) -> Engine:
    """Which engine runs a converted model here: onnxruntime where the manifest says so or OpenVINO has no build."""
    if manifest.runtime is Runtime.ONNXRUNTIME or Engine.OPENVINO not in installed:
        return Engine.ONNXRUNTIME
    return Engine.OPENVINO


def open_converted(folder: Path, manifest: Manifest, precision: Precision) -> Encoder:
    """A converted model on OpenVINO, whose files were checked."""
    return _encoder(folder, manifest, runtime_name(precision), OpenVinoGraph(folder / GRAPH, precision))


def open_onnx(folder: Path, manifest: Manifest) -> Encoder:
    """A converted model on onnxruntime, whose files were checked."""
    return _encoder(folder, manifest, onnx_runtime.runtime_name(), onnx_runtime.OnnxGraph(folder / ONNX, manifest.pooling))


def _open_on(engine: Engine, models: Path, manifest: Manifest) -> Encoder:
    folder = check_converted(models, manifest, engine)
    return open_onnx(folder, manifest) if engine is Engine.ONNXRUNTIME else open_converted(folder, manifest, best_precision())


def _encoder(folder: Path, manifest: Manifest, runtime: str, graph: Graph) -> Encoder:
    identity = ModelIdentity(manifest.name, manifest.revision, manifest.dimension, runtime)
    most = UNBOUNDED if manifest.long_texts is LongTexts.WINDOWS else manifest.max_tokens
    return PaddedEncoder(identity, most, TokenReader(folder / TOKENIZER, manifest), graph, shape_for(graph.threads))
