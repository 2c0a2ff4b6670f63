"""The agreement page says what the API says, to the last digit, and leaves nobody's excerpts open to who may not see them."""

import json
import re
from html import unescape

import pytest

from service.agreement.explained import EXPLAINED
from service.coding.visibility import Role
from tests.web.pages.visiting import Site, Visitor, field_of


def coded(visitor: Visitor, round_: str, answers: dict[str, str], *, memo: str = "") -> None:
    """Code every excerpt of a round, each by a part of its text."""
    for _ in range(len(answers)):
        page = visitor.get(f"/rounds/{round_}/code")
        chosen = next(code for text, code in answers.items() if f"number {text} of" in excerpt_on(page.text))
        fields = {"assignment": field_of(page, "assignment"), "v0": chosen, "memo": memo}
        assert visitor.posted(f"/rounds/{round_}/code", fields).status_code == 303


def excerpt_on(page: str) -> str:
    return re.findall(r'<blockquote class="excerpt[^>]*>(.*?)</blockquote>', page, re.DOTALL)[0]


@pytest.fixture
def closed(here: Site) -> str:
    round_ = here.round(size=6)
    coded(here.visitor("ann@example.org"), round_, {"0": "1", "1": "1", "2": "2", "3": "2", "4": "none", "5": "0"}, memo="Ann wondered")
    coded(here.visitor("ben@example.org"), round_, {"0": "1", "1": "1", "2": "2", "3": "1", "4": "none", "5": "2"})
    here.api.post(f"/rounds/{round_}/closing")
    return round_


def test_the_page_and_its_json_say_what_the_api_says(here: Site, closed: str) -> None:
    report = here.api.get(f"/rounds/{closed}/agreement").json()
    lead = here.visitor("lead@example.org")
    page = lead.get(f"/rounds/{closed}/agreement").text
    [variable] = report["agreement"]["variables"]
    assert f'<data value="{variable["alpha"]["value"]}">' in page
    for code in variable["codes"]:
        assert code["alpha"]["value"] is None or f'<data value="{code["alpha"]["value"]}">' in page
    for figure in variable["coefficients"].values():
        assert f'<data value="{figure["value"]}">' in page
    assert variable["coefficients"]["krippendorff_alpha"] == variable["alpha"]
    assert json.loads(lead.get(f"/rounds/{closed}/agreement.json").text) == report | {"agreement": {**report["agreement"]}}
    assert report["seal"] in page


def test_a_paragraph_for_the_methods_section_can_be_copied(here: Site, closed: str) -> None:
    page = here.visitor("lead@example.org").get(f"/rounds/{closed}/agreement").text
    alpha = here.api.get(f"/rounds/{closed}/agreement").json()["agreement"]["variables"][0]["alpha"]["value"]
    [said] = re.findall(r'id="methods".*?<blockquote[^>]*>(.*?)</blockquote>', page, re.DOTALL)
    assert said.startswith("Two coders independently coded 6 excerpts")
    assert f"{alpha:.3f}".removeprefix("0") in said


def test_two_codes_as_one_are_shown_before_and_after(here: Site, closed: str) -> None:
    found = here.api.get(f"/rounds/{closed}/agreement/merge?variable=theme&first=Supervision&second=Clarity").json()
    report = here.api.get(f"/rounds/{closed}/agreement").json()["agreement"]["variables"][0]
    assert found["before"] == report["alpha"]
    assert found["after"]["value"] != found["before"]["value"]
    page = here.visitor("lead@example.org").get(f"/rounds/{closed}/agreement").text
    names = [code["code"] for code in report["codes"]]
    places = f"of=0&a={names.index('Supervision')}&b={names.index('Clarity')}"
    assert f'action="/rounds/{closed}/merge"' in page
    shown = here.visitor("lead@example.org").get(f"/rounds/{closed}/merge?{places}").text
    assert all(f'<data value="{found[which]["value"]}">' in shown for which in ("before", "after"))
    assert here.api.get(f"/rounds/{closed}/agreement/merge?variable=theme&first=Supervision&second=Supervision").status_code == 400


def test_the_kinds_of_disagreement_are_counted(here: Site, closed: str) -> None:
    # Excerpt 3: Supervision and Clarity; excerpt 5: likewise two codes. Each is one code in the place of another.
    [variable] = here.api.get(f"/rounds/{closed}/agreement").json()["agreement"]["variables"]
    assert variable["kinds"] == [{"kind": "swap", "differences": 2, "share": 1.0}]
    assert "another code in the place of this one" in here.visitor("lead@example.org").get(f"/rounds/{closed}/agreement").text


def test_disagreeing_excerpts_stand_with_both_answers_and_memos(here: Site, closed: str) -> None:
    page = here.visitor("ann@example.org").get(f"/rounds/{closed}/agreement").text
    articles = re.findall(r"<article.*?</article>", page, re.DOTALL)
    assert len(articles) == 2
    assert {re.findall(r"number (\d) of", article)[0] for article in articles} == {"3", "5"}
    assert all("Ann wondered" in article for article in articles)
    assert sum("Supervision" in article and "Clarity" in article for article in articles) == 1


def test_a_number_of_the_confusion_matrix_opens_its_excerpts(here: Site, closed: str) -> None:
    lead = here.visitor("lead@example.org")
    page = lead.get(f"/rounds/{closed}/agreement").text
    links = re.findall(r'<td class="q\d"><a href="([^"#]*)#', page)
    assert len(links) == 2, "two confusions, each once: the matrix is symmetric"
    for link in links:
        assert lead.get(f"/rounds/{closed}/agreement{unescape(link)}").text.count("<article") == 1
    for wrong in ("0.1", "0.1.x", "0.9.9.9", "-1.0.0"):
        assert lead.get(f"/rounds/{closed}/agreement?met={wrong}").status_code == 400
    assert lead.get(f"/rounds/{closed}/agreement?met=0.99.99").status_code == 200


def test_an_observer_reads_figures_and_no_excerpt(here: Site, closed: str) -> None:
    here.installation.member(here.study, "olga@example.org", Role.OBSERVER)
    olga = here.visitor("olga@example.org")
    page = olga.get(f"/rounds/{closed}/agreement")
    assert page.status_code == 200
    assert "Krippendorff" in page.text
    assert "of a talk about mentoring" not in page.text
    assert "Ann wondered" not in page.text
    assert olga.get(f"/rounds/{closed}/ledger").status_code == 404
    assert json.loads(olga.get(f"/rounds/{closed}/agreement.json").text)["agreement"]["variables"][0]["disagreements"] == []


def test_the_lead_reads_the_whole_ledger_and_a_coder_the_own_chain(here: Site, closed: str) -> None:
    whole = json.loads(here.visitor("lead@example.org").get(f"/rounds/{closed}/ledger.json").text)
    own = json.loads(here.visitor("ann@example.org").get(f"/rounds/{closed}/ledger.json").text)
    assert {entry["person_id"] for entry in whole} == {"", *here.coders}
    assert {entry["person_id"] for entry in own} == {here.coders[0]}
    assert "the round" in here.visitor("lead@example.org").get(f"/rounds/{closed}/ledger").text


def test_a_figure_that_cannot_be_said_is_a_dash_with_its_reason(here: Site) -> None:
    round_ = here.round(size=2)
    here.api.post(f"/rounds/{round_}/closing")
    page = here.visitor("lead@example.org").get(f"/rounds/{round_}/agreement").text
    assert '<p class="big num"><b>–</b></p>' in page
    assert "No estimate" in page
    assert "nan" not in re.sub(r"<[^>]*>", "", page).lower().split()


def test_a_coefficients_name_opens_two_sentences_and_the_reference(here: Site, closed: str) -> None:
    page = unescape(here.visitor("lead@example.org").get(f"/rounds/{closed}/agreement").text)
    opened = dict(re.findall(r'<details class="term"><summary>(.*?)</summary><p>(.*?)</p>', page))
    [variable] = here.api.get(f"/rounds/{closed}/agreement").json()["agreement"]["variables"]
    assert opened["Krippendorff's alpha, nominal"] == EXPLAINED["krippendorff_alpha"].words
    for name in variable["coefficients"]:
        assert opened[EXPLAINED[name].title] == EXPLAINED[name].words
        assert f'<p class="muted">{EXPLAINED[name].reference}</p>' in page


def test_documents_and_quarters_are_on_the_page_and_a_document_opens_its_excerpts(here: Site) -> None:
    text = "\n\n".join(f"Excerpt number {number} of another talk." for number in range(6, 8))
    assert here.api.upload(f"/studies/{here.study}/documents", "other.txt", text.encode()).is_success
    round_ = here.round(size=8)
    coded(here.visitor("ann@example.org"), round_, {str(number): "1" if number < 4 else "0" for number in range(8)})
    coded(here.visitor("ben@example.org"), round_, {str(number): "1" if number in {1, 2, 3, 6} else "0" for number in range(8)})
    here.api.post(f"/rounds/{round_}/closing")
    [parts] = here.api.get(f"/rounds/{round_}/agreement").json()["breakdown"]
    figures = {part["excerpts"]: (part["percent"]["value"], part["alpha"]["value"]) for part in parts["documents"]}
    # The talk: 5 of 6 alike; given 7 and 5 times, D_o 2/12, D_e 2*7*5/(12*11). The other talk: 1 of 2; 3 and 1 times, D_e 2*3/12.
    assert figures == {6: (pytest.approx(5 / 6), pytest.approx(1 - (2 / 12) / (70 / 132))), 2: (0.5, pytest.approx(0))}
    assert sum(part["codings"] for part in parts["quarters"]) == 16
    lead = here.visitor("lead@example.org")
    page = lead.get(f"/rounds/{round_}/agreement").text
    opened = {name: unescape(link) for link, name in re.findall(r'<a href="([^"#]*)#e0">(talk.txt|other.txt)</a>', page)}
    there = {name: lead.get(f"/rounds/{round_}/agreement{link}").text for name, link in opened.items()}
    assert [there[name].count("<article") for name in ("talk.txt", "other.txt")] == [1, 1]
    assert "number 7 of" in there["other.txt"] or "number 6 of" in there["other.txt"]
    assert "last quarter" in page
    here.installation.member(here.study, "olga@example.org", Role.OBSERVER)
    olga = here.visitor("olga@example.org").get(f"/rounds/{round_}/agreement").text
    assert "Document 2" in olga
    assert "other.txt" not in olga
