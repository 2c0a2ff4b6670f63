import pytest

from service.corpus.model import LONGEST_EXCERPT, NewDocument, Span
from service.errors import BadInput


def test_the_text_between_the_offsets_is_the_excerpt() -> None:
    text = "👩‍👩‍👧 e\u0301\r\nمرحبا"
    assert NewDocument("a", text, (Span(0, 5), Span(10, 15))).excerpts == ("👩‍👩‍👧", "مرحبا")


@pytest.mark.parametrize(
    ("spans", "labels", "fault"),
    [
        pytest.param((), (), "no excerpt", id="none"),
        pytest.param((Span(0, 0),), (), "Excerpt 1", id="empty"),
        pytest.param((Span(-1, 2),), (), "Excerpt 1", id="before the text"),
        pytest.param((Span(0, 2), Span(2, 10)), (), "Excerpt 2", id="past the end"),
        pytest.param((Span(0, 3), Span(2, 4)), (), "overlap", id="overlapping"),
        pytest.param((Span(2, 4), Span(0, 2)), (), "order", id="out of order"),
        pytest.param((Span(0, 2),), ("a", "b"), "1 excerpts and 2 labels", id="labels without an excerpt"),
        pytest.param((Span(0, 2), Span(2, 4)), ("", "a\n"), "label of excerpt 2", id="label with a line end"),
    ],
)
def test_spans_that_break_the_invariant_are_refused(spans: tuple[Span, ...], labels: tuple[str, ...], fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        NewDocument("a", "four", spans, labels)


@pytest.mark.parametrize(("name", "text"), [("", "four"), ("a\x00", "four"), ("a", "fo\x00r"), ("a", "fo\ud800r")])
def test_a_name_or_text_that_cannot_be_stored_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadInput):
        NewDocument(name, text, (Span(0, 4),))


def test_an_excerpt_has_a_longest_length() -> None:
    text = "x" * (LONGEST_EXCERPT + 1)
    NewDocument("a", text, (Span(0, LONGEST_EXCERPT),))
    with pytest.raises(BadInput, match="Excerpt 1 is longer"):
        NewDocument("a", text, (Span(0, LONGEST_EXCERPT + 1),))


def test_the_hash_is_the_same_for_the_same_and_another_for_another_name_text_or_span() -> None:
    documents = [
        NewDocument("a", "Yes.", (Span(0, 4),)),
        NewDocument("b", "Yes.", (Span(0, 4),)),
        NewDocument("a", "Yes!", (Span(0, 4),)),
        NewDocument("a", "Yes.", (Span(0, 3),)),
        NewDocument("aY", "es.", (Span(0, 3),)),
        NewDocument("a", "e\u0301s.", (Span(0, 4),)),
        NewDocument("a", "\u00e9s.", (Span(0, 3),)),
    ]
    assert len({document.content_hash for document in documents}) == len(documents)
    assert NewDocument("a", "Yes.", (Span(0, 4),), ("Anna",)).content_hash == documents[0].content_hash


def test_the_hash_stays_what_it_was_so_that_a_file_imported_long_ago_is_there_already() -> None:
    document = NewDocument("a", "Yes. N\u00f6 \U0001f469.", (Span(0, 4), Span(5, 7), Span(8, 10)))
    assert document.content_hash == "a765edb3b1d3d34af4a7bfc6e4dfc6879ef428d2e59469b9b6644638315ea6bd"
