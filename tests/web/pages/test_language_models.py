"""The page of a study's language model: what is on, turning one on and off, and that only leads have it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.web.pages.visiting import Site, site

FORM = {"server": "here", "model": "small", "purpose": "To compare it.", "words": "Ann\r\n\r\n Leeds \r\n", "redaction": "contacts"}
NUMBERS = {"temperature": "0.5", "seed": "3", "samples": "2"}


@pytest.fixture
def named(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path)
    installation.settings = replace(
        installation.settings, language_model_servers="here=http://127.0.0.1:9/v1", language_model_keys="here=sk-CANARY"
    )
    with installation.running() as client:
        yield site(installation, client)
    installation.store.close()


def test_a_lead_turns_one_on_and_off_and_both_stay_on_record(named: Site) -> None:
    lead, path = named.visitor("lead@example.org"), f"/studies/{named.study}/language-model"
    assert "nothing of it leaves this machine" in lead.get(path).text
    on = lead.post(path, FORM | NUMBERS)
    assert on.status_code == 200
    for said in (
        "small",
        "http://127.0.0.1:9/v1",
        "To compare it.",
        "Temperature 0.5, seed 3, samples 2",
        "2 words, addresses and numbers",
    ):
        assert said in on.text
    assert "sk-CANARY" not in on.text
    off = lead.post(f"{path}/end")
    assert "nothing of it leaves this machine" in off.text
    assert "To compare it." in off.text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"model": ""}, "The model has a name"),
        ({"purpose": " "}, "Say what the model is for"),
        ({"words": "A"}, "2 to 100 characters"),
        ({"temperature": "warm"}, "a number from 0 to 2"),
        ({"samples": "3", "temperature": "0"}, "Set a temperature"),
        ({"server": "elsewhere"}, "There is no such server"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_in_a_sentence_and_nothing_is_on(named: Site, more: dict[str, str], said: str) -> None:
    lead, path = named.visitor("lead@example.org"), f"/studies/{named.study}/language-model"
    refused = lead.post(path, FORM | NUMBERS | more)
    assert refused.status_code == 400
    assert said in refused.text
    assert named.api.get(path).json()["history"] == []


def test_without_a_server_there_is_no_form(here: Site) -> None:
    page = here.visitor("lead@example.org").get(f"/studies/{here.study}/language-model")
    assert "has named no server" in page.text
    assert 'name="purpose"' not in page.text


def test_coders_have_no_such_page(named: Site) -> None:
    path = f"/studies/{named.study}/language-model"
    ann = named.visitor("ann@example.org")
    answers = [ann.get(path), ann.posted(path, FORM | NUMBERS), ann.posted(f"{path}/end")]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
