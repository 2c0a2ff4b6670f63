from pathlib import Path

import pytest

from service.leaktest.cast import BEA, Cast
from tests.blindness.timing import BOUND_NS, PAIRS, Sides, flagged, medians, paths, prepared

FAR, NEAR = 2 * BOUND_NS, BOUND_NS // 2


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([FAR] * 8, True),
        ([-FAR] * 8, True),
        ([FAR] * 7 + [-NEAR], True),
        ([FAR] * 6 + [-NEAR] * 2, False),
        ([NEAR] * 8, False),
        ([FAR] * 4 + [-FAR] * 4, False),
        ([BOUND_NS] * 8, False),
    ],
)
def test_sides_are_told_apart_by_size_and_by_direction(found: list[int], wanted: bool) -> None:
    assert flagged(found) is wanted


@pytest.mark.long
def test_times_do_not_tell_how_much_another_has_coded(cast: Cast, tmp_path: Path) -> None:
    """Void, and skipped with its figures, unless the planted leak is flagged and two equal sides are not."""
    empty, coded = prepared(cast, tmp_path / "empty", coded=False), prepared(cast, tmp_path / "coded", coded=True)
    asked, secret = paths(cast), cast.secrets[BEA]
    control = medians(Sides(empty, coded, leaking=True), asked[:1], secret)[asked[0]]
    equals = medians(Sides(empty, empty), asked[:1], secret)[asked[0]]
    if not flagged(control) or flagged(equals):
        pytest.skip(f"void: the machine is too busy to tell (planted leak {control}, equal sides {equals}, in ns)")
    found = medians(Sides(empty, coded), asked, secret)
    assert all(len(one) == PAIRS for one in found.values())
    assert {path: one for path, one in found.items() if flagged(one)} == {}
