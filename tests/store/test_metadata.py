"""Columns of metadata: kept with their excerpts, named once a study, the same file again leaves them as they are."""

from dataclasses import replace

import pytest

from service.corpus.model import MOST_COLUMNS, NewDocument
from service.errors import BadInput
from tests.store.scene import Scene, document


def bring(scene: Scene, *new: NewDocument) -> None:
    with scene.store.writing() as tx:
        tx.corpus.bring_in(scene.study, new)


def told(scene: Scene, name: str) -> list[dict[str, str]]:
    with scene.store.reading() as tx:
        [found] = [one for one in tx.corpus.documents(scene.study) if one.name == name]
        ids = [one.id for one in tx.corpus.excerpts_of(found.id)]
        return [dict(values) for values in tx.metadata.of(scene.study, ids).values()]


def test_each_document_says_its_own_columns_and_a_name_has_one_place(scene: Scene) -> None:
    bring(scene, replace(document("x", "y", name="one"), metadata={"wave": ("1", ""), "site": ("North", "South")}))
    bring(scene, replace(document("z", name="two"), metadata={"age": ("9",), "wave": ("2",)}))
    with scene.store.reading() as tx:
        assert tx.metadata.columns(scene.study) == ("wave", "site", "age")
        assert sorted(tx.metadata.strata(scene.study, 0).values()) == ["1", "2"]
        assert tx.metadata.columns("another study") == ()
    assert told(scene, "one") == [{"wave": "1", "site": "North"}, {"site": "South"}]
    assert told(scene, "two") == [{"wave": "2", "age": "9"}]


def test_a_document_of_many_excerpts_keeps_each_with_its_own_value(scene: Scene) -> None:
    texts = [f"text {place}" for place in range(12_345)]
    sites = tuple("" if place % 3 else f"site {place}" for place in range(len(texts)))
    bring(scene, replace(document(*texts, name="long"), metadata={"site": sites}))
    assert told(scene, "long") == [{"site": site} if site else {} for site in sites]
    with scene.store.reading() as tx:
        [found] = [one for one in tx.corpus.documents(scene.study) if one.name == "long"]
        assert [one.text for one in tx.corpus.excerpts_of(found.id)] == texts


def test_the_same_document_again_changes_no_value(scene: Scene) -> None:
    bring(scene, replace(document("x", name="one"), metadata={"site": ("North",)}))
    bring(scene, replace(document("x", name="one"), metadata={"site": ("South",)}))
    assert told(scene, "one") == [{"site": "North"}]


def test_more_columns_than_a_study_can_have_are_refused_and_nothing_is_kept(scene: Scene) -> None:
    bring(scene, replace(document("x", name="one"), metadata={f"c{place}": ("v",) for place in range(MOST_COLUMNS)}))
    with pytest.raises(BadInput, match="Name fewer"):
        bring(scene, replace(document("y", name="two"), metadata={"one more": ("v",)}))
    with scene.store.reading() as tx:
        assert len(tx.metadata.columns(scene.study)) == MOST_COLUMNS
        assert "two" not in [one.name for one in tx.corpus.documents(scene.study)]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"site": ("a", "b")}, "2 values and the document 1 excerpts"),
        ({" site": ("a",)}, "white space"),
        ({"site": ("a\nb",)}, "control character"),
        ({f"c{place}": ("",) for place in range(MOST_COLUMNS + 1)}, "is the most"),
    ],
    ids=["too many values", "odd name", "odd value", "too many columns"],
)
def test_a_document_with_faulty_columns_is_refused(metadata: dict[str, tuple[str, ...]], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        replace(document("x"), metadata=metadata)
