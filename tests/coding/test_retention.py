"""When a study's content has to go."""

from datetime import UTC, datetime, timedelta

import pytest

from service.coding.model import PersonId, RoundState
from service.coding.retention import Retention, due_at, is_due

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def kept(*, days: int | None = None, until: datetime | None = None) -> Retention:
    return Retention(days=days, until=until, by=PersonId("lea"))


@pytest.mark.parametrize(
    ("policy", "closes", "due"),
    [
        pytest.param(kept(days=10), [NOW - 12 * DAY, NOW - 3 * DAY], NOW + 7 * DAY, id="days count from the last close"),
        pytest.param(kept(days=10), [], None, id="nothing was closed"),
        pytest.param(kept(until=NOW), [NOW - DAY], NOW, id="a date"),
        pytest.param(kept(days=10, until=NOW), [NOW - DAY], NOW, id="of both the earlier, the date"),
        pytest.param(kept(days=10, until=NOW + 90 * DAY), [NOW - DAY], NOW + 9 * DAY, id="of both the earlier, the days"),
        pytest.param(kept(), [NOW], None, id="neither"),
        pytest.param(kept(days=1), [datetime(2028, 2, 28, 12, tzinfo=UTC)], datetime(2028, 2, 29, 12, tzinfo=UTC), id="a leap day"),
    ],
)
def test_when_it_is_due(policy: Retention, closes: list[datetime], due: datetime | None) -> None:
    assert due_at(policy, closes) == due


def test_it_goes_at_that_moment_and_not_while_somebody_codes() -> None:
    policy, closes = kept(days=10), [NOW - 10 * DAY]
    assert is_due(policy, closes, [RoundState.CLOSED], NOW)
    assert not is_due(policy, closes, [RoundState.CLOSED], NOW - timedelta(microseconds=1))
    assert not is_due(policy, closes, [RoundState.CLOSED, RoundState.OPEN], NOW)
    assert not is_due(policy, closes, [RoundState.REOPENED], NOW)
    assert is_due(policy, closes, [RoundState.DRAFT, RoundState.ARCHIVED], NOW)
    assert not is_due(kept(days=10), [], [], NOW)
