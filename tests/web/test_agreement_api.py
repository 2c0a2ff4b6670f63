"""The agreement of a closed round by API: the report by a profile, and one coefficient by choices of one's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.agreement.profile import STANDARD_1
from service.demo.seeding import ensure_demo
from tests.installation import Caller, Installation

KAPPA_LIKE = {"gwet_ac", "fleiss_kappa", "brennan_prediger", "conger_kappa", "light_kappa", "krippendorff_alpha"}


@pytest.fixture(scope="module")
def lead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, str]]:
    """Give the lead of the demo study and the id of its closed round."""
    folder: Path = tmp_path_factory.mktemp("agreement")
    installation = Installation(folder)
    ensure_demo(installation.store)
    with installation.store.reading() as tx:
        person = tx.people.by_login("demo-lead")
        closed = tx.rounds.of_study(tx.corpus.demo() or "")[0].id
    assert person is not None
    with installation.running() as client:
        yield installation.caller(client, person.id), closed


def ask(lead: tuple[Caller, str], **parameters: object) -> Any:
    """Ask for the agreement with these query parameters."""
    caller, round_id = lead
    return caller.get(f"/rounds/{round_id}/agreement", params={name: str(value) for name, value in parameters.items()})


def test_the_report_says_every_choice_of_method(lead: tuple[Caller, str]) -> None:
    report = ask(lead).json()["agreement"]
    assert report["profile"] == STANDARD_1.label
    [theme] = report["variables"]
    assert STANDARD_1.label in theme["methods"]
    assert str(STANDARD_1.seed) in theme["methods"]
    interval = theme["alpha"]["interval"]
    assert interval["low"] < theme["alpha"]["value"] < interval["high"]
    assert interval["clusters"] == 8
    assert "documents" in theme["methods"]


def test_every_code_has_figures_and_a_verdict_by_the_rule_printed(lead: tuple[Caller, str]) -> None:
    [theme] = ask(lead).json()["agreement"]["variables"]
    verdicts = {code["code"]: code["verdict"] for code in theme["codes"]}
    assert verdicts["What Keeps Mentors Going"] == "undefined"
    assert verdicts["Wider Support"] == "not enough data"
    assert "reliable: P(coefficient >= .800) >= .95" in theme["verdict_rule"]
    assert {one["coder"] for one in theme["without_coder"]} == {f"Coder {name} (simulated)" for name in "ABC"}
    assert sum(map(sum, theme["coincidences"]["counts"])) == pytest.approx(300)


def test_the_same_request_gives_the_same_bits(lead: tuple[Caller, str]) -> None:
    assert ask(lead).content == ask(lead).content


@pytest.mark.parametrize("coefficient", sorted(KAPPA_LIKE))
def test_one_coefficient_by_the_profile(lead: tuple[Caller, str], coefficient: str) -> None:
    [asked] = ask(lead, variable="theme", coefficient=coefficient).json()["asked"]
    assert asked["coefficient"] == coefficient
    assert asked["figure"]["interval"]["low"] < asked["figure"]["value"] < asked["figure"]["interval"]["high"]


def test_one_coefficient_by_choices_of_ones_own(lead: tuple[Caller, str]) -> None:
    choices = {"metric": "nominal", "interval": "bootstrap, percentile", "level": 0.9, "replicates": 500, "seed": 3, "cluster": "true"}
    [asked] = ask(lead, variable="theme", coefficient="krippendorff_alpha", **choices).json()["asked"]
    interval = asked["figure"]["interval"]
    assert (interval["level"], interval["replicates"], interval["seed"], interval["clusters"]) == (0.9, 500, 3, 8)
    assert asked["methods"].startswith("Chosen one by one: nominal metric")


@pytest.mark.parametrize(
    "parameters",
    [
        {"profile": "standard-9"},
        {"coefficient": "krippendorff_alpha"},
        {"coefficient": "krippendorff_alpha", "variable": "no such"},
        {"coefficient": "no such", "variable": "theme"},
        {"coefficient": "krippendorff_alpha", "variable": "theme", "interval": "bootstrap, percentile"},
        {"coefficient": "krippendorff_alpha", "variable": "theme", "level": "1.5"},
        {"coefficient": "cohen_kappa", "variable": "theme", "weights": "identity"},
    ],
    ids=["profile", "no variable", "unknown variable", "unknown coefficient", "no level", "level", "three coders"],
)
def test_a_choice_that_is_missing_or_does_not_fit_is_refused(lead: tuple[Caller, str], parameters: dict[str, object]) -> None:
    refused = ask(lead, **parameters)
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:intercoder:problem:bad-input")
