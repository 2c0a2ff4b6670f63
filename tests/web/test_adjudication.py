"""Reopening and adjudicating over HTTP: who may, what is said to whom, and that nothing is done twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.coding.model import RoundId
from service.coding.visibility import Role
from tests.installation import Caller, Installation
from tests.store.scene import Scene, one


class Study:
    """A study whose two coders part on half of the excerpts of a closed round, and an adjudicator."""

    def __init__(self, installation: Installation, client: Any, *, names_hidden: bool) -> None:
        self.installation = installation
        self.client = client
        self.scene = Scene.in_store(installation.store)
        self.round = self.closed(names_hidden=names_hidden)
        self.lead, self.ann, self.ben = (installation.caller(client, person) for person in (self.scene.lead, *self.scene.coders))
        self.ada = self.member("ada", Role.ADJUDICATOR)

    def closed(self, *, names_hidden: bool = False) -> RoundId:
        round_id = self.scene.plan(names_hidden=names_hidden)
        with self.scene.store.writing() as tx:
            tx.rounds.open(round_id, self.scene.lead)
        for person, second in zip(self.scene.coders, ("hope", "fear"), strict=True):
            given = {excerpt: "hope" if place < 3 else second for place, excerpt in enumerate(self.scene.excerpts)}
            turns = self.scene.turns(round_id, person)
            self.scene.submit(round_id, person, [(turn.id, one(given[turn.excerpt_id], memo="a memo")) for turn in turns])
        self.scene.close(round_id)
        return round_id

    def member(self, login: str, role: Role) -> Caller:
        return self.installation.caller(self.client, self.installation.member(self.scene.study, login, role))

    def resolution(self, place: int, **more: Any) -> dict[str, Any]:
        said = {"excerpt_id": self.scene.excerpts[place], "variable": "theme", "codes": ["hope"], "way": "discussion", "why": "slip"}
        return said | more


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        yield Study(installation, client, names_hidden=False)
    installation.store.close()


@pytest.fixture
def hidden(tmp_path: Path) -> Iterator[Study]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        yield Study(installation, client, names_hidden=True)
    installation.store.close()


def test_an_adjudicator_reads_the_queue_and_resolves_and_sees_no_figures(study: Study) -> None:
    queue = study.ada.get(f"/rounds/{study.round}/queue").json()
    assert (queue["names_hidden"], queue["unresolved"]) == (False, 3)
    items = queue["disagreements"]["items"]
    assert [item["excerpt_id"] for item in items] == list(study.scene.excerpts[3:])
    assert {beside["coder"]: beside["answer"]["codes"] for beside in items[0]["codings"]} == {"Coder 0": ["hope"], "Coder 1": ["fear"]}
    assert [item["majority"] for item in items] == [None] * 3
    made = study.ada.post(f"/rounds/{study.round}/resolutions", study.resolution(3, kept=["Coder 1"], memo="A memo."))
    assert made.status_code == 201
    assert (made.json()["by"], made.json()["standing"], made.json()["kept"]) == ("Ada", True, ["Coder 1"])
    assert study.ada.get(f"/rounds/{study.round}/queue").json()["unresolved"] == 2
    assert study.ada.get(f"/rounds/{study.round}/codings").status_code == 200
    for path in ("agreement", "completion", "ledger", "assignments"):
        assert study.ada.get(f"/rounds/{study.round}/{path}").status_code == 404


def test_a_resolution_sent_twice_is_made_once(study: Study) -> None:
    body = study.resolution(3)
    first, again = (study.ada.post(f"/rounds/{study.round}/resolutions", body, key="k") for _ in range(2))
    assert first.json() == again.json()
    assert len(study.lead.get(f"/rounds/{study.round}/resolutions").json()) == 1
    assert study.ada.post(f"/rounds/{study.round}/resolutions", study.resolution(4), key="k").status_code == 422


def test_a_later_resolution_supersedes_and_both_are_listed(study: Study) -> None:
    for code in ("hope", "fear"):
        study.lead.post(f"/rounds/{study.round}/resolutions", study.resolution(3, codes=[code], way="expert"))
    listed = study.lead.get(f"/rounds/{study.round}/resolutions").json()
    assert [(one["answer"]["codes"], one["standing"]) for one in listed] == [(["hope"], False), (["fear"], True)]


def test_a_part_of_the_queue_at_a_time(study: Study) -> None:
    first = study.ada.get(f"/rounds/{study.round}/queue?limit=2&variable=theme").json()["disagreements"]
    rest = study.ada.get(f"/rounds/{study.round}/queue?limit=2&after={first['next']}").json()["disagreements"]
    assert [item["position"] for item in first["items"] + rest["items"]] == [0, 1, 2]
    assert rest["next"] is None
    assert study.ada.get(f"/rounds/{study.round}/queue?variable=needs").json()["disagreements"]["items"] == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"way": "majority"}, "More than half"),
        ({"codes": ["joy"]}, "no such code"),
        ({"variable": "needs", "codes": []}, "Nobody coded"),
        ({"kept": ["Somebody"]}, "no coder of this round"),
        ({"codes": None}, "either codes or spans"),
    ],
)
def test_what_cannot_be_resolved_so_is_refused_in_words(study: Study, more: dict[str, Any], says: str) -> None:
    refused = study.ada.post(f"/rounds/{study.round}/resolutions", study.resolution(3, **more))
    assert refused.status_code == 400
    assert says in refused.json()["detail"]


def test_coders_and_observers_have_no_queue(study: Study) -> None:
    for caller in (study.ann, study.member("olaf", Role.OBSERVER)):
        for path in ("queue", "resolutions"):
            assert caller.get(f"/rounds/{study.round}/{path}").status_code == 404
        assert caller.post(f"/rounds/{study.round}/resolutions", study.resolution(3)).status_code == 404


def test_whoever_codes_the_same_texts_in_an_open_round_does_not_adjudicate_them(study: Study) -> None:
    with study.scene.store.reading() as tx:
        ada = tx.people.get(study.ada.person_id).id
    round_id = study.scene.plan(coders=[study.scene.coders[0], ada])
    assert study.ada.get(f"/rounds/{study.round}/queue").status_code == 200
    with study.scene.store.writing() as tx:
        tx.rounds.open(round_id, study.scene.lead)
    assert study.ada.get(f"/rounds/{study.round}/queue").status_code == 404
    assert study.ada.post(f"/rounds/{study.round}/resolutions", study.resolution(3)).status_code == 404
    study.scene.close(round_id)
    assert study.ada.get(f"/rounds/{study.round}/queue").status_code == 200


def test_names_are_hidden_from_adjudicator_and_coder_until_all_is_resolved(hidden: Study) -> None:
    def told(caller: Caller) -> str:
        answers = [caller.get(f"/rounds/{hidden.round}/{path}").text for path in ("queue", "codings", "agreement", "resolutions")]
        return "".join(answers)

    for caller in (hidden.ada, hidden.ann):
        assert "Coder 0" not in told(caller)
        assert "Coder 1" not in told(caller)
    queue = hidden.ada.get(f"/rounds/{hidden.round}/queue").json()
    labels = [beside["coder"] for beside in queue["disagreements"]["items"][0]["codings"]]
    assert queue["names_hidden"]
    assert labels == sorted(labels)
    assert {one["coder"] for one in hidden.ada.get(f"/rounds/{hidden.round}/codings").json()} == set(labels)
    assert "Coder 0" not in hidden.lead.get(f"/rounds/{hidden.round}/queue").text
    assert "Coder 0" in hidden.lead.get(f"/rounds/{hidden.round}/agreement").text
    ben = [beside["coder"] for beside in queue["disagreements"]["items"][0]["codings"] if beside["answer"]["codes"] == ["fear"]]
    for place, kept in ((3, ben), (4, []), (5, [])):
        assert hidden.ada.post(f"/rounds/{hidden.round}/resolutions", hidden.resolution(place, kept=kept)).status_code == 201
    assert not hidden.ada.get(f"/rounds/{hidden.round}/queue").json()["names_hidden"]
    assert "Coder 0" in told(hidden.ada)
    assert "Coder 0" in told(hidden.ann)


def test_the_report_says_negotiated_beside_blind_and_never_mixes_them(study: Study) -> None:
    before = study.lead.get(f"/rounds/{study.round}/agreement").json()
    assert before["negotiated"] == []
    for place in (3, 4, 5):
        study.ada.post(f"/rounds/{study.round}/resolutions", study.resolution(place))
    after = study.lead.get(f"/rounds/{study.round}/agreement").json()
    assert after["agreement"] == before["agreement"]
    [found] = after["negotiated"]
    assert (found["variable"], found["resolved"], found["unresolved"]) == ("theme", 3, 0)
    # Ann gave hope six times, as the resolutions say; Ben three times.
    assert {one["coder"]: one["percent"]["value"] for one in found["against"]} == {"Coder 0": 1.0, "Coder 1": 0.5}
    assert found["moved"] == [{"coder": "Coder 1", "to": "Coder 0", "excerpts": 3}]
    assert found["percent"]["value"] == 1.0
    assert found["alpha"]["value"] is None, "everyone stands by the same code everywhere, so chance cannot be told from agreement"


def test_reopening_is_the_leads_and_is_printed(study: Study) -> None:
    for caller in (study.ann, study.ada):
        assert caller.post(f"/rounds/{study.round}/reopening", {"reason": "why"}).status_code == 403
    assert study.lead.post(f"/rounds/{study.round}/reopening", {"reason": " "}).status_code == 400
    seal = study.lead.get(f"/rounds/{study.round}").json()["seal"]
    reopened = study.lead.post(f"/rounds/{study.round}/reopening", {"reason": "An older printout."})
    assert (reopened.json()["state"], reopened.json()["seal"]) == ("reopened", None)
    for path in ("agreement", "codings", "queue"):
        assert study.lead.get(f"/rounds/{study.round}/{path}").status_code == 404
    turn = study.ann.get(f"/rounds/{study.round}/assignments").json()["items"][0]["id"]
    batch = {"codings": [{"assignment_id": turn, "answers": [{"variable": "theme", "codes": ["fear"]}]}]}
    assert study.ann.post(f"/rounds/{study.round}/codings", batch).status_code == 201
    study.lead.post(f"/rounds/{study.round}/closing")
    report = study.lead.get(f"/rounds/{study.round}/agreement").json()
    [printed] = report["reopened"]
    assert (printed["reason"], printed["seal"]) == ("An older printout.", seal)
    assert report["seal"] != seal
    assert report["agreement"]["peer_exposed"] == 1


def test_an_archived_round_is_read_and_no_longer_worked_on(study: Study) -> None:
    assert study.ada.post(f"/rounds/{study.round}/archiving").status_code == 403
    assert study.lead.post(f"/rounds/{study.round}/archiving").json()["state"] == "archived"
    assert study.lead.post(f"/rounds/{study.round}/archiving").json()["state"] == "archived"
    assert study.lead.post(f"/rounds/{study.round}/reopening", {"reason": "why"}).status_code == 409
    assert study.ada.post(f"/rounds/{study.round}/resolutions", study.resolution(3)).status_code == 409
    for caller, path in ((study.ann, "agreement"), (study.ada, "queue"), (study.lead, "ledger"), (study.ann, "own-codings")):
        assert caller.get(f"/rounds/{study.round}/{path}").status_code == 200


def test_an_adjudicator_is_invited_and_may_be_chosen_as_a_coder(study: Study) -> None:
    invited = study.lead.post(f"/studies/{study.scene.study}/people", {"login": "ida", "name": "Ida", "role": "adjudicator"})
    assert (invited.status_code, invited.json()["person"]["role"]) == (201, "adjudicator")
    sample = {"method": "random", "size": 2, "seed": 1}
    coders = [study.ada.person_id, study.ann.person_id]
    plan = {"name": "Round 2", "kind": "reliability", "policy": "none", "revision": 1, "sample": sample, "coders": coders}
    planned = study.lead.post(f"/studies/{study.scene.study}/rounds", plan).json()["id"]
    study.lead.post(f"/rounds/{planned}/opening")
    seen = study.ada.get(f"/rounds/{planned}").json()
    assert (seen["state"], seen["you_code"]) == ("open", True)
    assert study.ada.get(f"/rounds/{planned}/assignments").status_code == 200
    assert study.ada.get(f"/rounds/{planned}/completion").status_code == 404


@pytest.mark.parametrize("role", [Role.LEAD, Role.ADJUDICATOR, Role.OBSERVER])
def test_a_lead_who_codes_cannot_take_over_the_account_of_somebody_who_reads_what_others_coded(study: Study, role: Role) -> None:
    member = study.member("mia", role)
    with study.scene.store.writing() as tx:
        lead = tx.people.get(study.lead.person_id).id
    round_id = study.scene.plan(coders=[lead, study.scene.coders[0]])
    path = f"/studies/{study.scene.study}/people/{member.person_id}/links"
    assert study.lead.post(path).status_code == 201
    with study.scene.store.writing() as tx:
        tx.rounds.open(round_id, lead)
    refused = study.lead.post(path)
    assert refused.status_code == 409
    assert "while you code" in refused.json()["detail"]
    study.scene.close(round_id)
    assert study.lead.post(path).status_code == 201
