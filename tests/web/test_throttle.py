"""Wrong passwords are counted for one name from one address, for a minute."""

from datetime import timedelta

import pytest

from service.errors import TooMany
from service.web.throttle import MOST_FAILURES, Throttle, network, wait
from tests.fakes import BEGINNING


def test_ten_failures_within_a_minute_are_allowed_and_the_eleventh_try_waits_for_the_first_to_be_a_minute_old() -> None:
    failures = [BEGINNING + timedelta(seconds=second) for second in range(MOST_FAILURES)]
    assert wait(failures[:-1], failures[-1]) == 0
    assert wait(failures, BEGINNING + timedelta(seconds=10)) == 50
    assert wait(failures, BEGINNING + timedelta(seconds=60)) == 0


def test_the_order_in_which_failures_are_kept_does_not_matter() -> None:
    failures = [BEGINNING + timedelta(seconds=second) for second in range(15)]
    assert wait(failures[::-1], BEGINNING + timedelta(seconds=20)) == wait(failures, BEGINNING + timedelta(seconds=20)) == 45


@pytest.mark.parametrize(
    ("login", "address", "waits"),
    [
        ("ann", "192.0.2.1", True),
        ("ANN", "192.0.2.1", True),
        ("ben", "192.0.2.1", False),
        ("ann", "192.0.2.2", False),
        ("ann", "", False),
    ],
)
def test_only_the_same_name_from_the_same_address_waits(login: str, address: str, *, waits: bool) -> None:
    throttle = Throttle()
    for _ in range(MOST_FAILURES):
        throttle.failed("ann", "192.0.2.1", BEGINNING)
    if waits:
        with pytest.raises(TooMany) as refusal:
            throttle.check(login, address, BEGINNING)
        assert refusal.value.retry_after == 60
    else:
        throttle.check(login, address, BEGINNING)


def test_who_gets_in_begins_anew() -> None:
    throttle = Throttle()
    for _ in range(MOST_FAILURES):
        throttle.failed("ann", "192.0.2.1", BEGINNING)
    throttle.passed("ann", "192.0.2.1")
    throttle.check("ann", "192.0.2.1", BEGINNING)
    throttle.failed("ann", "192.0.2.1", BEGINNING)
    throttle.check("ann", "192.0.2.1", BEGINNING)
    assert wait([BEGINNING], BEGINNING) == 0


def test_an_ipv6_subscriber_is_one_address() -> None:
    assert network("2001:db8:1:2:3::4") == network("2001:db8:1:2:ffff::1") != network("2001:db8:1:3::1")
    assert network("not an address") == "not an address"
