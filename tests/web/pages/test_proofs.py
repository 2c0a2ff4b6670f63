"""Files to keep are one press away: a proof for the lead after the close, a receipt for each coder; how long a study is kept."""

import json

import pytest

from service.report.verification import read_and_verify, read_receipt
from tests.web.pages.test_agreement import coded
from tests.web.pages.visiting import Site

ALL_HOPE = dict.fromkeys("012345", "1")


@pytest.fixture
def closed(here: Site) -> str:
    round_ = here.round(size=6)
    for person in ("ann@example.org", "ben@example.org"):
        coded(here.visitor(person), round_, ALL_HOPE)
    here.api.post(f"/rounds/{round_}/closing")
    return round_


def test_the_lead_finds_the_proof_on_the_ledgers_page_and_a_coder_the_receipt(here: Site, closed: str) -> None:
    lead, ann = here.visitor("lead@example.org"), here.visitor("ann@example.org")
    ledger = lead.get(f"/rounds/{closed}/ledger").text
    assert f'href="/rounds/{closed}/proof.zip"' in ledger
    assert "receipt.json" not in ledger
    own = ann.get(f"/rounds/{closed}/ledger").text
    assert f'href="/rounds/{closed}/receipt.json"' in own
    assert "proof.zip" not in own
    proof, receipt = lead.get(f"/rounds/{closed}/proof.zip"), ann.get(f"/rounds/{closed}/receipt.json")
    assert "attachment" in receipt.headers["content-disposition"]
    assert list(read_and_verify("proof.zip", proof.content, [read_receipt("receipt.json", receipt.content)]))
    assert json.loads(receipt.text)["sequence"] == 6
    assert (ann.get(f"/rounds/{closed}/proof.zip").status_code, lead.get(f"/rounds/{closed}/receipt.json").status_code) == (404, 404)


@pytest.mark.usefixtures("closed")
def test_how_long_a_study_is_kept_is_said_and_set(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    path = f"/studies/{here.study}/retention"
    assert "kept until you delete it" in lead.get(path).text
    assert lead.posted(path, {"days": "30", "until": ""}).status_code == 303
    page = lead.get(path).text
    assert 'value="30"' in page
    assert "content is erased on" in page
    assert lead.posted(path, {"days": "0", "until": ""}).status_code == 400
    assert 'value="30"' in lead.get(path).text
    assert lead.posted(path, {"days": "", "until": ""}).status_code == 303
    assert "kept until you delete it" in lead.get(path).text
    assert here.visitor("ann@example.org").get(path).status_code == 403
