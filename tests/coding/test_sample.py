"""Samples and orders: functions of a seed and of nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.coding.model import PersonId
from service.coding.sample import chosen_set, draw_turns, simple_sample
from service.corpus.model import ExcerptId
from service.errors import BadInput


def excerpts(count: int) -> list[ExcerptId]:
    return [ExcerptId(f"e{number:04}") for number in range(count)]


def people(count: int) -> list[PersonId]:
    return [PersonId(f"p{number}") for number in range(count)]


@given(st.data(), st.integers(1, 200), st.integers(0, 2**31 - 1))
def test_a_sample_is_what_the_seed_says_in_corpus_order_without_repeats(data: st.DataObject, count: int, seed: int) -> None:
    size = data.draw(st.integers(1, count))
    drawn = simple_sample(excerpts(count), size, np.random.default_rng(seed))
    ids = [one.excerpt_id for one in drawn]
    assert drawn == simple_sample(excerpts(count), size, np.random.default_rng(seed))
    assert ids == sorted(set(ids))
    assert len(ids) == size
    assert {one.probability for one in drawn} == {size / count}


def test_every_excerpt_is_drawn_as_often_as_its_probability_says() -> None:
    rng = np.random.default_rng(20261123)
    counts = dict.fromkeys(excerpts(10), 0)
    for _ in range(2_000):
        for one in simple_sample(excerpts(10), 3, rng):
            counts[one.excerpt_id] += 1
    assert all(500 < count < 700 for count in counts.values())


@pytest.mark.parametrize("size", [-1, 0, 6, 10**9])
def test_a_sample_larger_than_the_study_or_empty_is_refused(size: int) -> None:
    with pytest.raises(BadInput, match="Ask for 1 to 5"):
        simple_sample(excerpts(5), size, np.random.default_rng(1))


def test_a_study_without_excerpts_has_no_sample() -> None:
    with pytest.raises(BadInput, match="from 0 excerpts"):
        simple_sample([], 1, np.random.default_rng(1))


def test_a_chosen_set_stands_for_itself_in_the_order_named() -> None:
    named = [ExcerptId("b"), ExcerptId("a")]
    assert [(one.excerpt_id, one.probability) for one in chosen_set(named)] == [("b", 1.0), ("a", 1.0)]


def test_an_excerpt_named_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="named twice"):
        chosen_set([ExcerptId("a"), ExcerptId("a")])


@given(st.integers(1, 60), st.integers(1, 6), st.integers(0, 2**31 - 1))
def test_every_coder_gets_every_excerpt_once_in_places_from_nought(count: int, coders: int, seed: int) -> None:
    turns = draw_turns(excerpts(count), people(coders), seed)
    assert turns == draw_turns(excerpts(count), people(coders), seed)
    for person in people(coders):
        own = [turn for turn in turns if turn.person_id == person]
        assert [turn.position for turn in own] == list(range(count))
        assert sorted(turn.excerpt_id for turn in own) == excerpts(count)


def test_coders_meet_the_excerpts_in_orders_of_their_own() -> None:
    turns = draw_turns(excerpts(50), people(2), 7)
    orders = [[turn.excerpt_id for turn in turns if turn.person_id == person] for person in people(2)]
    assert orders[0] != orders[1]
    assert orders[0] != excerpts(50)


@given(st.integers(2, 40), st.integers(1, 5), st.integers(0, 2**31 - 1))
def test_a_coders_order_does_not_change_when_others_join_after(count: int, coders: int, seed: int) -> None:
    fewer = draw_turns(excerpts(count), people(coders), seed)
    more = draw_turns(excerpts(count), people(coders + 1), seed)
    assert more[: len(fewer)] == fewer
