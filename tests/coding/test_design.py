"""Who codes what in which order: balanced, seeded, and never depending on what anybody coded."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.coding.design import Turn, check_design, coder_sets, codings_of, draw_turns, repeated, turns_of
from service.coding.model import PersonId
from service.coding.plan import Design, DoubleShare, Repeats, SomeCoders
from service.corpus.model import ExcerptId
from service.errors import BadInput

SEEDS = st.integers(0, 2**31 - 1)
EVERY = Design()


def excerpts(count: int) -> list[ExcerptId]:
    return [ExcerptId(f"e{number:04}") for number in range(count)]


def people(count: int) -> list[PersonId]:
    return [PersonId(f"p{number}") for number in range(count)]


def loads(sets: list[tuple[int, ...]], coders: int) -> list[int]:
    return [sum(place in who for who in sets) for place in range(coders)]


@given(st.integers(1, 60), st.integers(1, 6), SEEDS)
def test_every_coder_gets_every_excerpt_once_in_places_from_nought(count: int, coders: int, seed: int) -> None:
    turns = draw_turns(excerpts(count), people(coders), seed, EVERY)
    assert turns == draw_turns(excerpts(count), people(coders), seed, EVERY)
    for person in people(coders):
        own = [turn for turn in turns if turn.person_id == person]
        assert [turn.position for turn in own] == list(range(count))
        assert sorted(turn.excerpt_id for turn in own) == excerpts(count)


def test_coders_meet_the_excerpts_in_orders_of_their_own() -> None:
    turns = draw_turns(excerpts(50), people(2), 7, EVERY)
    orders = [[turn.excerpt_id for turn in turns if turn.person_id == person] for person in people(2)]
    assert orders[0] != orders[1]
    assert orders[0] != excerpts(50)


@given(st.integers(2, 40), st.integers(1, 5), SEEDS)
def test_a_coders_order_does_not_change_when_others_join_after(count: int, coders: int, seed: int) -> None:
    fewer = draw_turns(excerpts(count), people(coders), seed, EVERY)
    more = draw_turns(excerpts(count), people(coders + 1), seed, EVERY)
    assert more[: len(fewer)] == fewer


@given(st.data(), st.integers(1, 120), SEEDS)
def test_some_coders_each_with_even_loads_and_pairs(data: st.DataObject, count: int, seed: int) -> None:
    coders = data.draw(st.integers(2, 7))
    each = data.draw(st.integers(2, coders))
    sets = coder_sets(count, coders, SomeCoders(each), seed)
    assert sets == coder_sets(count, coders, SomeCoders(each), seed)
    assert all(len(set(who)) == each for who in sets)
    assert max(loads(sets, coders)) - min(loads(sets, coders)) <= 1
    assert len(sets) == count
    assert sum(map(len, sets)) == codings_of(count, coders, SomeCoders(each))
    met = [sum({a, b} <= set(who) for who in sets) for a, b in combinations(range(coders), 2)]
    assert max(met) - min(met) <= 3


@pytest.mark.parametrize(("coders", "each"), [(6, 2), (5, 3), (4, 2), (7, 3)])
def test_all_groups_of_coders_are_used_alike_where_the_excerpts_suffice(coders: int, each: int) -> None:
    groups = list(combinations(range(coders), each))
    sets = coder_sets(3 * len(groups), coders, SomeCoders(each), 5)
    assert sorted(sets) == sorted(groups * 3)
    assert sets != groups * 3


def test_many_coders_are_balanced_too() -> None:
    sets = coder_sets(200, 40, SomeCoders(8), 1)
    assert set(loads(sets, 40)) == {40}
    met = np.zeros((40, 40), int)
    for who in sets:
        met[np.ix_(who, who)] += 1
    pairs = met[np.triu_indices(40, 1)]
    assert pairs.mean() == pytest.approx(200 * 28 / 780)
    assert pairs.std() < np.sqrt(pairs.mean() * (1 - 28 / 780))  # what groups drawn at random would give


@given(st.integers(1, 150), st.integers(2, 7), st.floats(0.01, 1), SEEDS)
def test_a_share_is_coded_twice_and_the_rest_once(count: int, coders: int, share: float, seed: int) -> None:
    sets = coder_sets(count, coders, DoubleShare(share), seed)
    sizes = [len(set(who)) for who in sets]
    assert sizes.count(2) == max(round(share * count), 1)
    assert set(sizes) <= {1, 2}
    assert max(loads(sets, coders)) - min(loads(sets, coders)) <= 1
    assert sum(sizes) == codings_of(count, coders, DoubleShare(share))


def test_which_excerpts_are_coded_twice_follows_the_seed_and_not_the_order() -> None:
    doubled = [[at for at, who in enumerate(coder_sets(100, 4, DoubleShare(0.2), seed)) if len(who) == 2] for seed in (1, 2)]
    assert doubled[0] != doubled[1]
    assert max(doubled[0]) > 50


@given(st.data(), st.integers(2, 80), st.floats(0.01, 0.5), SEEDS)
def test_repeats_come_after_the_distance_and_differ_in_nothing_else(data: st.DataObject, count: int, share: float, seed: int) -> None:
    repeats = Repeats(share, data.draw(st.integers(1, count - 1)))
    turns = turns_of(excerpts(count), people(1)[0], 3, seed, repeats)
    assert [turn.position for turn in turns] == list(range(len(turns)))
    firsts = {turn.excerpt_id: turn.position for turn in turns if turn.occasion == 1}
    again = [turn for turn in turns if turn.occasion == 2]
    assert sorted(firsts) == excerpts(count)
    assert len(again) == len({turn.excerpt_id for turn in again}) == repeated(count, repeats)
    assert all(_firsts_between(turns, firsts[turn.excerpt_id], turn.position) >= repeats.distance for turn in again)


def _firsts_between(turns: tuple[Turn, ...], start: int, end: int) -> int:
    return sum(turn.occasion == 1 for turn in turns[start + 1 : end])


def test_the_order_of_the_first_turns_is_the_same_with_repeats_and_without() -> None:
    plain = draw_turns(excerpts(30), people(2), 7, EVERY)
    again = draw_turns(excerpts(30), people(2), 7, Design(repeats=Repeats(0.2, 5)))
    assert [turn.excerpt_id for turn in again if turn.occasion == 1] == [turn.excerpt_id for turn in plain]
    assert len(again) == 2 * (30 + 6)


@pytest.mark.parametrize(
    ("design", "says"),
    [
        pytest.param(Design(SomeCoders(4)), "there are 3", id="too few coders"),
        pytest.param(Design(repeats=Repeats(0.1, 10)), "has 10 excerpts", id="distance"),
        pytest.param(Design(SomeCoders(2), Repeats(0.1, 6)), "has 6 excerpts", id="distance of a part"),
    ],
)
def test_a_design_that_cannot_be_carried_out_is_refused(design: Design, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        check_design(10, 3, design)


def test_a_design_that_fits_is_drawn() -> None:
    design = Design(SomeCoders(2), Repeats(0.5, 5))
    check_design(10, 3, design)
    turns = draw_turns(excerpts(10), people(3), 1, design)
    assert sorted(sum(turn.person_id == person and turn.occasion == 2 for turn in turns) for person in people(3)) == [1, 2, 2]
    check_design(1, 2, Design(DoubleShare(0.1)))
    assert len(draw_turns(excerpts(1), people(2), 1, Design(DoubleShare(0.1)))) == 2
