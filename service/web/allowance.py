"""How much one principal may ask of the model: so many texts a minute, counted for each by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from threading import Lock

from service.errors import TooMany

_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Left:
    """What was left at a moment, in texts."""

    texts: float
    at: float


def after(left: Left | None, now: float, *, per_minute: int) -> float:
    """Give what is left now: it grows evenly and never beyond a minute's worth."""
    if left is None:
        return float(per_minute)
    return min(float(per_minute), left.texts + (now - left.at) * per_minute / 60)


class Allowance:
    """Counts texts for each principal, in this process only; ``clock`` gives seconds that never go back."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: dict[str, Left] = {}
        self._lock = Lock()

    def take(self, principal: str, texts: int) -> None:
        """Take from a principal's allowance, or refuse and say when it is enough; a call of more than a minute's worth takes all of it."""
        with self._lock:
            now = self._clock()
            there = after(self._left.get(principal), now, per_minute=self._per_minute)
            wanted = min(texts, self._per_minute)
            if wanted <= there:
                self._forget_full(now)
                self._left[principal] = Left(there - wanted, now)
                return
            seconds = max(1, ceil((wanted - there) * 60 / self._per_minute))
        message = f"This is more than your {self._per_minute:,} texts a minute. Wait {seconds} seconds, or send fewer at a time."
        raise TooMany(message, retry_after=seconds)

    def _forget_full(self, now: float) -> None:
        if len(self._left) >= _MOST_KEPT:
            self._left = {key: one for key, one in self._left.items() if after(one, now, per_minute=self._per_minute) < self._per_minute}
