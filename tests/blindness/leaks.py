"""Leaks planted on purpose, each named after the channel it opens; the two-world test has to find every one.

A leak changes one built application inside the test's process: a function of it is replaced, a route is added, or what it
sends is dressed. The service itself holds no leak that could be switched on.
"""

from tests.blindness import leaks_added, leaks_replaced
from tests.blindness.planting import PLANTED, Leak

__all__ = ["LEAKS", "Leak", "leaks_added", "leaks_replaced"]

LEAKS: tuple[Leak, ...] = tuple(PLANTED)
