"""The planner by HTTP: prevalences given, observed or guessed; every answer a calculation that stores nothing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.coding.visibility import Role
from tests.installation import Caller, Installation

CODEBOOK = b"variable,code,definition\ntone,good,warm praise\ntone,bad,cold blame\ntone,odd,purple elephants\n"
EXCERPTS = 40
ASKED: dict[str, Any] = {
    "revision": 1,
    "target": "alpha",
    "minimum": 0.8,
    "expected": 0.9,
    "confidence": 0.95,
    "power": 0.8,
    "coders_each": 2,
}


@dataclass
class Site:
    """A study with a lead, two coders and their excerpts, a quarter of them praise."""

    installation: Installation
    lead: Caller
    coders: list[Caller]
    study: str

    def plan(self, **fields: Any) -> Any:
        """Ask the planner."""
        return self.lead.post(f"/studies/{self.study}/plan", ASKED | fields)

    def coded(self, *, coders: list[Caller] | None = None) -> str:
        """Open a round of everything, in which everybody codes by the text; give its id."""
        people = coders or self.coders
        sample = {"method": "random", "size": EXCERPTS, "seed": 1}
        body = {"name": "First", "kind": "pilot", "policy": "none", "revision": 1, "sample": sample}
        round_id: str = self.lead.post(f"/studies/{self.study}/rounds", body | {"coders": [one.person_id for one in people]}).json()["id"]
        assert self.lead.post(f"/rounds/{round_id}/opening").is_success
        for coder in self.coders:
            turns = coder.get(f"/rounds/{round_id}/assignments").json()["items"]
            codes = ["good" if "praise" in turn["text"] else "bad" for turn in turns]
            batch = [
                {"assignment_id": turn["id"], "answers": [{"variable": "tone", "codes": [code]}]}
                for turn, code in zip(turns, codes, strict=True)
            ]
            assert coder.post(f"/rounds/{round_id}/codings", {"codings": batch}).is_success
        return round_id


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a study whose excerpts have their vectors."""
    installation = Installation(tmp_path)
    with installation.running() as client:
        lead = installation.caller(client, installation.person("lead", may_lead=True))
        study: str = lead.post("/studies", {"name": "S"}).json()["id"]
        texts = [f"{'warm praise' if number % 4 == 0 else 'cold blame'} number {number}" for number in range(EXCERPTS)]
        lead.upload(f"/studies/{study}/documents", "a.txt", "\n\n".join(texts).encode())
        lead.upload(f"/studies/{study}/codebook-file", "c.csv", CODEBOOK)
        coders = [installation.caller(client, installation.member(study, name, Role.CODER)) for name in ("anna", "ben")]
        while lead.get(f"/studies/{study}/embedding").json()["done"] < EXCERPTS:
            time.sleep(0.01)
        yield Site(installation, lead, coders, study)
    installation.store.close()


def given(**shares: float) -> dict[str, Any]:
    return {"source": "given", "codes": [{"variable": "tone", "code": code, "share": share} for code, share in shares.items()]}


def test_given_prevalences_give_sizes_costs_and_what_stays_unknown(site: Site) -> None:
    told = site.plan(prevalence=given(good=0.25, odd=0.01), size=139, cost=1.5).json()
    good, odd = told["codes"]
    # Krippendorff's published 139 for four codes used alike; 30 of prevalence 1/4 at .95 need more.
    assert (good["for_coefficient"], good["needed"]) == (139, good["for_verdict"])
    assert good["expected_excerpts"] == 34.75
    assert (odd["outlook"], told["nothing_about"]) == ("nothing", ["odd"])
    assert (told["size"], told["codings"], told["cost"], told["excerpts_there"]) == (139, 278, 417.0, EXCERPTS)
    assert told["prevalence_from"] == "given"
    assert "Bloch and Kraemer" in told["methods"]


def test_kappa_is_planned_by_its_own_test(site: Site) -> None:
    told = site.plan(prevalence=given(good=0.3), target="kappa", minimum=0.4, expected=0.6).json()
    assert told["codes"][0]["for_coefficient"] == 191
    assert "Donner and Eliasziw" in told["methods"]


def test_without_a_size_it_serves_every_code_that_the_study_can_serve(site: Site) -> None:
    told = site.plan(prevalence=given(good=0.25)).json()
    assert told["size"] == EXCERPTS
    assert told["codes"][0]["needed"] > EXCERPTS


def test_prevalences_are_observed_in_the_last_closed_round(site: Site) -> None:
    assert site.plan(prevalence={"source": "round"}).status_code == 409
    round_id = site.coded()
    assert site.plan(prevalence={"source": "round", "round_id": round_id}).status_code == 404
    assert site.lead.post(f"/rounds/{round_id}/closing").is_success
    for source in ({"source": "round"}, {"source": "round", "round_id": round_id}):
        told = site.plan(prevalence=source).json()
        assert told["prevalence_from"] == "observed in First"
        assert {code["code"]: code["prevalence"] for code in told["codes"]} == {"good": 0.25, "bad": 0.75, "odd": 0.0}
        assert told["nothing_about"] == ["odd"] if told["codes"][0]["outlook"] != "nothing" else ["good", "odd"]


def test_prevalences_are_guessed_from_what_the_model_ranks_first(site: Site) -> None:
    told = site.plan(prevalence={"source": "suggestions"}).json()
    shares = {code["code"]: code["prevalence"] for code in told["codes"]}
    assert told["prevalence_from"].startswith("guessed")
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["good"] == 0.25


def test_whoever_codes_blind_gets_no_guess_and_no_results_by_the_planner(site: Site) -> None:
    closed = site.coded()
    assert site.lead.post(f"/rounds/{closed}/closing").is_success
    site.coded(coders=[*site.coders, site.lead])
    assert site.plan(prevalence={"source": "suggestions"}).status_code == 423
    assert site.plan(prevalence={"source": "round", "round_id": closed}).status_code == 404
    assert site.plan(prevalence={"source": "round"}).status_code == 409
    assert site.plan(prevalence=given(good=0.2)).is_success


@pytest.mark.parametrize(
    "fields",
    [{"minimum": 0.9}, {"prevalence": given(nothing=0.2)}, {"coders_each": 1}, {"confidence": 1}],
    ids=["minimum", "unknown code", "one coder", "certainty"],
)
def test_what_cannot_be_planned_is_refused(site: Site, fields: dict[str, Any]) -> None:
    assert site.plan(**({"prevalence": given(good=0.2)} | fields)).status_code == 400


def test_only_the_lead_plans(site: Site) -> None:
    assert site.coders[0].post(f"/studies/{site.study}/plan", ASKED | {"prevalence": given(good=0.2)}).status_code == 403
