"""The pages about suggestions in a real browser: both themes, wide and narrow, with and without JavaScript."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from service.embedding import DEFAULT_MODEL, ModelKey, read_manifest
from tests.flow.browsing import Watched, browsing, scrolls_sideways, violations
from tests.flow.test_browser import NARROW, WIDE, coder_page, looked_at, signed_in, study_and_closed_round
from tests.installation import MODELS, Installation
from tests.server import serving
from tests.suggestion.stub import Stub, saying, served
from tests.web.pages.test_trying import SAID

pytestmark = pytest.mark.browser

TEXT = "She took the key and we met at the café every Thursday after that."
FACTS = {"Model": "a-small-model-with-a-long-name-instruct-q4", "What it is for": "To compare its codes with ours after the close."}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with served(saying(SAID)) as made:
        yield made


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    coder_page(made)
    yield made
    made.store.close()


@pytest.fixture
def watched(installation: Installation, stub: Stub, chromium: str) -> Iterator[Watched]:
    named = {"INTERCODER_LANGUAGE_MODEL_SERVERS": f"the-department={stub.url}"}
    with serving(installation.settings.data_dir, environ=named) as server, browsing(chromium, server.url) as made:
        yield made


def turned_on(lead: Page, study: str) -> None:
    lead.goto(f"{study}/language-model")
    for label, value in FACTS.items():
        lead.get_by_label(label, exact=True).fill(value)
    lead.get_by_role("button", name="Turn it on").click()
    expect(lead.get_by_role("button", name="Turn it off")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible_and_fit_a_phone(installation: Installation, watched: Watched, scheme: str) -> None:
    study, _ = study_and_closed_round(installation)
    found: dict[str, list[str]] = {}
    with watched.person(color_scheme=scheme) as lead:
        signed_in(lead, "demo-lead", installation)
        found |= looked_at(lead, f"{study}/language-model", f"{scheme}-language-model-off")
        turned_on(lead, study)
        embedded(installation)
        found |= looked_at(lead, f"{study}/language-model", f"{scheme}-language-model-on")
        found |= looked_at(lead, f"{study}/suggestions", f"{scheme}-suggestions-choice")
        for name in ("the model on this machine", "the language model"):
            for size in (WIDE, NARROW):
                lead.set_viewport_size({"width": size["width"], "height": size["height"]})
                asked(lead, study, name)
                place = f"answered by {name}, {size['width']}"
                found[place] = violations(lead) + (["scrolls sideways"] if scrolls_sideways(lead) else [])
    assert {place: faults for place, faults in found.items() if faults} == {}
    assert watched.faults == []


def test_without_javascript_the_language_model_answers_once_it_is_chosen(installation: Installation, watched: Watched, stub: Stub) -> None:
    study, _ = study_and_closed_round(installation)
    with watched.person(viewport=WIDE, java_script_enabled=False) as lead:
        signed_in(lead, "demo-lead", installation)
        turned_on(lead, study)
        embedded(installation)
        asked(lead, study, "the model on this machine")
        assert stub.asked == []
        asked(lead, study, "the language model")
        expect(lead.get_by_text("said", exact=True).first).to_be_visible()
        expect(lead.get_by_text("took the key", exact=True).first).to_be_visible()
    assert len(stub.asked) == 1
    assert watched.faults == []


def embedded(installation: Installation) -> None:
    """Wait until every excerpt has its vector: until then the resolved ones cannot speak, and the page says so (503)."""
    key = ModelKey(DEFAULT_MODEL, read_manifest(MODELS, DEFAULT_MODEL).revision)
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with installation.store.reading() as tx:
            if not tx.vectors.missing(key, limit=1):
                return
        time.sleep(0.1)
    raise AssertionError("the excerpts were not embedded within a minute")


def asked(lead: Page, study: str, name: str) -> None:
    lead.goto(f"{study}/suggestions")
    lead.get_by_label("Text", exact=True).fill(TEXT)
    lead.get_by_role("radio", name=name).check()
    lead.get_by_role("button", name="Rank the codes").click()
    while lead.get_by_text("have no vector of the model").is_visible():  # the study's texts are being embedded
        lead.wait_for_timeout(500)
        lead.get_by_role("button", name="Rank the codes").click()
    expect(lead.get_by_role("heading", name="What ranked")).to_be_visible()
