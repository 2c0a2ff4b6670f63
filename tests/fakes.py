"""One working fake for each seam to an outside thing: the clock, random bytes, the encoder."""

from datetime import datetime, timedelta

import numpy as np

from service.leaktest.fakes import BEGINNING, HashEncoder

__all__ = ["BEGINNING", "HashEncoder", "SeededEntropy", "VirtualClock"]


class VirtualClock:
    """Time that passes only when the test says so, and one microsecond each time it is read, as real clocks do."""

    def __init__(self, begins: datetime = BEGINNING) -> None:
        self._now = begins

    def now(self) -> datetime:
        """Give the present virtual time."""
        self._now += timedelta(microseconds=1)
        return self._now

    def passes(self, span: timedelta) -> None:
        """Let time pass."""
        self._now += span


class SeededEntropy:
    """Random bytes that are the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._stream = np.random.default_rng(seed)

    def bytes(self, count: int) -> bytes:
        """Give the next ``count`` bytes of the seed's stream."""
        return self._stream.bytes(count)
