"""Charts: the triangle of pairs on the page, and every chart as a picture in both themes and as files that say what the API says."""

import csv
import io
import re
from html import unescape
from xml.etree import ElementTree

import pytest

from service.coding.visibility import Role
from service.report.figures import Figure, PairFigures
from service.report.triangle import shade_of
from service.web.pages.breakdowns import MOST_DOCUMENTS
from tests.web.pages.test_agreement import coded
from tests.web.pages.visiting import Site


@pytest.mark.parametrize(("kappa", "shade"), [(None, None), (-0.3, 0), (0, 1), (0.39, 2), (0.799, 4), (0.8, 5), (1, 5)])
def test_the_more_agreement_the_darker(kappa: float | None, shade: int | None) -> None:
    assert shade_of(PairFigures(coders=["Ann", "Ben"], units=3, percent=Figure(value=1), kappa=Figure(value=kappa))) == shade


@pytest.fixture
def closed(here: Site) -> str:
    """Let three coders code eight excerpts of two documents, and close."""
    text = "\n\n".join(f"Excerpt number {number} of another talk." for number in range(6, 8))
    assert here.api.upload(f"/studies/{here.study}/documents", "other.txt", text.encode()).is_success
    third = here.installation.member(here.study, "cid@example.org", Role.CODER)
    body = {"name": "Three", "kind": "reliability", "policy": "none", "revision": 1, "coders": [*here.coders, third]}
    round_ = here.api.post(f"/studies/{here.study}/rounds", body | {"sample": {"method": "random", "size": 8, "seed": 1}}).json()["id"]
    assert here.api.post(f"/rounds/{round_}/opening").is_success
    for login, codes in (("ann", "11002201"), ("ben", "11001201"), ("cid", "10002221")):
        coded(here.visitor(f"{login}@example.org"), round_, {str(place): code for place, code in enumerate(codes)})
    here.api.post(f"/rounds/{round_}/closing")
    return round_


def test_every_cell_has_the_pairs_kappa_and_its_interval(here: Site, closed: str) -> None:
    [variable] = here.api.get(f"/rounds/{closed}/agreement").json()["agreement"]["variables"]
    page = here.visitor("lead@example.org").get(f"/rounds/{closed}/agreement").text
    [triangle] = re.findall(r'<table class="matrix pairs num">(.*?)</table>', page, re.DOTALL)
    cells = re.findall(r'<td class="q(\d)">.*?<data value="([^"]*)">[^<]*</data><small>([^<]*)</small>', triangle)
    assert len(variable["pairs"]) == 3
    for pair in variable["pairs"]:
        # One kind of interval for all pairs, and it is not empty.
        limits = pair["kappa"]["interval"]
        assert limits["method"] == "infinitesimal jackknife, t with 1 degrees of freedom"
        assert limits["low"] < pair["kappa"]["value"] < limits["high"]
    assert sorted(value for _, value, _ in cells) == sorted(str(pair["kappa"]["value"]) for pair in variable["pairs"])
    assert all(" to " in unescape(ends) for _, _, ends in cells)


CHARTS = ("codes", "coders", "documents", "quarters")


@pytest.mark.parametrize("drawn", CHARTS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chart_is_a_picture_without_scripts_styles_or_addresses(here: Site, closed: str, drawn: str, theme: str) -> None:
    chart = here.visitor("lead@example.org").get(f"/rounds/{closed}/charts/0/{drawn}/{theme}")
    assert chart.headers["content-type"].startswith("image/svg+xml")
    elements = list(ElementTree.fromstring(chart.text).iter())  # noqa: S314
    assert {element.tag.rpartition("}")[2] for element in elements} <= {"svg", "g", "path", "text", "line", "defs", "clipPath", "rect"}
    assert not any(name in {"style", "href", "onload"} for element in elements for name in element.attrib)
    expected = {"codes": "Supervision", "coders": "Cid", "documents": "other.txt", "quarters": "last quarter"}
    assert expected[drawn] in chart.text


@pytest.mark.parametrize("drawn", CHARTS)
def test_a_chart_comes_as_svg_png_and_numbers(here: Site, closed: str, drawn: str) -> None:
    lead = here.visitor("lead@example.org")
    svg, png, table = (lead.get(f"/rounds/{closed}/charts/0/{drawn}/files/{kind}") for kind in ("svg", "png", "csv"))
    assert svg.content.startswith(b"<svg")
    assert png.content.startswith(b"\x89PNG")
    assert all("attachment" in one.headers["content-disposition"] for one in (svg, png, table))
    assert table.headers["content-type"].startswith("text/csv")
    page = lead.get(f"/rounds/{closed}/agreement").text
    assert all(f'href="/rounds/{closed}/charts/0/{drawn}/files/{kind}"' in page for kind in ("svg", "png", "csv"))
    for wrong in (f"7/{drawn}/files/csv", f"0/{drawn}/files/exe", "0/nothing/files/csv"):
        assert lead.get(f"/rounds/{closed}/charts/{wrong}").status_code in {400, 404}


def numbers(here: Site, round_: str, drawn: str, login: str = "lead@example.org") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(here.visitor(login).get(f"/rounds/{round_}/charts/0/{drawn}/files/csv").text)))


def read(cell: str) -> float | None:
    return float(cell) if cell else None


def test_the_numbers_are_those_of_the_api(here: Site, closed: str) -> None:
    report = here.api.get(f"/rounds/{closed}/agreement").json()
    [variable], [parts] = report["agreement"]["variables"], report["breakdown"]
    alphas = [variable["alpha"]["value"], *(code["alpha"]["value"] for code in variable["codes"])]
    assert [read(row["alpha"]) for row in numbers(here, closed, "codes")] == alphas
    pairs = [((row["coder"], row["other"]), read(row["kappa"]), read(row["low"])) for row in numbers(here, closed, "coders")]
    assert pairs == [(tuple(p["coders"]), p["kappa"]["value"], p["kappa"]["interval"]["low"]) for p in variable["pairs"]]
    documents = numbers(here, closed, "documents")
    assert {row["part"] for row in documents} == {"talk.txt", "other.txt"}
    assert [read(row["alpha"]) for row in documents] == [part["alpha"]["value"] for part in parts["documents"]]
    quarters = numbers(here, closed, "quarters")
    assert [(read(row["pairs_agree"]), int(row["codings"])) for row in quarters] == [
        (part["percent"]["value"], part["codings"]) for part in parts["quarters"]
    ]


def test_an_observers_chart_names_no_document(here: Site, closed: str) -> None:
    here.installation.member(here.study, "olga@example.org", Role.OBSERVER)
    assert [row["part"] for row in numbers(here, closed, "documents", "olga@example.org")] == ["Document 1", "Document 2"]
    assert "other.txt" not in here.visitor("olga@example.org").get(f"/rounds/{closed}/charts/0/documents/light").text


def test_two_coders_are_no_triangle(here: Site) -> None:
    round_ = here.round()
    here.api.post(f"/rounds/{round_}/closing")
    lead = here.visitor("lead@example.org")
    assert lead.get(f"/rounds/{round_}/charts/0/coders/light").status_code == 404
    assert "/charts/0/coders/" not in lead.get(f"/rounds/{round_}/agreement").text


def test_of_many_documents_the_page_shows_some_and_a_link_to_all(here: Site) -> None:
    rows = "".join(f"A text of document {number},Interview {number}\n" for number in range(MOST_DOCUMENTS + 1))
    data, columns = f"text,document\n{rows}".encode(), {"text_column": "text", "document_column": "document"}
    assert here.api.upload(f"/studies/{here.study}/documents", "many.csv", data, **columns).is_success
    round_ = here.round(size=MOST_DOCUMENTS + 7)
    here.api.post(f"/rounds/{round_}/closing")
    lead, path = here.visitor("lead@example.org"), f"/rounds/{round_}/agreement"
    page, whole = (lead.get(f"{path}{query}").text for query in ("", "?documents=all"))
    assert [one.count("&amp;document=") for one in (page, whole)] == [MOST_DOCUMENTS, MOST_DOCUMENTS + 2]
    assert f'<a href="?documents=all#d0">Show all {MOST_DOCUMENTS + 2}</a>' in page
    assert "documents=all" not in whole
    assert len(numbers(here, round_, "documents")) == MOST_DOCUMENTS + 2
    assert lead.get(f"{path}?documents=none").status_code == 400
