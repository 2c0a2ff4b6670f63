"""The planner's pages: asking how many, previewing a draw, keeping it, and somebody taking over."""

import re
from html import unescape
from typing import Any

import httpx

from service.coding.visibility import Role
from tests.web.pages.visiting import Site, field_of

ASKED = {
    "revision": "1", "target": "alpha", "minimum": "80", "expected": "90", "confidence": "95", "power": "80", "coders_each": "2",
    "size": "", "cost": "2", "source": "given", "p0-0": "25", "p0-1": "1",
}  # fmt: skip


def planned(here: Site, **fields: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "name": "Second round", "kind": "reliability", "policy": "none", "revision": "1", "size": "4", "seed": "3", "method": "random",
        "allocation": "proportional", "documents": "1", "band": "20", "share": "50", "overlap": "every", "coders_each": "2",
        "double_share": "20", "repeats": "0", "distance": "20", "close_by": "", "coders": here.coders,
    }  # fmt: skip
    return usual | fields


def words(page: httpx.Response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page.text)))


def test_the_planner_says_how_many_and_leads_to_a_draw_of_that_size(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    answer = lead.posted(f"/studies/{here.study}/plan", ASKED)
    assert answer.status_code == 200
    # The study has six excerpts, fewer than any code needs.
    assert "6 excerpts, 12 codings, cost 24" in words(answer)
    assert "Nothing will be learned about Support, Supervision" in words(answer)
    assert "Bloch and Kraemer" in answer.text
    form = lead.get(f"/studies/{here.study}/rounds/new?size=5")
    assert 'name="size" type="number" min="1" max="6" value="5"' in form.text


def test_the_planner_asks_for_something_to_go_by(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    empty = lead.posted(f"/studies/{here.study}/plan", ASKED | {"p0-0": "", "p0-1": ""})
    assert (empty.status_code, "for one code at least" in empty.text) == (400, True)
    assert lead.posted(f"/studies/{here.study}/plan", ASKED | {"source": "round"}).status_code == 409


def test_a_preview_stores_nothing_and_its_button_keeps_the_same_draw(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    form = planned(here, method="stratified-document", overlap="double", double_share="50", repeats="30", distance="1")
    preview = lead.posted(f"/studies/{here.study}/rounds/preview", form)
    assert preview.status_code == 200
    assert "8 in all; 4 turns for each of 2 coders, 1 of them repeats" in words(preview)
    assert "Second round" not in lead.get(f"/studies/{here.study}").text
    sent = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', preview.text)
    kept = lead.post(f"/studies/{here.study}/rounds", {**dict(sent), "coders": [value for name, value in sent if name == "coders"]})
    told = words(kept)
    assert "4 excerpts, drawn at random within each document, in proportion to its excerpts, seed 3" in told
    assert "50% of the excerpts are coded by two coders, the rest by one; 30% of each coder's excerpts come a second time" in told


def test_a_column_of_the_import_can_be_drawn_by(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    rows = b'text,"site, ward"\nOne answer,North-East\nAnother answer,South\n'
    assert lead.upload(f"/studies/{here.study}/documents", "s.csv", rows, metadata_columns='"site, ward"').status_code == 200
    assert 'value="stratified-column-site, ward"' in lead.get(f"/studies/{here.study}/rounds/new").text
    form = planned(here, method="stratified-column-site, ward", allocation="equal")
    kept = lead.post(f"/studies/{here.study}/rounds", form)
    assert "drawn at random within each value of site, ward, the same number from each" in words(kept)
    [document] = re.findall(r'/documents/[\w-]+(?=" dir="auto">s\.csv)', lead.get(f"/studies/{here.study}").text)
    assert "site, ward: North-East" in words(lead.get(document))


def test_more_of_rare_codes_is_chosen_on_the_form(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    while here.api.get(f"/studies/{here.study}/embedding").json()["done"] < 6:
        pass
    offered = re.findall(r"<option value='(\[[^']*\])'>", lead.get(f"/studies/{here.study}/rounds/new").text)
    kept = lead.post(f"/studies/{here.study}/rounds", planned(here, method="enriched", enriched_codes=[unescape(offered[0])]))
    assert "drawn at random, 50% of them from the 20% of the study that the model ranks highest for each of Support" in words(kept)
    assert "figures weigh each by 1/probability" in words(kept)
    odd = lead.posted(f"/studies/{here.study}/rounds", planned(here, method="enriched", enriched_codes=["not a code"]))
    assert odd.status_code == 400


def test_somebody_takes_over_on_the_rounds_page(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    round_id = here.round()
    spare = here.installation.member(here.study, "nora@example.org", Role.CODER)
    page = lead.get(f"/rounds/{round_id}")
    assert f'<option value="{spare}">Nora@Example.Org</option>' in page.text
    ben = here.visitor("ben@example.org")
    turn = field_of(ben.get(f"/rounds/{round_id}/code"), "assignment")
    taken = lead.post(f"/rounds/{round_id}/replacements", {"leaver_id": here.coders[1], "person_id": spare})
    assert "Nora@Example.Org took over from Ben@Example.Org" in words(taken)
    assert "left" in words(taken)
    refused = ben.posted(f"/rounds/{round_id}/code", {"assignment": turn, "v0": "0"})
    assert (refused.status_code, "taken over your excerpts" in words(refused)) == (409, True)
    own = ben.get(f"/rounds/{round_id}/code")
    assert own.url.path == f"/rounds/{round_id}/own"
    assert "Your 0 saved codings stay as they are; no more are taken" in words(own)
    assert "Hand in" not in own.text
    assert here.visitor("nora@example.org").get(f"/rounds/{round_id}/code").status_code == 200


def test_a_key_is_offered_once_there_is_one(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    assert "Key of a training round" not in lead.get(f"/studies/{here.study}/rounds/new").text
    round_id = here.round()
    assert here.api.post(f"/rounds/{round_id}/closing").is_success
    assert f'<option value="{round_id}/{here.coders[0]}">Round 1: what ' in lead.get(f"/studies/{here.study}/rounds/new").text
    kept = lead.post(f"/studies/{here.study}/rounds", planned(here, kind="training", key_from=f"{round_id}/{here.coders[0]}"))
    assert "training round" in words(kept)
    stray = lead.posted(f"/studies/{here.study}/rounds", planned(here, key_from=f"{round_id}/{here.coders[0]}"))
    assert (stray.status_code, "Only a training round" in stray.text) == (400, True)


def test_the_box_hides_names_from_whoever_adjudicates(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    form = lead.get(f"/studies/{here.study}/rounds/new").text
    assert '<input type="checkbox" name="hide_names"' in form
    for ticked in (False, True):
        fields = planned(here, **({"hide_names": "yes"} if ticked else {}))
        round_ = lead.posted(f"/studies/{here.study}/rounds", fields).headers["location"].rpartition("/")[2].partition("?")[0]
        with here.installation.store.reading() as tx:
            assert tx.rounds.get(round_).names_hidden is ticked
