"""The hot path: texts to token rows, rows to vectors by whatever runs the model, windows of one text to one vector."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from service.embedding.encoder import Embedded, ModelIdentity, Vectors
from service.embedding.tokens import Rows, TokenReader, pooled


class RowModel(Protocol):
    """A model that is loaded, with pooling and scaling inside. Called from one thread at a time."""

    def vectors(self, read: Rows, /) -> Vectors:
        """``float32[len(read.rows), dimension]``, a unit vector a row."""
        ...


@dataclass(frozen=True, slots=True)
class TokenEncoder:
    """An ``Encoder`` over any model of token rows."""

    identity: ModelIdentity
    max_tokens: int
    reader: TokenReader
    model: RowModel
    _one_at_a_time: Lock = field(default_factory=Lock, repr=False, compare=False)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder.encode``."""
        return self.embed(texts).vectors

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See ``Encoder.embed``."""
        read = self.reader.read(texts)
        with self._one_at_a_time:
            found = self.model.vectors(read)
        return Embedded(pooled(found, read), read.counts, self.max_tokens)
