"""The coder's page and the figures of schemes other than one code: a value of an order."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.web.pages.visiting import Site, Tags, Visitor, field_of, site

ORDERED = b"variable,scheme,code\nmood,ordered_value,low\nmood,ordered_value,middle\nmood,ordered_value,high\n"


@pytest.fixture
def ordered(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        yield site(installation, client, codebook=ORDERED)
    installation.store.close()


def test_values_of_an_order_stand_in_it_and_one_is_taken(ordered: Site) -> None:
    round_, ann = ordered.round(), ordered.visitor("ann@example.org")
    page = ann.get(f"/rounds/{round_}/code")
    radios = [attributes["value"] for tag, attributes in Tags(page.text).elements if tag == "input" and attributes.get("name") == "v0"]
    assert radios == ["0", "1", "2", "none"]
    assert re.findall(r'<span dir="auto">(low|middle|high)</span>', page.text) == ["low", "middle", "high"]
    assert "from lowest to highest" in page.text
    assert "Excerpt 2 of 3" in ann.post(f"/rounds/{round_}/code", turn(ann, round_, 0, v0="1")).text
    assert "middle" in ann.get(f"/rounds/{round_}/own").text


def test_the_figures_of_an_order_are_ordinal(ordered: Site) -> None:
    round_ = ordered.round()
    for login, values in (("ann@example.org", "012"), ("ben@example.org", "022")):
        visitor = ordered.visitor(login)
        excerpts = {ordered_text(visitor.get(f"/rounds/{round_}/code?at={at}").text): at for at in range(3)}
        for value, text in zip(values, sorted(excerpts), strict=True):
            visitor.post(f"/rounds/{round_}/code", turn(visitor, round_, excerpts[text], v0=value))
    assert ordered.api.post(f"/rounds/{round_}/closing").is_success
    [found] = ordered.api.get(f"/rounds/{round_}/agreement").json()["agreement"]["variables"]
    # n: low 2, middle 1, high 3. Squared ordinal distances: low-middle 1.5^2, middle-high 2^2, low-high 3.5^2.
    # D_o = 2 * 4 / 6; D_e = 2 * (2*1*2.25 + 1*3*4 + 2*3*12.25) / (6*5).
    assert found["metric"] == "ordinal"
    assert found["alpha"]["value"] == pytest.approx(1 - (8 / 6) / (180 / 30))
    page = ordered.visitor("lead@example.org").get(f"/rounds/{round_}/agreement")
    assert "one value of an order an excerpt" in page.text
    assert "alpha, ordinal" in page.text


def turn(visitor: Visitor, round_: str, at: int, **fields: object) -> dict[str, object]:
    return {"assignment": field_of(visitor.get(f"/rounds/{round_}/code?at={at}"), "assignment"), **fields}


def ordered_text(page: str) -> str:
    found = re.search(r"<blockquote.*?(Excerpt number \d)", page)
    assert found
    return found[1]
