"""What stands in for the clock, random bytes and the encoder, so that two worlds differ by nothing but their history."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from service.embedding import Embedded, ModelIdentity, Vectors

BEGINNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class HashEncoder:
    """The same text, the same unit vector, on every machine: words that two texts share bring their vectors together."""

    def __init__(self, *, name: str = "hash", revision: str = "1", dimension: int = 64) -> None:
        self.identity = ModelIdentity(name, revision, dimension, "hash of words")
        self.max_tokens = 256
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Give a unit vector for each text."""
        self.asked.extend(texts)
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.identity.dimension)

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Give the vectors with the number of words, and two for the ends."""
        return Embedded(self.encode(texts), np.array([len(text.split()) + 2 for text in texts], np.int32), self.max_tokens)

    def _vector(self, text: str) -> Vectors:
        words = [*text.lower().split(), f"whole {text}"]
        total = np.sum([_integers(word, self.identity.dimension) for word in words], axis=0)
        return (total / np.linalg.norm(total)).astype(np.float32)


def _integers(word: str, count: int) -> NDArray[np.float64]:
    """Whole numbers from -8 to 7, so that sums are exact and their order does not matter."""
    data = hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(count)
    return np.frombuffer(data, np.uint8).astype(np.float64) % 16 - 8


class StillClock:
    """Time that stands still within a moment, so that one reader's extra look at the clock moves nobody's times."""

    def __init__(self) -> None:
        self._now = BEGINNING

    def now(self) -> datetime:
        """Give the moment's time."""
        return self._now

    def at(self, moment: int) -> None:
        """Go to a moment, one minute each."""
        self._now = BEGINNING + timedelta(minutes=moment)


class MomentEntropy:
    """Random bytes that depend on the moment and on what was drawn in it, so that no other moment's draws shift them."""

    def __init__(self) -> None:
        self._moment = 0
        self._drawn = 0

    def bytes(self, count: int) -> bytes:
        """Give the moment's next ``count`` bytes."""
        self._drawn += 1
        return hashlib.shake_256(f"{self._moment}.{self._drawn}".encode()).digest(count)

    def at(self, moment: int) -> None:
        """Go to a moment."""
        self._moment, self._drawn = moment, 0
