"""What reading kept vectors costs against how many are kept.

In process, by an encoder that costs nothing, so that the figures are the cache's own.
"""

import time
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.embedding.rows import Row
from service.embedding import Embedded, MemoryVectors, ModelIdentity, Vectors, embed_missing, stored_vectors

DIMENSION = 384


class Free:
    """An encoder that costs next to nothing."""

    identity = ModelIdentity("free", "1", DIMENSION, "none")
    max_tokens = 256

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), DIMENSION), np.float32)

    def embed(self, texts: Sequence[str]) -> Embedded:
        return Embedded(self.encode(texts), np.zeros(len(texts), np.int32), self.max_tokens)


def corpus_sizes(sizes: Sequence[int]) -> Iterator[Row]:
    """Reading 1,000 kept vectors out of so many."""
    for size in sizes:
        store = MemoryVectors(capacity=size)
        embed_missing(Free(), store, (f"excerpt {number}" for number in range(size)))
        asked = [f"excerpt {number}" for number in range(0, size, max(1, size // 1000))][:1000]
        began = time.perf_counter()
        stored_vectors(store, Free.identity, asked)
        yield Row(name="corpus", runtime="cache", x=size, p50_ms=1000 * (time.perf_counter() - began) / len(asked), note="p50_ms: a text")
