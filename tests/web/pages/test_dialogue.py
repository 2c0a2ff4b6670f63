"""The round without figures: the same excerpts as on the agreement page, no number that measures, and the same doors."""

import re
from html import unescape

from service.agreement.explained import EXPLAINED
from service.agreement.verdict import Verdict
from service.coding.visibility import Role
from tests.web.pages.test_agreement import coded
from tests.web.pages.visiting import Site

FIRST = {"0": "1", "1": "1", "2": "2", "3": "2", "4": "none", "5": "0"}
SECOND = {"0": "1", "1": "1", "2": "2", "3": "1", "4": "none", "5": "2"}


def closed(here: Site) -> str:
    round_ = here.round(size=6)
    coded(here.visitor("ann@example.org"), round_, FIRST, memo="Ann wondered")
    coded(here.visitor("ben@example.org"), round_, SECOND)
    here.api.post(f"/rounds/{round_}/closing")
    return round_


def test_the_differences_stand_side_by_side_without_a_coefficient_or_a_verdict(here: Site) -> None:
    round_ = closed(here)
    page = here.visitor("ann@example.org").get(f"/rounds/{round_}/dialogue").text
    articles = re.findall(r"<article.*?</article>", page, re.DOTALL)
    assert {re.findall(r"number (\d) of", article)[0] for article in articles} == {"3", "5"}
    assert all("Ann wondered" in article for article in articles)
    words = unescape(re.sub(r"<[^>]*>", " ", page)).lower()
    measuring = [*(one.title.lower() for one in EXPLAINED.values()), *(one.value for one in Verdict), "alpha", "kappa", "%", "percent"]
    assert [word for word in measuring if word in words] == []
    assert "odd" not in re.findall(r'class="([^"]*)"', "".join(articles))
    assert re.findall(r"(?<!\d)\.\d\d", words) == []


def test_a_code_narrows_the_list(here: Site) -> None:
    round_ = closed(here)
    lead = here.visitor("lead@example.org")
    links = {
        name: unescape(link)
        for link, name in re.findall(r'<a href="([^"]*)" dir="auto">([^<]*)</a>', lead.get(f"/rounds/{round_}/dialogue").text)
    }
    # Support was given on excerpt 5 only, Clarity on both.
    assert lead.get(links["Support"].partition("#")[0]).text.count("<article") == 1
    assert lead.get(links["Clarity"].partition("#")[0]).text.count("<article") == 2


def test_the_agreement_page_leads_there_and_its_door_is_the_same(here: Site) -> None:
    round_ = here.round(size=6)
    lead, ann = here.visitor("lead@example.org"), here.visitor("ann@example.org")
    coded(ann, round_, FIRST)
    coded(here.visitor("ben@example.org"), round_, SECOND)
    assert [one.get(f"/rounds/{round_}/dialogue").status_code for one in (lead, ann)] == [404, 404]
    here.api.post(f"/rounds/{round_}/closing")
    assert f'href="/rounds/{round_}/dialogue"' in lead.get(f"/rounds/{round_}/agreement").text
    here.installation.member(here.study, "olga@example.org", Role.OBSERVER)
    here.installation.person("zoe@example.org")
    olga = here.visitor("olga@example.org").get(f"/rounds/{round_}/dialogue")
    assert olga.status_code == 200
    assert "of a talk about mentoring" not in olga.text
    assert "does not read single codings" in olga.text
    assert here.visitor("zoe@example.org").get(f"/rounds/{round_}/dialogue").status_code == 404
