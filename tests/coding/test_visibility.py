"""The table of who sees what, against the rules of blindness that it must keep."""

import pytest

from service.coding.model import RoundState
from service.coding.visibility import SEES, Role, Sight, Stance, sees, stance_of

OTHERS = {Sight.CODINGS, Sight.RESULTS, Sight.COMPLETION, Sight.LEDGER, Sight.QUEUE}


def test_the_table_has_a_cell_for_every_stance_and_state() -> None:
    assert set(SEES) == set(Stance)
    assert all(set(states) == set(RoundState) for states in SEES.values())


@pytest.mark.parametrize("stance", [Stance.CODER, Stance.CODING_LEAD, Stance.CODING_ADJUDICATOR])
@pytest.mark.parametrize("state", [RoundState.OPEN, RoundState.REOPENED])
def test_whoever_codes_sees_nothing_of_others_while_the_round_takes_codings(stance: Stance, state: RoundState) -> None:
    assert not SEES[stance][state] & OTHERS
    assert sees(stance, state, Sight.OWN)


@pytest.mark.parametrize("stance", Stance)
def test_nobody_sees_codings_or_results_unless_the_round_is_closed(stance: Stance) -> None:
    for state in (RoundState.DRAFT, RoundState.OPEN, RoundState.REOPENED):
        assert not SEES[stance][state] & {Sight.CODINGS, Sight.RESULTS, Sight.LEDGER, Sight.QUEUE}


@pytest.mark.parametrize("stance", Stance)
def test_a_reopened_round_is_seen_like_an_open_one_and_an_archived_one_like_a_closed_one(stance: Stance) -> None:
    assert SEES[stance][RoundState.REOPENED] == SEES[stance][RoundState.OPEN]
    assert SEES[stance][RoundState.ARCHIVED] == SEES[stance][RoundState.CLOSED]


def test_the_whole_ledger_is_the_leads_alone() -> None:
    reading = {stance for stance in Stance if sees(stance, RoundState.CLOSED, Sight.LEDGER)}
    assert reading == {Stance.LEAD, Stance.CODING_LEAD}


def test_an_adjudicator_reads_codings_and_the_queue_and_no_figures() -> None:
    assert SEES[Stance.ADJUDICATOR][RoundState.CLOSED] == {Sight.EXISTENCE, Sight.CODINGS, Sight.QUEUE}


def test_a_stranger_sees_nothing_ever() -> None:
    assert all(not SEES[Stance.STRANGER][state] for state in RoundState)


def test_a_draft_is_known_to_the_lead_and_to_an_adjudicator_who_will_code_in_it() -> None:
    knowing = {stance for stance in Stance if sees(stance, RoundState.DRAFT, Sight.EXISTENCE)}
    assert knowing == {Stance.LEAD, Stance.CODING_LEAD, Stance.CODING_ADJUDICATOR}


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
        (Role.ADJUDICATOR, False, Stance.ADJUDICATOR),
        (Role.ADJUDICATOR, True, Stance.CODING_ADJUDICATOR),
    ],
)
def test_of_two_roles_the_blinder_one_wins(role: Role | None, codes: bool, expected: Stance) -> None:
    assert stance_of(role, codes_in_it=codes) is expected
