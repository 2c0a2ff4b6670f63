"""Leaks planted on purpose, each named after the channel it opens; the two-world test has to find every one.

A leak changes one built application inside the test's process: a function of it is replaced, a route is added, or what it
sends is dressed. The service itself holds no leak that could be switched on.
"""

import pytest

from service.leaktest.cast import Cast
from service.leaktest.comparison import Comparison, Trial, plain
from service.leaktest.histories import History
from service.leaktest.worlds import compare
from tests.blindness import leaks_added, leaks_of_work, leaks_replaced
from tests.blindness.planting import PLANTED, Leak, Patch

__all__ = ["LEAKS", "WITHOUT_A_LEAK", "leaks_added", "leaks_of_work", "leaks_replaced"]

LEAKS: tuple[Leak, ...] = tuple(PLANTED)
WITHOUT_A_LEAK = {
    "L42": "static",
    "L43": "static",
    "L46": "declared residual",
}
"""Channels that no leak is planted for, and why."""

each_replaced = pytest.mark.parametrize("leak", [pytest.param(one, id=f"{one.channel} {one.name}") for one in LEAKS if one.dress is plain])
each_added = pytest.mark.parametrize("leak", [pytest.param(one, id=f"{one.channel} {one.name}") for one in LEAKS if one.dress is not plain])


def looked_for(leak: Leak, cast: Cast, patch: Patch, before: History = ()) -> Comparison:
    """Plant a leak and compare the worlds."""
    leak.plant(patch)
    return compare(cast, Trial(mode=leak.mode, history=(*before, *leak.history), dress=leak.dress, thin=leak.thin, askers=leak.askers))
