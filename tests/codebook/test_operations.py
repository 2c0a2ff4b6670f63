"""What an edit means, and how a code's name is followed through revisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.codebook.model import Code, Codebook, Scheme, Variable, validate
from service.codebook.operations import (
    Edit,
    Line,
    Merge,
    Operation,
    Rename,
    Retire,
    Split,
    Step,
    applied,
    lines,
    meaning_changed,
    recorded,
)
from service.errors import BadInput


def book(*codes: str | Code, name: str = "theme", scheme: Scheme = Scheme.ONE_CODE) -> Codebook:
    made = tuple(Code(name=code) if isinstance(code, str) else code for code in codes)
    return Codebook(variables=(Variable(name=name, scheme=scheme, codes=made),))


def names(codebook: Codebook) -> list[str]:
    return [code.name for code in codebook.variables[0].codes]


def rename(code: str, to: str) -> Rename:
    return Rename(variable="theme", code=code, to=to)


def merge(to: str, *codes: str) -> Merge:
    return Merge(variable="theme", codes=codes, to=to)


def split(code: str, *into: str) -> Split:
    return Split(variable="theme", code=code, into=into)


def retire(code: str) -> Retire:
    return Retire(variable="theme", code=code)


FAMILY = book("a", Code(name="b", parent="a", definition="B."), Code(name="c", parent="b", definition="C."), "d")


@pytest.mark.parametrize(
    ("operation", "expected", "parents"),
    [
        pytest.param(rename("b", "x"), ["a", "x", "c", "d"], {"x": "a", "c": "x"}, id="rename"),
        pytest.param(merge("a", "a", "d"), ["a", "b", "c"], {"b": "a", "c": "b"}, id="merge into one of them"),
        pytest.param(merge("b", "b", "c"), ["a", "b", "d"], {"b": "a"}, id="merge a child into its parent"),
        pytest.param(merge("x", "b", "d"), ["a", "x", "c"], {"x": "a", "c": "x"}, id="merge into a new one"),
        pytest.param(split("b", "x", "y"), ["a", "x", "y", "c", "d"], {"x": "a", "y": "a", "c": "a"}, id="split"),
        pytest.param(split("b", "b", "y"), ["a", "b", "y", "c", "d"], {"b": "a", "y": "a", "c": "b"}, id="split and keep"),
        pytest.param(retire("b"), ["a", "c", "d"], {"c": "a"}, id="retire"),
    ],
)
def test_an_operation_makes_the_next_codebook(operation: Operation, expected: list[str], parents: dict[str, str]) -> None:
    after = validate(applied(FAMILY, operation))
    assert names(after) == expected
    assert {code.name: code.parent for code in after.variables[0].codes if code.parent} == parents
    assert recorded(FAMILY, after, [operation], Edit.MEANING) == (operation,)


def test_a_merge_into_a_new_code_keeps_both_definitions() -> None:
    code = applied(FAMILY, merge("x", "b", "c")).variables[0].code("x")
    assert code is not None
    assert code.definition == "B.\nC."


@pytest.mark.parametrize(
    ("operations", "after", "says"),
    [
        pytest.param([rename("z", "x")], book("a", "b", "x"), "did not have before", id="unknown"),
        pytest.param([rename("a", "x")], book("a", "b"), "does not have after", id="result missing"),
        pytest.param([rename("a", "x")], book("a", "b", "x"), "still has", id="still there"),
        pytest.param([rename("a", "b")], book("b"), "Merge the two", id="rename onto another"),
        pytest.param([merge("b", "b")], book("b"), "two or more", id="merge of one"),
        pytest.param([merge("a", "a", "a")], book("a", "b"), "two or more", id="merge with itself"),
        pytest.param([split("a", "x")], book("x", "b"), "two or more", id="split into one"),
        pytest.param([split("a", "x", "b")], book("x", "b"), "new codes", id="split into another"),
        pytest.param([retire("a"), rename("a", "x")], book("x", "b"), "two operations", id="twice"),
        pytest.param([Rename(variable="mood", code="a", to="x")], book("x", "b"), "variable", id="no such variable"),
    ],
)
def test_what_the_two_states_contradict_is_refused(operations: list[Operation], after: Codebook, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        recorded(book("a", "b"), after, operations, Edit.MEANING)


def test_a_code_that_leaves_without_a_word_is_recorded_as_retired() -> None:
    assert recorded(book("a", "b", "c"), book("c", "x"), [rename("a", "x")], Edit.MEANING) == (rename("a", "x"), retire("b"))


@pytest.mark.parametrize(
    ("after", "operations"),
    [
        pytest.param(book("a"), [], id="a code leaves"),
        pytest.param(book("a", "b", "c"), [], id="a code comes"),
        pytest.param(book("x"), [merge("x", "a", "b")], id="a merge"),
        pytest.param(book("x", "y", "b"), [split("a", "x", "y")], id="a split"),
        pytest.param(book("a", "b", scheme=Scheme.SEVERAL_CODES), [], id="another scheme"),
        pytest.param(Codebook(variables=(*book("a", "b").variables, *book("c", name="mood").variables)), [], id="a new variable"),
    ],
)
def test_what_changes_meaning_cannot_be_called_minor(after: Codebook, operations: list[Operation]) -> None:
    with pytest.raises(BadInput, match="Declare the edit to be of meaning"):
        recorded(book("a", "b"), after, operations, Edit.MINOR)


@pytest.mark.parametrize(
    ("after", "operations"),
    [
        pytest.param(book(Code(name="a", definition="A clearer wording."), "b"), [], id="wording"),
        pytest.param(book("b", "a"), [], id="order"),
        pytest.param(book("x", "b"), [rename("a", "x")], id="rename"),
    ],
)
def test_what_keeps_meaning_may_be_minor(after: Codebook, operations: list[Operation]) -> None:
    assert recorded(book("a", "b"), after, operations, Edit.MINOR) == tuple(operations)


HISTORY = [
    Step(number=1, codebook=book("a", "b", "c", "d"), edit=Edit.MEANING),
    Step(number=2, codebook=book("x", "b", "c", "d"), edit=Edit.MINOR, operations=(rename("a", "x"),)),
    Step(number=3, codebook=book("x", "b", "d"), edit=Edit.MEANING, operations=(merge("b", "b", "c"),)),
    Step(number=4, codebook=book("x", "b", "d1", "d2"), edit=Edit.MEANING, operations=(split("d", "d1", "d2"),)),
    Step(number=5, codebook=book("y", "d1", "d2", "a"), edit=Edit.MEANING, operations=(rename("x", "y"), retire("b"))),
]


def test_names_are_followed_through_recorded_operations() -> None:
    assert lines(HISTORY) == [
        Line(variable="theme", names={1: "c", 2: "c"}, went_into="merged into b"),
        Line(variable="theme", names={1: "d", 2: "d", 3: "d"}, went_into="split into d1, d2"),
        Line(variable="theme", names={1: "b", 2: "b", 3: "b", 4: "b"}, went_into="retired"),
        Line(variable="theme", names={1: "a", 2: "x", 3: "x", 4: "x", 5: "y"}),
        Line(variable="theme", names={4: "d1", 5: "d1"}, came_of="split of d"),
        Line(variable="theme", names={4: "d2", 5: "d2"}, came_of="split of d"),
        Line(variable="theme", names={5: "a"}),
    ]


def test_a_merge_into_a_new_code_begins_a_line() -> None:
    steps = [
        Step(number=1, codebook=book("a", "b"), edit=Edit.MEANING),
        Step(number=2, codebook=book("x"), edit=Edit.MEANING, operations=(merge("x", "a", "b"),)),
    ]
    found = {tuple(line.names.values()): (line.came_of, line.went_into) for line in lines(steps)}
    assert found == {("a",): ("", "merged into x"), ("b",): ("", "merged into x"), ("x",): ("merged of a, b", "")}


def test_changes_of_meaning_are_named_between_two_revisions() -> None:
    assert meaning_changed(HISTORY, since=1, until=4) == [3, 4]
    assert meaning_changed(HISTORY, since=1, until=2) == []
    assert meaning_changed(HISTORY, since=5, until=5) == []


CODES = st.lists(st.sampled_from("abcdef"), min_size=2, max_size=6, unique=True)


def an_operation(codes: list[str]) -> st.SearchStrategy[Operation]:
    pairs = st.permutations(codes).map(lambda some: some[:2])
    return st.one_of(
        st.sampled_from(codes).map(lambda code: rename(code, f"{code}'")),
        pairs.map(lambda pair: merge(pair[0], *pair)),
        pairs.map(lambda pair: merge("new", *pair)),
        st.sampled_from(codes).map(lambda code: split(code, code, f"{code}2")),
        st.sampled_from(codes).map(retire),
    )


@given(CODES.flatmap(lambda codes: st.tuples(st.just(codes), an_operation(codes))))
def test_every_code_of_every_revision_stands_in_exactly_one_line(made: tuple[list[str], Operation]) -> None:
    codes, operation = made
    before = book(*codes)
    after = applied(before, operation)
    steps = [
        Step(number=1, codebook=before, edit=Edit.MEANING),
        Step(number=2, codebook=after, edit=Edit.MEANING, operations=recorded(before, after, [operation], Edit.MEANING)),
    ]
    for step in steps:
        found = [line.names[step.number] for line in lines(steps) if step.number in line.names]
        assert sorted(found) == sorted(names(step.codebook))
