"""The main job in a real browser against a real server: from the set-up link to the agreement, coders by keyboard only."""

import re
from collections.abc import Iterator
from pathlib import Path

import krippendorff
import pytest
from playwright.sync_api import Page, expect

from service.demo.seeding import ensure_demo
from service.demo.simulation import CONTENT
from service.store.credentials import LinkKind
from tests.flow.browsing import Watched, artefact, browsing, keep, scrolls_sideways, violations
from tests.installation import PASSWORD, Installation
from tests.server import serving

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
CODERS = ("Ann", "Ben")
WORDS = re.compile(r"(?<=/)[a-z0-9]+(?![\w-])")


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def watched(installation: Installation, chromium: str) -> Iterator[Watched]:
    with serving(installation.settings.data_dir) as server, browsing(chromium, server.url) as made:
        yield made


def test_from_the_set_up_link_to_the_agreement(installation: Installation, watched: Watched) -> None:
    with installation.store.writing() as tx:
        set_up = tx.links.issue(LinkKind.SET_UP)
    with watched.person(viewport=WIDE) as lead:
        lead.goto(f"/links/{set_up}")
        lead.get_by_label("Your name").fill("Lea")
        lead.get_by_label("Login name").fill("lea@example.org")
        lead.get_by_label("Password").fill(PASSWORD)
        lead.get_by_role("button", name="Set password and sign in").click()
        lead.get_by_label("Name of the study").fill("Peer mentoring")
        lead.get_by_role("button", name="Make the study").click()
        bring_in(lead)
        links = [invited(lead, name) for name in CODERS]
        plan_and_open(lead)
        given = [codes_by_keyboard(watched, link, name) for link, name in zip(links, CODERS, strict=True)]
        lead.reload()
        expect(lead.get_by_role("row", name="Ann")).to_contain_text("3 of 3")
        lead.get_by_text("Close the round…").click()
        lead.get_by_role("button", name="Close for good").click()
        expect(lead.get_by_role("heading", level=1)).to_have_text("Round 1: agreement")
        assert float(lead.locator(".variable data").first.get_attribute("value") or "nan") == pytest.approx(alpha(*given), abs=1e-12)
        pictures_are_there(lead)
        lead.screenshot(path=artefact("main-job-agreement"), full_page=True)
    assert watched.faults == []


def bring_in(lead: Page) -> None:
    lead.get_by_label("File").set_input_files(CONTENT / "interviews.csv")
    lead.get_by_text("Columns, and how a text is cut").click()
    lead.get_by_label("Column naming the document").fill("document")
    lead.get_by_label("Column naming the row").fill("speaker")
    lead.get_by_role("button", name="Import", exact=True).click()
    expect(lead.get_by_text("8 documents imported")).to_be_visible()
    lead.get_by_role("link", name="Import a codebook").first.click()
    lead.get_by_label("File").set_input_files(CONTENT / "codebook.csv")
    lead.get_by_role("button", name="Import", exact=True).click()
    expect(lead.get_by_text("Saved as a new revision")).to_be_visible()
    lead.get_by_role("link", name="Study", exact=True).click()


def invited(lead: Page, name: str) -> str:
    if not lead.get_by_role("button", name="Make the invitation link").is_visible():
        lead.get_by_text("Invite somebody", exact=True).last.click()
    lead.get_by_label("Name", exact=True).fill(name)
    lead.get_by_label("Login name").fill(f"{name.lower()}@example.org")
    lead.get_by_role("button", name="Make the invitation link").click()
    link = lead.get_by_role("textbox", name="The link").input_value()
    lead.get_by_role("link", name="Back to the study").click()
    return link


def plan_and_open(lead: Page) -> None:
    lead.get_by_role("link", name="Plan a round").first.click()
    lead.get_by_role("spinbutton", name="Excerpts", exact=True).last.fill("3")
    # A seed of our own: another three excerpts might all be given one code, which has no alpha.
    lead.get_by_role("spinbutton", name="Seed").fill("1")
    lead.get_by_role("button", name="Draw and keep as a draft").click()
    lead.get_by_role("button", name="Open the round").click()
    expect(lead.get_by_text("Coders code blind now")).to_be_visible()


def codes_by_keyboard(watched: Watched, link: str, name: str) -> dict[str, str]:
    """Code three excerpts without touching the mouse; give the code of each by its text."""
    with watched.person(viewport=WIDE) as coder:
        coder.goto(link)
        coder.get_by_label("Password").focus()
        coder.keyboard.type(PASSWORD)
        coder.keyboard.press("Enter")
        expect(coder.get_by_role("heading", level=1)).to_have_text("My rounds")
        coder.get_by_role("link", name="Begin").focus()
        coder.keyboard.press("Enter")
        given: dict[str, str] = {}
        for place in range(1, 4):
            expect(coder.get_by_role("heading", level=1)).to_have_text(f"Excerpt {place} of 3")
            text = coder.locator(".excerpt").inner_text()
            given[text] = coded(coder, text, name)
        expect(coder.get_by_text("Everything is coded")).to_be_visible()
        corrected(coder)
    return given


def coded(coder: Page, text: str, name: str) -> str:
    """Give Ann's code by its key; Ben's by its name, except for one excerpt, on which they differ."""
    differs = len(text) % 2 == 0 and name == "Ben"
    if name == "Ann":
        coder.keyboard.press("2")
    elif differs:
        coder.keyboard.press("0")
    else:
        coder.keyboard.press("/")
        coder.keyboard.type("alternative to")
        coder.keyboard.press("Enter")
    chosen = coder.locator("label.code:has(:checked)")
    expect(chosen).to_contain_text("No code applies" if differs else "Alternative to Offending")
    coder.keyboard.press("+")
    coder.keyboard.press(",")
    coder.keyboard.type("two keys: 1 and 2, not codes here")
    coder.keyboard.press("Control+Enter")
    return "" if differs else "Alternative to Offending"


def corrected(coder: Page) -> None:
    """Open the first coding again, see what was given, and save it as it is."""
    coder.locator("td a").first.focus()
    coder.keyboard.press("Enter")
    expect(coder.get_by_text("Saving corrects it")).to_be_visible()
    expect(coder.get_by_label("Memo")).to_have_value("two keys: 1 and 2, not codes here")
    coder.keyboard.press("Escape")
    coder.keyboard.press("Enter")
    expect(coder.get_by_text("Everything is coded")).to_be_visible()


def alpha(one: dict[str, str], other: dict[str, str]) -> float:
    assert one.keys() == other.keys()
    return krippendorff.alpha(
        reliability_data=[[codes[text] for text in sorted(one)] for codes in (one, other)], level_of_measurement="nominal"
    )


def test_single_keys_can_be_turned_off_and_stay_off(installation: Installation, watched: Watched) -> None:
    code = coder_page(installation)
    with watched.person(viewport=WIDE) as coder:
        signed_in(coder, "demo-coder-1", installation)
        coder.goto(code)
        coder.get_by_role("switch").uncheck()
        coder.reload()
        coder.keyboard.press("2")
        expect(coder.locator("label.code:has(:checked)")).to_have_count(0)
        coder.get_by_role("switch").check()
        coder.keyboard.press("2")
        expect(coder.locator("label.code:has(:checked)")).to_have_count(1)
        expect(coder.locator(".definition.shown h2")).to_have_text("Alternative to Offending")
        coder.keyboard.press("Control+2")
        coder.keyboard.press("Alt+3")
        expect(coder.locator("label.code:has(:checked)")).to_contain_text("Alternative to Offending")
    assert watched.faults == []


def test_a_coder_without_javascript_has_every_definition_and_saves(installation: Installation, watched: Watched) -> None:
    code = coder_page(installation)
    with watched.person(viewport=NARROW, java_script_enabled=False) as coder:
        signed_in(coder, "demo-coder-1", installation)
        coder.goto(code)
        expect(coder.locator(".definition").last).to_be_visible()
        coder.get_by_label("Clarity").check()
        coder.get_by_role("button", name=re.compile("Save and next")).last.click()
        expect(coder.get_by_role("heading", level=1)).to_contain_text("Excerpt 2")
    assert watched.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(installation: Installation, watched: Watched, scheme: str) -> None:
    code = coder_page(installation)
    round_ = code.removesuffix("/code")
    study, closed = study_and_closed_round(installation)
    leads = [
        "/", "/welcome", study, f"{study}/codebook", f"{study}/codebook/1/variables/0", f"{study}/codebook/1/variables/0/codes/1",
        f"{study}/codebook/revisions/1", f"{study}/rounds/new", f"{study}/suggestions", round_, f"{closed}/agreement", f"{closed}/ledger",
        f"{closed}/dialogue", f"{closed}/resolve", f"{closed}/merge", f"{study}/trend", f"{study}/retention",
        "/tokens", "/api", "/help/blind",
    ]  # fmt: skip
    found: dict[str, list[str]] = {}
    with (
        watched.person(color_scheme=scheme) as anybody,
        watched.person(color_scheme=scheme) as lead,
        watched.person(color_scheme=scheme) as coder,
    ):
        signed_in(lead, "demo-lead", installation)
        signed_in(coder, "demo-coder-1", installation)
        for page, paths in ((anybody, ["/login"]), (lead, leads), (coder, ["/", study, code, f"{round_}/own"])):
            for path in paths:
                found |= looked_at(page, path, f"{scheme}-{'-'.join(WORDS.findall(path)) or 'home'}")
        found |= opened(lead, f"{closed}/agreement") | planned_answer(lead, f"{study}/rounds/new")
        shots(lead, coder, (study, closed, code), scheme)
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert watched.faults == []


def looked_at(page: Page, path: str, name: str) -> dict[str, list[str]]:
    """Look at a page wide and narrow."""
    found: dict[str, list[str]] = {}
    for size in (WIDE, NARROW):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.goto(path)
        found[f"{path} {size['width']}"] = violations(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])
    page.screenshot(path=artefact(f"{name}-390"))
    return found


def opened(page: Page, path: str) -> dict[str, list[str]]:
    """Look at a page with everything on it unfolded."""
    page.goto(path)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    return {f"{path} unfolded": violations(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])}


def planned_answer(page: Page, path: str) -> dict[str, list[str]]:
    """Look at what the planner answers."""
    page.goto(path)
    page.get_by_text("How many excerpts? Ask the planner").click()
    page.locator("[name='p0-0']").fill("20")
    page.get_by_role("button", name="Calculate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How many excerpts")
    return {f"{path} answered": violations(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])}


def test_a_coefficients_name_opens_by_keyboard_and_without_javascript(installation: Installation, watched: Watched) -> None:
    coder_page(installation)
    _, closed = study_and_closed_round(installation)
    with watched.person(viewport=WIDE, java_script_enabled=False) as lead:
        signed_in(lead, "demo-lead", installation)
        lead.goto(f"{closed}/agreement")
        words = lead.get_by_text("One minus the disagreement that was seen").first
        expect(words).to_be_hidden()
        lead.locator(".term summary").first.focus()
        lead.keyboard.press("Enter")
        expect(words).to_be_visible()
    assert watched.faults == []


def pictures_are_there(page: Page) -> None:
    for picture in page.locator("img").all():
        expect(picture).to_have_js_property("complete", value=True)
        assert picture.evaluate("one => one.naturalWidth") > 0


def shots(lead: Page, coder: Page, places: tuple[str, str, str], scheme: str) -> None:
    """Make the pictures of the documents, in the light theme."""
    if scheme != "light":
        return
    study, closed, code = places
    for page, path, name, height in (
        (coder, code, "coder", 800),
        (lead, study, "study", 1000),
        (lead, f"{closed}/agreement", "agreement", 1500),
    ):
        page.set_viewport_size({"width": 1440 if name == "coder" else 1280, "height": height})
        page.goto(path)
        pictures_are_there(page)
        if name == "coder":
            page.keyboard.press("9")
        keep(page, name)


def coder_page(installation: Installation) -> str:
    ensure_demo(installation.store)
    with installation.store.reading() as tx:
        rounds = tx.rounds.of_study(tx.corpus.demo() or "")
    return f"/rounds/{rounds[-1].id}/code"


def study_and_closed_round(installation: Installation) -> tuple[str, str]:
    with installation.store.reading() as tx:
        study = tx.corpus.demo() or ""
        return f"/studies/{study}", f"/rounds/{tx.rounds.of_study(study)[0].id}"


def signed_in(page: Page, login: str, installation: Installation) -> None:
    with installation.store.writing() as tx:
        person = tx.people.by_login(login)
        assert person
        secret = tx.links.issue(LinkKind.SET_PASSWORD, person_id=person.id)
    page.goto(f"/links/{secret}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set password and sign in").click()


def test_a_lost_connection_and_a_reload_lose_nothing(installation: Installation, watched: Watched) -> None:
    code = coder_page(installation)
    with watched.person(viewport=WIDE) as coder:
        signed_in(coder, "demo-coder-1", installation)
        coder.goto(code)
        coder.keyboard.press("3")
        coder.reload()
        expect(coder.locator("label.code:has(:checked)")).to_contain_text("Opportunity to be Valued")
        coder.get_by_label("Memo").fill("typed before the reload")
        coder.reload()
        expect(coder.get_by_label("Memo")).to_have_value("typed before the reload")
        expect(coder.locator("label.code:has(:checked)")).to_contain_text("Opportunity to be Valued")
        coder.context.set_offline(offline=True)
        coder.keyboard.press("Control+Enter")
        expect(coder.get_by_role("status")).to_contain_text("No connection. Your work is kept in this browser")
        coder.screenshot(path=artefact("coder-offline"))
        watched.faults.clear()  # the browser names the lost connection in its console
        coder.context.set_offline(offline=False)
        expect(coder.get_by_role("heading", level=1)).to_contain_text("Excerpt 2", timeout=15_000)
        expect(coder.get_by_label("Memo")).to_have_value("")
        with installation.store.reading() as tx:
            person = tx.people.by_login("demo-coder-1")
            assert person
            stored = tx.codings.own(code.split("/")[2], person.id)
        assert [one.content.memo for one in stored if one.content] == ["typed before the reload"]
        coder.keyboard.press("4")
        coder.goto("/")
        coder.get_by_role("button", name="Sign out").click()
        assert coder.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:'))") == []
    assert watched.faults == []
