"""While a round is open, a coder's pages are the same bytes whatever the other coder does."""

import pytest

from tests.web.pages.visiting import Site, Visitor, field_of, masked

PLACES = (
    "/",
    "/studies/{study}",
    "/rounds/{round}/code",
    "/rounds/{round}/code?at=1",
    "/rounds/{round}/own",
    "/rounds/{round}/ledger",
    "/tokens",
)
HIDDEN = (
    "/rounds/{round}/agreement",
    "/rounds/{round}/agreement.json",
    *(
        f"/rounds/{{round}}/charts/0/{drawn}/{kind}"
        for drawn in ("codes", "coders", "documents", "quarters")
        for kind in ("light", "files/csv")
    ),
)


def code(visitor: Visitor, round_: str, codes: list[str]) -> None:
    for chosen in codes:
        page = visitor.get(f"/rounds/{round_}/code")
        fields = {"assignment": field_of(page, "assignment"), "v0": chosen, "memo": "a memo of Ann's"}
        assert visitor.posted(f"/rounds/{round_}/code", fields).status_code == 303


def everything(visitor: Visitor, site: Site, round_: str) -> dict[str, tuple[int, str]]:
    paths = [place.format(study=site.study, round=round_) for place in (*PLACES, *HIDDEN)]
    pages = {path: visitor.get(path) for path in paths}
    return {path: (page.status_code, masked(page)) for path, page in pages.items()}


def test_a_coders_pages_do_not_change_with_what_the_other_does(here: Site) -> None:
    round_, ann, ben = here.round(), here.visitor("ann@example.org"), here.visitor("ben@example.org")
    before = everything(ben, here, round_)
    code(ann, round_, ["0", "1", "none"])
    ann.post(f"/rounds/{round_}/hand-in")
    assert everything(ben, here, round_) == before
    here.api.post(f"/rounds/{round_}/closing")
    assert everything(ben, here, round_) != before, "the probe sees what the close reveals"


@pytest.mark.parametrize("place", HIDDEN)
def test_the_figures_of_an_open_round_answer_like_no_round_at_all(here: Site, place: str) -> None:
    round_, lead = here.round(), here.visitor("lead@example.org")
    unknown = "00000000-0000-4000-8000-000000000000"
    real, unreal = lead.get(place.format(round=round_)), lead.get(place.format(round=unknown))
    assert real.status_code == unreal.status_code == 404
    assert real.text.replace(round_, unknown) == unreal.text


def test_a_lead_who_codes_sees_no_completion_until_the_close(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    plan = {"name": "R", "kind": "pilot", "policy": "none", "revision": "1", "size": "2", "seed": "1", "close_by": ""}
    page = lead.post(f"/studies/{here.study}/rounds", plan | {"coders": [here.api.person_id, here.coders[0]]})
    round_ = page.url.path
    lead.post(f"{round_}/opening")
    before = masked(lead.get(round_)), masked(lead.get(f"/studies/{here.study}"))
    code(here.visitor("ann@example.org"), round_.rpartition("/")[2], ["0", "1"])
    assert (masked(lead.get(round_)), masked(lead.get(f"/studies/{here.study}"))) == before
    assert "How far the coders are" not in before[0]
    assert lead.posted(f"{round_}/unblinding", {"person_id": here.coders[0], "reason": "curious"}).status_code == 404


def test_a_lead_who_does_not_code_sees_completion_and_an_unblinding_is_printed_on_the_report(here: Site) -> None:
    round_, lead, ann = here.round(), here.visitor("lead@example.org"), here.visitor("ann@example.org")
    code(ann, round_, ["0", "1"])
    page = lead.get(f"/rounds/{round_}").text
    assert "2 of 3" in page
    assert "0 of 3" in page
    assert "a memo of Ann" not in page
    opened = lead.post(f"/rounds/{round_}/unblinding", {"person_id": here.coders[0], "reason": "Ann asked for help"})
    assert "a memo of Ann" in opened.text
    report = lead.post(f"/rounds/{round_}/closing")
    assert "Codings were opened early" in report.text
    assert "Ann asked for help" in report.text


def test_a_draft_is_nobodys_but_the_leads(here: Site) -> None:
    lead, ann = here.visitor("lead@example.org"), here.visitor("ann@example.org")
    plan = {"name": "Secret plan", "kind": "pilot", "policy": "none", "revision": "1", "size": "2", "seed": "1", "close_by": ""}
    round_ = lead.post(f"/studies/{here.study}/rounds", plan | {"coders": list(here.coders)}).url.path
    assert ann.get(round_).status_code == 404
    assert "Secret plan" not in ann.get("/").text + ann.get(f"/studies/{here.study}").text
    assert "The draft is deleted" in lead.post(f"{round_}/deletion", {"study": here.study}).text
    assert lead.get(round_).status_code == 404
