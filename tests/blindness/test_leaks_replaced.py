from collections import Counter

import pytest

from service.leaktest.cast import Cast
from tests.blindness.leaks import LEAKS, WITHOUT_A_LEAK, each_replaced, looked_for
from tests.blindness.planting import Leak


@each_replaced
def test_the_leak_is_caught(leak: Leak, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = looked_for(leak, cast, monkeypatch)
    assert comparison.told is not None, comparison.failed[:1] or "missed"


def test_every_channel_has_a_leak_or_a_reason() -> None:
    channels = {f"L{number}" for number in range(1, 47)}
    assert {leak.channel for leak in LEAKS} == channels - set(WITHOUT_A_LEAK)


def test_leaks_have_names_of_their_own() -> None:
    assert max(Counter(leak.name for leak in LEAKS).values()) == 1
