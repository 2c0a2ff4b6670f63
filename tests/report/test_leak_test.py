import msgspec
import pytest

from service.report.leak_test import LeakTest, Tried, in_words, read, written

SILENT = LeakTest(
    version="0.1.0",
    ended_at="2026-05-01T09:00:00.000000Z",
    seconds=61.5,
    operations=60,
    routes=70,
    seeds=(1, 2),
    tried=(Tried(mode="NI-C", who=("bea", "cleo"), histories=19, requests=12_345),),
    after_close=40,
    difference="",
    failures=(),
)


def test_a_result_comes_back_as_it_was_written() -> None:
    assert read(written(SILENT)) == SILENT


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"version": 1}'])
def test_what_is_no_result_is_none(data: bytes) -> None:
    assert read(data) is None


def test_a_silent_test_says_what_was_walked() -> None:
    assert in_words(SILENT) == [
        "Walked: 60 operations and 70 routes beside them, seeds 1, 2.",
        "NI-C, seen by bea, cleo: 19 histories, 12,345 requests in each world.",
        "Control: after the close 40 reads differ, as they must.",
        "No difference.",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"difference": "bea: GET /x"}, "bea: GET /x"),
        ({"failures": ("bea: GET /x 500",)}, "Failed while it was asked: bea: GET /x 500"),
        ({"after_close": 0}, "Control failed: nothing differed after the close, so the test could not have seen a leak."),
    ],
)
def test_a_test_with_a_difference_a_failure_or_a_dead_control_is_not_silent(changed: dict[str, object], said: str) -> None:
    result = msgspec.structs.replace(SILENT, **changed)
    assert not result.silent
    assert in_words(result)[-1] == said
