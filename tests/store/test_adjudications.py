"""Resolutions in the store: appended, superseded, chained, and never in place of a coding."""

from functools import partial

import pytest

from service.coding.adjudication import Resolution, Way, Why
from service.coding.ledger import ROUND_CHAIN, EntryKind, first_break
from service.coding.model import Answer, PersonId, RoundId
from service.corpus.model import ExcerptId
from service.errors import BadInput, Conflict, NotFound
from tests.store.scene import Scene
from tests.store.test_races import at_once
from tests.store.test_reopening import archive, reopen


def resolution(excerpt: ExcerptId, code: str = "hope", way: Way = Way.EXPERT, memo: str = "") -> Resolution:
    answer = Answer(variable="theme", codes=(code,))
    return Resolution(excerpt_id=excerpt, answer=answer, way=way, why=Why.DEFINITION_GAP, memo=memo)


def resolve(scene: Scene, round_id: RoundId, asked: Resolution, by: PersonId | None = None) -> str:
    with scene.store.writing() as tx:
        return tx.adjudications.resolve(round_id, asked, by or scene.lead)


@pytest.fixture
def parted(scene: Scene) -> RoundId:
    """Give a closed round whose two coders part on every excerpt."""
    round_id = scene.open()
    for person, code in zip(scene.coders, ("hope", "fear"), strict=True):
        scene.code_all(round_id, person, code)
    scene.close(round_id)
    return round_id


def test_a_resolution_stands_beside_the_codings_which_stay_as_they_were(scene: Scene, parted: RoundId) -> None:
    with scene.store.reading() as tx:
        before = tx.codings.revealed(parted)
    made = resolve(scene, parted, resolution(scene.excerpts[0], memo="Looks ahead."))
    with scene.store.reading() as tx:
        assert tx.codings.revealed(parted) == before
        [found] = tx.adjudications.of(parted)
        assert tx.adjudications.get(made) == found
        assert (found.person_id, found.resolution) == (scene.lead, resolution(scene.excerpts[0], memo="Looks ahead."))
        assert tx.adjudications.standing(parted) == {(scene.excerpts[0], "theme"): found}


def test_a_later_resolution_supersedes_an_earlier_one_which_is_kept(scene: Scene, parted: RoundId) -> None:
    first, second = (resolve(scene, parted, resolution(scene.excerpts[0], code)) for code in ("hope", "fear"))
    with scene.store.reading() as tx:
        assert [one.id for one in tx.adjudications.of(parted)] == [first, second]
        assert [one.id for one in tx.adjudications.standing(parted).values()] == [second]


def test_each_resolution_is_an_entry_of_the_rounds_own_chain(scene: Scene, parted: RoundId) -> None:
    for excerpt in scene.excerpts[:2]:
        resolve(scene, parted, resolution(excerpt))
    with scene.store.reading() as tx:
        chain = tx.chains.chain(parted, ROUND_CHAIN)
        places = [one.sequence for one in tx.adjudications.of(parted)]
        assert tx.chains.unkept(parted) == []
    assert [entry.kind for entry in chain] == [EntryKind.OPENED, EntryKind.CLOSED, EntryKind.ADJUDICATED, EntryKind.ADJUDICATED]
    assert places == [3, 4]
    assert first_break(chain) is None


def test_only_a_closed_round_is_adjudicated(scene: Scene, parted: RoundId) -> None:
    asked = resolution(scene.excerpts[0])
    for round_id in (scene.plan(), scene.open()):
        with pytest.raises(Conflict, match="only a closed one"):
            resolve(scene, round_id, asked)
    reopen(scene, parted)
    with pytest.raises(Conflict, match="reopened"):
        resolve(scene, parted, asked)
    scene.close(parted)
    resolve(scene, parted, asked)
    archive(scene, parted)
    with pytest.raises(Conflict, match="archived"):
        resolve(scene, parted, asked)
    with scene.store.reading() as tx:
        assert len(tx.adjudications.of(parted)) == 1


def test_what_nobody_coded_is_not_resolved(scene: Scene, parted: RoundId) -> None:
    elsewhere = scene.in_other_study().excerpts[0]
    needs = Resolution(excerpt_id=scene.excerpts[0], answer=Answer(variable="needs", codes=()), way=Way.EXPERT, why=Why.SLIP)
    for asked in (resolution(elsewhere), needs):
        with pytest.raises(BadInput, match="Nobody coded"):
            resolve(scene, parted, asked)
    with scene.store.reading() as tx, pytest.raises(NotFound):
        tx.adjudications.get(parted)


def test_what_a_reopening_brought_is_not_what_is_resolved(scene: Scene, parted: RoundId) -> None:
    reopen(scene, parted)
    scene.code_all(parted, scene.coders[1], "hope")
    scene.close(parted)
    with scene.store.reading() as tx:
        given = tx.adjudications.given(tx.rounds.get(parted))
    assert {answer.codes for answer in given[scene.excerpts[0], "theme"].values()} == {("hope",), ("fear",)}


def test_names_are_hidden_until_the_last_disagreement_is_resolved(scene: Scene) -> None:
    round_id = scene.plan(names_hidden=True)
    with scene.store.writing() as tx:
        tx.rounds.open(round_id, scene.lead)
    for person, code in zip(scene.coders, ("hope", "fear"), strict=True):
        scene.code_all(round_id, person, code)
    scene.close(round_id)

    def hidden() -> bool:
        with scene.store.reading() as tx:
            return tx.adjudications.hides_names(tx.rounds.get(round_id))

    for excerpt in scene.excerpts:
        assert hidden()
        resolve(scene, round_id, resolution(excerpt))
    assert not hidden()


def test_names_are_shown_where_the_lead_did_not_hide_them(scene: Scene, parted: RoundId) -> None:
    with scene.store.reading() as tx:
        assert not tx.adjudications.hides_names(tx.rounds.get(parted))


def test_erasing_a_document_takes_what_was_said_of_it_and_leaves_the_chain(scene: Scene, parted: RoundId) -> None:
    resolve(scene, parted, resolution(scene.excerpts[0], memo="a canary in a memo"))
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    with scene.store.reading() as tx:
        [found] = tx.adjudications.of(parted)
        assert found.resolution is None
        assert tx.adjudications.standing(parted) == {}
        assert first_break(tx.chains.chain(parted, ROUND_CHAIN)) is None


def test_two_adjudicators_at_once_make_one_chain_and_the_later_one_stands(scene: Scene, parted: RoundId) -> None:
    codes = ["hope", "fear"] * 4
    made = at_once([partial(resolve, scene, parted, resolution(scene.excerpts[0], code)) for code in codes])
    with scene.store.reading() as tx:
        found = tx.adjudications.of(parted)
        [standing] = tx.adjudications.standing(parted).values()
        assert first_break(tx.chains.chain(parted, ROUND_CHAIN)) is None
    assert [one.sequence for one in found] == list(range(3, 11))
    assert {one.id for one in found} == set(made)
    assert standing == found[-1]


def test_resolving_against_reopening_has_an_order(scene: Scene) -> None:
    for _ in range(10):
        round_id = scene.open()
        for person, code in zip(scene.coders, ("hope", "fear"), strict=True):
            scene.code_all(round_id, person, code)
        scene.close(round_id)
        acts = [partial(resolve, scene, round_id, resolution(excerpt)) for excerpt in scene.excerpts]
        *resolved, _ = at_once([*acts, partial(reopen, scene, round_id)])
        with scene.store.reading() as tx:
            chain = tx.chains.chain(round_id, ROUND_CHAIN)
            stored = {one.id for one in tx.adjudications.of(round_id)}
        assert all(isinstance(one, str | Conflict) for one in resolved)
        assert stored == {one for one in resolved if isinstance(one, str)}
        assert chain[-1].kind is EntryKind.REOPENED
        scene.close(round_id)
