"""A study whose time has come is erased to the byte, once, by whoever is first; who did what and when stays."""

from datetime import timedelta
from threading import Barrier, Thread

from service.store import Store
from tests.fakes import VirtualClock
from tests.store.scene import Scene, one
from tests.store.test_erasure import CANARY, holds


def kept_for(scene: Scene, days: int) -> None:
    """Close a round whose texts, memos and reasons hold the canary, and keep the study so many days from there."""
    round_id = scene.open()
    person = scene.coders[0]
    scene.submit(round_id, person, [(turn.id, one("hope", memo=CANARY)) for turn in scene.turns(round_id, person)])
    with scene.store.writing() as tx:
        tx.codings.unblinded(round_id, person, by=scene.lead, reason=f"{CANARY} asked")
    scene.close(round_id)
    with scene.store.writing() as tx:
        tx.rounds.reopen(round_id, scene.lead, f"{CANARY} had not finished")
    scene.close(round_id)
    with scene.store.writing() as tx:
        tx.retentions.set(scene.study, scene.lead, days=days, until=None)


def erase_due(store: Store) -> list[bool]:
    with store.reading() as tx:
        due = tx.retentions.due()
    done: list[bool] = []
    for study in due:
        with store.writing() as tx:
            done.append(tx.retentions.erase(study))
    store.scrub()
    return done


def test_after_so_many_days_the_content_is_gone_and_who_and_when_stays(store: Store, clock: VirtualClock) -> None:
    scene = Scene.in_store(store, texts=[f"{CANARY} said mentor {number}." for number in range(3)])
    kept_for(scene, days=30)
    clock.passes(timedelta(days=29, hours=23))
    assert erase_due(store) == []
    assert holds(store)
    clock.passes(timedelta(hours=2))
    assert erase_due(store) == [True]
    assert not holds(store)
    assert erase_due(store) == []
    with store.reading() as tx:
        acts = [(audit.act, audit.person_id, audit.reason) for audit in tx.audits.about(scene.study)]
        [round_] = tx.rounds.of_study(scene.study)
        assert [audit.act for audit in tx.audits.about(round_.id)] == ["unblinded", "reopened"]
    assert acts == [(act, scene.lead, "") for act in ("set retention", "retention came", "erased study")]
    assert store.integrity() == []


def test_a_study_with_an_open_round_waits_for_its_close(scene: Scene, clock: VirtualClock) -> None:
    kept_for(scene, days=1)
    round_id = scene.open()
    clock.passes(timedelta(days=2))
    assert erase_due(scene.store) == []
    scene.close(round_id)
    clock.passes(timedelta(days=2))
    assert erase_due(scene.store) == [True]


def test_a_policy_that_was_taken_back_erases_nothing(scene: Scene, clock: VirtualClock) -> None:
    kept_for(scene, days=1)
    with scene.store.writing() as tx:
        tx.retentions.set(scene.study, scene.lead, days=None, until=None)
        assert tx.retentions.of(scene.study) is None
    clock.passes(timedelta(days=2))
    assert erase_due(scene.store) == []
    with scene.store.writing() as tx:
        assert tx.retentions.erase(scene.study) is False


def test_two_processes_erase_it_once(scene: Scene, clock: VirtualClock) -> None:
    kept_for(scene, days=1)
    clock.passes(timedelta(days=2))
    barrier, done = Barrier(2), list[bool]()

    def erase() -> None:
        barrier.wait()
        with scene.store.writing() as tx:
            done.append(tx.retentions.erase(scene.study))

    threads = [Thread(target=erase) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, True]
