"""A draft says which of its coders have seen what, and proposes what is free of it."""

from typing import Any

import pytest

from service.coding.visibility import Role
from tests.web.pages.visiting import Site


def planned(here: Site, coders: list[str], *, size: int = 6, revision: int = 1, excerpts: list[str] | None = None) -> dict[str, Any]:
    sample: dict[str, object] = {"method": "random", "size": size, "seed": 1}
    if excerpts:
        sample = {"method": "chosen", "excerpts": excerpts, "seed": 1}
    plan = {"name": "Round 2", "kind": "reliability", "policy": "none", "revision": revision, "sample": sample, "coders": coders}
    answer = here.api.post(f"/studies/{here.study}/rounds", plan)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def closed(here: Site) -> str:
    """Give a closed round of four of the six excerpts."""
    round_ = here.round(size=4)
    here.api.post(f"/rounds/{round_}/closing")
    return round_


def test_a_plan_names_who_is_exposed_for_how_many_and_what_is_fresh(here: Site, closed: str) -> None:
    new = here.installation.member(here.study, "eva@example.org", Role.CODER)
    found = planned(here, [here.coders[0], new])["exposure"]
    assert [(one["person_id"], one["excerpts"]) for one in found["coders"]] == [(here.coders[0], 4)]
    assert (found["of"], found["fresh"], found["fresh_excerpts"]) == (6, 0, [])
    assert found["other_coders"] == []
    assert any("4 of the 6 excerpts" in said for said in found["advice"])
    assert closed


def test_what_it_proposes_is_free_of_exposure(here: Site, closed: str) -> None:
    here.installation.member(here.study, "eva@example.org", Role.CODER)
    seen = planned(here, list(here.coders), size=6)["exposure"]
    assert seen["other_coders"] == ["Eva@Example.Org"]
    found = planned(here, list(here.coders), size=2)["exposure"]
    fresh = found["fresh_excerpts"]
    assert found["fresh"] == len(fresh) > 0
    again = planned(here, list(here.coders), excerpts=fresh)["exposure"]
    assert (again["coders"], again["advice"]) == ([], [])
    assert closed


def test_a_lead_who_will_code_learns_no_excerpts(here: Site, closed: str) -> None:
    lead = here.api.person_id
    draft = planned(here, [lead, here.coders[0]], size=1)
    assert draft["exposure"]["fresh_excerpts"] is None
    assert closed


def test_the_drafts_page_says_it_before_the_round_is_opened(here: Site, closed: str) -> None:
    draft = planned(here, list(here.coders))
    page = here.visitor("lead@example.org").get(f"/rounds/{draft['id']}").text
    assert "Before you open it" in page
    assert "could see peers" in page
    here.api.post(f"/rounds/{draft['id']}/opening")
    assert here.api.get(f"/rounds/{draft['id']}").json()["exposure"] is None
    assert "Before you open it" not in here.visitor("lead@example.org").get(f"/rounds/{draft['id']}").text
    assert closed


def test_a_change_of_meaning_proposes_fresh_excerpts_or_new_coders(here: Site, closed: str) -> None:
    retire = {"operation": "retire", "variable": "theme", "code": "Clarity"}
    here.api.post(f"/studies/{here.study}/codebook/operations", {"revision": 1, "operation": retire})
    fresh = [here.installation.member(here.study, f"{name}@example.org", Role.CODER) for name in ("eva", "fay")]
    found = planned(here, fresh, revision=2)["exposure"]
    assert (found["coders"], found["meaning_changed"]) == ([], [2])
    assert any("changed what codes mean" in said for said in found["advice"])
    rename = {"operation": "rename", "variable": "theme", "code": "Support", "to": "Help"}
    here.api.post(f"/studies/{here.study}/codebook/operations", {"revision": 2, "operation": rename, "edit": "minor"})
    assert planned(here, fresh, revision=3)["exposure"]["meaning_changed"] == [2]
    assert closed


def test_a_first_round_runs_into_nothing(here: Site) -> None:
    found = planned(here, list(here.coders))["exposure"]
    assert (found["coders"], found["meaning_changed"], found["advice"]) == ([], [], [])
    assert here.api.get(f"/studies/{here.study}/rounds").json()[0]["exposure"] is None
