"""Which of the revealed codings is the blind one."""

from service.coding.ledger import Verdict
from service.coding.model import AssignmentId, Coding, CodingId, PersonId, Provenance, RoundEvent, RoundId, RoundState, state_of
from service.coding.reveal import Revealed, blind_codings
from service.corpus.model import ExcerptId


def coding(sequence: int, *, person: str = "p", excerpt: str = "e", occasion: int = 1) -> Coding:
    return Coding(
        id=CodingId(f"{person}{excerpt}{sequence}"),
        round_id=RoundId("r"),
        person_id=PersonId(person),
        assignment_id=AssignmentId(f"{person}{excerpt}{occasion}"),
        excerpt_id=ExcerptId(excerpt),
        occasion=occasion,
        sequence=sequence,
        at=f"t{sequence}",
        supersedes=None,
        provenance=Provenance.IN_SERVICE,
        content=None,
    )


def chosen(*revealed: Revealed) -> list[int]:
    return [one.sequence for one in blind_codings(revealed).values()]


def test_the_last_correction_before_the_first_exposure_counts() -> None:
    given = [Revealed(coding(1), Verdict.BLIND), Revealed(coding(2), Verdict.BLIND), Revealed(coding(4), Verdict.ASSISTED)]
    assert chosen(*given) == chosen(*reversed(given)) == [2]


def test_a_coding_that_was_never_blind_counts_nowhere() -> None:
    assert chosen(Revealed(coding(2), Verdict.ASSISTED), Revealed(coding(3), Verdict.PEER_EXPOSED)) == []


def test_a_later_occasion_measures_stability_not_agreement() -> None:
    assert chosen(Revealed(coding(1), Verdict.BLIND), Revealed(coding(9, occasion=2), Verdict.BLIND)) == [1]


def test_each_coder_has_one_for_each_excerpt() -> None:
    ones = [Revealed(coding(1, person=person, excerpt=excerpt), Verdict.BLIND) for person in "pq" for excerpt in "ef"]
    assert set(blind_codings(ones)) == {(PersonId(person), ExcerptId(excerpt)) for person in "pq" for excerpt in "ef"}


def test_the_state_of_a_round_follows_from_its_events() -> None:
    assert state_of([]) is RoundState.DRAFT
    assert state_of([RoundEvent.OPENED]) is RoundState.OPEN
    assert state_of([RoundEvent.OPENED, RoundEvent.CLOSED]) is RoundState.CLOSED
