"""Agreement from round to round, for whoever may read the rounds' results."""

import pytest

from service.coding.visibility import Role
from tests.web.pages.test_agreement import coded
from tests.web.pages.visiting import Site


@pytest.fixture
def two_rounds(here: Site) -> tuple[str, str]:
    """Close a round, rename a code as a minor edit and split another, and close a second round."""
    first = here.round(size=6)
    coded(here.visitor("ann@example.org"), first, {"0": "1", "1": "1", "2": "2", "3": "2", "4": "none", "5": "0"})
    coded(here.visitor("ben@example.org"), first, {"0": "1", "1": "1", "2": "2", "3": "1", "4": "none", "5": "2"})
    here.api.post(f"/rounds/{first}/closing")
    rename = {"operation": "rename", "variable": "theme", "code": "Clarity", "to": "Role clarity"}
    assert here.api.post(f"/studies/{here.study}/codebook/operations", {"revision": 1, "operation": rename, "edit": "minor"}).is_success
    split = {"operation": "split", "variable": "theme", "code": "Support", "into": ["Support", "Comfort"]}
    assert here.api.post(f"/studies/{here.study}/codebook/operations", {"revision": 2, "operation": split}).is_success
    coders = [here.installation.member(here.study, login, Role.CODER) for login in ("eva@example.org", "fay@example.org")]
    sample = {"method": "random", "size": 6, "seed": 1}
    plan = {"name": "Round 2", "kind": "reliability", "policy": "none", "revision": 3, "sample": sample, "coders": coders}
    second = here.api.post(f"/studies/{here.study}/rounds", plan).json()["id"]
    here.api.post(f"/rounds/{second}/opening")
    for login in ("eva@example.org", "fay@example.org"):
        answers = {"0": "2", "1": "2", "2": "3", "3": "3", "4": "none", "5": "0" if login.startswith("eva") else "1"}
        coded(here.visitor(login), second, answers)
    here.api.post(f"/rounds/{second}/closing")
    return first, second


def test_a_renamed_code_is_one_line_with_each_rounds_own_figure(here: Site, two_rounds: tuple[str, str]) -> None:
    first, second = two_rounds
    found = here.api.get(f"/studies/{here.study}/trend").json()
    assert [(one["round_id"], one["revision"], one["meaning_changed"]) for one in found["rounds"]] == [(first, 1, []), (second, 3, [3])]
    [theme] = found["variables"]
    codes = {code["code"]: code for code in theme["codes"]}
    assert codes["Role clarity"]["names"] == ["Clarity", "Role clarity"]
    assert [point["code"] for point in codes["Role clarity"]["points"]] == ["Clarity", "Role clarity"]
    assert codes["Comfort"]["came_of"] == "split of Support"
    for point, round_ in zip(codes["Role clarity"]["points"], two_rounds, strict=True):
        report = here.api.get(f"/rounds/{round_}/agreement?disagreements=0").json()
        rows = {row["code"]: row["alpha"] for row in report["agreement"]["variables"][0]["codes"]}
        assert point["alpha"] == rows[point["code"]]


def test_the_page_says_what_changed_and_the_same_numbers(here: Site, two_rounds: tuple[str, str]) -> None:
    page = here.visitor("lead@example.org").get(f"/studies/{here.study}/trend").text
    assert "meanings changed in revision 3" in page
    assert "before: Clarity" in page
    assert "split of Support" in page
    for point in here.api.get(f"/studies/{here.study}/trend").json()["variables"][0]["points"]:
        assert f'<data value="{point["blind"]["value"]}">' in page
    assert two_rounds[0] in page


def test_each_reads_the_trend_of_the_rounds_whose_results_are_theirs(here: Site, two_rounds: tuple[str, str]) -> None:
    ann = here.installation.caller(here.client, here.coders[0])
    assert [one["round_id"] for one in ann.get(f"/studies/{here.study}/trend").json()["rounds"]] == [two_rounds[0]]
    olga = here.installation.caller(here.client, here.installation.member(here.study, "olga@example.org", Role.OBSERVER))
    assert len(olga.get(f"/studies/{here.study}/trend").json()["rounds"]) == 2
    ada = here.installation.caller(here.client, here.installation.member(here.study, "ada@example.org", Role.ADJUDICATOR))
    assert ada.get(f"/studies/{here.study}/trend").json() == {"rounds": [], "variables": []}


def test_an_open_round_is_in_no_trend(here: Site) -> None:
    here.round(size=2)
    assert here.api.get(f"/studies/{here.study}/trend").json() == {"rounds": [], "variables": []}
    assert "No closed round" in here.visitor("lead@example.org").get(f"/studies/{here.study}/trend").text


def test_somebody_of_another_study_finds_no_study(here: Site) -> None:
    stranger = here.installation.caller(here.client, here.installation.person("stranger@example.org"))
    assert stranger.get(f"/studies/{here.study}/trend").status_code == 404
