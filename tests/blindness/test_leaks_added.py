import pytest

from service.leaktest.cast import Cast
from tests.blindness.leaks import each_added, looked_for
from tests.blindness.planting import Leak


@each_added
def test_the_leak_is_caught(leak: Leak, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = looked_for(leak, cast, monkeypatch)
    assert comparison.told is not None, comparison.failed[:1] or "missed"
