"""Codebook operations over HTTP and on the pages: on record with the revision that they lead to."""

from tests.web.pages.visiting import Site


def operate(here: Site, revision: int, operation: dict[str, object], **more: object) -> dict[str, object]:
    answer = here.api.post(f"/studies/{here.study}/codebook/operations", {"revision": revision, "operation": operation} | more)
    return answer.json() | {"status_code": answer.status_code}


MERGE: dict[str, object] = {"operation": "merge", "variable": "theme", "codes": ["Support", "Supervision"], "to": "Support"}


def test_an_operation_makes_the_next_revision_and_stands_on_it(here: Site) -> None:
    made = operate(here, 1, MERGE, note="They could not be kept apart.")
    assert (made["status_code"], made["number"], made["edit"], made["operations"]) == (201, 2, "meaning", [MERGE])
    codebook = here.api.get(f"/codebooks/{made['codebook_id']}/revisions/2").json()
    assert [code["name"] for code in codebook["codebook"]["variables"][0]["codes"]] == ["Support", "Clarity"]
    assert codebook["operations"] == [MERGE]


def test_nobody_operates_on_a_revision_they_have_not_seen(here: Site) -> None:
    operate(here, 1, MERGE)
    refused = operate(here, 1, {"operation": "retire", "variable": "theme", "code": "Clarity"})
    assert refused["status_code"] == 409
    assert "newest revision is 2" in str(refused["detail"])


def test_a_merge_is_never_minor(here: Site) -> None:
    refused = operate(here, 1, MERGE, edit="minor")
    assert refused["status_code"] == 400
    assert "Declare the edit to be of meaning" in str(refused["detail"])


def test_a_whole_codebook_is_saved_with_what_the_edit_was(here: Site) -> None:
    [listed] = here.api.get("/codebooks").json()
    codebook = here.api.get(f"/codebooks/{listed['id']}").json()["codebook"]
    codebook["variables"][0]["codes"][2]["name"] = "Role clarity"
    rename = {"operation": "rename", "variable": "theme", "code": "Clarity", "to": "Role clarity"}
    body = {"codebook": codebook, "edit": "minor", "operations": [rename]}
    saved = here.api.post(f"/studies/{here.study}/codebook", body).json()
    assert (saved["number"], saved["edit"], saved["operations"]) == (2, "minor", [rename])


def test_the_pages_record_renames_merges_splits_and_retirements(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    base = f"/studies/{here.study}/codebook"
    clarity = {"name": "Role clarity", "parent": "", "definition": "Knowing what the role is", "edit": "minor", "note": ""}
    assert "Saved as a new revision" in lead.post(f"{base}/1/variables/0/codes/2", clarity).text
    assert "Saved as a new revision" in lead.post(f"{base}/2/variables/0/codes/0", {"do": "merge", "other": "1", "to": "Help"}).text
    assert "Saved as a new revision" in lead.post(f"{base}/3/variables/0/codes/1", {"do": "split", "into": "Tasks\nLimits\n"}).text
    assert "Saved as a new revision" in lead.post(f"{base}/4/variables/0/codes/2", {"do": "delete"}).text
    said = [lead.get(f"{base}/revisions/{number}").text for number in (2, 3, 4, 5)]
    assert "renamed to" in said[0]
    assert "A minor edit" in said[0]
    assert "merged into" in said[1]
    assert "split into" in said[2]
    assert "retired" in said[3]
    assert all("A change of meaning" in page for page in said[1:])


def test_what_a_form_cannot_do_is_said(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    path = f"/studies/{here.study}/codebook/1/variables/0/codes/0"
    for fields, says in (
        ({"do": "merge", "other": "", "to": ""}, "Choose the code"),
        ({"do": "split", "into": "One"}, "two or more"),
        ({"do": "delete", "edit": "minor"}, "Declare the edit to be of meaning"),
    ):
        refused = lead.post(path, fields)
        assert refused.status_code == 400
        assert says in refused.text
