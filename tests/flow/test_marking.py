"""Marking stretches of the text in a real browser: by keyboard alone, by mouse, after a reload, and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.model import CodedSpan
from service.web.identity import hash_password
from tests.flow.browsing import Watched, browsing, scrolls_sideways, violations
from tests.installation import PASSWORD, Installation
from tests.server import serving
from tests.store.scene import Scene

pytestmark = pytest.mark.browser

TEXT = "Trust \N{PARROT} takes time,\nsaid the mentor."
BOOK = Codebook(variables=(Variable(name="places", scheme=Scheme.SPANS, codes=(Code(name="what"), Code(name="who"))),))
WORD = """(word) => {
  const walker = document.createTreeWalker(document.getElementById("text"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(word);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    const box = range.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  }
}"""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    installation = Installation(tmp_path)
    made = Scene.in_store(installation.store, texts=[TEXT])
    with made.store.writing() as tx:
        tx.people.set_password(made.coders[0], hash_password(PASSWORD))
        tx.codebooks.save(made.study, BOOK, by=made.lead, note="")
    yield made
    installation.store.close()


@pytest.fixture
def round_id(scene: Scene) -> str:
    with scene.store.reading() as tx:
        codebook = tx.codebooks.id_of(scene.study)
        assert codebook is not None
        revision = tx.codebooks.numbered(codebook, 2).id
    return Scene(scene.store, scene.study, scene.lead, scene.coders, revision, scene.document, scene.excerpts).open()


@pytest.fixture
def watched(tmp_path: Path, round_id: str, chromium: str) -> Iterator[Watched]:
    assert round_id
    with serving(tmp_path) as server, browsing(chromium, server.url) as made:
        yield made


def at_the_desk(page: Page, round_id: str) -> None:
    page.goto("/login")
    page.get_by_label("Login name").fill("coder0")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"/rounds/{round_id}/code")


def given(page: Page) -> list[str | None]:
    return [one.get_attribute("value") for one in page.locator(".spans li input:checked").all()]


def test_by_keyboard_and_mouse_offsets_count_code_points(scene: Scene, watched: Watched, round_id: str) -> None:
    with watched.person(viewport={"width": 1280, "height": 800}) as coder:
        at_the_desk(coder, round_id)
        coder.locator("#text").focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowRight"):  # the third word and the fourth
            coder.keyboard.press(key)
        coder.keyboard.press("1")
        assert given(coder) == ["8-19-0"]
        coder.mouse.dblclick(*coder.evaluate(WORD, "mentor"))
        coder.get_by_role("button", name="who").click()
        assert given(coder) == ["8-19-0", "29-35-1"]
        expect(coder.locator("#text mark").last).to_have_attribute("data-ends", "who")
        coder.reload()
        assert given(coder) == ["8-19-0", "29-35-1"]  # the draft is back
        assert violations(coder) == []
        coder.keyboard.press("Control+Enter")
        expect(coder).to_have_url(f"{watched.url}/rounds/{round_id}/own")
    assert watched.faults == []
    with scene.store.reading() as tx:
        [coding] = tx.codings.own(round_id, scene.coders[0])
    assert coding.content is not None
    spans = coding.content.answers[0].spans
    assert spans == (CodedSpan(start=8, end=19, code="what"), CodedSpan(start=29, end=35, code="who"))
    assert [TEXT[span.start : span.end] for span in spans] == ["takes time,", "mentor"]


def test_a_code_without_a_stretch_says_what_to_do_and_none_applies_takes_the_stretches_away(watched: Watched, round_id: str) -> None:
    with watched.person(viewport={"width": 390, "height": 844}) as coder:
        at_the_desk(coder, round_id)
        coder.get_by_role("button", name="who").click()
        expect(coder.locator("#state")).to_contain_text("Mark a stretch of the text first")
        coder.locator("#text").focus()
        coder.keyboard.press("ArrowLeft")
        coder.keyboard.press("2")
        assert given(coder) == ["29-36-1"]
        coder.keyboard.press("0")
        assert given(coder) == []
        expect(coder.locator("#text mark")).to_have_count(0)
        assert not scrolls_sideways(coder)
        assert violations(coder) == []
    assert watched.faults == []
