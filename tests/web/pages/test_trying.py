"""Trying suggestions on a text: by the model on this machine, or by the language model that the study's lead turned on."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.suggestion.stub import Stub, http, saying, sending, served
from tests.suggestion.test_llm import TEXT
from tests.web.pages.visiting import Site, Visitor, site

ON = {"server": "here", "model": "small-model", "purpose": "To see how it codes.", "redaction": "words", "words": ["landlord"]}
SAID = json.dumps({"rationale": "It is about a dwelling.", "quote": "took the key", "code": "c2"})


@dataclass(frozen=True)
class Trying:
    """A study whose operator named one server."""

    site: Site
    stub: Stub

    @property
    def path(self) -> str:
        return f"/studies/{self.site.study}/suggestions"

    def on(self, **more: object) -> Visitor:
        assert self.site.api.post(f"/studies/{self.site.study}/language-model", ON | more).is_success
        return self.site.visitor("lead@example.org")


@pytest.fixture
def trying(tmp_path: Path) -> Iterator[Trying]:
    with served(saying(SAID)) as stub:
        installation = Installation(tmp_path)
        installation.settings = replace(installation.settings, language_model_servers=f"here={stub.url}")
        with installation.running() as client:
            yield Trying(site(installation, client), stub)
        installation.store.close()


def test_without_a_language_model_there_is_nothing_to_choose(trying: Trying) -> None:
    lead = trying.site.visitor("lead@example.org")
    assert 'name="backend"' not in lead.get(trying.path).text
    page = lead.post(trying.path, {"text": TEXT})
    assert page.status_code == 200
    assert "Left this machine</dt><dd>nothing" in page.text
    assert re.search(
        r"By theme, each with its sub-themes: <span dir=\"auto\">Support</span> <span class=\"num\">score -?\.\d+</span>\.", page.text
    )
    refused = lead.post(trying.path, {"text": TEXT, "backend": "language-model"})
    assert refused.status_code == 409
    assert "nothing is sent" in refused.text
    assert trying.stub.asked == []


def test_the_page_says_where_a_text_goes_and_what_for_before_anything_is_sent(trying: Trying) -> None:
    page = unescape(trying.on().get(trying.path).text)
    for said in ("small-model", trying.stub.url, "To see how it codes.", "1 word.", "does not leave this machine"):
        assert said in page
    assert re.search(r'value="embeddings" checked', page), "what stays here is what is chosen"
    assert trying.stub.asked == []


def test_the_language_model_ranks_with_its_quote_and_the_page_says_what_left(trying: Trying) -> None:
    lead = trying.on()
    page = lead.post(trying.path, {"text": TEXT, "backend": "language-model"})
    assert page.status_code == 200
    assert re.findall(r'<h3><span dir="auto">([^<]*)</span> <span class="muted">([^<]*)</span>', page.text)[0] == ("Supervision", "said")
    assert '<span class="tag">quote</span> <span dir="auto">took the key</span>' in page.text
    assert "not calibrated: one answer" in page.text.lower()
    assert f'to <span dir="auto">here</span> at <span class="mono">{trying.stub.url}</span>' in page.text
    assert 'value="language-model" checked' in page.text
    [sent] = trying.stub.asked
    assert "landlord" not in json.dumps(sent)
    again = lead.post(trying.path, {"text": TEXT, "backend": "language-model"})
    assert len(trying.stub.asked) == 1, "the same question is answered from what was kept"
    assert "Supervision" in again.text


def test_the_model_on_this_machine_sends_nothing_though_another_is_on(trying: Trying) -> None:
    page = trying.on().post(trying.path, {"text": TEXT, "backend": "embeddings"})
    assert page.status_code == 200
    assert "Left this machine</dt><dd>nothing" in page.text
    assert trying.stub.asked == []


def test_samples_are_said_as_shares(trying: Trying) -> None:
    given = iter(["c2", "c2", "c1", "none"])
    trying.stub.behave = saying(lambda _: SAID.replace('"c2"', f'"{next(given)}"'))
    page = trying.on(samples=4, temperature=0.7).post(trying.path, {"text": TEXT, "backend": "language-model"}).text
    assert "said in 50.0 % of the samples" in page
    assert "self-consistency of 4 samples" in page


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (http(b"{}", status="401 Unauthorized"), "refused: status 401"),
        (http(b"<html>busy</html>", media="text/html"), "The language model"),
    ],
)
def test_what_goes_wrong_is_said_and_the_text_stays(trying: Trying, reply: bytes, said: str) -> None:
    trying.stub.behave = sending(reply)
    page = trying.on().post(trying.path, {"text": TEXT, "backend": "language-model"})
    assert page.status_code == 503
    [problem] = re.findall(r'<p class="problem" role="alert">([^<]*)</p>', page.text)
    assert said in problem
    assert TEXT in page.text
    assert 'value="language-model" checked' in page.text


def test_an_unknown_back_end_and_an_empty_text_are_refused_in_words(trying: Trying) -> None:
    lead = trying.on()
    assert lead.post(trying.path, {"text": TEXT, "backend": "oracle"}).status_code == 400
    assert lead.post(trying.path, {"text": " ", "backend": "language-model"}).status_code == 400
    assert trying.stub.asked == []


def test_coders_have_no_such_page(trying: Trying) -> None:
    trying.on()
    ann = trying.site.visitor("ann@example.org")
    assert [ann.get(trying.path).status_code, ann.posted(trying.path, {"text": TEXT}).status_code] == [403, 403]
