"""Documents and excerpts: stored to the code point, imported once, listed in an order that does not change."""

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.corpus.model import DocumentId, NewDocument, Span
from service.errors import BadInput, NotFound
from service.store import Store
from service.store.corpus import text_hash
from tests.store.scene import TEXTS, Scene, document

NOBODY = "00000000-0000-4000-8000-000000000000"
HARD = [
    pytest.param("🧑🏽‍🦽 rolls", id="emoji of several code points"),
    pytest.param("e\u0301 is not é", id="combining marks"),
    pytest.param("one\r\ntwo\rthree\n", id="line ends of three kinds"),
    pytest.param("שלום \u202eabc", id="right to left"),
    pytest.param("\ufeff\ufffe\uffff\U0010ffff", id="byte order mark and non-characters"),
    pytest.param("x" * 100_000, id="the longest excerpt"),
    pytest.param("a\u0001b\x7f", id="control characters"),
]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)


def only_document(scene: Scene) -> tuple[str, list[str]]:
    with scene.store.reading() as tx:
        [found] = tx.corpus.documents(scene.study)
        _, whole = tx.corpus.document(found.id)
        return whole, [whole[one.start : one.end] for one in tx.corpus.excerpts_of(found.id)]


@pytest.mark.parametrize("hard", HARD)
def test_text_comes_back_to_the_code_point_and_offsets_cut_the_excerpt(store: Store, hard: str) -> None:
    scene = Scene.in_store(store, texts=[hard, "plain"])
    whole, cut = only_document(scene)
    assert whole == hard + "\nplain\n"
    assert cut == [hard, "plain"]
    with store.reading() as tx:
        assert [one.text for one in tx.corpus.excerpts_of(scene.document)] == cut
        assert [one.text_sha256 for one in tx.corpus.excerpts_of(scene.document)] == [text_hash(text) for text in cut]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=5))
def test_any_text_comes_back_to_the_code_point(scene: Scene, texts: list[str]) -> None:
    with scene.store.writing() as tx:
        study = tx.corpus.add_study("another", scene.lead)
        new = document(*texts)
        [added] = tx.corpus.bring_in(study, [new]).added
    with scene.store.reading() as tx:
        found, whole = tx.corpus.document(added)
        assert whole == new.text
        assert (found.name, found.excerpts, found.content_hash) == (new.name, len(texts), new.content_hash)
        assert [whole[one.start : one.end] for one in tx.corpus.excerpts_of(added)] == texts


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d of a pair"])
def test_what_no_database_keeps_is_refused_before_it_gets_there(text: str) -> None:
    with pytest.raises(BadInput):
        NewDocument("interview", text, (Span(0, len(text)),))


def test_the_same_file_again_changes_nothing_and_says_so(scene: Scene) -> None:
    with scene.store.writing() as tx:
        again = tx.corpus.bring_in(scene.study, [document(*TEXTS), document("new", name="new"), document("new", name="new")])
    assert (again.unchanged[0], len(again.added), again.unchanged[1:], again.excerpts) == (scene.document, 1, again.added, 1)
    with scene.store.writing() as tx:
        nothing = tx.corpus.bring_in(scene.study, [document(*TEXTS)])
        assert (nothing.added, nothing.excerpts) == ((), 0)
        assert len(tx.corpus.excerpt_ids(scene.study)) == len(TEXTS) + 1


def test_twins_in_another_spelling_are_two_documents(scene: Scene) -> None:
    with scene.store.writing() as tx:
        added = tx.corpus.bring_in(scene.study, [document("caf\u00e9", name="n"), document("cafe\u0301", name="n")]).added
    assert len(added) == 2


def test_the_corpus_order_is_by_name_and_content_not_by_when_it_came(store: Store) -> None:
    scene = Scene.in_store(store)
    names = ["b", "a", "B", "Z", "ä", "a b", "a-b", "ab", "_", "10", "9", "\uffff", "\U0001f99c"]
    parts = [document(f"text {name}", name=name) for name in names]
    orders: list[list[str]] = []
    for order in (parts, parts[::-1]):
        with store.writing() as tx:
            study = tx.corpus.add_study("another", scene.lead)
            for part in order:
                tx.corpus.bring_in(study, [part])
            found = tx.corpus.excerpts(tx.corpus.excerpt_ids(study))
            orders.append([found[one].text for one in tx.corpus.excerpt_ids(study)])
    assert orders[0] == orders[1] == [f"text {name}" for name in sorted(names)]


def test_a_page_of_excerpts_begins_after_a_position(scene: Scene) -> None:
    with scene.store.reading() as tx:
        page = tx.corpus.excerpts_of(scene.document, after=1, limit=2)
    assert [one.position for one in page] == [2, 3]


def test_what_stands_around_an_excerpt_is_the_documents_text(scene: Scene) -> None:
    with scene.store.reading() as tx:
        found = tx.corpus.excerpts(scene.excerpts[1:2])
        around = tx.corpus.around(found.values(), reach=7)
    assert around == {scene.excerpts[1]: (" time.\n", "\nMentor")}


def test_what_is_not_there_is_not_found(store: Store) -> None:
    with store.reading() as tx, pytest.raises(NotFound):
        tx.corpus.study(NOBODY)
    with store.reading() as tx, pytest.raises(NotFound):
        tx.corpus.document(DocumentId(NOBODY))
    with store.reading() as tx:
        assert tx.corpus.excerpts([]) == {}
        assert tx.corpus.demo() is None


def test_the_demo_study_is_found_by_what_it_is(scene: Scene) -> None:
    with scene.store.writing() as tx:
        demo = tx.corpus.add_study("Demo", scene.lead, demo=True)
        assert tx.corpus.demo() == demo
        assert tx.corpus.study(demo).demo


def test_ten_thousand_excerpts_come_in_at_once(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    many = document(*(f"Excerpt {number} of an interview about mentoring, with some words to it." for number in range(10_000)), name="many")
    began = time.perf_counter()
    with scene.store.writing() as tx:
        imported = tx.corpus.bring_in(scene.study, [many])
    record_property("seconds", time.perf_counter() - began)
    assert imported.excerpts == 10_000
    with scene.store.reading() as tx:
        ids = tx.corpus.excerpt_ids(scene.study)
        assert len(tx.corpus.excerpts(ids)) == 10_000 + len(TEXTS)
