"""Open a model by name: manifest, hashes, runtime."""

from pathlib import Path

from service.embedding.converted import GRAPH, TOKENIZER, check_converted
from service.embedding.encoder import Encoder, ModelIdentity
from service.embedding.manifest import Manifest, read_manifest
from service.embedding.openvino_runtime import OpenVinoGraph, Precision, best_precision, runtime_name
from service.embedding.padded import PaddedEncoder
from service.embedding.tokens import TokenReader

DEFAULT_MODEL = "all-MiniLM-L6-v2"


def open_encoder(models: Path, name: str) -> Encoder:
    """The converted model of this name, in the best precision of this processor; takes a fraction of a second.

    Raises
    ------
    Unavailable
        There is no such model, or a file of it is missing, altered or cut short.
    """
    manifest = read_manifest(models, name)
    return open_converted(check_converted(models, manifest), manifest, best_precision())


def open_converted(folder: Path, manifest: Manifest, precision: Precision) -> Encoder:
    """A converted model whose files were checked."""
    identity = ModelIdentity(manifest.name, manifest.revision, manifest.dimension, runtime_name(precision))
    reader = TokenReader(folder / TOKENIZER, manifest)
    return PaddedEncoder(identity, manifest.max_tokens, reader, OpenVinoGraph(folder / GRAPH, precision))
