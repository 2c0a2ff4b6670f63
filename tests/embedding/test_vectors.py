"""Kept vectors: only what is missing is embedded, once, and the stored bits are what everyone gets."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.embedding import (
    MemoryVectors,
    ModelKey,
    Progress,
    TextKey,
    Vector,
    embed_missing,
    from_bytes,
    model_key,
    stored_vectors,
    text_key,
    to_bytes,
    vectors_of,
)
from service.errors import Unavailable
from service.leaktest.fakes import HashEncoder


class Dies(MemoryVectors):
    """A store that is killed at the second write."""

    def __init__(self) -> None:
        super().__init__(capacity=1000)
        self.writes = 0

    def put(self, model: ModelKey, vectors: Mapping[TextKey, Vector]) -> None:
        self.writes += 1
        if self.writes == 2:
            raise KeyboardInterrupt
        super().put(model, vectors)


class Counts(MemoryVectors):
    """A store that notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__(capacity=1000)
        self.asked: list[TextKey] = []

    def get(self, model: ModelKey, keys: Sequence[TextKey]) -> Mapping[TextKey, Vector]:
        self.asked.extend(keys)
        return super().get(model, keys)


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), max_size=8))
def test_a_vector_survives_its_bytes(numbers: list[float]) -> None:
    vector = np.array(numbers, np.float32)
    assert from_bytes(to_bytes(vector), len(numbers)).tobytes() == vector.tobytes()


def test_bytes_are_little_endian() -> None:
    assert to_bytes(np.array([1.0], np.float32)) == b"\x00\x00\x80\x3f"


def test_bytes_of_another_dimension_are_refused() -> None:
    with pytest.raises(Unavailable, match="8 bytes where the model's have 12"):
        from_bytes(bytes(8), 3)


def test_the_key_is_the_sha256_of_the_text_as_it_stands() -> None:
    assert text_key("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len({text_key("abc"), text_key("abc "), text_key("a\u0301"), text_key("\u00e1"), text_key("\ud800")}) == 5


def test_only_missing_texts_are_embedded_and_repeats_once() -> None:
    encoder, store = HashEncoder(), MemoryVectors(capacity=100)
    embed_missing(encoder, store, ["a", "b"])
    encoder.asked.clear()
    done = embed_missing(encoder, store, ["b", "c", "c", "a", "c"])
    assert encoder.asked == ["c"]
    assert done == Progress(seen=5, embedded=1)


def test_running_it_again_embeds_nothing() -> None:
    encoder, store = HashEncoder(), MemoryVectors(capacity=100)
    texts = [f"text {number}" for number in range(20)]
    embed_missing(encoder, store, texts, batch=7)
    encoder.asked.clear()
    assert embed_missing(encoder, store, texts, batch=3) == Progress(seen=20, embedded=0)
    assert encoder.asked == []


def test_progress_is_told_after_each_batch() -> None:
    told: list[Progress] = []
    embed_missing(HashEncoder(), MemoryVectors(capacity=100), (f"text {number}" for number in range(5)), batch=2, progress=told.append)
    assert told == [Progress(2, 2), Progress(4, 4), Progress(5, 5)]


def test_a_kill_costs_one_batch() -> None:
    encoder, store = HashEncoder(), Dies()
    texts = [f"text {number}" for number in range(9)]
    with pytest.raises(KeyboardInterrupt):
        embed_missing(encoder, store, texts, batch=3)
    embed_missing(encoder, store, texts, batch=3)
    assert sorted(encoder.asked) == sorted([*texts, *texts[3:6]])


def test_vectors_come_in_the_texts_order_and_with_the_stored_bits() -> None:
    encoder, store = HashEncoder(), MemoryVectors(capacity=100)
    marked = np.full(64, 0.125, np.float32)
    store.put(model_key(encoder.identity), {text_key("b"): marked})
    found = vectors_of(encoder, store, ["a", "b", "a"])
    assert found[1].tobytes() == marked.tobytes()
    assert found[0].tobytes() == found[2].tobytes() == encoder.encode(["a"])[0].tobytes()


def test_no_texts_no_vectors() -> None:
    assert vectors_of(HashEncoder(), MemoryVectors(capacity=1), []).shape == (0, 64)


def test_without_a_model_only_stored_vectors_are_had() -> None:
    encoder, store = HashEncoder(), MemoryVectors(capacity=100)
    embed_missing(encoder, store, ["a"])
    assert stored_vectors(store, encoder.identity, ["a"]).shape == (1, 64)
    with pytest.raises(Unavailable, match="1 texts have no vector"):
        stored_vectors(store, encoder.identity, ["a", "b"])


def test_vectors_of_two_revisions_never_mix() -> None:
    store = MemoryVectors(capacity=100)
    old, new = HashEncoder(revision="1"), HashEncoder(revision="2")
    embed_missing(old, store, ["a"])
    embed_missing(new, store, ["a"])
    assert new.asked == ["a"]
    assert store.get(ModelKey("hash", "3"), [text_key("a")]) == {}


def test_the_least_used_vectors_go_first() -> None:
    store, encoder = MemoryVectors(capacity=2), HashEncoder()
    key = model_key(encoder.identity)
    embed_missing(encoder, store, ["a", "b"])
    store.get(key, [text_key("a")])
    embed_missing(encoder, store, ["c"])
    assert set(store.get(key, [text_key(text) for text in "abc"])) == {text_key("a"), text_key("c")}


def test_memory_in_front_of_a_store_asks_it_once_and_writes_through() -> None:
    behind, encoder = Counts(), HashEncoder()
    front = MemoryVectors(capacity=10, behind=behind)
    embed_missing(encoder, front, ["a"])
    behind.asked.clear()
    stored_vectors(front, encoder.identity, ["a"])
    assert behind.asked == []
    assert stored_vectors(MemoryVectors(capacity=10, behind=behind), encoder.identity, ["a"]).shape == (1, 64)


def test_the_first_vector_of_a_text_stays() -> None:
    store, key = MemoryVectors(capacity=10), ModelKey("m", "1")
    first, second = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    store.put(key, {text_key("a"): first})
    store.put(key, {text_key("a"): second})
    assert store.get(key, [text_key("a")])[text_key("a")].tolist() == [1, 0]


def test_a_write_in_front_takes_the_vector_that_stands_behind() -> None:
    behind, key = MemoryVectors(capacity=10), ModelKey("m", "1")
    behind.put(key, {text_key("a"): np.array([1, 0], np.float32)})
    front = MemoryVectors(capacity=10, behind=behind)
    front.put(key, {text_key("a"): np.array([0, 1], np.float32)})
    assert front.get(key, [text_key("a")])[text_key("a")].tolist() == [1, 0]


def test_an_erased_text_is_forgotten() -> None:
    store, encoder = MemoryVectors(capacity=10), HashEncoder()
    embed_missing(encoder, store, ["a", "b"])
    store.forget([text_key("a")])
    assert set(store.get(model_key(encoder.identity), [text_key("a"), text_key("b")])) == {text_key("b")}
