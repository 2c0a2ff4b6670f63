from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.codebook.model import Code, Codebook, RevisionId, Scheme, Variable, digest
from service.codebook.revision import (
    CodeChange,
    FieldChange,
    Revision,
    VariableDifference,
    difference,
    first_revision,
    next_revision,
    unchanged,
)
from service.errors import BadInput, Conflict

NOW = datetime(2025, 3, 1, tzinfo=UTC)


def book(*codes: Code, scheme: Scheme = Scheme.ONE_CODE, label: str = "", name: str = "theme") -> Codebook:
    return Codebook(variables=(Variable(name=name, scheme=scheme, label=label, codes=codes),))


def first(codebook: Codebook) -> Revision:
    return first_revision(codebook, revision_id=RevisionId("r1"), codebook_id="book", now=NOW, by="lead")


TRUST, CLARITY = Code(name="Trust"), Code(name="Clarity")


def test_an_edit_is_the_next_number_of_the_same_codebook() -> None:
    edited = book(TRUST, CLARITY)
    revision = next_revision(first(book(TRUST)), edited, revision_id=RevisionId("r2"), now=NOW, by="lead", note="Clarity came up")
    assert (revision.id, revision.number, revision.codebook_id, revision.note) == ("r2", 2, "book", "Clarity came up")
    assert (revision.codebook, revision.digest) == (edited, digest(edited))


def test_the_same_codebook_again_makes_no_revision() -> None:
    current = first(book(TRUST))
    assert unchanged(current, book(TRUST))
    with pytest.raises(Conflict, match="same as revision 1"):
        next_revision(current, book(TRUST), revision_id=RevisionId("r2"), now=NOW, by="lead")


def test_a_codebook_that_breaks_a_rule_makes_no_revision() -> None:
    with pytest.raises(BadInput):
        first(book())
    with pytest.raises(BadInput):
        next_revision(first(book(TRUST)), book(), revision_id=RevisionId("r2"), now=NOW, by="lead")


def test_a_note_that_cannot_be_stored_makes_no_revision() -> None:
    with pytest.raises(BadInput, match="note holds a NUL"):
        first_revision(book(TRUST), revision_id=RevisionId("r1"), codebook_id="book", now=NOW, by="lead", note="\x00")


def test_whatever_is_sent_can_be_compared_with_the_current_one() -> None:
    assert not unchanged(first(book(TRUST)), book(Code(name="\ud800")))
    assert not unchanged(None, book(TRUST))


def test_a_difference_names_what_was_added_removed_and_changed() -> None:
    old = book(TRUST, Code(name="Old"), Code(name="Valued", definition="before", parent="Trust"))
    new = book(TRUST, Code(name="New"), Code(name="Valued", definition="after"), scheme=Scheme.SEVERAL_CODES, label="Theme")
    changes = (FieldChange(field="parent", before="Trust", after=""), FieldChange(field="definition", before="before", after="after"))
    expected = VariableDifference(
        variable="theme",
        added=(Code(name="New"),),
        removed=(Code(name="Old"),),
        changed=(CodeChange(name="Valued", fields=changes),),
        label=("", "Theme"),
        scheme=(Scheme.ONE_CODE, Scheme.SEVERAL_CODES),
    )
    assert difference(old, new).variables == (expected,)


def test_an_order_is_a_difference_of_its_own() -> None:
    found = difference(book(TRUST, CLARITY), book(CLARITY, TRUST))
    assert found.variables == (VariableDifference(variable="theme", reordered=True),)
    assert not found.reordered


def test_variables_come_and_go_whole() -> None:
    found = difference(book(TRUST), book(TRUST, name="other"))
    assert [variable.name for variable in found.added] == ["other"]
    assert [variable.name for variable in found.removed] == ["theme"]
    assert found.variables == ()


codes = st.builds(Code, name=st.sampled_from("abcd"), definition=st.sampled_from(["", "x"]), example=st.sampled_from(["", "x"]))
variables = st.builds(
    Variable,
    name=st.sampled_from("vw"),
    scheme=st.sampled_from(Scheme),
    codes=st.lists(codes, min_size=1, unique_by=lambda code: code.name).map(tuple),
)
books = st.builds(Codebook, variables=st.lists(variables, min_size=1, unique_by=lambda variable: variable.name).map(tuple))


@given(books, books)
def test_there_is_a_difference_exactly_when_the_digests_differ(old: Codebook, new: Codebook) -> None:
    assert bool(difference(old, new)) == (digest(old) != digest(new))
