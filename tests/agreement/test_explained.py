"""Every coefficient of a report opens two sentences, and its reference is the one of the documents."""

import re
from pathlib import Path

import pytest

from service.agreement.coefficients import TITLES
from service.agreement.explained import EXPLAINED, MEASURES

DOCUMENT = (Path(__file__).parent.parent.parent / "docs" / "agreement.md").read_text()
SENTENCE_ENDS = re.compile(r"\.(?=\s|$)")
YEARS = re.compile(r"\b(?:19|20)\d\d\b")
OF_SPANS = {"u_alpha", "u_alpha_binary", "cu_alpha", "ku_alpha", "gamma", "gamma_cat"}


def test_every_coefficient_that_a_page_names_is_explained() -> None:
    assert set(EXPLAINED) == {name.value for name in TITLES} | OF_SPANS | {"pooled_kappa"}


def test_no_name_is_explained_twice() -> None:
    assert not set(EXPLAINED) & set(MEASURES)


@pytest.mark.parametrize("name", [*EXPLAINED, *MEASURES])
def test_two_sentences(name: str) -> None:
    words = (EXPLAINED | MEASURES)[name].words
    assert len(SENTENCE_ENDS.findall(words)) == 2, words
    assert words.endswith(".")


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_reference_is_that_of_the_document(name: str) -> None:
    [reference] = re.findall(rf"^## [^\n]*\(`{name}`\).*?\*\*Reference\*\* ([^\n]*)", DOCUMENT, re.DOTALL | re.MULTILINE)
    said = EXPLAINED[name].reference
    assert set(YEARS.findall(said)) <= set(YEARS.findall(reference))
    assert said.split(" (")[0].split(",")[0].split(" &")[0] == reference.split(" (")[0].split(",")[0].split(" &")[0].split(" et al")[0]
