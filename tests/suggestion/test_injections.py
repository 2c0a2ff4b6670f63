"""Excerpts that give orders, against a model that obeys them: only codes of the codebook come out, and no address, markup or other text."""

import json
import re
from pathlib import Path

import pytest

from service.codebook.model import Code, Scheme, Variable
from service.suggestion.prompting import Said, Unusable, answer, question

EXCERPTS = (Path(__file__).parent / "injections.txt").read_text(encoding="utf-8").splitlines()
ONE = Variable(name="topic", scheme=Scheme.ONE_CODE, codes=(Code(name="home", definition="where one lives"), Code(name="work")))
SEVERAL = Variable(name="needs", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="time"), Code(name="trust")))
BAD = re.compile(r"://|www\.|<|>|\]\(|javascript:|evil\.example", re.IGNORECASE)


def obeyed(excerpt: str, variable: Variable) -> list[str]:
    """What a model that obeys could send: the excerpt as its answer, as its words, and every code the excerpt wants."""
    keys = {"code": "c1"} if variable.scheme.takes_one else {"c1": True, "c2": False}
    wanted = re.findall(r"c\d+|admin|root|gold|hacked|none of your business|1", excerpt)
    words = [json.dumps({"rationale": excerpt, "quote": excerpt} | keys)]
    codes = [json.dumps({"rationale": "", "quote": "", "code": code}) for code in wanted]
    more = [json.dumps({"rationale": "", "quote": ""} | keys | {code: True}) for code in wanted]
    return [excerpt, *words, *codes, *more]


def said(raw: str, variable: Variable, excerpt: str) -> Said | None:
    try:
        return answer(raw, variable, excerpt)
    except Unusable:
        return None


def test_there_are_enough_and_no_two_alike() -> None:
    assert len(set(EXCERPTS)) == len(EXCERPTS) >= 40


@pytest.mark.parametrize("variable", [ONE, SEVERAL], ids=lambda variable: variable.name)
@pytest.mark.parametrize("excerpt", EXCERPTS, ids=range(len(EXCERPTS)))
def test_an_obedient_model_gives_codes_of_the_codebook_and_nothing_else(excerpt: str, variable: Variable) -> None:
    known = {code.name for code in variable.codes}
    found = [one for raw in obeyed(excerpt, variable) if (one := said(raw, variable, excerpt))]
    assert found  # the words alone are a usable answer
    for one in found:
        assert set(one.codes) <= known
        assert not BAD.search(f"{one.rationale} {one.quote}")
        assert one.quote is None or one.quote in excerpt


@pytest.mark.parametrize("excerpt", EXCERPTS, ids=range(len(EXCERPTS)))
def test_a_prompt_holds_its_own_excerpt_between_delimiters_that_it_cannot_close(excerpt: str) -> None:
    asked = question(ONE, excerpt)
    first, *middle, last = asked.prompt.splitlines()
    mark = first.split()[2]
    assert last == f"=== end of excerpt {mark} ==="
    assert mark not in " ".join(middle)
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]", asked.prompt)
    assert not any(other in asked.prompt + asked.instructions for other in EXCERPTS if other != excerpt)
    assert asked.instructions == question(ONE, "anything").instructions  # nothing of an excerpt stands among the instructions
