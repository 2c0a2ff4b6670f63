"""A proof is the lead's after the close; a receipt is a coder's own at any time; to others there is no such round."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.report.verification import read_and_verify, read_receipt
from tests.installation import Caller
from tests.web.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Give an installation with a round in each state; in the open one too everything is coded."""
    site = Site.in_folder(tmp_path)
    for person in site.scene.coders:
        site.scene.code_all(site.rounds["open"], person)
    return site


@pytest.fixture
def callers(site: Site) -> Iterator[dict[str, Caller]]:
    """Give one caller of each kind."""
    people = {"lead": site.scene.lead, "coder": site.scene.coders[0], "machine": site.scene.lead}
    with site.installation.running() as client:
        yield {role: Caller(client, people[role], site.tokens[role]) for role in people}


def test_the_proof_and_the_receipt_of_a_closed_round_fit(site: Site, callers: dict[str, Caller]) -> None:
    with site.installation.store.writing() as tx:  # nobody codes these texts blind any more
        tx.rounds.close(site.rounds["open"], site.scene.lead)
    closed = site.rounds["closed"]
    proof = callers["lead"].get(f"/rounds/{closed}/proof")
    assert proof.headers["content-type"] == "application/zip"
    assert proof.headers["content-disposition"] == f'attachment; filename="proof-{closed}.zip"'
    receipt = callers["coder"].get(f"/rounds/{closed}/receipt")
    said = list(read_and_verify("proof.zip", proof.content, [read_receipt("receipt.json", receipt.content)]))
    assert said[-1] == "receipt: Coder 0 has the head of entry 6, and so has the chain"


def test_an_open_round_has_receipts_and_no_proof(site: Site, callers: dict[str, Caller]) -> None:
    path = f"/rounds/{site.rounds['open']}"
    statuses = {
        role: (caller.get(f"{path}/proof").status_code, caller.get(f"{path}/receipt").status_code) for role, caller in callers.items()
    }
    assert statuses == {"lead": (404, 404), "coder": (404, 200), "machine": (404, 404)}
    before = callers["coder"].get(f"{path}/receipt").json()
    site.scene.code_all(site.rounds["open"], site.scene.coders[1])  # somebody else's coding moves nothing
    assert callers["coder"].get(f"{path}/receipt").json() == before


def test_of_a_closed_round_only_the_lead_has_the_proof(site: Site, callers: dict[str, Caller]) -> None:
    path = f"/rounds/{site.rounds['closed']}/proof"
    assert {role: caller.get(path).status_code for role, caller in callers.items()} == {"lead": 200, "coder": 404, "machine": 404}


def test_while_names_are_hidden_there_is_no_proof_that_would_name_the_coders(site: Site, callers: dict[str, Caller]) -> None:
    scene = site.scene
    scene.close(site.rounds["open"])
    round_id = scene.plan(names_hidden=True)
    with scene.store.writing() as tx:
        tx.rounds.open(round_id, scene.lead)
    for person, code in zip(scene.coders, ("hope", "fear"), strict=True):
        scene.code_all(round_id, person, code)
    scene.close(round_id)
    refused = callers["lead"].get(f"/rounds/{round_id}/proof")
    assert (refused.status_code, "hidden" in refused.json()["detail"]) == (409, True)
