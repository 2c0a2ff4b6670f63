"""The coder's page and the figures of the schemes beside codes: a value of an order, stretches of the text."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.report.verification import read_and_verify
from tests.installation import Installation
from tests.web.pages.visiting import Site, Tags, Visitor, field_of, masked, site

ORDERED = b"variable,scheme,code\nmood,ordered_value,low\nmood,ordered_value,middle\nmood,ordered_value,high\n"
SPANS = b"variable,scheme,code\nplaces,spans,what\nplaces,spans,who\n"


@pytest.fixture
def ordered(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path / "ordered")
    with installation.running() as client:
        yield site(installation, client, codebook=ORDERED)
    installation.store.close()


@pytest.fixture
def spans(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path / "spans")
    with installation.running() as client:
        yield site(installation, client, codebook=SPANS)
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


def test_a_coder_marks_by_words_without_javascript(spans: Site) -> None:
    round_, ann = spans.round(), spans.visitor("ann@example.org")
    code = f"/rounds/{round_}/code"
    page = ann.get(code)
    assert '<sup class="num">1</sup>Excerpt' in page.text
    missing = ann.post(code, turn(ann, round_, 0))
    assert (missing.status_code, "Nothing is chosen yet" in missing.text) == (400, True)
    # "Excerpt number 3 of a talk …": words 2 and 3 are characters 8 to 16.
    added = ann.post(f"{code}/span", turn(ann, round_, 0, from0="2", to0="3", as0="1", add="0", memo="kept", flag="1"))
    assert 'name="v0" value="8-16-1" checked' in added.text
    assert '<mark class="m1" data-ends="who">number' in added.text
    assert "kept" in added.text
    assert 'name="flag" value="1" checked' in added.text
    assert ann.get(f"/api/v1/rounds/{round_}").status_code == 401  # nothing else is opened by the page
    # A span that was begun and not added is taken, too.
    stored = ann.post(code, turn(ann, round_, 0, v0=["8-16-1"], from0="1", as0="0", flag="1"))
    assert "Excerpt 2 of 3" in stored.text
    assert "what (0 to 7), who (8 to 16)" in ann.get(f"/rounds/{round_}/own").text
    again = ann.get(f"{code}?at=0").text
    assert 'name="v0" value="0-7-0" checked' in again
    assert 'name="flag" value="1" checked' in again


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"from0": "3", "to0": "2", "as0": "0"}, "from a word to the same or a later one", id="backwards"),
        pytest.param({"from0": "0", "to0": "2", "as0": "0"}, "has words 1 to 8", id="word 0"),
        pytest.param({"from0": "1", "to0": "9", "as0": "0"}, "has words 1 to 8", id="beyond the last"),
        pytest.param({"from0": "²", "to0": "3", "as0": "0"}, "has words 1 to 8", id="no number"),
        pytest.param({"from0": "1", "to0": "2", "as0": "2"}, "Choose the code", id="no such code"),
        pytest.param({"from0": "1", "to0": "2", "as0": ""}, "Choose the code", id="no code"),
    ],
)
def test_a_span_that_is_none_is_refused_and_what_was_filled_in_stays(spans: Site, fields: dict[str, str], said: str) -> None:
    round_, ann = spans.round(), spans.visitor("ann@example.org")
    for path in (f"/rounds/{round_}/code/span", f"/rounds/{round_}/code"):
        refused = ann.post(path, turn(ann, round_, 0, v0=["0-7-0"], add="0", memo="still here", **fields))
        assert (refused.status_code, said in refused.text) == (400, True)
        assert 'name="v0" value="0-7-0" checked' in refused.text
        assert "still here" in refused.text


def test_spans_and_no_code_applies_exclude_each_other(spans: Site) -> None:
    round_, ann = spans.round(), spans.visitor("ann@example.org")
    refused = ann.post(f"/rounds/{round_}/code", turn(ann, round_, 0, v0=["0-7-0", "none"]))
    assert (refused.status_code, "Remove one of them" in refused.text) == (400, True)
    unread = ann.post(f"/rounds/{round_}/code", turn(ann, round_, 0, v0=["7", "0-9999-0"]))
    assert (unread.status_code, "cannot be read" in unread.text) == (400, True)
    ann.post(f"/rounds/{round_}/code", turn(ann, round_, 0, v0="none"))
    assert "no code applies" in ann.get(f"/rounds/{round_}/own").text


def test_nobody_marks_in_anothers_place(spans: Site) -> None:
    round_, ann, ben = spans.round(), spans.visitor("ann@example.org"), spans.visitor("ben@example.org")
    own = turn(ann, round_, 0, from0="1", as0="0", add="0")
    assert ben.post(f"/rounds/{round_}/code/span", own).status_code == 404
    assert spans.visitor("lead@example.org").post(f"/rounds/{round_}/code/span", own).status_code == 404


def test_the_agreement_page_shows_spans_side_by_side_and_what_was_flagged(spans: Site) -> None:
    round_ = spans.round()
    for login, given in (("ann@example.org", ["8-16-1"]), ("ben@example.org", ["8-14-1", "17-19-0"])):
        visitor = spans.visitor(login)
        for at in range(3):
            visitor.post(
                f"/rounds/{round_}/code", turn(visitor, round_, at, v0=given, memo=f"of {login}" if at else "", flag="1" if at == 1 else "")
            )
    assert spans.api.post(f"/rounds/{round_}/closing").is_success
    page = spans.visitor("ben@example.org").get(f"/rounds/{round_}/agreement").text
    assert "stretches of the text with a code each" in page
    assert "u-alpha, places and codes" in page
    for heading in ("By code", "By pair", "Marked exactly the same", "gamma: places and codes, overlaps allowed"):
        assert heading in page
    assert len(re.findall(r'<mark class="m1" data-ends="who">number \d</mark>', page)) == 3
    assert page.count('data-ends="what"') == 3
    assert re.search(r"<th scope=\"row\">boundary</th><td class=\"r\">3</td>", page)
    flagged = page[page.index("Flagged for discussion") :]
    assert flagged.index("of ann@example.org") < flagged.index("of ben@example.org")
    assert flagged[: flagged.index("</section>")].count("<article") == 2
    report = spans.api.get(f"/rounds/{round_}/agreement").json()["agreement"]["variables"][0]
    assert report["disagreements"][0]["codings"][0]["spans"] == [{"start": 8, "end": 16, "code": "who"}]
    # Of three excerpts' 129 characters, 2 are marked by ann only with who and 2 by ben only with what, each time.
    assert report["alpha"]["observed"] == pytest.approx(12 / 129)


def test_spans_by_the_order_of_coding_are_on_the_page_and_in_the_proof(spans: Site) -> None:
    round_ = spans.round()
    for login, ends in (("ann@example.org", (16, 16, 16)), ("ben@example.org", (16, 16, 14))):
        visitor = spans.visitor(login)
        for at, end in enumerate(ends):
            visitor.post(f"/rounds/{round_}/code", turn(visitor, round_, at, v0=[f"8-{end}-1"]))
    assert spans.api.post(f"/rounds/{round_}/closing").is_success
    lead = spans.visitor("lead@example.org")
    [parts] = spans.api.get(f"/rounds/{round_}/agreement").json()["breakdown"]
    # Three codings of each coder: the first is in the first quarter, the second in the second, the last in the third.
    assert [part["codings"] for part in parts["quarters"]] == [2, 2, 2, 0]
    placed = [(part["percent"]["value"], part["alpha"]["value"]) for part in parts["quarters"][:3]]
    assert sorted(percent for percent, _ in placed) != [1, 1, 1]
    assert all((percent == 1) == (alpha == 1) for percent, alpha in placed)
    page = lead.get(f"/rounds/{round_}/agreement").text
    assert "u-alpha, with the round&#39;s chance" in page or "u-alpha, with the round's chance" in page
    assert lead.get(f"/rounds/{round_}/charts/0/quarters/light").status_code == 200
    assert lead.get(f"/rounds/{round_}/charts/0/codes/light").status_code == 404
    said = "\n".join(read_and_verify("proof.zip", spans.api.get(f"/rounds/{round_}/proof").content))
    assert "made anew from codings and resolutions, equal bit for bit" in said


def test_flags_memos_and_spans_are_nobody_elses_before_the_close(spans: Site) -> None:
    round_, ann, ben = spans.round(), spans.visitor("ann@example.org"), spans.visitor("ben@example.org")
    before = {path: masked(ben.get(path)) for path in (f"/rounds/{round_}/code", f"/rounds/{round_}/own", "/")}
    ann.post(f"/rounds/{round_}/code", turn(ann, round_, 0, v0=["8-16-1"], memo="quokka", flag="1"))
    assert {path: masked(ben.get(path)) for path in before} == before


def test_a_variable_of_another_scheme_takes_no_spans_by_api(spans: Site, ordered: Site) -> None:
    cases: tuple[tuple[Site, dict[str, object], str], ...] = (
        (ordered, {"variable": "mood", "spans": [{"start": 0, "end": 1, "code": "low"}]}, "codes for the whole excerpt"),
        (spans, {"variable": "places", "codes": ["who"]}, "each code with its start and end"),
        (spans, {"variable": "places"}, "either codes or spans"),
        (spans, {"variable": "places", "codes": [], "spans": []}, "either codes or spans"),
    )
    for here, answer, said in cases:
        coder = here.installation.caller(here.client, here.coders[0])
        round_ = here.round()
        [assignment, *_] = coder.get(f"/rounds/{round_}/assignments").json()["items"]
        refused = coder.post(f"/rounds/{round_}/codings", {"codings": [{"assignment_id": assignment["id"], "answers": [answer]}]})
        assert (refused.status_code, said in refused.json()["detail"]) == (400, True), refused.text
        here.api.post(f"/rounds/{round_}/closing")
