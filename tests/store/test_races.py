"""Races, on both databases: a barrier lets everybody go at once, and the outcome must be one that some order could have had."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Barrier, Event, Thread
from typing import cast

import pytest

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.ledger import first_break
from service.coding.model import CodingId, PersonId, RoundId
from service.coding.visibility import Role
from service.corpus.model import NewDocument, StudyId
from service.errors import Conflict, Refusal, RoundClosed
from service.store import Store
from tests.store.scene import Scene, document, one

ROUNDS = 30
LONG_ROUNDS = 200


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run acts at the same moment, each in a thread of its own; give what each returned or how it was refused."""
    barrier = Barrier(len(acts))
    outcomes: list[object] = [None] * len(acts)

    def run(place: int) -> None:
        barrier.wait()
        try:
            outcomes[place] = acts[place]()
        except Refusal as refusal:
            outcomes[place] = refusal
        except BaseException as error:
            outcomes[place] = error
            raise

    threads = [Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def revealed(scene: Scene, round_id: RoundId) -> set[CodingId]:
    with scene.store.reading() as tx:
        return {one.coding.id for one in tx.codings.revealed(round_id)}


def codings_of(outcomes: list[object]) -> set[CodingId]:
    return {coding for made in outcomes if isinstance(made, list) for coding in cast("list[CodingId]", made)}


def submit_against_close(scene: Scene) -> None:
    """Four submissions and the close of one round at once; what the close froze is what stays, and all of it was acknowledged."""
    round_id = scene.open()
    frozen: list[set[CodingId]] = []

    def submit(person: PersonId, place: int) -> Callable[[], object]:
        turns = scene.turns(round_id, person)
        return lambda: scene.submit(round_id, person, [(turn.id, one("hope")) for turn in turns[place : place + 2]])

    def close() -> object:
        seal = scene.close(round_id)
        frozen.append(revealed(scene, round_id))
        return seal

    acts = [submit(person, place) for person in scene.coders for place in (0, 2)]
    *submitted, seal = at_once([*acts, close])
    acknowledged = codings_of(submitted)
    assert all(isinstance(made, list | RoundClosed) for made in submitted)
    assert frozen == [acknowledged]
    assert revealed(scene, round_id) == acknowledged
    with pytest.raises(RoundClosed):
        submit(scene.coders[0], 4)()
    with scene.store.reading() as tx:
        assert tx.rounds.get(round_id).seal == seal
        assert all(first_break(tx.chains.chain(round_id, person)) is None for person in ("", *scene.coders))


def test_no_coding_comes_into_a_closed_round(scene: Scene) -> None:
    for _ in range(ROUNDS):
        submit_against_close(scene)


def test_without_the_lock_a_late_coding_would_come_in_and_be_seen(postgresql_store: Store) -> None:
    scene = Scene.in_store(postgresql_store)
    round_id = scene.open()
    person = scene.coders[0]
    [turn, *_] = scene.turns(round_id, person)
    with scene.store.writing() as tx:
        looked_at = tx.rounds.get(round_id)  # where ``lock`` belongs
        scene.close(round_id)
        frozen = revealed(scene, round_id)
        tx.codings.submit(looked_at, person, [(turn.id, one("hope"))])
    assert revealed(scene, round_id) - frozen != set()


def test_a_close_waits_for_the_coding_that_came_first(scene: Scene) -> None:
    round_id = scene.open()
    person = scene.coders[0]
    [turn, *_] = scene.turns(round_id, person)
    locked, order = Event(), list[str]()

    def submit() -> None:
        with scene.store.writing() as tx:
            round_ = tx.codings.lock(round_id, person)
            locked.set()
            time.sleep(0.2)
            tx.codings.submit(round_, person, [(turn.id, one("hope"))])
            order.append("submitted")

    def close() -> None:
        locked.wait()
        scene.close(round_id)
        order.append("closed")

    at_once([submit, close])
    assert order == ["submitted", "closed"]
    assert len(revealed(scene, round_id)) == 1


@pytest.mark.long
def test_no_coding_comes_into_a_closed_round_in_many_rounds(scene: Scene) -> None:
    for _ in range(LONG_ROUNDS):
        submit_against_close(scene)


def test_one_key_sent_by_many_at_once_is_one_row(scene: Scene) -> None:
    round_id = scene.open()
    person = scene.coders[0]
    for turn in scene.turns(round_id, person):

        def send(assignment: str = turn.id) -> str:
            with scene.store.writing() as tx:
                round_ = tx.codings.lock(round_id, person)
                batch = [(assignment, one("hope"))]
                return tx.requests.once(person, "submit", assignment, b"b", lambda: tx.codings.submit(round_, person, batch)[0])[0]

        outcomes = at_once([send] * 4)
        assert len(set(outcomes)) == 1
    with scene.store.reading() as tx:
        assert len(tx.codings.own(round_id, person)) == len(scene.excerpts)


def test_a_coders_own_submissions_at_once_make_one_chain_without_gaps(scene: Scene) -> None:
    round_id = scene.open()
    person = scene.coders[0]
    turn = scene.turns(round_id, person)[0].id
    made = at_once([lambda: scene.submit(round_id, person, [(turn, one("hope"))])] * 8)
    with scene.store.reading() as tx:
        own = tx.codings.own(round_id, person)
        assert [coding.sequence for coding in own] == list(range(1, 9))
        assert [coding.supersedes for coding in own[1:]] == [coding.id for coding in own[:-1]]
        assert first_break(tx.chains.chain(round_id, person)) is None
    assert {coding.id for coding in own} == codings_of(made)


def test_two_leads_open_and_close_a_round_at_once(scene: Scene) -> None:
    round_id = scene.plan()

    def open_() -> object:
        with scene.store.writing() as tx:
            return tx.rounds.open(round_id, scene.lead)

    opened = at_once([open_] * 4)
    assert sum(isinstance(outcome, Conflict) for outcome in opened) == 3
    seals = at_once([lambda: scene.close(round_id)] * 4)
    assert len(set(seals)) == 1
    assert isinstance(seals[0], str)


def test_handing_in_against_submitting_leaves_nothing_after_the_hand_in(scene: Scene) -> None:
    person = scene.coders[0]

    def hand_in(round_id: RoundId) -> None:
        with scene.store.writing() as tx:
            tx.codings.hand_in(tx.codings.lock(round_id, person), person)

    for _ in range(10):
        round_id = scene.open()
        turns = scene.turns(round_id, person)[:3]
        acts = [partial(scene.submit, round_id, person, [(turn.id, one("hope"))]) for turn in turns]
        at_once([partial(hand_in, round_id), *acts])
        with scene.store.reading() as tx:
            chain = tx.chains.chain(round_id, person)
        assert chain[-1].kind == "handed_in"
        assert first_break(chain) is None
        scene.close(round_id)


def test_the_same_file_imported_by_two_at_once_comes_in_once(scene: Scene) -> None:
    for number in range(5):
        new = [document(f"said {number}", name=f"interview {number}")]

        def bring_in(new: list[NewDocument] = new) -> object:
            with scene.store.writing() as tx:
                return len(tx.corpus.bring_in(scene.study, new).added)

        assert sorted(map(str, at_once([bring_in] * 4))) == ["0", "0", "0", "1"]


def test_codebook_edits_at_once_are_revisions_one_after_the_other(scene: Scene) -> None:
    other = scene.in_other_study()
    for study in (scene.study, other.study):

        def save(name: str, study: StudyId = study) -> Callable[[], object]:
            codebook = Codebook(variables=(Variable(name="theme", scheme=Scheme.ONE_CODE, codes=(Code(name=name),)),))

            def act() -> object:
                with scene.store.writing() as tx:
                    revision, _ = tx.codebooks.save(study, codebook, by=scene.lead, note="")
                    tx.rounds.take_snapshot(study, revision.id)
                    return revision.number

            return act

        assert sorted(map(str, at_once([save(name) for name in "abcd"]))) == ["2", "3", "4", "5"]


def test_a_first_codebook_saved_by_two_at_once_is_one_codebook(scene: Scene) -> None:
    with scene.store.writing() as tx:
        study = tx.corpus.add_study("empty", scene.lead)

    def save() -> object:
        with scene.store.writing() as tx:
            return tx.codebooks.save(study, scene_codebook, by=scene.lead, note="")[0].number

    scene_codebook = Codebook(variables=(Variable(name="v", scheme=Scheme.ONE_CODE, codes=(Code(name="c"),)),))
    assert at_once([save] * 4) == [1] * 4


def test_a_login_asked_for_by_two_at_once_is_given_once(scene: Scene) -> None:
    def add() -> object:
        with scene.store.writing() as tx:
            return tx.people.add(login="ann", name="Ann", may_lead=False)

    outcomes = at_once([add] * 4)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3


def test_a_person_joined_by_two_at_once_is_a_member_once(scene: Scene) -> None:
    def join() -> object:
        with scene.store.writing() as tx:
            tx.people.join(scene.study, scene.coders[0], Role.OBSERVER)
            return True

    assert at_once([join] * 4) == [True] * 4
    with scene.store.reading() as tx:
        assert len(tx.people.members(scene.study)) == 3


def test_what_is_being_erased_does_not_come_into_a_round(scene: Scene) -> None:
    for _ in range(5):
        other = scene.in_other_study()

        def erase(other: Scene = other) -> object:
            with scene.store.writing() as tx:
                tx.erasure.document(other.document, other.study, other.lead)
                return "erased"

        def plan_and_open(other: Scene = other) -> object:
            return other.open()

        erased, opened = at_once([erase, plan_and_open])
        with scene.store.reading() as tx:
            texts = [found.text for found in tx.corpus.excerpts(other.excerpts).values()]
        assert (erased == "erased") != isinstance(opened, str)
        assert all(texts) == isinstance(opened, str)
