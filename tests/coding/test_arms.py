"""Which assignment of a round of randomised suggestions is shown one."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.coding.arms import arms_of, policy_of
from service.coding.model import Arm, PersonId, SuggestionPolicy

CODERS = [PersonId("ann"), PersonId("ben"), PersonId("cleo")]


def turns(count: int, coders: int = 3) -> list[tuple[PersonId, int]]:
    return [(coder, position) for coder in CODERS[:coders] for position in range(count)]


@given(st.integers(0, 50), st.integers(0, 2**31 - 1))
def test_every_coder_has_as_many_of_each_as_can_be(count: int, seed: int) -> None:
    drawn = arms_of(turns(count), CODERS, seed)
    assert drawn.keys() == set(turns(count))
    for coder in CODERS:
        sizes = Counter(dict.fromkeys(Arm, 0))
        sizes.update(drawn[coder, position] for position in range(count))
        assert max(sizes.values()) - min(sizes.values()) <= 1


def test_the_seed_and_the_place_among_the_coders_make_the_draw_and_nothing_else() -> None:
    drawn = arms_of(turns(30), CODERS, 7)
    assert arms_of(turns(30), CODERS, 7) == drawn
    assert arms_of(turns(30), CODERS, 8) != drawn
    assert arms_of(list(reversed(turns(30))), CODERS, 7) == drawn
    # Somebody who comes later changes nobody's arms.
    assert {key: drawn[key] for key in turns(30, 2)} == arms_of(turns(30, 2), CODERS[:2], 7)
    assert [drawn[CODERS[0], at] for at in range(30)] != [drawn[CODERS[1], at] for at in range(30)]


def test_no_place_in_the_order_has_an_arm_of_its_own() -> None:
    # 300 seeds, chance 1/3 each: within 5 standard deviations (8.2) of 100.
    for position in (0, 1, 9):
        sizes = Counter(arms_of(turns(10, 1), CODERS[:1], seed)[CODERS[0], position] for seed in range(300))
        assert all(abs(sizes[arm] - 100) < 41 for arm in Arm)


@pytest.mark.parametrize(
    ("policy", "arm", "expected"),
    [
        pytest.param(SuggestionPolicy.RANDOMISED, Arm.BEFORE, SuggestionPolicy.BEFORE, id="before"),
        pytest.param(SuggestionPolicy.RANDOMISED, Arm.AFTER, SuggestionPolicy.AFTER_OWN_ANSWER, id="after"),
        pytest.param(SuggestionPolicy.RANDOMISED, Arm.NEVER, SuggestionPolicy.NONE, id="never"),
        pytest.param(SuggestionPolicy.RANDOMISED, None, SuggestionPolicy.NONE, id="no arm, so nothing is shown"),
        pytest.param(SuggestionPolicy.BEFORE, None, SuggestionPolicy.BEFORE, id="another policy is its own"),
    ],
)
def test_an_arm_is_a_policy_of_one_assignment(policy: SuggestionPolicy, arm: Arm | None, expected: SuggestionPolicy) -> None:
    assert policy_of(policy, arm) is expected
