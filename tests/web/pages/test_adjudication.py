"""Adjudication and reopening by forms alone."""

import re

import httpx
import pytest

from service.coding.visibility import Role
from tests.web.pages.test_agreement import coded
from tests.web.pages.visiting import Site, Tags, Visitor, field_of


@pytest.fixture
def parted(here: Site) -> str:
    """Give a closed round on which Ann and Ben part on excerpts 3 and 5."""
    round_ = here.round(size=6)
    coded(here.visitor("ann@example.org"), round_, {"0": "1", "1": "1", "2": "2", "3": "2", "4": "none", "5": "0"}, memo="Ann wondered")
    coded(here.visitor("ben@example.org"), round_, {"0": "1", "1": "1", "2": "2", "3": "1", "4": "none", "5": "2"})
    here.api.post(f"/rounds/{round_}/closing")
    return round_


def send(visitor: Visitor, page: httpx.Response, round_: str, **fields: object) -> httpx.Response:
    hidden = {name: field_of(page, name) for name in ("position", "excerpt")}
    return visitor.post(f"/rounds/{round_}/resolve", hidden | {"way": "discussion", "why": "slip", "memo": ""} | fields)


def adjudicator(here: Site) -> Visitor:
    here.installation.member(here.study, "ada@example.org", Role.ADJUDICATOR)
    return here.visitor("ada@example.org")


def test_one_disagreement_after_the_other_without_a_script(here: Site, parted: str) -> None:
    ada = adjudicator(here)
    assert f"/rounds/{parted}/resolve" in ada.get(f"/studies/{here.study}").text
    page = ada.get(f"/rounds/{parted}")
    assert str(page.url).endswith("/resolve")
    assert "2 of 2 disagreements without a resolution" in page.text
    assert "Ann wondered" in page.text
    assert {"Help that lets somebody go on", "Planned time to look back", "Knowing what the role is"} & set(definitions(page))
    second = send(ada, page, parted, answer="0")
    assert "1 of 2 disagreements without" in second.text
    assert field_of(second, "excerpt") != field_of(page, "excerpt")
    done = send(ada, second, parted, answer="other", code="0", memo="Neither was right.")
    assert "0 of 2 disagreements without" in done.text
    listed = here.api.get(f"/rounds/{parted}/resolutions").json()
    assert [one["standing"] for one in listed] == [True, True]
    assert listed[1]["memo"] == "Neither was right."
    assert listed[1]["answer"]["codes"] == ["Support"]


def definitions(page: httpx.Response) -> list[str]:
    return re.findall(r'<p dir="auto" class="pre">([^<]*)</p>', page.text)


def test_each_answer_given_has_its_number(here: Site, parted: str) -> None:
    page = adjudicator(here).get(f"/rounds/{parted}/resolve?at=1")
    answers = [given.get("value") for name, given in Tags(page.text).elements if name == "input" and given.get("name") == "answer"]
    assert answers == ["0", "1", "other"]
    assert page.text.count("<kbd>") == 2
    assert "Disagreement 2 of 2" in page.text


def test_who_kept_the_own_answer_is_kept(here: Site, parted: str) -> None:
    ada = adjudicator(here)
    page = ada.get(f"/rounds/{parted}/resolve")
    send(ada, page, parted, answer="0", kept="1")
    [made] = here.api.get(f"/rounds/{parted}/resolutions").json()
    assert made["kept"] == ["Ben@Example.Org"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [({"answer": ""}, "Choose the answer"), ({"answer": "7"}, "does not have"), ({"answer": "0", "why": ""}, "cannot be read")],
)
def test_what_is_missing_is_said_and_nothing_is_stored(here: Site, parted: str, fields: dict[str, object], says: str) -> None:
    ada = adjudicator(here)
    refused = send(ada, ada.get(f"/rounds/{parted}/resolve"), parted, **fields)
    assert refused.status_code == 400
    assert says in refused.text
    assert here.api.get(f"/rounds/{parted}/resolutions").json() == []


def test_the_agreement_page_says_blind_and_negotiated_apart(here: Site, parted: str) -> None:
    lead = here.visitor("lead@example.org")
    assert "After discussion" not in lead.get(f"/rounds/{parted}/agreement").text
    send(lead, lead.get(f"/rounds/{parted}/resolve"), parted, answer="0")
    page = lead.get(f"/rounds/{parted}/agreement").text
    assert "Negotiated agreement stands beside blind agreement, never instead of it." in page
    assert "Who moved to whom" in page
    [found] = here.api.get(f"/rounds/{parted}/agreement").json()["negotiated"]
    assert f'<data value="{found["alpha"]["value"]}">' in page


def test_a_coder_finds_no_adjudication(here: Site, parted: str) -> None:
    ann = here.visitor("ann@example.org")
    assert ann.get(f"/rounds/{parted}/resolve").status_code == 404
    assert "/resolve" not in ann.get(f"/rounds/{parted}/agreement").text


def test_a_round_without_disagreements_says_so(here: Site) -> None:
    round_ = here.round(size=2)
    here.api.post(f"/rounds/{round_}/closing")
    assert "No disagreements" in here.visitor("lead@example.org").get(f"/rounds/{round_}/resolve").text


def test_a_lead_reopens_closes_again_and_archives(here: Site, parted: str) -> None:
    lead = here.visitor("lead@example.org")
    assert "Reason, printed on every report" in lead.get(f"/rounds/{parted}").text
    page = lead.post(f"/rounds/{parted}/reopening", {"reason": "An older printout."})
    assert "The round is open again" in page.text
    assert "An older printout." in page.text
    assert here.visitor("ann@example.org").get(f"/rounds/{parted}/code").status_code == 200
    report = lead.post(f"/rounds/{parted}/closing")
    assert "The round was opened again" in report.text
    assert "An older printout." in report.text
    archived = lead.post(f"/rounds/{parted}/archiving")
    assert "Archived: read only." in archived.text
    assert "/reopening" not in archived.text
    assert "nothing can be resolved any more" in lead.get(f"/rounds/{parted}/resolve").text
