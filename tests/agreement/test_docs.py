"""docs/agreement.md says something of every coefficient, metric, weight, interval and reason, and of no other coefficient."""

import re
from pathlib import Path

import pytest

from service.agreement.chance import Chance
from service.agreement.coefficients import TITLES, Coefficient
from service.agreement.estimate import Reason
from service.agreement.interval import Method
from service.agreement.metric import Metric
from service.agreement.profile import PROFILES
from service.agreement.weights import Weights

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/agreement.md").read_text(encoding="utf-8")
PARTS = ("Formula", "Use", "Gaps", "Reference", "Elsewhere")
NAMED = re.compile(r'(?:coefficient=|_percent\(|beyond_chance\(|_corrected\(|_estimate\()\s*"([a-z_0-9]+)"')


def computed() -> set[str]:
    """Every name under which the code gives out an estimate."""
    sources = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "service/agreement").glob("*.py"))
    return set(NAMED.findall(sources)) | {one.value for one in Coefficient} | {one.value for one in Chance}


def sections() -> dict[str, str]:
    """The text of each section that is named after a coefficient."""
    found = re.split(r"^## .*\(`([a-z_0-9]+)`\)$", PAGE, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_every_coefficient_has_a_section_and_no_other() -> None:
    assert set(sections()) == computed()


@pytest.mark.parametrize("coefficient", Coefficient)
def test_a_page_calls_a_coefficient_as_its_section_does(coefficient: Coefficient) -> None:
    assert f"\n## {TITLES[coefficient]} (`{coefficient}`)\n" in PAGE


@pytest.mark.parametrize("name", sorted(sections()))
def test_a_section_has_all_its_parts(name: str) -> None:
    assert [part for part in PARTS if f"**{part}** " not in sections()[name]] == []


@pytest.mark.parametrize("choice", sorted({*Metric, *Weights, *Method, *Reason, *PROFILES}))
def test_every_choice_and_reason_is_named(choice: str) -> None:
    assert f"`{choice}`" in PAGE
