"""Who could see what across rounds, and what a plan can do about it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.coding.exposure import SAME_TEXT, Proposal, Reveal, Tenure, could_see, nearly_the_same, proposal
from service.coding.model import PersonId, RoundId
from service.coding.visibility import Role
from service.corpus.model import ExcerptId

ANN, BEN, CARL = PersonId("ann"), PersonId("ben"), PersonId("carl")
CLOSED = Reveal(round_id=RoundId("r"), closed_at="2026-05-01", coders=frozenset({ANN}))
OPEN = Reveal(round_id=RoundId("r"), closed_at=None, coders=frozenset({ANN}), unblinded_by=frozenset({BEN}))
EXCERPTS = tuple(ExcerptId(f"e{number}") for number in range(8))


@pytest.mark.parametrize(
    ("person", "tenures", "expected"),
    [
        pytest.param(ANN, [Tenure(Role.CODER, None)], True, id="its coder"),
        pytest.param(ANN, [Tenure(Role.OBSERVER, None)], True, id="its coder who became an observer"),
        pytest.param(ANN, [Tenure(Role.CODER, "2026-04-30")], False, id="its coder who had left before the close"),
        pytest.param(ANN, [Tenure(Role.CODER, "2026-05-01")], True, id="its coder who left at the close"),
        pytest.param(ANN, [Tenure(Role.CODER, "2026-04-30"), Tenure(Role.CODER, None)], True, id="its coder who came back"),
        pytest.param(BEN, [Tenure(Role.CODER, None)], False, id="a coder of other rounds"),
        pytest.param(BEN, [Tenure(Role.LEAD, None)], True, id="a lead"),
        pytest.param(BEN, [Tenure(Role.ADJUDICATOR, "2026-06-01")], True, id="an adjudicator who left later"),
        pytest.param(BEN, [Tenure(Role.LEAD, "2026-04-01")], False, id="a lead who had left"),
        pytest.param(BEN, [Tenure(Role.OBSERVER, None)], False, id="an observer sees totals only"),
        pytest.param(BEN, [], False, id="nobody of the study"),
    ],
)
def test_who_could_see_a_closed_rounds_codings(person: PersonId, tenures: list[Tenure], expected: bool) -> None:
    assert could_see(person, CLOSED, tenures) is expected


def test_an_open_round_is_seen_by_whoever_unblinded_it_and_nobody_else() -> None:
    assert could_see(BEN, OPEN, [])
    assert not could_see(ANN, OPEN, [Tenure(Role.CODER, None)])
    assert not could_see(CARL, OPEN, [Tenure(Role.LEAD, None)])


def test_nearly_the_same_is_a_matter_of_the_angle() -> None:
    at = np.array([[1.0, 0.0], [SAME_TEXT + 1e-3, np.sqrt(1 - (SAME_TEXT + 1e-3) ** 2)], [0.9, np.sqrt(1 - 0.81)], [0.0, 1.0]], np.float32)
    assert nearly_the_same(at, at[:1]).tolist() == [True, True, False, False]


@given(st.integers(1, 4_100), st.integers(1, 4_100), st.integers(0, 4_099))
def test_parts_of_a_large_comparison_miss_nothing(some: int, others: int, place: int) -> None:
    ours, theirs = np.tile(np.array([[1.0, 0.0]], np.float32), (some, 1)), np.tile(np.array([[0.0, 1.0]], np.float32), (others, 1))
    assert not nearly_the_same(ours, theirs).any()
    theirs[place % others] = [1.0, 0.0]
    assert nearly_the_same(ours, theirs).all()


def test_a_plan_says_who_is_exposed_for_how_many_and_what_would_be_free_of_it() -> None:
    seen = {ANN: frozenset(EXCERPTS[:3]), BEN: frozenset[ExcerptId](), CARL: frozenset(EXCERPTS[6:])}
    found = proposal(sample=EXCERPTS[2:5], corpus=EXCERPTS, coders=[ANN, BEN], seen=seen)
    assert found == Proposal(exposed={ANN: 1}, of=3, fresh=EXCERPTS[5:], others=(CARL,))


def test_a_plan_without_exposure_has_nothing_to_say() -> None:
    seen = {ANN: frozenset[ExcerptId](), BEN: frozenset[ExcerptId]()}
    assert proposal(sample=EXCERPTS[:4], corpus=EXCERPTS, coders=[ANN, BEN], seen=seen).exposed == {}


_SOME = st.frozensets(st.sampled_from(EXCERPTS))


@given(_SOME.filter(bool), st.fixed_dictionaries({ANN: _SOME, BEN: _SOME, CARL: _SOME}))
def test_what_a_plan_proposes_is_free_of_exposure(sample: frozenset[ExcerptId], seen: dict[PersonId, frozenset[ExcerptId]]) -> None:
    found = proposal(sample=sorted(sample), corpus=EXCERPTS, coders=[ANN, BEN], seen=seen)
    assert not set(found.fresh) & (sample | seen[ANN] | seen[BEN])
    assert all(not seen[person] & sample for person in found.others)
    assert sum(found.exposed.values()) == len(sample & seen[ANN]) + len(sample & seen[BEN])
