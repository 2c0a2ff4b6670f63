"""Codings: stored all or none, corrected by appending, and out through three doors only."""

from datetime import timedelta

import msgspec
import pytest

from service.coding.ledger import EntryKind, Exposure, Shown, Verdict
from service.coding.model import CodingId, Content, PersonId, Provenance, RoundId
from service.coding.submission import MOST_CODINGS
from service.errors import BadInput, Conflict, NotFound, RoundClosed
from service.store.session import stamp
from tests.fakes import VirtualClock
from tests.store.scene import Scene, one

NOBODY = PersonId("00000000-0000-4000-8000-000000000000")
NOWHERE = RoundId("00000000-0000-4000-8000-000000000000")


def count(scene: Scene, round_id: RoundId) -> int:
    with scene.store.reading() as tx:
        return sum(len(tx.codings.own(round_id, person)) for person in scene.coders)


def show(scene: Scene, round_id: RoundId, person: PersonId, assignment: str, shown: Shown) -> None:
    with scene.store.writing() as tx:
        tx.codings.expose(tx.codings.lock(round_id, person), person, Exposure(assignment_id=assignment, shown=shown, digest="d"))


def hand_in(scene: Scene, round_id: RoundId, person: PersonId) -> None:
    with scene.store.writing() as tx:
        tx.codings.hand_in(tx.codings.lock(round_id, person), person)


def test_door_1_gives_a_coder_the_own_codings_and_nobody_elses(scene: Scene) -> None:
    round_id = scene.open()
    mine = scene.code_all(round_id, scene.coders[0], "hope")
    scene.code_all(round_id, scene.coders[1], "fear")
    with scene.store.reading() as tx:
        own = tx.codings.own(round_id, scene.coders[0])
        assert [coding.id for coding in own] == mine
        assert {coding.content for coding in own} == {one("hope")}
        assert {coding.provenance for coding in own} == {Provenance.IN_SERVICE}
        assert tx.codings.own(round_id, scene.lead) == []
        assert [coding.id for coding in tx.codings.by_ids(round_id, scene.coders[0], mine[::-1])] == mine[::-1]


def test_door_2_does_not_exist_before_the_close(scene: Scene) -> None:
    draft, round_id = scene.plan(), scene.open()
    scene.code_all(round_id, scene.coders[0])
    details: set[str] = set()
    for hidden in (draft, round_id, NOWHERE):
        with scene.store.reading() as tx, pytest.raises(NotFound) as refused:
            tx.codings.revealed(hidden)
        details.add(refused.value.detail)
    assert details == {"There is no such round."}
    scene.close(round_id)
    with scene.store.reading() as tx:
        assert len(tx.codings.revealed(round_id)) == len(scene.excerpts)


def test_what_was_noted_is_of_door_2_and_of_the_last_coding_of_each_assignment(scene: Scene) -> None:
    round_id = scene.open()
    [first, second, third, *_] = [turn.id for turn in scene.turns(round_id, scene.coders[0])]
    flagged = msgspec.structs.replace(one("hope"), flag=True)
    talks_of_them = one("hope", memo='the words "memo":"x" and "flag":true are said')
    scene.submit(round_id, scene.coders[0], [(first, one("hope", memo="first thought")), (second, flagged), (third, talks_of_them)])
    scene.submit(round_id, scene.coders[0], [(first, one("fear", memo="second thought")), (second, one("fear"))])
    with scene.store.reading() as tx, pytest.raises(NotFound):
        tx.codings.noted(round_id)
    scene.close(round_id)
    with scene.store.reading() as tx:
        noted = tx.codings.noted(round_id)
        assert [(coding.assignment_id, coding.content) for coding in noted] == [
            (third, talks_of_them),
            (first, one("fear", memo="second thought")),
        ]
        assert noted == [found.coding for found in tx.codings.revealed(round_id) if found.coding.id in {coding.id for coding in noted}]


def test_door_3_is_audited_and_entered_in_the_rounds_chain(scene: Scene) -> None:
    round_id = scene.open()
    scene.code_all(round_id, scene.coders[0])
    with scene.store.writing() as tx:
        shown = tx.codings.unblinded(round_id, scene.coders[0], by=scene.lead, reason="a coder asked for help")
    with scene.store.reading() as tx:
        assert shown == tx.codings.own(round_id, scene.coders[0])
        assert [(audit.act, audit.person_id, audit.reason) for audit in tx.audits.about(round_id)] == [
            ("unblinded", scene.lead, "a coder asked for help")
        ]
        assert tx.chains.chain(round_id, "")[-1].kind is EntryKind.UNBLINDED


def test_door_3_is_shut_for_coders_for_no_reason_and_at_other_times(scene: Scene) -> None:
    draft, round_id = scene.plan(), scene.open()
    other = scene.coders[1]
    for by, person, reason, kind in (
        (other, scene.coders[0], "curious", NotFound),
        (scene.lead, NOBODY, "curious", NotFound),
        (scene.lead, scene.coders[0], "  ", BadInput),
    ):
        with scene.store.writing() as tx, pytest.raises(kind):
            tx.codings.unblinded(round_id, person, by=by, reason=reason)
    with scene.store.writing() as tx, pytest.raises(NotFound):
        tx.codings.unblinded(draft, scene.coders[0], by=scene.lead, reason="early")
    scene.close(round_id)
    with scene.store.writing() as tx, pytest.raises(RoundClosed):
        tx.codings.unblinded(round_id, scene.coders[0], by=scene.lead, reason="late")
    with scene.store.reading() as tx:
        assert tx.audits.about(round_id) == []


def test_a_correction_supersedes_and_what_it_corrects_stays(scene: Scene) -> None:
    round_id = scene.open()
    turn = scene.turns(round_id, scene.coders[0])[0]
    [first] = scene.submit(round_id, scene.coders[0], [(turn.id, one("hope"))])
    [second] = scene.submit(round_id, scene.coders[0], [(turn.id, one("fear"))])
    [third] = scene.submit(round_id, scene.coders[0], [(turn.id, Content(skip="cannot tell"))])
    with scene.store.reading() as tx:
        own = tx.codings.own(round_id, scene.coders[0])
        assert [(coding.id, coding.supersedes) for coding in own] == [(first, None), (second, first), (third, second)]
        assert tx.codings.completion(round_id) == {scene.coders[0]: 1}


@pytest.mark.parametrize("place", [0, 2, 5])
def test_a_batch_with_one_fault_stores_nothing_and_names_its_place(scene: Scene, place: int) -> None:
    round_id = scene.open()
    batch: list[tuple[str, Content]] = [(turn.id, one("hope")) for turn in scene.turns(round_id, scene.coders[0])]
    batch[place] = (batch[place][0], one("joy"))
    with pytest.raises(BadInput, match=rf"Coding {place + 1} of 6: .* Nothing was stored"):
        scene.submit(round_id, scene.coders[0], batch)
    batch[place] = (NOBODY, one("hope"))
    with pytest.raises(NotFound, match=rf"Coding {place + 1} of 6"):
        scene.submit(round_id, scene.coders[0], batch)
    assert count(scene, round_id) == 0


def test_a_single_coding_with_a_fault_is_refused_without_a_place(scene: Scene) -> None:
    round_id = scene.open()
    with pytest.raises(BadInput, match=r"^Variable theme has no such code"):
        scene.submit(round_id, scene.coders[0], [(scene.turns(round_id, scene.coders[0])[0].id, one("joy"))])


def test_a_batch_is_neither_empty_nor_too_large_nor_ambiguous(scene: Scene) -> None:
    round_id = scene.open()
    turn = scene.turns(round_id, scene.coders[0])[0].id
    for batch in ([], [(turn, one("hope"))] * (MOST_CODINGS + 1)):
        with pytest.raises(BadInput, match="1 to 1000"):
            scene.submit(round_id, scene.coders[0], batch)
    with pytest.raises(BadInput, match="twice"):
        scene.submit(round_id, scene.coders[0], [(turn, one("hope")), (turn, one("fear"))])


def test_an_assignment_of_another_coder_answers_like_none(scene: Scene) -> None:
    round_id = scene.open()
    theirs = scene.turns(round_id, scene.coders[1])[0].id
    details: set[str] = set()
    for assignment in (theirs, NOBODY):
        with pytest.raises(NotFound) as refused:
            scene.submit(round_id, scene.coders[0], [(assignment, one("hope"))])
        details.add(refused.value.detail)
    assert len(details) == 1
    with scene.store.reading() as tx, pytest.raises(NotFound):
        tx.assignments.one(theirs, scene.coders[0])
    with scene.store.reading() as tx:
        assert tx.assignments.one(theirs, scene.coders[1]).id == theirs


def test_nobody_codes_in_a_draft_a_foreign_or_an_absent_round(scene: Scene) -> None:
    draft, round_id = scene.plan(), scene.open()
    for where, person in ((draft, scene.coders[0]), (round_id, scene.lead), (NOWHERE, scene.coders[0])):
        with scene.store.writing() as tx, pytest.raises(NotFound, match="There is no such round"):
            tx.codings.lock(where, person)


def test_after_the_close_nothing_is_stored(scene: Scene) -> None:
    round_id = scene.open()
    turn = scene.turns(round_id, scene.coders[0])[0].id
    scene.close(round_id)
    with pytest.raises(RoundClosed):
        scene.submit(round_id, scene.coders[0], [(turn, one("hope"))])
    with pytest.raises(RoundClosed):
        hand_in(scene, round_id, scene.coders[0])
    with pytest.raises(RoundClosed):
        show(scene, round_id, scene.coders[0], turn, Shown.SUGGESTION)
    assert count(scene, round_id) == 0


def test_after_the_closing_date_nothing_is_stored_even_before_the_round_is_closed(scene: Scene, clock: VirtualClock) -> None:
    round_id = scene.open(close_by=stamp(clock.now() + timedelta(hours=1)))
    first, second, *_ = scene.turns(round_id, scene.coders[0])
    scene.submit(round_id, scene.coders[0], [(first.id, one("hope"))])
    with scene.store.reading() as tx:
        assert tx.rounds.due() == []
    clock.passes(timedelta(hours=1))
    with pytest.raises(RoundClosed, match="closing date"):
        scene.submit(round_id, scene.coders[0], [(second.id, one("hope"))])
    with scene.store.reading() as tx:
        assert tx.rounds.due() == [round_id]
    scene.close(round_id)
    with scene.store.reading() as tx:
        assert tx.rounds.due() == []
    assert count(scene, round_id) == 1


def test_handing_in_locks_the_own_codings_once_and_nobody_elses(scene: Scene) -> None:
    round_id = scene.open()
    turn = scene.turns(round_id, scene.coders[0])[0].id
    hand_in(scene, round_id, scene.coders[0])
    hand_in(scene, round_id, scene.coders[0])
    with pytest.raises(Conflict, match="handed in"):
        scene.submit(round_id, scene.coders[0], [(turn, one("hope"))])
    scene.code_all(round_id, scene.coders[1])
    with scene.store.reading() as tx:
        assert tx.chains.who_handed_in(round_id) == [scene.coders[0]]
        assert [entry.kind for entry in tx.chains.chain(round_id, scene.coders[0])] == [EntryKind.HANDED_IN]


def test_the_verdict_of_each_coding_follows_from_what_was_shown_before_it(scene: Scene) -> None:
    round_id = scene.open()
    person = scene.coders[0]
    first, second, third, *_ = scene.turns(round_id, person)
    scene.submit(round_id, person, [(first.id, one("hope"))])
    show(scene, round_id, person, first.id, Shown.SUGGESTION)
    scene.submit(round_id, person, [(first.id, one("fear")), (second.id, one("fear"))])
    show(scene, round_id, person, third.id, Shown.PEER_CODING)
    scene.submit(round_id, person, [(third.id, one("fear"))])
    scene.code_all(round_id, scene.coders[1])
    scene.close(round_id)
    with scene.store.reading() as tx:
        verdicts = [one.verdict for one in tx.codings.revealed(round_id) if one.coding.person_id == person]
        others = {one.verdict for one in tx.codings.revealed(round_id) if one.coding.person_id != person}
    assert verdicts == [Verdict.BLIND, Verdict.ASSISTED, Verdict.BLIND, Verdict.PEER_EXPOSED]
    assert others == {Verdict.BLIND}


def test_what_was_written_comes_back_to_the_byte(scene: Scene) -> None:
    round_id = scene.open()
    memo = "🧑🏽‍🦽 \r\n\t שלום e\u0301 é \u202e \ufffe \U0010ffff " + "x" * 1000
    [made] = scene.submit(round_id, scene.coders[0], [(scene.turns(round_id, scene.coders[0])[0].id, one("hope", memo=memo))])
    with scene.store.reading() as tx:
        [coding] = tx.codings.by_ids(round_id, scene.coders[0], [CodingId(made)])
    assert coding.content == one("hope", memo=memo)
