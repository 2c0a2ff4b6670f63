"""A round of randomised suggestions over HTTP: each turn by its arm, nothing of arms before the close, effects on the report."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.coding.model import Arm
from tests.installation import Caller, Installation
from tests.web.pages.test_coding import background_has_vectors
from tests.web.pages.visiting import Site, field_of, site

CODES = ("Support", "Supervision", "Clarity")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        made = site(installation, client)
        background_has_vectors(made)
        yield made
    installation.store.close()


def coders(here: Site) -> list[Caller]:
    return [here.installation.caller(here.client, person) for person in here.coders]


def turns(coder: Caller, round_: str) -> list[str]:
    return [turn["id"] for turn in coder.get(f"/rounds/{round_}/assignments").json()["items"]]


def arms(here: Site, round_: str) -> dict[str, Arm | None]:
    with here.installation.store.reading() as tx:
        return {str(turn.id): turn.arm for turn in tx.assignments.of(round_)}


def ask(coder: Caller, round_: str, turn: str) -> Any:
    return coder.post(f"/rounds/{round_}/assignments/{turn}/suggestions")


def give(coder: Caller, round_: str, turn: str, code: str) -> None:
    body = {"codings": [{"assignment_id": turn, "answers": [{"variable": "theme", "codes": [code]}]}]}
    assert coder.post(f"/rounds/{round_}/codings", body).is_success


def code_all(here: Site, round_: str, drawn: dict[str, Arm | None]) -> dict[str, str]:
    """Let everybody code every turn, following each suggestion that is shown; give those shown after an own answer."""
    suggested: dict[str, str] = {}
    for coder in coders(here):
        for turn in turns(coder, round_):
            first = ask(coder, round_, turn)
            assert first.status_code == (201 if drawn[turn] is Arm.BEFORE else 423)
            own = "Clarity"
            if first.is_success:
                own = first.json()["variables"][0]["codes"][0]["code"]
            give(coder, round_, turn, own)
            again = ask(coder, round_, turn)
            assert again.status_code == (423 if drawn[turn] is Arm.NEVER else 201)
            if drawn[turn] is Arm.AFTER:
                suggested[turn] = again.json()["variables"][0]["codes"][0]["code"]
                give(coder, round_, turn, suggested[turn])
    return suggested


def test_each_turn_is_shown_a_suggestion_by_its_arm_and_the_report_says_what_that_did(here: Site) -> None:
    round_ = here.round(size=6, policy="randomised")
    drawn = arms(here, round_)
    assert Counter(drawn.values()) == {Arm.BEFORE: 4, Arm.AFTER: 4, Arm.NEVER: 4}
    suggested = code_all(here, round_, drawn)
    assert here.api.post(f"/rounds/{round_}/closing").is_success
    report = here.api.get(f"/rounds/{round_}/agreement").json()
    [effects] = report["assistance"]
    assert [(arm["arm"], arm["turns"], arm["coded"], arm["shown"]) for arm in effects["arms"]] == [
        ("before", 4, 4, 4),
        ("after", 4, 4, 4),
        ("never", 4, 4, 0),
    ]
    assert effects["given_before"]["value"] == 1
    moved = [code for code in suggested.values() if code != "Clarity"]
    assert effects["flips"]["value"] == (1 if moved else None)
    assert "carry-over" in effects["limit"]
    assert isinstance(report["arm_seed"], int)
    agreement = report["agreement"]
    assert agreement["codings"] == 8  # blind: the four of never, and the own answers of the four of after
    assert agreement["assisted"] == 8  # the four of before, and the four corrections of after
    page = here.visitor("lead@example.org").get(f"/rounds/{round_}/agreement").text
    assert "How far suggestions moved the codings" in page
    assert f"seed {report['arm_seed']}" in page
    assert "Before: 4 turns, 4 coded, 4 shown a suggestion; after: 4 turns" in page


def test_a_coder_and_the_lead_read_nothing_of_arms_before_the_close(here: Site) -> None:
    round_ = here.round(policy="randomised")
    with here.installation.store.reading() as tx:
        seed = tx.session.connection.exec_driver_sql("SELECT arm_seed FROM rounds").scalar()
    ann = coders(here)[0]
    reads = [ann.get(f"/rounds/{round_}{path}").text for path in ("", "/assignments", "/progress", "/own-codings", "/ledger", "/codebook")]
    reads += [here.api.get(f"/rounds/{round_}{path}").text for path in ("", "/completion")]
    assert seed is not None
    assert all("arm" not in text and str(seed) not in text for text in reads)


def test_on_the_page_a_turn_of_after_stays_for_the_suggestion_and_the_others_go_on(here: Site) -> None:
    round_ = here.round(size=6, policy="randomised")
    drawn = arms(here, round_)
    ann, api = here.visitor("ann@example.org"), coders(here)[0]
    code = f"/rounds/{round_}/code"
    for position, turn in enumerate(turns(api, round_)):
        page = ann.get(f"{code}?at={position}")
        assert field_of(page, "assignment") == turn
        assert ("Show the suggestion" in page.text) == (drawn[turn] is Arm.BEFORE)
        stored = ann.posted(code, {"assignment": turn, "v0": "1"})
        stays = drawn[turn] is Arm.AFTER
        assert stored.headers["location"] == (f"{code}?at={position}" if stays else code)
        after = ann.get(f"{code}?at={position}")
        assert ("Show the suggestion" in after.text) == (drawn[turn] is not Arm.NEVER)
        assert "Go on without a change" in after.text
        assert ann.posted(code, {"assignment": turn, "v0": "2"}).headers["location"] == code  # a correction goes on


def test_another_policy_has_no_arms(here: Site) -> None:
    round_ = here.round(policy="before")
    assert set(arms(here, round_).values()) == {None}
    here.api.post(f"/rounds/{round_}/closing")
    report = here.api.get(f"/rounds/{round_}/agreement").json()
    assert (report["assistance"], report["arm_seed"]) == ([], None)
