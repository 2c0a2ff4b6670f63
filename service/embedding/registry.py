"""Open a model by name: manifest, hashes, runtime."""

from pathlib import Path

from service.embedding.converted import GRAPH, TOKENIZER, check_converted
from service.embedding.encoder import Encoder, ModelIdentity
from service.embedding.manifest import Manifest, Runtime, read_manifest
from service.embedding.openvino_runtime import OpenVinoGraph, Precision, best_precision, runtime_name
from service.embedding.padded import PaddedEncoder
from service.embedding.reference import ReferenceEncoder
from service.embedding.server_runtime import ServerEncoder
from service.embedding.sources import check_source
from service.embedding.tokens import TokenReader

DEFAULT_MODEL = "all-MiniLM-L6-v2"


def open_encoder(models: Path, name: str) -> Encoder:
    """The model of this name on the runtime of its manifest; a converted one in the best precision of this processor, in under a second.

    Raises
    ------
    Unavailable
        There is no such model, or a file of it is missing, altered or cut short.
    """
    manifest = read_manifest(models, name)
    match manifest.runtime:
        case Runtime.CONVERTED:
            return open_converted(check_converted(models, manifest), manifest, best_precision())
        case Runtime.SENTENCE_TRANSFORMERS:
            return ReferenceEncoder(check_source(models, manifest), manifest, device="cpu")
        case Runtime.SERVER:
            return ServerEncoder(manifest)


def open_converted(folder: Path, manifest: Manifest, precision: Precision) -> Encoder:
    """A converted model whose files were checked."""
    identity = ModelIdentity(manifest.name, manifest.revision, manifest.dimension, runtime_name(precision))
    reader = TokenReader(folder / TOKENIZER, manifest)
    return PaddedEncoder(identity, manifest.max_tokens, reader, OpenVinoGraph(folder / GRAPH, precision))
