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


class Encoder(Protocol):
    """A model that is loaded: texts in, unit vectors out. Not for use from an event loop (see ``EncoderService``)."""

    @property
    def identity(self) -> ModelIdentity:
        """Name, revision, dimension and runtime."""
        ...

    @property
    def max_tokens(self) -> int:
        """What the model reads of one text, its special tokens included."""
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

    def token_counts(self, texts: Sequence[str]) -> Counts:
        """How many tokens each text has, special ones included, before anything is cut; above ``max_tokens`` the rest is not read."""
        ...


def truncated(encoder: Encoder, texts: Sequence[str]) -> tuple[bool, ...]:
    """Which texts are longer than the model reads, so that the caller can say so."""
    return tuple(bool(long) for long in encoder.token_counts(texts) > encoder.max_tokens)


def readable(text: str) -> str:
    """What a tokenizer is given: the ends stripped of white space, lone surrogates (which no tokenizer takes) as U+FFFD.

    Unicode normalisation is the tokenizer's own and part of the model; offsets are never counted in this form.
    """
    return text.strip().encode("utf-8", "surrogatepass").decode("utf-8", "replace")
