import re
from pathlib import Path

from service.coding.model import RoundState
from service.coding.visibility import SEES, Sight
from service.leaktest.differences import MASKED_HEADERS, RENAMED
from tests.blindness.leaks import LEAKS, WITHOUT_A_LEAK

PAGE = (Path(__file__).parent.parent.parent / "docs" / "blindness.md").read_text()


def test_the_page_says_who_sees_what() -> None:
    for stance, states in SEES.items():
        cells = [", ".join(sight.value for sight in Sight if sight in states[state]) or "–" for state in RoundState]
        assert f"| {stance.value} | {' | '.join(cells)} |" in PAGE


def test_the_page_names_every_channel() -> None:
    table = PAGE.partition("## Channels")[2]
    named = set(re.findall(r"L\d+", table))
    assert named == {leak.channel for leak in LEAKS} | set(WITHOUT_A_LEAK)


def test_the_page_names_everything_that_may_differ() -> None:
    table = PAGE.partition("## What may differ")[2].partition("## ")[0]
    assert table.count("\n| ") - 1 == len(MASKED_HEADERS) + len(RENAMED)
    assert all(header.decode() in table.lower() for header in MASKED_HEADERS)
