import pytest

from service.leaktest.cast import Cast
from service.leaktest.histories import EACH, Coded, Helped, History, by_h
from service.leaktest.running import drawn
from tests.blindness.leaks import LEAKS, looked_for
from tests.blindness.planting import Leak


def varied(number: int) -> History:
    """Give random codings of a seed, and suggestions that H asked for, to come before a leak's own history.

    Acts that end things would end what a leak could show, and what B itself warms or skips in both worlds is so whoever else was there.
    """
    acts = [act for history in drawn(EACH, number, 4) for act in history]
    return tuple(
        act
        for act in acts
        if (isinstance(act, Coded) and (by_h(act, EACH) or not act.first.skipped)) or (isinstance(act, Helped) and by_h(act, EACH))
    )


@pytest.mark.long
@pytest.mark.parametrize("number", [2, 3, 5])
@pytest.mark.parametrize("leak", [pytest.param(one, id=f"{one.channel} {one.name}") for one in LEAKS])
def test_the_leak_is_caught_whatever_came_before(leak: Leak, number: int, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = looked_for(leak, cast, monkeypatch, varied(number))
    assert comparison.told is not None, comparison.failed[:1] or "missed"
