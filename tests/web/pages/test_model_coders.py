"""The page of a round lets its lead have a model code it; the figures' page sets models beside the coders, with nothing mixed."""

import re
import time

import pytest

from service.coding.visibility import Role
from tests.web.pages.visiting import Site, Visitor, field_of, masked


def embedded(here: Site) -> None:
    ends = time.monotonic() + 20
    while here.api.get(f"/studies/{here.study}/embedding").json()["done"] < 6 and time.monotonic() < ends:
        time.sleep(0.02)


def code_all(visitor: Visitor, round_id: str) -> None:
    for place in range(3):
        page = visitor.get(f"/rounds/{round_id}/code")
        assert visitor.posted(f"/rounds/{round_id}/code", {"assignment": field_of(page, "assignment"), "v0": str(place)}).status_code == 303


@pytest.fixture
def opened(here: Site) -> str:
    embedded(here)
    return here.round()


def test_the_lead_has_it_code_and_the_page_says_so_and_nothing_else(here: Site, opened: str) -> None:
    lead, path = here.visitor("lead@example.org"), f"/rounds/{opened}"
    before = lead.get(path).text
    assert "Let the model code this sample" in before
    assert "Nobody sees them before the close" in before
    assert "language-model" not in before  # none is on
    after = lead.post(f"{path}/model-coders", {"backend": "embeddings"})
    assert after.status_code == 200
    [name] = re.findall(r"hash, configuration [0-9a-f]{8}", after.text)
    assert f"{name}</b>" in after.text
    assert "sealed" in after.text
    assert lead.post(f"{path}/model-coders", {"backend": "embeddings"}).text.count(name) == 1
    refused = lead.post(f"{path}/model-coders", {"backend": "oracle"})
    assert (refused.status_code, "Choose which model" in refused.text) == (400, True)


def test_no_coder_is_shown_a_trace_of_it(here: Site, opened: str) -> None:
    ann = here.visitor("ann@example.org")
    paths = ("/", f"/rounds/{opened}/code", f"/rounds/{opened}/ledger", f"/studies/{here.study}")
    before = [masked(ann.get(path)) for path in paths]
    assert here.visitor("lead@example.org").post(f"/rounds/{opened}/model-coders", {"backend": "embeddings"}).status_code == 200
    assert [masked(ann.get(path)) for path in paths] == before
    assert ann.posted(f"/rounds/{opened}/model-coders", {"backend": "embeddings"}).status_code == 403


def test_after_the_close_models_stand_beside_the_coders(here: Site, opened: str) -> None:
    lead = here.visitor("lead@example.org")
    lead.post(f"/rounds/{opened}/model-coders", {"backend": "embeddings"})
    for login in ("ann@example.org", "ben@example.org"):
        code_all(here.visitor(login), opened)
    whole = lead.post(f"/rounds/{opened}/closing").text
    section = whole.partition('id="models"')[2].partition("</section>")[0]
    assert "the coders among themselves" in section
    assert re.search(r"the coders and <span[^>]*>hash, configuration [0-9a-f]{8}", section)
    assert "contains a coding of a model" in section
    assert "takes 3 coders" in section
    assert "answered 3 excerpts, abstained on 0" in section
    page = lead.get(f"/rounds/{opened}").text
    assert "on the report" in page
    assert "Let the model code this sample" not in page
    assert "hash, configuration" in lead.get(f"/rounds/{opened}/ledger").text


def test_a_round_without_a_model_coder_says_nothing_of_models(here: Site, opened: str) -> None:
    lead = here.visitor("lead@example.org")
    whole = lead.post(f"/rounds/{opened}/closing").text
    assert "Models beside the coders" not in whole
    assert "Models that code this sample" not in lead.get(f"/rounds/{opened}").text
    observer = here.installation.member(here.study, "olga@example.org", Role.OBSERVER)
    assert here.installation.caller(here.client, observer).get(f"/rounds/{opened}/model-coders").status_code == 404
