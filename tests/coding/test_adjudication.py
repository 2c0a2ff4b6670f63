"""Resolutions beside codings: what may be resolved, who moved to whom, and labels that tell nothing."""

import hashlib
import hmac
from collections.abc import Callable

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.adjudication import (
    Adjudication,
    Move,
    Resolution,
    Way,
    Why,
    after_discussion,
    check_resolution,
    given_on,
    latest,
    majority_of,
    moves,
    parted,
    present_codings,
    pseudonyms,
    same,
    unresolved,
)
from service.coding.ledger import Verdict
from service.coding.model import Answer, AssignmentId, Coding, CodingId, Content, PersonId, Provenance, RoundId
from service.coding.reveal import Revealed
from service.corpus.model import ExcerptId
from service.errors import BadInput

ANN, BEN, CARL = PersonId("ann"), PersonId("ben"), PersonId("carl")
E1, E2 = ExcerptId("e1"), ExcerptId("e2")
BOOK = Codebook(
    variables=(
        Variable(name="theme", scheme=Scheme.ONE_CODE, codes=(Code(name="hope"), Code(name="fear"), Code(name="luck"))),
        Variable(name="needs", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="time"), Code(name="trust"))),
    )
)
HOPE, FEAR, LUCK, NONE = (Answer(variable="theme", codes=codes) for codes in (("hope",), ("fear",), ("luck",), ()))


def resolution(answer: Answer, way: Way = Way.DISCUSSION, kept: tuple[PersonId, ...] = (), excerpt: ExcerptId = E1) -> Resolution:
    return Resolution(excerpt_id=excerpt, answer=answer, way=way, why=Why.SLIP, kept=kept)


def stored(one: Resolution | None, sequence: int, excerpt: ExcerptId = E1) -> Adjudication:
    return Adjudication(
        id=str(sequence), round_id=RoundId("r"), excerpt_id=excerpt, person_id=ANN, sequence=sequence, at="", resolution=one
    )


def coded(person: PersonId, answer: Answer, sequence: int, verdict: Verdict = Verdict.BLIND, occasion: int = 1) -> Revealed:
    coding = Coding(
        id=CodingId(f"{person}{sequence}"),
        round_id=RoundId("r"),
        person_id=person,
        assignment_id=AssignmentId("a"),
        excerpt_id=E1,
        occasion=occasion,
        sequence=sequence,
        at="",
        supersedes=None,
        provenance=Provenance.IN_SERVICE,
        content=Content(answers=(answer,)),
    )
    return Revealed(coding, verdict)


def test_the_majority_is_more_than_half_of_those_who_answered() -> None:
    assert majority_of({ANN: HOPE, BEN: HOPE, CARL: FEAR}) == HOPE
    assert majority_of({ANN: HOPE, BEN: FEAR}) is None
    assert majority_of({ANN: HOPE, BEN: FEAR, CARL: LUCK}) is None
    assert majority_of({ANN: NONE, BEN: NONE, CARL: FEAR}) == NONE
    assert majority_of({}) is None


def test_answers_are_the_same_whatever_the_order_of_their_codes() -> None:
    assert same(Answer(variable="needs", codes=("time", "trust")), Answer(variable="needs", codes=("trust", "time")))
    assert not same(HOPE, NONE)
    assert not parted({ANN: HOPE, BEN: HOPE})
    assert parted({ANN: HOPE, BEN: NONE})


@pytest.mark.parametrize(
    ("asked", "given", "says"),
    [
        pytest.param(resolution(HOPE), {}, "Nobody coded", id="nobody"),
        pytest.param(resolution(Answer(variable="theme", codes=("joy",))), {ANN: HOPE, BEN: FEAR}, "no such code", id="unknown code"),
        pytest.param(resolution(Answer(variable="theme", codes=("hope", "fear"))), {ANN: HOPE, BEN: FEAR}, "takes one", id="two codes"),
        pytest.param(resolution(HOPE, Way.MAJORITY), {ANN: HOPE, BEN: FEAR}, "More than half", id="no majority"),
        pytest.param(resolution(FEAR, Way.MAJORITY), {ANN: HOPE, BEN: HOPE, CARL: FEAR}, "More than half", id="the minority"),
        pytest.param(resolution(HOPE, Way.EXPERT, (BEN,)), {ANN: HOPE, BEN: FEAR}, "Only a discussion", id="kept against an expert"),
        pytest.param(resolution(HOPE, kept=(ANN,)), {ANN: HOPE, BEN: FEAR}, "whose answer differs", id="kept what was resolved"),
        pytest.param(resolution(HOPE, kept=(CARL,)), {ANN: HOPE, BEN: FEAR}, "must be coders", id="kept by a stranger"),
        pytest.param(resolution(HOPE, kept=(BEN, BEN)), {ANN: HOPE, BEN: FEAR}, "each named once", id="kept twice"),
    ],
)
def test_what_cannot_be_resolved_so_is_refused(asked: Resolution, given: dict[PersonId, Answer], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        check_resolution(asked, BOOK, given, length=10)


def test_a_resolution_may_be_what_nobody_gave() -> None:
    asked = resolution(LUCK, kept=(BEN,))
    assert check_resolution(asked, BOOK, {ANN: HOPE, BEN: FEAR}, length=10) is asked


def test_who_differed_moved_to_each_who_had_given_the_resolution() -> None:
    given = {ANN: HOPE, BEN: FEAR, CARL: FEAR}
    assert moves(resolution(HOPE), given) == [Move(BEN, ANN), Move(CARL, ANN)]
    assert moves(resolution(FEAR), given) == [Move(ANN, BEN), Move(ANN, CARL)]
    assert moves(resolution(LUCK), given) == [Move(ANN, None), Move(BEN, None), Move(CARL, None)]
    assert moves(resolution(HOPE, kept=(BEN,)), given) == [Move(CARL, ANN)]


@pytest.mark.parametrize("way", [Way.MAJORITY, Way.EXPERT])
def test_nobody_moves_by_being_overruled(way: Way) -> None:
    given = {ANN: HOPE, BEN: FEAR}
    assert moves(resolution(HOPE, way), given) == []
    assert after_discussion(resolution(HOPE, way), given) == given


def test_after_a_discussion_all_stand_by_it_but_those_who_kept_theirs() -> None:
    given = {ANN: HOPE, BEN: FEAR, CARL: FEAR}
    assert after_discussion(resolution(HOPE, kept=(CARL,)), given) == {ANN: HOPE, BEN: HOPE, CARL: FEAR}
    assert given == {ANN: HOPE, BEN: FEAR, CARL: FEAR}


def test_a_later_resolution_supersedes_and_an_erased_one_stands_for_nothing() -> None:
    needs = Resolution(excerpt_id=E1, answer=Answer(variable="needs", codes=()), way=Way.EXPERT, why=Why.SLIP)
    history = [stored(resolution(HOPE), 3), stored(needs, 4), stored(resolution(FEAR), 5), stored(None, 6, E2)]
    found = latest(reversed(history))
    assert {place: one.sequence for place, one in found.items()} == {(E1, "theme"): 5, (E1, "needs"): 4}
    given = {(E1, "theme"): {ANN: HOPE, BEN: FEAR}, (E2, "theme"): {ANN: HOPE, BEN: FEAR}, (E2, "needs"): {ANN: NONE}}
    assert unresolved(given, found) == [(E2, "theme")]


def test_a_coder_stands_for_the_blind_coding_and_else_for_the_last_one() -> None:
    revealed = [
        coded(ANN, HOPE, 1),
        coded(ANN, FEAR, 2, Verdict.PEER_EXPOSED),
        coded(BEN, HOPE, 1, Verdict.ASSISTED),
        coded(BEN, FEAR, 2, Verdict.ASSISTED),
        coded(BEN, LUCK, 3, Verdict.PEER_EXPOSED),
        coded(CARL, HOPE, 1, Verdict.PEER_EXPOSED),
        coded(CARL, LUCK, 2, Verdict.BLIND, occasion=2),
    ]
    assert given_on(present_codings(revealed)) == {(E1, "theme"): {ANN: HOPE, BEN: FEAR, CARL: HOPE}}


def keyed(key: str) -> Callable[[str], str]:
    return lambda text: hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


PEOPLE = st.lists(st.uuids().map(lambda one: PersonId(str(one))), min_size=1, max_size=40, unique=True)


@drawn(PEOPLE.flatmap(lambda people: st.tuples(st.just(people), st.permutations(people))))
def test_labels_are_apart_and_do_not_depend_on_the_order_of_coders(orders: tuple[list[PersonId], list[PersonId]]) -> None:
    people, shuffled = orders
    found = pseudonyms("round", people, keyed("a key"))
    assert len(set(found.values())) == len(people)
    assert list(found.items()) == list(pseudonyms("round", shuffled, keyed("a key")).items())
    assert list(found.values()) == sorted(found.values())


def test_labels_are_stable_in_a_round_and_others_in_another() -> None:
    people = [PersonId(f"person {number}") for number in range(20)]
    one, again, other = (pseudonyms(round_id, people, keyed("a key")) for round_id in ("one", "one", "other"))
    assert one == again
    assert not set(one.values()) & set(other.values())
    assert list(one) != list(other)


def test_labels_cannot_be_worked_out_without_the_key() -> None:
    people = [PersonId(f"person {number}") for number in range(20)]
    assert not set(pseudonyms("one", people, keyed("a key")).items()) & set(pseudonyms("one", people, keyed("a guess")).items())
