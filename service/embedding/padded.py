"""Token rows through a graph that takes them padded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.embedding.batches import Batch, Shape, plan
from service.embedding.encoder import Vectors
from service.embedding.tokens import Rows

Ids = NDArray[np.int64]


def shape_for(threads: int) -> Shape:
    """How large passes are that so many threads work on each.

    Measured on two cores, one thread a pass: 256 to 4,096 tokens a pass are equally fast; small passes take half the memory and leave no
    core waiting for the last of a few. A pass costs what 40 to 60 tokens cost.
    """
    return Shape(tokens=512 * threads, rows=64, width_step=16, padding=64)


class Graph(Protocol):
    """A compiled model with pooling and scaling inside: ``(ids[b, w], mask[b, w]) -> float32[b, d]``. Called from one thread at a time."""

    @property
    def threads(self) -> int:
        """How many threads work on each of several passes."""
        ...

    def one(self, ids: Ids, mask: Ids, /) -> Vectors:
        """One pass."""
        ...

    def several(self, passes: Iterable[tuple[Ids, Ids]]) -> Iterator[Vectors]:
        """Passes whose answers come in their order, each valid until the next is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Padded:
    """Token rows sorted by length, pass after pass through a graph that takes them padded, vectors back in the rows' order."""

    graph: Graph
    dimension: int

    def vectors(self, read: Rows, /) -> Vectors:
        """See ``RowModel.vectors``."""
        found = np.empty((len(read.rows), self.dimension), np.float32)
        batches = list(plan(read.lengths, shape_for(self.graph.threads)))
        for batch, vectors in zip(batches, self._passed(read, batches), strict=True):
            found[batch.places] = vectors
        return found

    def _passed(self, read: Rows, batches: Sequence[Batch]) -> Iterator[Vectors]:
        passes = (_padded(read, batch) for batch in batches)
        return self.graph.several(passes) if len(batches) > 1 else (self.graph.one(*given) for given in passes)


def _padded(read: Rows, batch: Batch) -> tuple[Ids, Ids]:
    ids = np.zeros((len(batch.places), batch.width), np.int64)
    mask = np.zeros_like(ids)
    places: list[int] = batch.places.tolist()
    for line, place in enumerate(places):
        row = read.rows[place]
        ids[line, : len(row)] = row
        mask[line, : len(row)] = 1
    return ids, mask
