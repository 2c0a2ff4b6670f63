"""A report that is kept at hand is the person's own, and goes as soon as anything it rests on changes."""

import pytest

from service.web.remembered import MOST, Remembered
from tests.web.pages.test_agreement import coded
from tests.web.pages.visiting import Site

ANSWERS = {"0": "1", "1": "1", "2": "2", "3": "2", "4": "none", "5": "0"}


@pytest.fixture
def closed(here: Site) -> str:
    round_ = here.round(size=6)
    coded(here.visitor("ann@example.org"), round_, ANSWERS, memo="Ann wondered")
    coded(here.visitor("ben@example.org"), round_, ANSWERS | {"5": "2"})
    here.api.post(f"/rounds/{round_}/closing")
    return round_


def test_it_is_made_once_and_the_least_used_goes_first_whatever_others_keep() -> None:
    remembered, made = Remembered(), list[int]()

    def make(number: int) -> int:
        made.append(number)
        return number

    for number in [*range(MOST), 0, MOST, 0, 1]:
        assert remembered.get("ann", number, lambda number=number: make(number)) == number
        for other in range(2 * MOST):
            remembered.get("ben", (number, other), lambda: None)
    assert made == [*range(MOST), MOST, 1]


def test_an_erasure_is_seen_at_once(here: Site, closed: str) -> None:
    lead = here.visitor("lead@example.org")
    before = here.api.get(f"/rounds/{closed}/agreement").json()["agreement"]
    assert "Ann wondered" in lead.get(f"/rounds/{closed}/agreement").text
    [document] = here.api.get(f"/studies/{here.study}/documents").json()
    assert here.api.delete(f"/documents/{document['id']}").is_success
    after = here.api.get(f"/rounds/{closed}/agreement").json()["agreement"]
    assert (before["erased"], after["erased"]) == (0, 12)
    assert "Ann wondered" not in lead.get(f"/rounds/{closed}/agreement").text


def test_a_reopening_hides_it_and_the_next_close_says_so(here: Site, closed: str) -> None:
    assert here.api.get(f"/rounds/{closed}/agreement").is_success
    assert here.api.post(f"/rounds/{closed}/reopening", {"reason": "a page was missing"}).is_success
    assert here.api.get(f"/rounds/{closed}/agreement").status_code == 404
    assert here.api.post(f"/rounds/{closed}/closing").is_success
    [reopened] = here.api.get(f"/rounds/{closed}/agreement").json()["reopened"]
    assert reopened["reason"] == "a page was missing"


def test_more_or_fewer_excerpts_are_listed_as_asked(here: Site, closed: str) -> None:
    for asked, listed in ((1, 1), (0, 0), (100, 1)):
        [variable] = here.api.get(f"/rounds/{closed}/agreement?disagreements={asked}").json()["agreement"]["variables"]
        assert (len(variable["disagreements"]), variable["disagreeing"]) == (listed, 1)
