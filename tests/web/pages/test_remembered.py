"""A report that is kept at hand is the person's own, and goes as soon as anything it rests on changes."""

import pytest

from service.web.remembered import MOST, Remembered
from tests.web.pages.test_agreement import coded
from tests.web.pages.visiting import Site, field_of

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


def test_what_happens_in_another_round_makes_nothing_anew(here: Site, closed: str) -> None:
    """Or whoever asks again could tell by the time that somebody codes, closes, adjudicates or erases elsewhere."""

    def state() -> str:
        with here.installation.store.reading() as tx:
            return tx.reports.state(tx.rounds.get(closed))

    before = state()
    assert here.api.upload(f"/studies/{here.study}/documents", "more.csv", b"text\nanother\nand another\n").is_success
    [*_, document] = here.api.get(f"/studies/{here.study}/documents").json()
    assert document["excerpts"] == 2
    other = here.round(size=6)
    ann, ben = here.visitor("ann@example.org"), here.visitor("ben@example.org")
    for visitor, chosen in ((ann, "1"), (ben, "2")):
        path = f"/rounds/{other}/code"
        visitor.post(path, {"assignment": field_of(visitor.get(path), "assignment"), "v0": chosen})
    assert here.api.post(f"/rounds/{other}/closing").is_success
    with here.installation.store.reading() as tx:
        coded_one = tx.codings.revealed(other)[0].coding.excerpt_id
    resolved = {"excerpt_id": coded_one, "variable": "theme", "codes": ["Support"], "way": "expert", "why": "slip", "memo": ""}
    assert here.api.post(f"/rounds/{other}/resolutions", resolved).is_success
    assert here.api.delete(f"/documents/{document['id']}").is_success
    assert state() == before
