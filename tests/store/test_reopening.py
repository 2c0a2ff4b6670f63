"""A closed round opened again: what was frozen stays frozen, what follows is peer-exposed, and the two never mix."""

from functools import partial

import pytest

from service.coding.ledger import ROUND_CHAIN, EntryKind, Verdict, first_break
from service.coding.model import RoundId, RoundState
from service.coding.reveal import blind_codings
from service.errors import BadInput, Conflict, NotFound, RoundClosed
from service.store.session import stamp
from tests.fakes import VirtualClock
from tests.store.scene import Scene, one
from tests.store.test_races import at_once, codings_of, revealed

WHY = "An older printout of the codebook was used."


def reopen(scene: Scene, round_id: RoundId, reason: str = WHY) -> str:
    with scene.store.writing() as tx:
        return tx.rounds.reopen(round_id, scene.lead, reason).id


def archive(scene: Scene, round_id: RoundId) -> str:
    with scene.store.writing() as tx:
        return tx.rounds.archive(round_id, scene.lead).id


def closed(scene: Scene) -> RoundId:
    round_id = scene.open()
    for person in scene.coders:
        scene.code_all(round_id, person)
    scene.close(round_id)
    return round_id


def test_blind_agreement_stays_on_what_the_first_close_froze(scene: Scene) -> None:
    round_id = scene.open()
    [ann, ben] = scene.coders
    scene.code_all(round_id, ann)
    [first, *later] = scene.turns(round_id, ben)
    scene.submit(round_id, ben, [(first.id, one("hope"))])
    scene.close(round_id)
    with scene.store.reading() as tx:
        frozen = blind_codings(tx.codings.revealed(round_id))
    reopen(scene, round_id)
    scene.submit(round_id, ben, [(first.id, one("fear")), (later[0].id, one("fear"))])
    scene.code_all(round_id, ann, "fear")
    scene.close(round_id)
    with scene.store.reading() as tx:
        now = tx.codings.revealed(round_id)
    assert blind_codings(now) == frozen
    exposed = [found.coding for found in now if found.verdict is Verdict.PEER_EXPOSED]
    assert len(exposed) == 2 + len(scene.excerpts)
    assert all(coding.content == one("fear") for coding in exposed)


def test_a_reopened_round_reveals_nothing_until_it_closes_again(scene: Scene) -> None:
    round_id = closed(scene)
    with scene.store.reading() as tx:
        first = tx.rounds.get(round_id)
    reopen(scene, round_id)
    with scene.store.reading() as tx:
        round_ = tx.rounds.get(round_id)
        assert (round_.state, round_.closed_at, round_.seal) == (RoundState.REOPENED, None, None)
        assert round_.first_closed_at == first.closed_at
        with pytest.raises(NotFound):
            tx.codings.revealed(round_id)
    second = scene.close(round_id)
    with scene.store.reading() as tx:
        assert [seal for _, seal in tx.rounds.closings(round_id)] == [first.seal, second]
        kinds = [entry.kind for entry in tx.chains.chain(round_id, ROUND_CHAIN)]
        assert all(first_break(tx.chains.chain(round_id, person)) is None for person in (ROUND_CHAIN, *scene.coders))
    assert kinds == [EntryKind.OPENED, EntryKind.CLOSED, EntryKind.REOPENED, EntryKind.CLOSED]
    assert second != first.seal


def test_handing_in_before_a_reopening_locks_nothing_after_it(scene: Scene) -> None:
    round_id = scene.open()
    [ann, _] = scene.coders
    with scene.store.writing() as tx:
        tx.codings.hand_in(tx.codings.lock(round_id, ann), ann)
    scene.close(round_id)
    reopen(scene, round_id)
    with scene.store.reading() as tx:
        assert tx.chains.who_handed_in(round_id) == []
    scene.code_all(round_id, ann)
    with scene.store.writing() as tx:
        tx.codings.hand_in(tx.codings.lock(round_id, ann), ann)
    with pytest.raises(Conflict, match="handed in"):
        scene.code_all(round_id, ann)


def test_a_closing_date_that_has_passed_does_not_close_it_again(scene: Scene, clock: VirtualClock) -> None:
    round_id = scene.open(close_by=stamp(clock.now()))
    scene.close(round_id)
    reopen(scene, round_id)
    with scene.store.reading() as tx:
        assert tx.rounds.due() == []
    assert len(scene.code_all(round_id, scene.coders[0])) == len(scene.excerpts)


def test_only_a_closed_round_is_reopened_and_with_a_reason(scene: Scene) -> None:
    draft, opened, shut = scene.plan(), scene.open(), closed(scene)
    for round_id in (draft, opened):
        with pytest.raises(Conflict, match="only a closed one can be reopened"):
            reopen(scene, round_id)
        with pytest.raises(Conflict, match="only a closed one can be archived"):
            archive(scene, round_id)
    with pytest.raises(BadInput, match="needs a reason"):
        reopen(scene, shut, "  ")
    reopen(scene, shut)
    with pytest.raises(Conflict, match="is reopened; only a closed"):
        reopen(scene, shut)


def test_the_act_and_its_reason_are_on_record(scene: Scene) -> None:
    round_id = closed(scene)
    reopen(scene, round_id)
    with scene.store.reading() as tx:
        [audit] = [one for one in tx.audits.about(round_id) if one.act == "reopened"]
    assert (audit.person_id, audit.reason) == (scene.lead, WHY)


def test_an_archived_round_can_be_read_and_nothing_else(scene: Scene) -> None:
    round_id = closed(scene)
    with scene.store.reading() as tx:
        before = tx.codings.revealed(round_id)
    assert archive(scene, round_id) == archive(scene, round_id)
    with pytest.raises(Conflict, match="archived"):
        reopen(scene, round_id)
    with pytest.raises(RoundClosed):
        scene.code_all(round_id, scene.coders[0])
    with scene.store.reading() as tx:
        round_ = tx.rounds.get(round_id)
        assert (round_.state, tx.codings.revealed(round_id)) == (RoundState.ARCHIVED, before)
        assert round_.seal == tx.rounds.closings(round_id)[0][1]
    assert scene.close(round_id) == round_.seal


def test_submissions_against_a_reopening_are_late_or_peer_exposed(scene: Scene) -> None:
    for _ in range(10):
        round_id = closed(scene)
        before = revealed(scene, round_id)
        acts = [
            partial(scene.submit, round_id, person, [(turn.id, one("fear"))])
            for person in scene.coders
            for turn in scene.turns(round_id, person)[:2]
        ]
        *submitted, _ = at_once([*acts, partial(reopen, scene, round_id)])
        assert all(isinstance(made, list | RoundClosed) for made in submitted)
        scene.close(round_id)
        with scene.store.reading() as tx:
            found = tx.codings.revealed(round_id)
            assert all(first_break(tx.chains.chain(round_id, person)) is None for person in (ROUND_CHAIN, *scene.coders))
        late = {one.coding.id: one.verdict for one in found if one.coding.id not in before}
        assert late == dict.fromkeys(codings_of(submitted), Verdict.PEER_EXPOSED)


def test_reopening_against_closing_against_submitting_has_an_order(scene: Scene) -> None:
    for _ in range(10):
        round_id = closed(scene)
        before = revealed(scene, round_id)
        turns = {person: scene.turns(round_id, person)[0] for person in scene.coders}
        acts = [partial(scene.submit, round_id, person, [(turn.id, one("fear"))]) for person, turn in turns.items()]
        *submitted, _, _ = at_once([*acts, partial(reopen, scene, round_id), partial(scene.close, round_id)])
        scene.close(round_id)
        assert revealed(scene, round_id) - before == codings_of(submitted)


def test_two_leads_reopen_at_once_and_one_does(scene: Scene) -> None:
    round_id = closed(scene)
    outcomes = at_once([partial(reopen, scene, round_id)] * 4)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3
