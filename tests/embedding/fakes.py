"""An encoder without a model."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.embedding import Counts, ModelIdentity, Vectors


class HashEncoder:
    """The same text, the same unit vector, on every machine: words that two texts share bring their vectors together."""

    def __init__(self, *, name: str = "hash", revision: str = "1", dimension: int = 64) -> None:
        self.identity = ModelIdentity(name, revision, dimension, "hash of words")
        self.max_tokens = 256
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked.extend(texts)
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.identity.dimension)

    def token_counts(self, texts: Sequence[str]) -> Counts:
        return np.array([len(text.split()) + 2 for text in texts], np.int32)

    def _vector(self, text: str) -> Vectors:
        words = [*text.lower().split(), f"whole {text}"]
        total = np.sum([_integers(word, self.identity.dimension) for word in words], axis=0)
        return (total / np.linalg.norm(total)).astype(np.float32)


def _integers(word: str, count: int) -> NDArray[np.float64]:
    """Whole numbers from -8 to 7, so that sums are exact and their order does not matter."""
    data = hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(count)
    return np.frombuffer(data, np.uint8).astype(np.float64) % 16 - 8
