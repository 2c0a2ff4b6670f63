"""Excerpt to vector: the encoder, the registry of models, the vectors that are kept.

Importing this room is cheap: OpenVINO is imported when a model is opened, torch when one is converted or run as reference.

Open and use a model::

    encoder = open_encoder(models, DEFAULT_MODEL)          # converted files, hashes checked; Unavailable with the reason
    encoder.identity                                        # ModelIdentity(name, revision, dimension, runtime)
    encoder.encode(["one text", "another"])                 # float32[2, dimension], unit length
    encoder.embed(texts).read()                             # tokens of each, and whether the model read only the first of them

From async handlers, one for the whole application::

    service = EncoderService(lambda: open_encoder(models, DEFAULT_MODEL), Limits())
    service.start(); service.stop()                         # in the lifespan; start returns at once
    service.state()                                         # Loading() | Ready(identity) | Failed(reason), for /readyz
    await service.encode(texts, traffic=Traffic.PERSON, deadline=10.0)     # Traffic.MACHINE may share a pass with other machines
    await service.embed(texts, traffic=..., deadline=...)   # with what was read of each, as above
    service.bulk()                                          # an Encoder for background threads, in slices between what others ask

Kept vectors (the store implements ``VectorStore``; ``MemoryVectors`` caches in front of it)::

    embed_missing(service.bulk(), store, texts, progress=show)             # resumable, idempotent, a batch at a time
    vectors_of(encoder, store, texts)                       # stored vectors in the texts' order, missing ones embedded first
    stored_vectors(store, identity, texts)                  # the same without a model; Unavailable when one is missing
    text_key(text), model_key(identity), to_bytes(vector), from_bytes(data, dimension)

Set-up (``python -m service.embedding.convert [models folder] [name]``)::

    from service.embedding.convert import ensure_default
    ensure_default(models)                                  # converts the packaged default model once; about 15 s, needs torch
"""

from service.embedding.encoder import Counts, Embedded, Encoder, ModelIdentity, ReadText, Vectors
from service.embedding.manifest import Manifest, read_manifest
from service.embedding.registry import DEFAULT_MODEL, open_encoder
from service.embedding.serving import EncoderService, Failed, Limits, Loading, Ready, State, Traffic
from service.embedding.vectors import (
    MemoryVectors,
    ModelKey,
    Progress,
    TextKey,
    Vector,
    VectorStore,
    embed_missing,
    from_bytes,
    model_key,
    stored_vectors,
    text_key,
    to_bytes,
    vectors_of,
)

__all__ = [
    "DEFAULT_MODEL",
    "Counts",
    "Embedded",
    "Encoder",
    "EncoderService",
    "Failed",
    "Limits",
    "Loading",
    "Manifest",
    "MemoryVectors",
    "ModelIdentity",
    "ModelKey",
    "Progress",
    "ReadText",
    "Ready",
    "State",
    "TextKey",
    "Traffic",
    "Vector",
    "VectorStore",
    "Vectors",
    "embed_missing",
    "from_bytes",
    "model_key",
    "open_encoder",
    "read_manifest",
    "stored_vectors",
    "text_key",
    "to_bytes",
    "vectors_of",
]
