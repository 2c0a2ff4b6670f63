"""The coder's page: coding, correcting, skipping, handing in, with forms alone; nothing that was typed is lost to a refusal."""

import uuid

import pytest

from tests.web.pages.visiting import Site, Visitor, field_of


def turn(visitor: Visitor, round_: str, **fields: object) -> dict[str, object]:
    """Fill in the next excerpt's form."""
    return {"assignment": field_of(visitor.get(f"/rounds/{round_}/code"), "assignment"), **fields}


def test_a_coder_codes_skips_and_hands_in_without_javascript(here: Site) -> None:
    round_, ann = here.round(), here.visitor("ann@example.org")
    code = f"/rounds/{round_}/code"
    assert "Excerpt 1 of 3" in ann.get(code).text
    assert "Excerpt 2 of 3" in ann.post(code, turn(ann, round_, v0="1", sure="2", memo="of note")).text
    assert "Excerpt 3 of 3" in ann.post(code, turn(ann, round_, v0="none")).text
    own = ann.post(f"{code}/skip", turn(ann, round_, reason="cut off"))
    assert own.url.path == f"/rounds/{round_}/own"
    assert "Everything is coded" in own.text
    assert "Supervision" in own.text
    assert "no code applies" in own.text
    assert "skipped: cut off" in own.text
    handed_in = ann.post(f"/rounds/{round_}/hand-in")
    assert "You have handed in" in handed_in.text
    assert "Nobody else has yet" in handed_in.text
    assert ann.get(code).url.path == f"/rounds/{round_}/own"


def test_undo_leads_back_to_the_last_coding_which_a_correction_follows(here: Site) -> None:
    round_, ann = here.round(), here.visitor("ann@example.org")
    code = f"/rounds/{round_}/code"
    ann.post(code, turn(ann, round_, v0="1", sure="3", memo="first thought"))
    assert f"{code}?at=0" in ann.get(code).text
    earlier = ann.get(f"{code}?at=0")
    assert "Saving corrects it" in earlier.text
    assert "first thought" in earlier.text
    assert 'name="v0" value="1" checked' in earlier.text
    assert 'name="sure" value="3" checked' in earlier.text
    assert "Excerpt 2 of 3" in ann.post(code, {"assignment": field_of(earlier, "assignment"), "v0": "2"}).text
    assert "Clarity" in ann.get(f"/rounds/{round_}/own").text


@pytest.mark.parametrize(
    "answer", [{}, {"v0": "17"}, {"v0": ["none", "1"]}, {"v0": "1", "sure": "9"}], ids=["none", "unknown", "both", "confidence"]
)
def test_what_cannot_be_stored_stays_on_the_page(here: Site, answer: dict[str, object]) -> None:
    round_, ann = here.round(), here.visitor("ann@example.org")
    refused = ann.post(f"/rounds/{round_}/code", turn(ann, round_, memo="do not lose me", **answer))
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert "do not lose me" in refused.text
    assert "Excerpt 1 of 3" in refused.text
    assert "<b>0</b> of 3" in refused.text


def test_every_variable_needs_an_answer_and_several_codes_may_be_one(two_variables: Site) -> None:
    round_, ann = two_variables.round(), two_variables.visitor("ann@example.org")
    code = f"/rounds/{round_}/code"
    refused = ann.post(code, turn(ann, round_, v0="1"))
    assert "Question 2 of 2 has no answer yet" in refused.text
    assert 'name="v0" value="1" checked' in refused.text
    assert "Excerpt 2 of 3" in ann.post(code, turn(ann, round_, v0="none", v1=["0", "1"])).text
    assert "no code applies · Glad, Sad" in ann.get(f"/rounds/{round_}/own").text


def test_a_coding_sent_twice_is_stored_once(here: Site) -> None:
    round_, ann = here.round(), here.visitor("ann@example.org")
    form = turn(ann, round_, v0="1", key=str(uuid.uuid4()))
    for _ in range(2):
        assert ann.posted(f"/rounds/{round_}/code", form).status_code == 303
    with here.installation.store.reading() as tx:
        assert len(tx.codings.own(round_, here.coders[0])) == 1


def test_a_draft_that_comes_after_the_close_is_given_back(here: Site) -> None:
    round_, ann = here.round(), here.visitor("ann@example.org")
    ann.post(f"/rounds/{round_}/code", turn(ann, round_, v0="0"))
    late = turn(ann, round_, v0="1", memo="my late thought")
    here.api.post(f"/rounds/{round_}/closing")
    refused = ann.post(f"/rounds/{round_}/code", late)
    assert refused.status_code == 409
    assert "Your 1 saved codings count" in refused.text
    assert "theme: Supervision\nmy late thought" in refused.text
    assert "Copy my draft" in refused.text


def test_nobody_codes_in_anothers_place(here: Site) -> None:
    round_, ann, ben = here.round(), here.visitor("ann@example.org"), here.visitor("ben@example.org")
    refused = ben.post(f"/rounds/{round_}/code", turn(ann, round_, v0="1"))
    assert refused.status_code == 404
    assert here.visitor("lead@example.org").get(f"/rounds/{round_}/code").status_code == 404


@pytest.mark.parametrize("part", ["", "/span"])
def test_an_excerpt_of_another_round_is_none_of_this_one(here: Site, part: str) -> None:
    closed, ann = here.round(size=1), here.visitor("ann@example.org")
    here.api.post(f"/rounds/{closed}/closing")
    last = field_of(ann.get(f"/rounds/{here.round(size=3)}/code?at=2"), "assignment")
    refused = ann.post(f"/rounds/{closed}/code{part}", {"assignment": last, "v0": "1", "add": "0"})
    assert refused.status_code == 404
    assert "You have no such assignment" in refused.text


def test_a_suggestion_is_shown_only_where_the_plan_allows_it_and_keeps_what_is_filled_in(here: Site) -> None:
    hidden, ann = here.round(), here.visitor("ann@example.org")
    assert "Show the suggestion" not in ann.get(f"/rounds/{hidden}/code").text
    assert ann.post(f"/rounds/{hidden}/code/suggestion", turn(ann, hidden)).status_code == 423
    here.api.post(f"/rounds/{hidden}/closing")
    background_has_vectors(here)
    allowed = here.round(policy="before")
    before = ann.get(f"/rounds/{allowed}/ledger").text.count("<td>exposure</td>")
    shown = ann.post(f"/rounds/{allowed}/code/suggestion", turn(ann, allowed, v0="2", memo="mine"))
    assert shown.status_code == 200
    assert "counts as assisted" in shown.text
    assert 'name="v0" value="2" checked' in shown.text
    assert "mine" in shown.text
    assert ann.get(f"/rounds/{allowed}/ledger").text.count("<td>exposure</td>") == before + 1


def background_has_vectors(site: Site) -> None:
    for _ in range(200):
        progress = site.api.get(f"/studies/{site.study}/embedding").json()
        if progress["done"] == progress["excerpts"]:
            return
        site.client.get("/livez")
    message = "the vectors did not come"
    raise AssertionError(message)
