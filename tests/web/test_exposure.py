"""What a coder is shown of suggestions goes into the ledger first, and what was coded after it is not blind."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.coding.visibility import Role
from tests.installation import Caller, Installation

CODEBOOK = b"variable,code,definition\ntone,good,warm praise\ntone,bad,cold blame\n"
TEXTS = b"text\nwarm praise for all\ncold blame for all\nsomething else\n"


@dataclass
class Site:
    """A study with two coders, and its rounds planned by policy."""

    installation: Installation
    lead: Caller
    anna: Caller
    ben: Caller
    study: str

    def open_round(self, policy: str) -> str:
        """Plan and open a round of all excerpts."""
        plan = {
            "name": policy,
            "kind": "reliability",
            "policy": policy,
            "revision": 1,
            "sample": {"method": "random", "size": 3, "seed": 1},
            "coders": [self.anna.person_id, self.ben.person_id],
        }
        made: str = self.lead.post(f"/studies/{self.study}/rounds", plan).json()["id"]
        assert self.lead.post(f"/rounds/{made}/opening").json()["state"] == "open"
        return made

    def turns(self, coder: Caller, round_id: str) -> list[dict[str, Any]]:
        """List a coder's own assignments."""
        items: list[dict[str, Any]] = coder.get(f"/rounds/{round_id}/assignments").json()["items"]
        return items

    def code(self, coder: Caller, round_id: str, turn: dict[str, Any], code: str) -> None:
        """Code one assignment."""
        coding = {"assignment_id": turn["id"], "answers": [{"variable": "tone", "codes": [code]}]}
        assert coder.post(f"/rounds/{round_id}/codings", {"codings": [coding]}).is_success


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a study whose excerpts have their vectors."""
    installation = Installation(tmp_path)
    with installation.running() as client:
        lead = installation.caller(client, installation.person("lead", may_lead=True))
        study: str = lead.post("/studies", {"name": "S"}).json()["id"]
        lead.upload(f"/studies/{study}/documents", "a.csv", TEXTS)
        lead.upload(f"/studies/{study}/codebook-file", "c.csv", CODEBOOK)
        coders = [installation.caller(client, installation.member(study, login, Role.CODER)) for login in ("anna", "ben")]
        while lead.get(f"/studies/{study}/embedding").json()["done"] < 3:
            time.sleep(0.02)
        yield Site(installation, lead, coders[0], coders[1], study)


def ask(coder: Caller, round_id: str, turn: dict[str, Any], key: str | None = None) -> Any:
    """Ask for the suggestion of one assignment."""
    return coder.post(f"/rounds/{round_id}/assignments/{turn['id']}/suggestions", key=key)


def kinds(coder: Caller, round_id: str) -> list[str]:
    """List the kinds of the entries of a coder's own chain."""
    return [entry["kind"] for entry in coder.get(f"/rounds/{round_id}/ledger").json()]


def test_a_round_without_suggestions_shows_none_and_records_nothing(site: Site) -> None:
    round_id = site.open_round("none")
    refused = ask(site.anna, round_id, site.turns(site.anna, round_id)[0])
    assert refused.status_code == 423
    assert kinds(site.anna, round_id) == []


def test_after_the_own_answer_the_suggestion_opens_and_later_codings_are_assisted(site: Site) -> None:
    round_id = site.open_round("after_own_answer")
    turn = site.turns(site.anna, round_id)[0]
    assert ask(site.anna, round_id, turn).status_code == 423
    site.code(site.anna, round_id, turn, "good")
    assert ask(site.anna, round_id, turn).json()["variables"][0]["variable"] == "tone"
    site.code(site.anna, round_id, turn, "bad")
    same = next(one for one in site.turns(site.ben, round_id) if one["text"] == turn["text"])
    site.code(site.ben, round_id, same, "good")
    assert kinds(site.anna, round_id) == ["coding", "exposure", "coding"]
    site.lead.post(f"/rounds/{round_id}/closing")
    report = site.ben.get(f"/rounds/{round_id}/agreement").json()["agreement"]
    assert (report["codings"], report["assisted"]) == (2, 1)
    assert report["variables"][0]["percent"]["value"] == 1
    verdicts = [one["verdict"] for one in site.lead.get(f"/rounds/{round_id}/codings").json()]
    assert sorted(verdicts) == ["assisted", "blind", "blind"]


def test_the_same_request_again_is_one_exposure_and_the_same_suggestion(site: Site) -> None:
    round_id = site.open_round("before")
    turn = site.turns(site.anna, round_id)[0]
    first, second = (ask(site.anna, round_id, turn, key="k") for _ in range(2))
    assert first.content == second.content
    assert kinds(site.anna, round_id) == ["exposure"]


def test_nobody_is_shown_a_suggestion_for_anothers_assignment(site: Site) -> None:
    round_id = site.open_round("before")
    turn = site.turns(site.anna, round_id)[0]
    assert ask(site.ben, round_id, turn).status_code == 404
    assert kinds(site.ben, round_id) == []


def test_free_texts_get_no_suggestion_from_whoever_codes_in_an_open_round(site: Site) -> None:
    round_id = site.open_round("before")
    question = {"texts": ["warm"], "codebook": {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "a"}]}]}}
    assert site.anna.post("/suggestions", question).status_code == 423
    assert site.lead.post("/suggestions", question).status_code == 200
    site.lead.post(f"/rounds/{round_id}/closing")
    assert site.anna.post("/suggestions", question).status_code == 200


def test_an_unblinding_is_printed_on_the_report(site: Site) -> None:
    round_id = site.open_round("none")
    site.code(site.anna, round_id, site.turns(site.anna, round_id)[0], "good")
    opened = site.lead.post(f"/rounds/{round_id}/unblinding", {"person_id": site.anna.person_id, "reason": "a question of hers"})
    assert [coding["content"]["answers"][0]["codes"] for coding in opened.json()] == [["good"]]
    assert "unblinded" not in kinds(site.anna, round_id)
    site.lead.post(f"/rounds/{round_id}/closing")
    report = site.ben.get(f"/rounds/{round_id}/agreement").json()
    assert [one["reason"] for one in report["unblinded"]] == ["a question of hers"]


def test_handing_in_locks_the_own_codings_and_shows_who_else_has(site: Site) -> None:
    round_id = site.open_round("none")
    turn = site.turns(site.anna, round_id)[0]
    assert site.anna.get(f"/rounds/{round_id}/progress").json()["others_handed_in"] is None
    site.ben.post(f"/rounds/{round_id}/hand-in")
    assert site.anna.get(f"/rounds/{round_id}/progress").json()["others_handed_in"] is None
    assert site.anna.post(f"/rounds/{round_id}/hand-in").json()["others_handed_in"] == ["Ben"]
    late = {"assignment_id": turn["id"], "skip": "too late"}
    assert site.anna.post(f"/rounds/{round_id}/codings", {"codings": [late]}).status_code == 409
