"""The hot path: tokenise, sort by length, pass after pass through a graph, vectors back in the texts' order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.embedding.batches import Batch, Shape, plan
from service.embedding.encoder import Counts, ModelIdentity, Vectors
from service.embedding.tokens import Rows, TokenReader, pooled

SHAPE = Shape(tokens=4096, rows=64, width_step=16, padding=64)
"""Measured on two cores: larger passes leave the cache, smaller ones leave the cores waiting; a pass costs what 40 to 60 tokens cost."""

Ids = NDArray[np.int64]


class Graph(Protocol):
    """A compiled model with pooling and scaling inside: ``(ids[b, w], mask[b, w]) -> float32[b, d]``. Called from one thread at a time."""

    def __call__(self, ids: Ids, mask: Ids, /) -> Vectors:
        """One pass."""
        ...


@dataclass(frozen=True, slots=True)
class PaddedEncoder:
    """An ``Encoder`` over any graph that takes padded rows."""

    identity: ModelIdentity
    max_tokens: int
    reader: TokenReader
    graph: Graph
    shape: Shape = SHAPE
    _one_at_a_time: Lock = field(default_factory=Lock, repr=False, compare=False)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder.encode``."""
        read = self.reader.read(texts)
        found = np.empty((len(read.rows), self.identity.dimension), np.float32)
        with self._one_at_a_time:
            for batch in plan(read.lengths, self.shape):
                found[batch.places] = self.graph(*_padded(read, batch))
        return pooled(found, read)

    def token_counts(self, texts: Sequence[str]) -> Counts:
        """See ``Encoder.token_counts``."""
        return self.reader.read(texts).counts


def _padded(read: Rows, batch: Batch) -> tuple[Ids, Ids]:
    ids = np.zeros((len(batch.places), batch.width), np.int64)
    mask = np.zeros_like(ids)
    places: list[int] = batch.places.tolist()
    for line, place in enumerate(places):
        row = read.rows[place]
        ids[line, : len(row)] = row
        mask[line, : len(row)] = 1
    return ids, mask
