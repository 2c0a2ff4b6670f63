"""The lead's study page: each form does what it says, once, and says what it did; others see their own part."""

import re
import uuid

import pytest

from service.coding.visibility import Role
from tests.web.pages.visiting import Site, field_of

CSV = b"text,speaker\nFirst answer,A\nSecond answer,B\n"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_importing_says_what_it_did_and_the_same_file_again_changes_nothing(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    path = f"/studies/{here.study}/documents"
    assert "1 documents imported, 0 were there already" in lead.upload(path, "answers.csv", CSV, label_column="speaker").text
    again = lead.upload(path, "answers.csv", CSV, label_column="speaker").text
    assert "0 documents imported, 1 were there already" in again
    document = re.findall(r"/documents/[\w-]+", again)[-1]
    page = lead.get(document).text
    assert "First answer" in page
    assert "Second answer" in page


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("answers.csv", b"wrong\nx\n", "answers.csv"),
        ("answers.csv", b"text\n\xff\xfe\n", "answers.csv"),
        ("answers.xyz", b"x", "extension"),
        ("", b"", "No file"),
    ],
    ids=["wrong column", "broken encoding", "unknown kind", "no file"],
)
def test_a_file_that_cannot_be_read_is_refused_on_a_page_and_nothing_is_imported(here: Site, name: str, data: bytes, said: str) -> None:
    lead = here.visitor("lead@example.org")
    before = lead.get(f"/studies/{here.study}").text.count("/documents/")
    refused = lead.upload(f"/studies/{here.study}/documents", name, data)
    assert refused.status_code == 400
    assert "text/html" in refused.headers["content-type"]
    assert said in refused.text
    assert f"/studies/{here.study}#import" in refused.text
    assert lead.get(f"/studies/{here.study}").text.count("/documents/") == before


def test_a_form_sent_twice_acts_once(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    form = {"key": str(uuid.uuid4()), "name": "Second study"}
    assert lead.post("/studies", form).url == lead.post("/studies", form).url
    assert lead.get("/").text.count("Second study") == 1


def test_a_form_without_its_key_is_refused(here: Site) -> None:
    refused = here.visitor("lead@example.org").posted("/studies", {"key": "", "name": "Second study"})
    assert refused.status_code == 400
    assert "Nothing was stored" in refused.text


def test_an_invitation_link_is_shown_once(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    form = {"key": str(uuid.uuid4()), "name": "Cleo", "login": "cleo@example.org", "role": "coder"}
    first = lead.posted(f"/studies/{here.study}/people", form)
    again = lead.posted(f"/studies/{here.study}/people", form)
    assert len(re.findall(r"/links/[0-9a-f]{48}", first.text)) == 1
    assert "data-copy" in first.text
    assert "/links/" not in again.text
    assert "shown once already" in again.text
    assert "not yet" in lead.get(f"/studies/{here.study}").text


def test_a_new_link_ends_the_old_sessions(here: Site) -> None:
    ann, lead = here.visitor("ann@example.org"), here.visitor("lead@example.org")
    page = lead.posted(f"/studies/{here.study}/people/{here.coders[0]}/links")
    assert "/links/" in page.text
    assert ann.get("/tokens").url.path == "/login"


def test_who_is_taken_out_sees_the_study_no_more(here: Site) -> None:
    ann, lead = here.visitor("ann@example.org"), here.visitor("lead@example.org")
    assert ann.get(f"/studies/{here.study}").status_code == 200
    assert "is out of the study" in lead.post(f"/studies/{here.study}/people/{here.coders[0]}/removal").text
    assert ann.get(f"/studies/{here.study}").status_code == 404


def test_a_document_is_deleted_with_its_excerpts(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    document = re.findall(r"/documents/[\w-]+", lead.get(f"/studies/{here.study}").text)[0]
    assert "are erased" in lead.post(f"{document}/deletion", {"study": here.study}).text
    assert lead.get(document).status_code == 404


def test_a_study_is_deleted_only_by_its_name(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    refused = lead.post(f"/studies/{here.study}/deletion", {"name": "mentoring"})
    assert refused.status_code == 400
    assert "nothing was deleted" in refused.text
    assert lead.post(f"/studies/{here.study}/deletion", {"name": "Mentoring"}).status_code == 200
    assert lead.get(f"/studies/{here.study}").status_code == 404


@pytest.mark.parametrize(
    "place", ["", "/codebook", "/codebook/revisions/1", "/codebook/revisions/1/csv", "/rounds/new", "/suggestions", "/embedding"]
)
def test_what_is_not_yours_answers_like_what_does_not_exist(here: Site, place: str) -> None:
    here.installation.person("stranger@example.org", may_lead=True)
    stranger = here.visitor("stranger@example.org")
    real, unreal = stranger.get(f"/studies/{here.study}{place}"), stranger.get(f"/studies/{UNKNOWN}{place}")
    assert real.status_code == unreal.status_code == 404
    assert real.text.replace(here.study, UNKNOWN) == unreal.text


@pytest.mark.parametrize("place", ["/codebook", "/rounds/new", "/suggestions", "/embedding"])
def test_a_coder_has_the_own_part_only(here: Site, place: str) -> None:
    ann = here.visitor("ann@example.org")
    page = ann.get(f"/studies/{here.study}")
    assert page.status_code == 200
    assert "ben@example.org" not in page.text
    assert "talk.txt" not in page.text
    assert ann.get(f"/studies/{here.study}{place}").status_code == 403


def test_the_next_step_goes_from_documents_to_the_agreement(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    empty = str(lead.post("/studies", {"name": "Empty"}).url.path)
    assert "Import documents" in lead.get(empty).text
    lead.upload(f"{empty}/documents", "a.txt", b"One.\n\nTwo.")
    assert "Next, the codebook" in lead.get(empty).text
    here_page = f"/studies/{here.study}"
    assert "Plan a round" in lead.get(here_page).text
    opened = here.round()
    assert "The newest round is open" in lead.get(here_page).text
    here.api.post(f"/rounds/{opened}/closing")
    assert "The newest round is closed" in lead.get(here_page).text


def test_only_who_was_invited_as_a_lead_can_make_a_study(here: Site) -> None:
    refused = here.visitor("ann@example.org").posted("/studies", {"name": "Mine"})
    assert refused.status_code == 403
    assert Role.LEAD.value in refused.text


def test_a_page_names_no_text_of_a_study_in_its_title(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    opened = here.round()
    for path in (f"/studies/{here.study}", f"/studies/{here.study}/codebook", f"/rounds/{opened}", f"/studies/{here.study}/rounds/new"):
        title = re.findall(r"<title>(.*?)</title>", lead.get(path).text)[0]
        assert "Mentoring" not in title
        assert "Round 1" not in title


@pytest.mark.parametrize(("path", "status"), [("/nothing-here", 404), ("/studies/not-a-uuid", 404), ("/sign-out", 405)])
def test_an_address_without_a_page_answers_with_a_page(here: Site, path: str, status: int) -> None:
    refused = here.visitor().get(path)
    assert refused.status_code == status
    assert "text/html" in refused.headers["content-type"]
    assert "<h1>" in refused.text


def test_how_far_the_coders_are_refreshes_itself_for_the_lead_alone(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    round_, ann = here.round(), here.visitor("ann@example.org")
    part = f"/rounds/{round_}/completion"
    assert f'data-refresh="{part}"' in lead.get(f"/rounds/{round_}").text
    assert "0 of 3" in lead.get(part).text
    ann.post(f"/rounds/{round_}/code", {"assignment": field_of(ann.get(f"/rounds/{round_}/code"), "assignment"), "v0": "1"})
    shown = lead.get(part)
    assert "1 of 3" in shown.text
    assert "data-done" not in shown.text
    assert ann.get(part).status_code == 404
    lead.post(f"/rounds/{round_}/closing")
    closed = lead.get(part)
    assert "data-done" in closed.text
    assert "takes no codings now" in closed.text
    assert "takes no codings now" not in lead.get(f"/rounds/{round_}").text
