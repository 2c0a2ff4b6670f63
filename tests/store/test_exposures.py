"""A peer's coding that could be seen in one round makes codings of the same text peer-exposed in every later one."""

import hashlib

import numpy as np
import pytest

from service.coding.ledger import EntryKind, Shown, Verdict
from service.coding.model import PersonId, RoundId
from service.coding.reveal import blind_codings
from service.coding.visibility import Role
from service.corpus.model import ExcerptId
from service.embedding import ModelKey, TextKey
from service.errors import Conflict
from tests.store.scene import Scene, document
from tests.store.test_reopening import reopen

MODEL = ModelKey("tests", "1")


def closed(scene: Scene, round_id: RoundId) -> RoundId:
    for person in scene.coders:
        scene.code_all(round_id, person)
    scene.close(round_id)
    return round_id


def verdicts(scene: Scene, round_id: RoundId) -> dict[PersonId, set[Verdict]]:
    with scene.store.reading() as tx:
        found = tx.codings.revealed(round_id)
    return {person: {one.verdict for one in found if one.coding.person_id == person} for person in scene.coders}


def seen(scene: Scene, person: PersonId, among: tuple[ExcerptId, ...] = ()) -> set[ExcerptId]:
    with scene.store.reading() as tx:
        return set(tx.exposures.seen(person, among or scene.excerpts))


def newcomer(scene: Scene, role: Role, login: str = "new") -> PersonId:
    with scene.store.writing() as tx:
        person = tx.people.add(login=login, name=login, may_lead=False)
        tx.people.join(scene.study, person, role)
    return person


def test_codings_of_what_was_revealed_before_are_peer_exposed(scene: Scene) -> None:
    first = closed(scene, scene.open())
    assert verdicts(scene, first) == {person: {Verdict.BLIND} for person in scene.coders}
    second = closed(scene, scene.open())
    assert verdicts(scene, second) == {person: {Verdict.PEER_EXPOSED} for person in scene.coders}
    with scene.store.reading() as tx:
        assert blind_codings(tx.codings.revealed(second)) == {}
        assert len(blind_codings(tx.codings.revealed(first))) == 2 * len(scene.excerpts)


def test_it_stands_in_the_own_chain_before_the_first_coding_naming_the_round_that_was_seen(scene: Scene) -> None:
    first = closed(scene, scene.open())
    second = scene.open()
    [ann, _] = scene.coders
    with scene.store.reading() as tx:
        shown = tx.chains.exposures(second, ann)
        assert [entry.kind for entry in tx.chains.chain(second, ann)] == [EntryKind.EXPOSURE] * len(scene.excerpts)
        assert {one.shown for _, one in shown} == {Shown.PEER_CODING}
        assert {one.digest for _, one in shown} == {hashlib.sha256(first.encode()).hexdigest()}
        assert {one.assignment_id for _, one in shown} == {turn.id for turn in tx.assignments.of(second, ann)}


def test_a_round_that_was_open_at_the_same_time_exposes_nobody(scene: Scene) -> None:
    first, second = scene.open(), scene.open()
    closed(scene, first)
    closed(scene, second)
    assert verdicts(scene, second) == {person: {Verdict.BLIND} for person in scene.coders}


def test_somebody_new_is_blind_beside_somebody_who_is_exposed(scene: Scene) -> None:
    closed(scene, scene.open())
    new = newcomer(scene, Role.CODER)
    [ann, _] = scene.coders
    round_id = scene.plan(coders=[ann, new])
    with scene.store.writing() as tx:
        tx.rounds.open(round_id, scene.lead)
    for person in (ann, new):
        scene.code_all(round_id, person)
    scene.close(round_id)
    with scene.store.reading() as tx:
        assert {person for person, _ in blind_codings(tx.codings.revealed(round_id))} == {new}


@pytest.mark.parametrize(("role", "sees"), [(Role.LEAD, True), (Role.ADJUDICATOR, True), (Role.CODER, False), (Role.OBSERVER, False)])
def test_whoever_may_read_the_codings_is_exposed(scene: Scene, role: Role, sees: bool) -> None:
    person = newcomer(scene, role)
    assert seen(scene, person) == set()
    closed(scene, scene.open())
    assert seen(scene, person) == (set(scene.excerpts) if sees else set())


def test_a_reopened_round_has_been_seen(scene: Scene) -> None:
    reopen(scene, closed(scene, scene.open()))
    assert seen(scene, scene.coders[0]) == set(scene.excerpts)


def test_a_coder_who_left_before_the_close_saw_nothing(scene: Scene) -> None:
    round_id = scene.open()
    [ann, ben] = scene.coders
    with scene.store.writing() as tx:
        tx.people.leave(scene.study, ann)
    scene.close(round_id)
    assert seen(scene, ben) == set(scene.excerpts)
    assert seen(scene, ann) == set()


def test_who_opened_codings_early_is_exposed_before_the_close(scene: Scene) -> None:
    round_id = scene.open()
    with scene.store.writing() as tx:
        tx.codings.unblinded(round_id, scene.coders[0], by=scene.lead, reason="A coder asked.")
    assert seen(scene, scene.lead) == set(scene.excerpts)
    assert seen(scene, scene.coders[0]) == set()


def test_the_same_text_in_another_document_and_another_study_counts(scene: Scene) -> None:
    closed(scene, scene.open())
    other = scene.in_other_study()
    assert seen(scene, scene.coders[0], other.excerpts) == set(other.excerpts)


def test_nearly_the_same_text_counts_where_vectors_say_so(scene: Scene) -> None:
    closed(scene, scene.open())
    with scene.store.writing() as tx:
        tx.corpus.bring_in(scene.study, [document("Mentor 1 said: trust takes time!", "Something else.", name="interview 3")])
        fresh = [one for one in tx.corpus.excerpt_ids(scene.study) if one not in scene.excerpts]
    assert seen(scene, scene.coders[0], tuple(fresh)) == set()
    with scene.store.writing() as tx:
        texts = tx.corpus.excerpts([*scene.excerpts, *fresh])
        near = np.array([np.cos(0.1), np.sin(0.1)], np.float32)
        vectors = {TextKey(texts[one].text_sha256): np.array([1.0, 0.0], np.float32) for one in scene.excerpts}
        vectors |= {TextKey(texts[fresh[0]].text_sha256): near, TextKey(texts[fresh[1]].text_sha256): near[::-1].copy()}
        tx.vectors.put(MODEL, vectors)
    assert seen(scene, scene.coders[0], tuple(fresh)) == {fresh[0]}


def test_excerpts_outside_the_round_are_fresh(scene: Scene) -> None:
    round_id = scene.plan()
    with scene.store.writing() as tx:
        tx.corpus.bring_in(scene.study, [document("Something else.", name="interview 3")])
        [fresh] = [one for one in tx.corpus.excerpt_ids(scene.study) if one not in scene.excerpts]
        tx.rounds.open(round_id, scene.lead)
    closed(scene, round_id)
    assert seen(scene, scene.coders[0], (*scene.excerpts, fresh)) == set(scene.excerpts)


def test_who_takes_over_is_judged_by_what_they_themselves_could_see(scene: Scene) -> None:
    closed(scene, scene.open())
    blind, adjudicating = newcomer(scene, Role.CODER, "blind"), newcomer(scene, Role.ADJUDICATOR, "adjudicating")
    round_id = scene.open()
    [ann, ben] = scene.coders
    with scene.store.writing() as tx:
        tx.rounds.replace(round_id, ann, blind, scene.lead)
        tx.rounds.replace(round_id, ben, adjudicating, scene.lead)
        assert tx.chains.exposures(round_id, blind) == []
        assert len(tx.chains.exposures(round_id, adjudicating)) == len(scene.excerpts)


def test_nobody_takes_over_after_a_reopening_for_it_would_change_what_was_frozen(scene: Scene) -> None:
    round_id = closed(scene, scene.open())
    reopen(scene, round_id)
    new = newcomer(scene, Role.CODER)
    with scene.store.writing() as tx, pytest.raises(Conflict, match="Only in an open round"):
        tx.rounds.replace(round_id, scene.coders[0], new, scene.lead)
