"""The sentence-transformers runtime: any model it can load, and the reference that the others are measured against."""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from service.embedding.encoder import Embedded, ModelIdentity, Vectors, readable
from service.embedding.manifest import Manifest
from service.embedding.tokens import unit

DEFAULT_BATCH = 32
"""What sentence-transformers takes when nobody says anything; the benchmarks compare with that."""


class ReferenceEncoder:
    """An ``Encoder`` by sentence-transformers and torch, in float32. It cuts long texts, also where the manifest says windows."""

    def __init__(self, folder: Path, manifest: Manifest, *, device: str) -> None:
        self.model = load_sentence_transformer(folder, device)
        self.model.max_seq_length = manifest.max_tokens
        self.identity = ModelIdentity(manifest.name, manifest.revision, manifest.dimension, runtime_name(device))
        self.max_tokens = manifest.max_tokens
        self._prefix = manifest.prefix

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder.encode``."""
        if not texts:
            return np.empty((0, self.identity.dimension), np.float32)
        return unit(np.asarray(self.model.encode(self._prepared(texts), batch_size=DEFAULT_BATCH, show_progress_bar=False)))

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See ``Encoder.embed``."""
        ids: list[list[int]] = self.model.tokenizer(self._prepared(texts), verbose=False)["input_ids"] if texts else []
        return Embedded(self.encode(texts), np.fromiter(map(len, ids), np.int32, len(ids)), self.max_tokens)

    def _prepared(self, texts: Sequence[str]) -> list[str]:
        return [self._prefix + readable(text) for text in texts]


def load_sentence_transformer(folder: Path, device: str) -> Any:
    """Load from a folder only: no network, no code of the model's own, no pickles."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import sentence_transformers
    from transformers.utils import logging

    logging.set_verbosity_error()  # its progress bars and hints mean nothing to who runs `intercoder init`
    logging.disable_progress_bar()

    return sentence_transformers.SentenceTransformer(
        str(folder), device=device, local_files_only=True, trust_remote_code=False, model_kwargs={"use_safetensors": True}
    )


def best_device() -> str:
    """``cuda`` where torch can use a graphics processor, else ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def runtime_name(device: str) -> str:
    """What a suggestion says computed its vectors."""
    return f"sentence-transformers {version('sentence-transformers')} {device} f32"
