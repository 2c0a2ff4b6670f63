"""Editing the codebook: each edit is a revision, what it changed is shown, two who edit at once do not undo each other."""

import pytest

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.errors import Conflict, NotFound
from service.web.pages import codebook_edits as edits
from tests.web.pages.visiting import CODEBOOK, Site

BOOK = Codebook(
    variables=(
        Variable(
            name="theme",
            scheme=Scheme.ONE_CODE,
            codes=(
                Code(name="Support"),
                Code(name="Supervision", parent="Support"),
                Code(name="Clarity"),
                Code(name="Peers", parent="Support"),
            ),
        ),
    )
)


def names(codebook: Codebook) -> list[tuple[str, str | None]]:
    return [(code.name, code.parent) for code in codebook.variables[0].codes]


def test_children_follow_a_renamed_code() -> None:
    changed = edits.with_code(BOOK, 0, 0, Code(name="Help"))
    assert names(changed) == [("Help", None), ("Supervision", "Help"), ("Clarity", None), ("Peers", "Help")]


def test_children_of_a_deleted_code_move_up() -> None:
    assert names(edits.without_code(BOOK, 0, 0)) == [("Supervision", None), ("Clarity", None), ("Peers", None)]


def test_a_place_one_past_the_end_is_a_new_code() -> None:
    assert names(edits.with_code(BOOK, 0, 4, Code(name="New")))[-1] == ("New", None)
    with pytest.raises(NotFound):
        edits.with_code(BOOK, 0, 5, Code(name="New"))


@pytest.mark.parametrize(
    ("place", "step", "order"),
    [
        (1, 1, ["Support", "Peers", "Clarity", "Supervision"]),
        (3, -1, ["Support", "Peers", "Clarity", "Supervision"]),
        (2, -1, ["Clarity", "Supervision", "Support", "Peers"]),
        (0, -1, ["Support", "Supervision", "Clarity", "Peers"]),
        (3, 1, ["Support", "Supervision", "Clarity", "Peers"]),
        (4, 1, ["Support", "Supervision", "Clarity", "Peers"]),
    ],
)
def test_a_code_moves_among_its_siblings_and_stops_at_their_ends(place: int, step: int, order: list[str]) -> None:
    assert [name for name, _ in names(edits.moved(BOOK, 0, place, step))] == order


def test_the_last_code_and_the_last_variable_stay() -> None:
    one = Codebook(variables=(Variable(name="theme", scheme=Scheme.ONE_CODE, codes=(Code(name="Support"),)),))
    with pytest.raises(Conflict):
        edits.without_code(one, 0, 0)
    with pytest.raises(Conflict):
        edits.without_variable(one, 0)


def form(name: str = "Supervision", **fields: str) -> dict[str, str]:
    return {"do": "save", "name": name, "parent": "Support", "definition": "Planned time to look back", **fields}


def test_an_edited_code_is_a_new_revision_whose_page_shows_what_changed(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    book = f"/studies/{here.study}/codebook"
    assert "Planned time to look back" in lead.get(f"{book}/1/variables/0/codes/1").text
    saved = lead.post(f"{book}/1/variables/0/codes/1", form(definition="Planned time with a supervisor", note="clearer"))
    assert "Saved as a new revision" in saved.text
    assert "clearer" in saved.text
    revision = lead.get(f"{book}/revisions/2").text
    assert '<del dir="auto">Planned time to look back</del>' in revision
    assert '<ins dir="auto">Planned time with a supervisor</ins>' in revision


def test_who_edits_an_older_revision_is_told_and_nothing_is_stored(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    book = f"/studies/{here.study}/codebook"
    lead.post(f"{book}/1/variables/0/codes/1", form(definition="One"))
    refused = lead.post(f"{book}/1/variables/0/codes/1", form(definition="Two"))
    assert refused.status_code == 409
    assert "saved as revision 2 meanwhile" in refused.text
    assert lead.get(f"{book}/revisions/3").status_code == 404


def test_saving_without_a_change_says_so(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    assert "Nothing changed" in lead.post(f"/studies/{here.study}/codebook/1/variables/0/codes/1", form()).text
    assert "Nothing changed" in lead.upload(f"/studies/{here.study}/codebook/file", "codebook.csv", CODEBOOK, note="").text


def test_codes_are_added_moved_and_deleted_and_variables_too(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    book = f"/studies/{here.study}/codebook"
    steps = [
        ("variables/0/codes/3", {"do": "save", "name": "Flexibility"}),
        ("variables/0/codes/3", {"do": "up"}),
        ("variables/0/codes/3", {"do": "delete"}),
        ("variables/1", {"do": "save", "name": "mood", "label": "Mood", "scheme": "several_codes", "first": "Glad"}),
        ("variables/0", {"do": "delete"}),
    ]
    for number, (path, fields) in enumerate(steps, 1):
        assert "Saved as a new revision" in lead.post(f"{book}/{number}/{path}", fields).text, path
    exported = lead.get(f"{book}/revisions/6/csv")
    assert exported.headers["content-disposition"] == 'attachment; filename="codebook-6.csv"'
    assert [line.split(",")[:4] for line in exported.text.splitlines()[1:]] == [["mood", "Mood", "several_codes", "Glad"]]
    assert lead.upload(f"{book}/file", "codebook.csv", exported.content).text.count("Nothing changed") == 1


def test_a_codebook_can_be_written_from_nothing(here: Site) -> None:
    lead = here.visitor("lead@example.org")
    study = lead.post("/studies", {"name": "Empty"}).url.path
    fields = {"do": "save", "name": "theme", "scheme": "one_code", "first": "Support", "label": ""}
    assert "New variable" in lead.get(f"{study}/codebook/0/variables/0").text
    assert "Saved as a new revision" in lead.post(f"{study}/codebook/0/variables/0", fields).text


@pytest.mark.parametrize("fields", [{"name": ""}, {"name": "Support"}, {"parent": "No such code"}, {"name": "x" * 201}])
def test_an_edit_that_breaks_a_rule_is_refused(here: Site, fields: dict[str, str]) -> None:
    lead = here.visitor("lead@example.org")
    refused = lead.post(f"/studies/{here.study}/codebook/1/variables/0/codes/1", form(**fields))
    assert refused.status_code == 400
    assert lead.get(f"/studies/{here.study}/codebook/revisions/2").status_code == 404
