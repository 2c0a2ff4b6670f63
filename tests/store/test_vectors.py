"""Vectors follow the text: kept while an excerpt has it, one for each model, gone with it."""

import numpy as np
from sqlalchemy import text

from service.embedding import ModelKey, TextKey, Vector
from service.store.corpus import text_hash
from tests.store.scene import TEXTS, Scene

ONE, OTHER = ModelKey("small", "1"), ModelKey("small", "2")
KEYS = [TextKey(text_hash(text)) for text in TEXTS]


def some(number: float) -> Vector:
    return np.full(3, number, dtype=np.float32)


def test_vectors_come_back_bit_for_bit_and_the_first_stays(scene: Scene) -> None:
    first = np.array([0.1, -0.0, 1e-45], dtype=np.float32)
    scene.store.vectors.put(ONE, {KEYS[0]: first})
    scene.store.vectors.put(ONE, {KEYS[0]: some(9), KEYS[1]: some(1)})
    scene.store.vectors.put(ONE, {})
    found = scene.store.vectors.get(ONE, [*KEYS, TextKey("absent")])
    assert found[KEYS[0]].tobytes() == first.tobytes()
    assert set(found) == set(KEYS[:2])


def test_two_models_never_mix(scene: Scene) -> None:
    scene.store.vectors.put(ONE, {KEYS[0]: some(1)})
    scene.store.vectors.put(OTHER, {KEYS[1]: some(2)})
    with scene.store.reading() as tx:
        assert tx.vectors.models() == [ONE, OTHER]
        assert set(tx.vectors.get(OTHER, KEYS)) == {KEYS[1]}
        assert tx.vectors.progress(scene.study, ONE) == (1, len(TEXTS))
        assert sorted(tx.vectors.missing(ONE, limit=100)) == sorted(TEXTS[1:])
        assert len(tx.vectors.missing(ONE, limit=2)) == 2


def test_a_vector_that_comes_after_its_text_was_erased_is_not_kept(scene: Scene) -> None:
    with scene.store.reading() as tx:
        texts = tx.vectors.missing(ONE, limit=100)
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    scene.store.vectors.put(ONE, {TextKey(text_hash(one)): some(1) for one in texts})
    with scene.store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM vectors")).scalar_one() == 0


def test_more_keys_than_one_statement_takes(scene: Scene) -> None:
    scene.store.vectors.put(ONE, {key: some(1) for key in KEYS})
    absent = [TextKey(f"{number:064x}") for number in range(1_200)]
    assert set(scene.store.vectors.get(ONE, [*absent, *KEYS])) == set(KEYS)
