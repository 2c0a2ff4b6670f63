"""Samples: functions of a seed and of nothing else, each excerpt taken as often as its probability says."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.coding.draw import (
    Drawn,
    allocate,
    bands,
    chosen_set,
    cluster_sample,
    enriched_sample,
    simple_sample,
    stratified_sample,
    weights_of,
)
from service.coding.plan import Allocation, Enriched
from service.corpus.model import ExcerptId
from service.errors import BadInput

DRAWS = 3_000
STRATA = {ExcerptId(f"e{at}"): name for at, name in enumerate("aaaaaabbbc")}
"""Six excerpts of a, three of b, one of c."""
SCORES = ([9, 8, 1, 1, 1, 1, 1, 1, 1, 2], [1, 9, 8, 1, 1, 1, 1, 1, 1, 3])
ENRICHED = Enriched(size=5, codes=((0, 0), (0, 1)), band=0.2, share=0.6, seed=1)


def excerpts(count: int) -> list[ExcerptId]:
    return [ExcerptId(f"e{number:04}") for number in range(count)]


@given(st.data(), st.integers(1, 200), st.integers(0, 2**31 - 1))
def test_a_sample_is_what_the_seed_says_in_corpus_order_without_repeats(data: st.DataObject, count: int, seed: int) -> None:
    size = data.draw(st.integers(1, count))
    drawn = simple_sample(excerpts(count), size, np.random.default_rng(seed))
    ids = [one.excerpt_id for one in drawn]
    assert drawn == simple_sample(excerpts(count), size, np.random.default_rng(seed))
    assert ids == sorted(set(ids))
    assert len(ids) == size
    assert {one.probability for one in drawn} == {size / count}


DRAWN: dict[str, tuple[int | None, Callable[[np.random.Generator], tuple[Drawn, ...]]]] = {
    "simple": (3, lambda rng: simple_sample(list(STRATA), 3, rng)),
    "proportional": (5, lambda rng: stratified_sample(STRATA, 5, Allocation.PROPORTIONAL, rng)),
    "equal": (5, lambda rng: stratified_sample(STRATA, 5, Allocation.EQUAL, rng)),
    "clustered": (None, lambda rng: cluster_sample(STRATA, 2, rng)),
    "enriched": (5, lambda rng: enriched_sample(list(STRATA), SCORES, ENRICHED, rng)),
}


@pytest.mark.parametrize("method", DRAWN)
def test_every_excerpt_is_drawn_as_often_as_its_probability_says(method: str) -> None:
    size, draw = DRAWN[method]
    rng = np.random.default_rng(20261123)
    counts: Counter[ExcerptId] = Counter()
    said: dict[ExcerptId, float] = {}
    for _ in range(DRAWS):
        drawn = draw(rng)
        assert size in {None, len(drawn)}
        assert all(said.setdefault(one.excerpt_id, one.probability) == one.probability for one in drawn)
        counts.update(one.excerpt_id for one in drawn)
    assert set(said) == set(STRATA)
    off = [abs(counts[excerpt] / DRAWS - p) / (p * (1 - p) / DRAWS) ** 0.5 for excerpt, p in said.items() if p < 1]
    assert max(off) < 4.5
    assert all(counts[excerpt] == DRAWS for excerpt, p in said.items() if p == 1)


@given(st.data(), st.sampled_from(Allocation), st.integers(0, 2**31 - 1))
def test_the_weights_of_a_stratified_sample_add_up_to_the_study(data: st.DataObject, allocation: Allocation, seed: int) -> None:
    names = data.draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60))
    strata = dict(zip(excerpts(len(names)), names, strict=True))
    size = data.draw(st.integers(len(set(names)), len(names)))
    drawn = stratified_sample(strata, size, allocation, np.random.default_rng(seed))
    ids = [one.excerpt_id for one in drawn]
    assert ids == sorted(set(ids))
    assert {strata[one] for one in ids} == set(names)
    assert sum(1 / one.probability for one in drawn) == pytest.approx(len(names))


@given(st.data(), st.integers(0, 2**31 - 1))
def test_the_weights_of_an_enriched_sample_add_up_to_the_study(data: st.DataObject, seed: int) -> None:
    count = data.draw(st.integers(10, 80))
    scores = data.draw(st.lists(st.lists(st.floats(-1, 1), min_size=count, max_size=count), min_size=1, max_size=3))
    draw = Enriched(size=data.draw(st.integers(8, count)), codes=(), band=0.1, share=0.5, seed=seed)
    drawn = enriched_sample(excerpts(count), scores, draw, np.random.default_rng(seed))
    assert len(drawn) == draw.size
    assert sum(1 / one.probability for one in drawn) == pytest.approx(count)


@pytest.mark.parametrize(
    ("counts", "size", "allocation", "given"),
    [
        # Sainte-Lague by hand: after one each the claims are 60/3, 30/3, 10/3; 60/5, 60/7, 60/9 and 30/5 follow.
        pytest.param([60, 30, 10], 10, Allocation.PROPORTIONAL, (6, 3, 1), id="proportional"),
        pytest.param([97, 2, 1], 5, Allocation.PROPORTIONAL, (3, 1, 1), id="one at least of each"),
        pytest.param([2, 50, 50], 11, Allocation.EQUAL, (2, 5, 4), id="equal, as far as a stratum reaches"),
        pytest.param([3, 3], 6, Allocation.PROPORTIONAL, (3, 3), id="all of them"),
    ],
)
def test_a_sample_is_divided_among_strata(counts: list[int], size: int, allocation: Allocation, given: tuple[int, ...]) -> None:
    assert allocate(counts, size, allocation) == given


def test_a_band_holds_what_is_ranked_highest_each_excerpt_once() -> None:
    # The best two of each code; e1 is first for the second code and second for the first, so it stands in the second's band.
    assert bands(SCORES, 10, 0.2).tolist() == [0, 1, 1, -1, -1, -1, -1, -1, -1, -1]


def test_an_enriched_draw_takes_more_of_the_bands_and_says_so() -> None:
    drawn = enriched_sample(list(STRATA), SCORES, ENRICHED, np.random.default_rng(1))
    told = {str(one.excerpt_id): one.probability for one in drawn}
    # Three of five come from the bands {e0} and {e1, e2}: one and two of them; two of the seven others.
    assert {told["e0"], told["e1"], told["e2"]} == {1.0}
    assert sorted(told.values())[:2] == [2 / 7, 2 / 7]


def test_whole_documents_are_drawn() -> None:
    drawn = cluster_sample(STRATA, 2, np.random.default_rng(3))
    taken = Counter(STRATA[one.excerpt_id] for one in drawn)
    assert len(taken) == 2
    assert all(taken[name] == list(STRATA.values()).count(name) for name in taken)
    assert {one.probability for one in drawn} == {2 / 3}


def test_only_unequal_probabilities_weigh() -> None:
    assert weights_of(simple_sample(excerpts(9), 3, np.random.default_rng(1))) is None
    assert weights_of(cluster_sample(STRATA, 1, np.random.default_rng(1))) is None
    assert weights_of([Drawn(ExcerptId("a"), 0.5), Drawn(ExcerptId("b"), 0.25)]) == {"a": 2.0, "b": 4.0}


RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        pytest.param(lambda: simple_sample(excerpts(5), -1, RNG), "Ask for 1 to 5", id="less than none"),
        pytest.param(lambda: simple_sample(excerpts(5), 0, RNG), "Ask for 1 to 5", id="none"),
        pytest.param(lambda: simple_sample(excerpts(5), 6, RNG), "Ask for 1 to 5", id="more than there are"),
        pytest.param(lambda: simple_sample([], 1, RNG), "from 0 excerpts", id="nothing there"),
        pytest.param(lambda: stratified_sample(STRATA, 2, Allocation.EQUAL, RNG), "3 strata", id="fewer than strata"),
        pytest.param(lambda: stratified_sample(STRATA, 11, Allocation.EQUAL, RNG), "3 to 10", id="more than in all strata"),
        pytest.param(lambda: cluster_sample(STRATA, 4, RNG), "Ask for 1 to 3", id="documents"),
        pytest.param(lambda: enriched_sample(list(STRATA), SCORES, replace(ENRICHED, size=11), RNG), "Ask for 1 to 10", id="enriched"),
        pytest.param(
            lambda: enriched_sample(list(STRATA), SCORES, replace(ENRICHED, size=3, share=0.3), RNG), "2 bands", id="fewer than bands"
        ),
        pytest.param(lambda: chosen_set([ExcerptId("a"), ExcerptId("a")]), "named twice", id="twice"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call: Callable[[], object], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        call()


def test_a_chosen_set_stands_for_itself_in_the_order_named() -> None:
    named = [ExcerptId("b"), ExcerptId("a")]
    assert [(one.excerpt_id, one.probability) for one in chosen_set(named)] == [("b", 1.0), ("a", 1.0)]
