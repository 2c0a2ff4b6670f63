"""From a suggestion to a coding of a model coder, by hand."""

import pytest

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.suggestion import MadeBy, RankedCode, Suggestion, VariableRanking
from service.suggestion.answering import NO_HALF, NONE_APPLIES
from service.suggestion.coder import Coded, coded, codes_needed, takes_a_model

MADE_BY = MadeBy(model="m", revision="1", runtime="r", codebook="c", configuration="d")
A, B, C = (Code(name=name) for name in "abc")


def variable(scheme: Scheme) -> Variable:
    return Variable(name="v", scheme=scheme, codes=(A, B, C))


def ranked(code: str, *, suggested: bool | None = None) -> RankedCode:
    return RankedCode(code=code, score=0.5, evidence=(), suggested=suggested)


def by_rule(scheme: Scheme, *codes: RankedCode, abstain: str | None = None) -> Coded:
    said = Suggestion(variables=(VariableRanking(variable="v", codes=codes, abstain=abstain),), made_by=MADE_BY)
    return coded(said, Codebook(variables=(variable(scheme),)))


@pytest.mark.parametrize("scheme", [Scheme.ONE_CODE, Scheme.ORDERED_VALUE])
def test_one_code_and_an_ordered_value_take_the_best(scheme: Scheme) -> None:
    assert by_rule(scheme, ranked("b"), ranked("a")) == (("v", ("b",)),)


def test_several_codes_take_those_above_their_threshold() -> None:
    assert by_rule(Scheme.SEVERAL_CODES, ranked("c", suggested=True), ranked("b", suggested=False), ranked("a", suggested=True)) == (
        ("v", ("a", "c")),
    )
    assert by_rule(Scheme.SEVERAL_CODES, ranked("c", suggested=False), ranked("a", suggested=False)) == (("v", ()),)


def test_several_codes_without_a_threshold_take_the_best() -> None:
    assert by_rule(Scheme.SEVERAL_CODES, ranked("c"), ranked("b")) == (("v", ("c",)),)


@pytest.mark.parametrize("scheme", [Scheme.ONE_CODE, Scheme.SEVERAL_CODES, Scheme.ORDERED_VALUE])
def test_where_it_abstains_the_variable_is_missing(scheme: Scheme) -> None:
    assert by_rule(scheme, ranked("a", suggested=True), abstain="the best code's probability .20 is below .40") == ()
    assert by_rule(scheme, ranked("a", suggested=False), abstain=NO_HALF) == ()


@pytest.mark.parametrize("scheme", [Scheme.ONE_CODE, Scheme.SEVERAL_CODES, Scheme.ORDERED_VALUE])
def test_a_language_model_that_says_none_applies_has_coded(scheme: Scheme) -> None:
    assert by_rule(scheme, ranked("a", suggested=False), abstain=NONE_APPLIES) == (("v", ()),)


def test_a_variable_of_spans_is_missing_and_alone_takes_no_model() -> None:
    assert by_rule(Scheme.SPANS, ranked("a")) == ()
    assert not takes_a_model(Codebook(variables=(variable(Scheme.SPANS),)))
    assert takes_a_model(Codebook(variables=(variable(Scheme.SPANS), Variable(name="w", scheme=Scheme.ONE_CODE, codes=(A,)))))


def test_no_more_codes_are_ranked_than_the_rule_sees() -> None:
    assert codes_needed(Codebook(variables=(variable(Scheme.ONE_CODE), variable(Scheme.SPANS)))) == 1
    assert codes_needed(Codebook(variables=(variable(Scheme.ONE_CODE), variable(Scheme.SEVERAL_CODES)))) == 3
