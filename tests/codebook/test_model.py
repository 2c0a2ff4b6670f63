import hashlib

import msgspec
import pytest

from service.codebook.model import (
    LONGEST_TEXT,
    MOST_CODES,
    MOST_VARIABLES,
    Code,
    Codebook,
    Scheme,
    Variable,
    canonical_json,
    digest,
    tree,
    validate,
)
from service.errors import BadInput


def variable(*codes: Code, name: str = "theme", label: str = "") -> Variable:
    return Variable(name=name, label=label, scheme=Scheme.ONE_CODE, codes=codes)


def codebook(*codes: Code) -> Codebook:
    return Codebook(variables=(variable(*codes),))


TRUST, VALUED, CLARITY = Code(name="Trust"), Code(name="Valued", parent="Trust"), Code(name="Clarity")


def test_a_codebook_that_keeps_the_rules_comes_back() -> None:
    good = codebook(VALUED, TRUST, CLARITY)
    assert validate(good) is good


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        pytest.param(Codebook(variables=()), "no variable", id="no variable"),
        pytest.param(codebook(), 'Variable "theme": there is no code', id="no code"),
        pytest.param(codebook(TRUST, Code(name=" ")), 'Variable "theme": code 2: the name is empty', id="empty name"),
        pytest.param(codebook(Code(name="a\x00")), "code 1: the name holds a NUL", id="NUL in a name"),
        pytest.param(codebook(Code(name="a\ud800")), "code 1: the name holds half of a surrogate", id="surrogate in a name"),
        pytest.param(codebook(Code(name="a\x1b[31m")), "code 1: the name holds a control", id="terminal escape in a name"),
        pytest.param(codebook(Code(name="a" * 201)), "longer than 200", id="long name"),
        pytest.param(codebook(TRUST, TRUST), 'code 2: the name "Trust" is there already, as code 1', id="same name"),
        pytest.param(codebook(TRUST, Code(name="trust")), '"trust" looks the same as "Trust"', id="twin by case"),
        pytest.param(codebook(Code(name="é"), Code(name="e\u0301")), "looks the same as", id="twin by NFC and NFD"),
        pytest.param(codebook(VALUED), 'code "Valued": the parent "Trust" is not a code', id="unknown parent"),
        pytest.param(codebook(Code(name="a", parent="a")), 'code "a": its parents lead back', id="own parent"),
        pytest.param(
            codebook(TRUST, Code(name="a", parent="b"), Code(name="b", parent="c"), Code(name="c", parent="b")),
            'code "b": its parents lead back to itself',
            id="circle",
        ),
        pytest.param(
            codebook(Code(name="a", include_when="x\x07")), 'code "a": the field include_when holds a control', id="control in a field"
        ),
        pytest.param(codebook(Code(name="a", example="x\x00")), "the field example holds a NUL", id="NUL in a field"),
        pytest.param(codebook(Code(name="a", definition="x" * (LONGEST_TEXT + 1))), "definition is longer than 20,000", id="long field"),
        pytest.param(Codebook(variables=(variable(TRUST, label="\x00"),)), "the label holds a NUL", id="label"),
        pytest.param(
            Codebook(variables=(variable(TRUST), variable(CLARITY, name="Theme"))),
            'Variable 2: the name "Theme" looks',
            id="twin variables",
        ),
        pytest.param(Codebook(variables=(variable(TRUST, name=""),)), "Variable 1: the name is empty", id="variable without a name"),
        pytest.param(
            Codebook(variables=tuple(variable(TRUST, name=f"v{n}") for n in range(MOST_VARIABLES + 1))),
            "51 variables; the most is 50",
            id="too many variables",
        ),
        pytest.param(codebook(*(Code(name=f"c{n}") for n in range(MOST_CODES + 1))), "5001 codes; the most is 5,000", id="too many codes"),
    ],
)
def test_one_message_names_what_breaks_a_rule(bad: Codebook, message: str) -> None:
    with pytest.raises(BadInput) as refusal:
        validate(bad)
    assert message in refusal.value.detail
    assert refusal.value.detail.isprintable()


def test_the_deepest_tree_is_neither_slow_nor_too_deep() -> None:
    chain = [Code(name=f"c{n}", parent=f"c{n - 1}" if n else None) for n in range(MOST_CODES)]
    deep = validate(codebook(*reversed(chain)))
    assert [depth for depth, _ in tree(deep.variables[0])] == list(range(MOST_CODES))


def test_a_tree_puts_parents_first_and_keeps_the_order_of_siblings() -> None:
    second = Code(name="Second", parent="Trust")
    leaf = Code(name="Leaf", parent="Valued")
    shown = [(depth, code.name) for depth, code in tree(variable(leaf, VALUED, CLARITY, second, TRUST))]
    assert shown == [(0, "Clarity"), (0, "Trust"), (1, "Valued"), (2, "Leaf"), (1, "Second")]


def test_codes_and_variables_are_found_by_exact_name() -> None:
    book = codebook(TRUST, VALUED)
    found = book.variable("theme")
    assert found is not None
    assert found.code("Valued") is VALUED
    assert found.code("valued") is None
    assert book.variable("Theme") is None


def test_the_digest_is_that_of_the_canonical_json() -> None:
    book = codebook(TRUST, VALUED)
    # Written out by hand: whoever wants to check a revision can do it with any tool.
    text = '{"variables":[{"codes":[{"name":"Trust"},{"name":"Valued","parent":"Trust"}],"name":"theme","scheme":"one_code"}]}'
    assert canonical_json(book).decode() == text
    assert digest(book) == hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_changes_with_any_field_and_with_the_order() -> None:
    fields = ("definition", "include_when", "exclude_when", "example", "counter_example")
    books = [
        codebook(TRUST, CLARITY),
        codebook(CLARITY, TRUST),
        codebook(TRUST, Code(name="Clarity", parent="Trust")),
        *(codebook(TRUST, msgspec.structs.replace(CLARITY, **{field: "x"})) for field in fields),
        Codebook(variables=(variable(TRUST, CLARITY, label="x"),)),
        Codebook(variables=(msgspec.structs.replace(variable(TRUST, CLARITY), scheme=Scheme.SEVERAL_CODES),)),
    ]
    assert len({digest(book) for book in books}) == len(books)


def test_a_field_that_no_codebook_has_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.convert({"name": "a", "colour": "red"}, Code)
