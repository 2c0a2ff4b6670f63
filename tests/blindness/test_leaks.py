from collections import Counter

import pytest

from tests.blindness.cast import Cast
from tests.blindness.histories import EXAMPLE
from tests.blindness.leaks import LEAKS, Leak
from tests.blindness.worlds import compare

WITHOUT_A_LEAK = {
    "L21": "no language model yet",
    "L22": "mode W or T",
    "L25": "no event stream",
    "L31": "no mail",
    "L39": "mode W or T",
    "L42": "static",
    "L43": "static",
    "L46": "declared residual",
}
"""Channels that no leak is planted for, and why."""


@pytest.mark.parametrize("leak", [pytest.param(leak, id=f"{leak.channel} {leak.name}") for leak in LEAKS])
def test_the_leak_is_caught(leak: Leak, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    leak.plant(monkeypatch)
    comparison = compare(cast, leak.mode, EXAMPLE, leak.dress, thin=leak.thin, askers=leak.askers)
    assert comparison.told is not None, comparison.failed[:1] or "missed"


def test_every_channel_has_a_leak_or_a_reason() -> None:
    channels = {f"L{number}" for number in range(1, 47)}
    assert {leak.channel for leak in LEAKS} == channels - set(WITHOUT_A_LEAK)


def test_leaks_have_names_of_their_own() -> None:
    assert max(Counter(leak.name for leak in LEAKS).values()) == 1
