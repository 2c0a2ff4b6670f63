import pytest

from service.leaktest.cast import Cast
from tests.blindness.many import WAYS, faults_on_many


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_silent_on_many_histories(cast: Cast, way: str) -> None:
    assert faults_on_many(cast, way) == []


@pytest.mark.parametrize("way", ["NI-P and NI-W", "coalition"])
def test_silent_on_a_few_histories(cast: Cast, way: str) -> None:
    """A small share of the long run; work is compared together with presence."""
    assert faults_on_many(cast, way, examples=4) == []
