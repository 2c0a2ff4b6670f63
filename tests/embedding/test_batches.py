"""Passes are sorted by length and hold every text once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.embedding.batches import Shape, plan

SHAPE = Shape(tokens=128, rows=8, width_step=8)


@given(st.lists(st.integers(1, 256), max_size=80))
def test_every_text_is_in_exactly_one_pass_and_fits_it(lengths: list[int]) -> None:
    counts = np.array(lengths, np.int32)
    batches = list(plan(counts, SHAPE))
    assert sorted(place for batch in batches for place in batch.places.tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert max(counts[batch.places]) <= batch.width < max(counts[batch.places]) + 8
        assert len(batch.places) == 1 or len(batch.places) * batch.width <= SHAPE.tokens
        assert len(batch.places) <= SHAPE.rows


@given(st.lists(st.integers(1, 256), min_size=1, max_size=80))
def test_longest_first(lengths: list[int]) -> None:
    counts = np.array(lengths, np.int32)
    order = [counts[place] for batch in plan(counts, SHAPE) for place in batch.places]
    assert order == sorted(lengths, reverse=True)
