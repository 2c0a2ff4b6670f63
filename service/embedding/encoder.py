"""The seam to the model: what every runtime answers, and what becomes of a text before a model reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""``float32[n, dimension]``: one row a text, each row of unit length."""

Counts = NDArray[np.int32]
"""``int32[n]``: one count a text."""

UNBOUNDED = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which vectors these are: vectors with another name or revision are never compared with them.

    ``runtime`` says what computed them (library, version, precision); it is told with every suggestion and is no part of the vectors'
    key, because runtimes of one revision stay within the fidelity that the tests state.
    """

    name: str
    revision: str
    dimension: int
    runtime: str


@dataclass(frozen=True, slots=True)
class ReadText:
    """How many tokens a text has, special ones included; of a ``truncated`` one only the first were read."""

    tokens: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Embedded:
    """Texts as vectors, and what was read of each to make them: ``tokens`` before anything was cut, ``max_tokens`` at most were read."""

    vectors: Vectors
    tokens: Counts
    max_tokens: int

    def part(self, start: int, stop: int) -> "Embedded":
        """Some of the texts, in arrays of their own."""
        return Embedded(self.vectors[start:stop].copy(), self.tokens[start:stop].copy(), self.max_tokens)

    def read(self) -> tuple[ReadText, ...]:
        """What was read of each text, so that the caller can be told."""
        return tuple(ReadText(tokens, tokens > self.max_tokens) for tokens in self.tokens.tolist())


class Encoder(Protocol):
    """A model that is loaded: texts in, unit vectors out. Not for use from an event loop (see ``EncoderService``)."""

    @property
    def identity(self) -> ModelIdentity:
        """Name, revision, dimension and runtime."""
        ...

    @property
    def max_tokens(self) -> int:
        """What is read of one text, special tokens included; ``UNBOUNDED`` where a long text is read in windows to its end."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, in their order.

        Parameters
        ----------
        texts
            Any number of texts, none too; an empty text has the vector that the model gives to no words.

        Returns
        -------
        float32[len(texts), dimension]
            Unit length. The same text alone or in any batch has cosine >= .99999 to itself; bit-equality is had from stored vectors only.
        """
        ...

    def embed(self, texts: Sequence[str]) -> Embedded:
        """The same, with how many tokens each text has, special ones included; above ``max_tokens`` the rest is not read."""
        ...


def readable(text: str) -> str:
    """What a tokenizer is given: the ends stripped of white space, lone surrogates (which no tokenizer takes) as U+FFFD.

    Unicode normalisation is the tokenizer's own and part of the model; offsets are never counted in this form.
    """
    return text.strip().encode("utf-8", "surrogatepass").decode("utf-8", "replace")
