"""The table of who sees what, against the rules of blindness that it must keep."""

import pytest

from service.coding.model import RoundState
from service.coding.visibility import SEES, Role, Sight, Stance, sees, stance_of

OTHERS = {Sight.CODINGS, Sight.RESULTS, Sight.COMPLETION, Sight.LEDGER}


def test_the_table_has_a_cell_for_every_stance_and_state() -> None:
    assert set(SEES) == set(Stance)
    assert all(set(states) == set(RoundState) for states in SEES.values())


@pytest.mark.parametrize("stance", [Stance.CODER, Stance.CODING_LEAD])
def test_whoever_codes_sees_nothing_of_others_while_the_round_is_open(stance: Stance) -> None:
    assert not SEES[stance][RoundState.OPEN] & OTHERS
    assert sees(stance, RoundState.OPEN, Sight.OWN)


@pytest.mark.parametrize("stance", Stance)
def test_nobody_sees_codings_or_results_before_the_close(stance: Stance) -> None:
    for state in (RoundState.DRAFT, RoundState.OPEN):
        assert not SEES[stance][state] & {Sight.CODINGS, Sight.RESULTS, Sight.LEDGER}


def test_a_stranger_sees_nothing_ever() -> None:
    assert all(not SEES[Stance.STRANGER][state] for state in RoundState)


def test_a_draft_is_the_leads_alone() -> None:
    knowing = {stance for stance in Stance if sees(stance, RoundState.DRAFT, Sight.EXISTENCE)}
    assert knowing == {Stance.LEAD, Stance.CODING_LEAD}


@pytest.mark.parametrize("stance", Stance)
def test_whoever_sees_anything_of_a_round_may_know_that_it_exists(stance: Stance) -> None:
    for state in RoundState:
        assert not SEES[stance][state] or sees(stance, state, Sight.EXISTENCE)


@pytest.mark.parametrize(
    ("role", "codes", "expected"),
    [
        (None, False, Stance.STRANGER),
        (None, True, Stance.STRANGER),
        (Role.LEAD, False, Stance.LEAD),
        (Role.LEAD, True, Stance.CODING_LEAD),
        (Role.CODER, True, Stance.CODER),
        (Role.CODER, False, Stance.STRANGER),
        (Role.OBSERVER, False, Stance.OBSERVER),
        (Role.OBSERVER, True, Stance.CODER),
    ],
)
def test_of_two_roles_the_blinder_one_wins(role: Role | None, codes: bool, expected: Stance) -> None:
    assert stance_of(role, codes_in_it=codes) is expected
