"""Draws, designs, repeats, replacements and keys by HTTP: what is asked for is what comes, and coders learn nothing of it."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.coding.visibility import Role
from service.report.verification import read_and_verify
from tests.installation import Caller, Installation

CODEBOOK = b"variable,code,definition\ntone,good,warm praise\ntone,bad,cold blame\n"
DOCUMENTS = {"a.txt": 8, "b.txt": 4, "c.txt": 2}


@dataclass
class Site:
    """A study of three documents with a lead, two coders and a spare one."""

    installation: Installation
    lead: Caller
    anna: Caller
    ben: Caller
    cleo: Caller
    study: str

    def body(self, **fields: Any) -> dict[str, Any]:
        """Write a round's plan."""
        usual: dict[str, Any] = {
            "name": "Round 1",
            "kind": "reliability",
            "policy": "none",
            "revision": 1,
            "sample": {"method": "random", "size": 6, "seed": 1},
            "coders": [self.anna.person_id, self.ben.person_id],
        }
        return usual | fields

    def opened(self, **fields: Any) -> str:
        """Plan and open a round."""
        planned = self.lead.post(f"/studies/{self.study}/rounds", self.body(**fields))
        assert planned.status_code == 201, planned.text
        made: str = planned.json()["id"]
        assert self.lead.post(f"/rounds/{made}/opening").is_success
        return made

    def turns(self, coder: Caller, round_id: str) -> list[dict[str, Any]]:
        """List a coder's own assignments."""
        items: list[dict[str, Any]] = coder.get(f"/rounds/{round_id}/assignments").json()["items"]
        return items

    def code(self, coder: Caller, round_id: str, codes: dict[str, str]) -> None:
        """Code every turn by its text; the first turn of a text and its repeat get the same."""
        batch = [
            {"assignment_id": turn["id"], "answers": [{"variable": "tone", "codes": [codes.get(turn["text"], "good")]}]}
            for turn in self.turns(coder, round_id)
        ]
        assert coder.post(f"/rounds/{round_id}/codings", {"codings": batch}).is_success

    def closed(self, round_id: str) -> dict[str, Any]:
        """Close a round and give its report."""
        assert self.lead.post(f"/rounds/{round_id}/closing").is_success
        report: dict[str, Any] = self.lead.get(f"/rounds/{round_id}/agreement").json()
        return report


def text_of(document: str, number: int) -> str:
    praise = "warm praise" if document == "c.txt" else "cold blame"
    return f"{praise} of {document} number {number}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a study whose excerpts have their vectors."""
    installation = Installation(tmp_path)
    with installation.running() as client:
        lead = installation.caller(client, installation.person("lead", may_lead=True))
        study: str = lead.post("/studies", {"name": "S"}).json()["id"]
        for name, count in DOCUMENTS.items():
            text = "\n\n".join(text_of(name, number) for number in range(count))
            assert lead.upload(f"/studies/{study}/documents", name, text.encode()).is_success
        assert lead.upload(f"/studies/{study}/codebook-file", "c.csv", CODEBOOK).is_success
        people = [installation.caller(client, installation.member(study, name, Role.CODER)) for name in ("anna", "ben", "cleo")]
        while lead.get(f"/studies/{study}/embedding").json()["done"] < sum(DOCUMENTS.values()):
            time.sleep(0.01)
        yield Site(installation, lead, people[0], people[1], people[2], study)
    installation.store.close()


def drawn_of(site: Site, sample: dict[str, Any], **fields: Any) -> dict[str, int]:
    body = {"revision": 1, "coders": 2, "sample": sample} | fields
    answer = site.lead.post(f"/studies/{site.study}/preview", body)
    assert answer.status_code == 200, answer.text
    return {document["document"]: document["drawn"] for document in answer.json()["documents"]}


@pytest.mark.parametrize(
    ("sample", "drawn"),
    [
        ({"method": "stratified", "by": "document", "allocation": "proportional", "size": 7}, {"a.txt": 4, "b.txt": 2, "c.txt": 1}),
        ({"method": "stratified", "by": "document", "allocation": "equal", "size": 7}, {"a.txt": 3, "b.txt": 2, "c.txt": 2}),
        ({"method": "clustered", "documents": 3}, DOCUMENTS),
    ],
    ids=["proportional", "equal", "clustered"],
)
def test_a_preview_counts_by_document(site: Site, sample: dict[str, Any], drawn: dict[str, int]) -> None:
    assert drawn_of(site, sample | {"seed": 3}) == drawn


SITES = b"text,place,site\n" + b"".join(f"answer {n},{n},{'North' if n < 6 else 'South' if n < 8 else ''}\n".encode() for n in range(9))


@pytest.fixture
def columns(site: Site) -> Site:
    """Add a document with a column, where the other documents have none: 6 North, 2 South, the rest without."""
    sent = site.lead.upload(f"/studies/{site.study}/documents", "d.csv", SITES, metadata_columns="site, place")
    assert sent.is_success, sent.text
    return site


def test_a_sample_is_stratified_by_a_column_and_its_proof_says_so(columns: Site) -> None:
    sample = {"method": "stratified", "by": "column", "column": "site", "allocation": "equal", "size": 6, "seed": 5}
    [document] = [one["id"] for one in columns.lead.get(f"/studies/{columns.study}/documents").json() if one["name"] == "d.csv"]
    of = {one["text"]: one["metadata"] for one in columns.lead.get(f"/documents/{document}/excerpts").json()["items"]}
    assert [one.get("site", "") for one in of.values()] == ["North"] * 6 + ["South"] * 2 + [""]
    round_id = columns.opened(sample=sample)
    turns = columns.turns(columns.anna, round_id)
    drawn = Counter(of.get(turn["text"], {}).get("site", "") for turn in turns)
    assert drawn == {"": 2, "North": 2, "South": 2}
    assert "site" not in str(turns)
    columns.code(columns.anna, round_id, {})
    columns.code(columns.ben, round_id, {})
    report = columns.closed(round_id)
    assert report["draw"] == "drawn at random within each value of site, the same number from each as far as it reaches"
    proof = columns.lead.get(f"/rounds/{round_id}/proof")
    assert "equal bit for bit" in "".join(read_and_verify("proof.zip", proof.content, []))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"by": "column"}, "Name it in"),
        ({"by": "label", "column": "site"}, "goes with by"),
        ({"by": "column", "column": "shoe size"}, "no such metadata column"),
    ],
    ids=["no column", "a column beside labels", "unknown column"],
)
def test_a_column_that_is_not_there_is_refused(columns: Site, asked: dict[str, str], said: str) -> None:
    sample = {"method": "stratified", "allocation": "equal", "size": 6, "seed": 5} | asked
    refused = columns.lead.post(f"/studies/{columns.study}/preview", {"revision": 1, "coders": 2, "sample": sample})
    assert (refused.status_code, said in refused.json()["detail"]) == (400, True), refused.text


def test_a_preview_is_what_the_plan_draws_and_names_no_excerpt(site: Site) -> None:
    sample = {"method": "stratified", "by": "document", "allocation": "equal", "size": 9, "seed": 5}
    preview = site.lead.post(f"/studies/{site.study}/preview", {"revision": 1, "coders": 2, "sample": sample}).json()
    round_id = site.opened(sample=sample)
    taken = Counter(turn["document"] for turn in site.turns(site.anna, round_id))
    assert taken == {document["document"]: document["drawn"] for document in preview["documents"]}
    assert (preview["least_probability"], preview["largest_probability"]) == (4 / 8, 1.0)
    # Weights 2 four times, 4/3 three times, 1 twice: 14 squared over 16 + 16/3 + 2.
    assert preview["effective"] == pytest.approx(14**2 / (16 + 16 / 3 + 2))
    assert "id" not in str(preview)
    site.closed(round_id)


def test_figures_weigh_by_probability_and_say_so(site: Site) -> None:
    sample = {"method": "stratified", "by": "document", "allocation": "equal", "size": 4, "seed": 5}
    round_id = site.opened(sample=sample)
    drawn = Counter(turn["document"] for turn in site.turns(site.anna, round_id))
    assert drawn == {"a.txt": 2, "b.txt": 1, "c.txt": 1}
    site.code(site.anna, round_id, {})
    site.code(site.ben, round_id, {turn["text"]: "bad" for turn in site.turns(site.ben, round_id) if turn["document"] == "c.txt"})
    report = site.closed(round_id)
    # a's two weigh 4 each, b's 4, c's 2: they agree on 12 of 14, without weights on 3 of 4.
    assert report["agreement"]["variables"][0]["percent"]["value"] == pytest.approx(12 / 14)
    assert report["agreement"]["weighted"]
    assert "weighs 1/its probability" in report["agreement"]["variables"][0]["methods"]
    merged = site.lead.get(f"/rounds/{round_id}/agreement/merge?variable=tone&first=good&second=bad")
    assert "weighs 1/its probability" in merged.json()["methods"], merged.text
    assert report["draw"] == "drawn at random within each document, the same number from each as far as it reaches"
    asked = site.lead.get(f"/rounds/{round_id}/agreement?variable=tone&coefficient=percent_agreement").json()["asked"][0]
    assert asked["figure"]["value"] == pytest.approx(12 / 14)
    assert "weighs 1/its probability" in asked["methods"]


def test_an_enriched_draw_takes_what_the_model_ranks_high(site: Site) -> None:
    sample = {
        "method": "enriched", "size": 4, "codes": [{"variable": "tone", "code": "good"}], "band": 2 / 14, "share": 0.5, "seed": 2
    }  # fmt: skip
    assert drawn_of(site, sample)["c.txt"] == 2
    round_id = site.opened(sample=sample)
    plan = site.lead.get(f"/rounds/{round_id}").json()["plan"]
    assert plan["weighted"]
    assert plan["draw"] == "drawn at random, 50% of them from the 14% of the study that the model ranks highest for each of good"
    refused = site.lead.post(
        f"/studies/{site.study}/preview", {"revision": 1, "coders": 2, "sample": sample | {"codes": [{"variable": "tone", "code": "x"}]}}
    )
    assert refused.status_code == 400
    site.closed(round_id)


def test_a_lead_who_codes_draws_nothing_by_scores(site: Site) -> None:
    sample = {"method": "enriched", "size": 4, "codes": [{"variable": "tone", "code": "good"}], "band": 0.2, "share": 0.5, "seed": 2}
    round_id = site.opened(coders=[site.anna.person_id, site.lead.person_id])
    assert site.lead.post(f"/studies/{site.study}/preview", {"revision": 1, "coders": 2, "sample": sample}).status_code == 423
    assert site.lead.post(f"/studies/{site.study}/rounds", site.body(sample=sample)).status_code == 423
    site.closed(round_id)


def test_only_the_lead_previews(site: Site) -> None:
    body = {"revision": 1, "coders": 2, "sample": {"method": "random", "size": 2, "seed": 1}}
    assert site.anna.post(f"/studies/{site.study}/preview", body).status_code == 403


def test_each_excerpt_by_two_of_three_coders(site: Site) -> None:
    everybody = [site.anna.person_id, site.ben.person_id, site.cleo.person_id]
    round_id = site.opened(overlap={"kind": "some", "coders_each": 2}, coders=everybody)
    texts = [[turn["text"] for turn in site.turns(coder, round_id)] for coder in (site.anna, site.ben, site.cleo)]
    assert [len(own) for own in texts] == [4, 4, 4]
    assert set(Counter(text for own in texts for text in own).values()) == {2}
    completion = site.lead.get(f"/rounds/{round_id}/completion").json()
    assert {one["assigned"] for one in completion} == {4}
    too_many = site.body(overlap={"kind": "some", "coders_each": 3})
    assert site.lead.post(f"/studies/{site.study}/rounds", too_many).status_code == 400
    site.closed(round_id)


def test_a_repeat_differs_by_nothing_but_its_assignment(site: Site) -> None:
    round_id = site.opened(repeats={"share": 0.5, "distance": 2})
    turns = site.turns(site.anna, round_id)
    assert [turn["position"] for turn in turns] == list(range(9))
    twice = [text for text, count in Counter(turn["text"] for turn in turns).items() if count == 2]
    assert len(twice) == 3
    for text in twice:
        first, again = (turn for turn in turns if turn["text"] == text)
        assert {name for name in first if first[name] != again[name]} == {"id", "position"}
    site.code(site.anna, round_id, {})
    for path in ("own-codings", "assignments", "progress", "ledger"):
        assert "occasion" not in site.anna.get(f"/rounds/{round_id}/{path}").text
    for path in ("code?at=0", "own", "ledger"):
        page = site.lead.client.get(f"/rounds/{round_id}/{path}", headers=site.anna.headers())
        assert "occasion" not in page.text
    report = site.closed(round_id)
    [anna] = [one for one in report["agreement"]["stability"] if one["coder"] == "Anna"]
    assert (anna["excerpts"], anna["percent"]["value"], anna["alpha"]["undefined"]) == (3, 1.0, "no_variation")
    assert report["agreement"]["codings"] == 6


def test_somebody_takes_over_and_agreement_rests_on_their_codings(site: Site) -> None:
    round_id = site.opened()
    site.code(site.anna, round_id, {})
    leaver_turn = site.turns(site.ben, round_id)[0]
    bad = {"assignment_id": leaver_turn["id"], "answers": [{"variable": "tone", "codes": ["bad"]}]}
    assert site.ben.post(f"/rounds/{round_id}/codings", {"codings": [bad]}).is_success
    assert site.cleo.get(f"/rounds/{round_id}").status_code == 404
    body = {"leaver_id": site.ben.person_id, "person_id": site.cleo.person_id}
    assert site.anna.post(f"/rounds/{round_id}/replacements", body).status_code == 403
    assert site.cleo.post(f"/rounds/{round_id}/replacements", body).status_code == 404
    first = site.lead.post(f"/rounds/{round_id}/replacements", body, key="take-over")
    again = site.lead.post(f"/rounds/{round_id}/replacements", body, key="take-over")
    assert (first.status_code, first.json()) == (201, again.json())
    assert first.json()["plan"]["replaced"] == [{"leaver": "Ben", "person": "Cleo"}]
    assert {turn["text"] for turn in site.turns(site.cleo, round_id)} == {turn["text"] for turn in site.turns(site.ben, round_id)}
    assert all(turn["coding"] is None for turn in site.turns(site.cleo, round_id))
    assert site.ben.post(f"/rounds/{round_id}/codings", {"codings": [bad]}).status_code == 409
    assert [one["left"] for one in site.lead.get(f"/rounds/{round_id}/completion").json()] == [False, True, False]
    site.code(site.cleo, round_id, {})
    agreement = site.closed(round_id)["agreement"]
    assert agreement["replaced"] == [{"leaver": "Ben", "person": "Cleo", "codings": 1}]
    assert (agreement["coders"], agreement["codings"]) == (["Anna", "Cleo"], 12)
    assert agreement["variables"][0]["percent"]["value"] == 1


def test_a_lead_does_not_take_over(site: Site) -> None:
    round_id = site.opened()
    body = {"leaver_id": site.ben.person_id, "person_id": site.lead.person_id}
    refused = site.lead.post(f"/rounds/{round_id}/replacements", body)
    assert (refused.status_code, "lead cannot take over" in refused.json()["detail"]) == (409, True)
    unknown = {"leaver_id": site.ben.person_id, "person_id": "00000000-0000-4000-8000-000000000000"}
    assert site.lead.post(f"/rounds/{round_id}/replacements", unknown).status_code == 400
    site.closed(round_id)


def test_a_training_round_is_compared_with_a_coder_of_an_earlier_one(site: Site) -> None:
    chosen = {"method": "clustered", "documents": 3, "seed": 1}
    earlier = site.opened(sample=chosen)
    site.code(site.anna, earlier, {text_of("a.txt", number): "bad" for number in range(8)})
    body = site.body(sample=chosen, kind="training", key={"round_id": earlier, "coder": site.anna.person_id})
    assert site.lead.post(f"/studies/{site.study}/rounds", body).status_code == 404
    site.closed(earlier)
    stray = site.body(sample=chosen, key={"round_id": earlier})
    assert site.lead.post(f"/studies/{site.study}/rounds", stray).status_code == 400
    stranger = site.body(sample=chosen, kind="training", key={"round_id": earlier, "coder": site.cleo.person_id})
    assert site.lead.post(f"/studies/{site.study}/rounds", stranger).status_code == 400
    training = site.opened(**{name: body[name] for name in ("sample", "kind", "key")})
    site.code(site.ben, training, {text_of("a.txt", number): "bad" for number in range(6)})
    told = site.closed(training)["training"]
    [ben] = [one for one in told["figures"] if one["coder"] == "Ben"]
    assert (told["source"], told["excerpts"]) == ("The key is what Anna gave in Round 1", 14)
    # The key has 8 bad and 6 good, Ben 6 bad and 8 good: p_o 12/14, p_e (8 * 6 + 6 * 8) / 14 ** 2.
    assert (ben["excerpts"], ben["percent"]["value"]) == (14, pytest.approx(12 / 14))
    assert ben["exposed"] == 14  # Ben coded in the round of the key, so its close showed him what is right
    assert ben["kappa"]["value"] == pytest.approx((12 / 14 - 96 / 196) / (1 - 96 / 196))
