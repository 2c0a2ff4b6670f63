"""Passes are sorted by length and hold every text once."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from service.embedding.batches import Shape, plan

SHAPE = Shape(tokens=128, rows=8, width_step=8, padding=24)


@settings(deadline=None)
@given(st.lists(st.integers(1, 256), max_size=80))
def test_every_text_is_in_exactly_one_pass_and_fits_it(lengths: list[int]) -> None:
    counts = np.array(lengths, np.int32)
    batches = list(plan(counts, SHAPE))
    assert sorted(place for batch in batches for place in batch.places.tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert max(counts[batch.places]) <= batch.width
        assert len(batch.places) == 1 or len(batch.places) * batch.width <= SHAPE.tokens
        assert len(batch.places) <= SHAPE.rows


@settings(deadline=None)
@given(st.lists(st.integers(1, 256), min_size=1, max_size=80))
def test_longest_first(lengths: list[int]) -> None:
    counts = np.array(lengths, np.int32)
    order = [counts[place] for batch in plan(counts, SHAPE) for place in batch.places]
    assert order == sorted(lengths, reverse=True)


@settings(deadline=None)
@given(st.lists(st.integers(1, 256), min_size=1, max_size=80))
def test_padding_is_rounding_and_a_little_more_for_a_pass_saved(lengths: list[int]) -> None:
    counts = np.array(lengths, np.int32)
    batches = list(plan(counts, SHAPE))
    rounded = sum(-(-length // 8) * 8 for length in lengths)
    assert sum(len(batch.places) * batch.width for batch in batches) <= rounded + SHAPE.padding * len(batches)


def test_a_few_short_texts_ride_with_a_longer_one_and_many_do_not() -> None:
    few = list(plan(np.array([32, 24, 24], np.int32), SHAPE))
    many = list(plan(np.array([32, 24, 24, 24, 24], np.int32), SHAPE))
    assert [batch.width for batch in few] == [32]
    assert [batch.width for batch in many] == [32, 24]


def test_no_texts_no_passes() -> None:
    assert list(plan(np.array([], np.int32), SHAPE)) == []
