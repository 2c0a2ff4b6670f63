"""What is kept at hand, for each principal on an own shelf: how much others ask for decides nothing about what is there.

One shelf for all would tell: whoever finds something gone that was there a moment ago learns that others have been busy.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")
IDLE_S = 900.0
"""A shelf that its owner has not used for so long is empty; that bounds the memory by who is active."""


@dataclass
class _Shelf(Generic[T]):
    used: float
    things: OrderedDict[Hashable, T] = field(default_factory=OrderedDict[Hashable, T])


class Shelves(Generic[T]):
    """Keeps things for owners; on each shelf the least used goes first once the rest weighs more than ``most``."""

    def __init__(self, most: int, *, weigh: Callable[[T], int] = lambda _: 1, clock: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._weigh = weigh
        self._clock = clock
        self._shelves: dict[str, _Shelf[T]] = {}
        self._lock = Lock()

    def get(self, owner: str, key: Hashable) -> T | None:
        """Give what an owner has under a key, if it is still there."""
        with self._lock:
            shelf = self._of(owner)
            if key in shelf.things:
                shelf.things.move_to_end(key)
            return shelf.things.get(key)

    def put(self, owner: str, key: Hashable, thing: T) -> None:
        """Keep something for an owner; a single thing stays however much it weighs."""
        with self._lock:
            things = self._of(owner).things
            things[key] = thing
            while len(things) > 1 and sum(map(self._weigh, things.values())) > self._most:
                things.popitem(last=False)

    def _of(self, owner: str) -> _Shelf[T]:
        now = self._clock()
        for name in [name for name, shelf in self._shelves.items() if now - shelf.used > IDLE_S]:
            del self._shelves[name]
        shelf = self._shelves.setdefault(owner, _Shelf(now))
        shelf.used = now
        return shelf
