"""Rounds: planned, opened once, closed once; everything needed to recompute their numbers is kept."""

import pytest

from service.coding.design import draw_turns
from service.coding.ledger import ROUND_CHAIN, EntryKind, first_break, seal
from service.coding.model import KeyFrom, RoundState
from service.coding.plan import Design, Enriched, Repeats, SomeCoders
from service.errors import BadInput, Conflict, NotFound
from tests.store.scene import Scene


def test_a_draft_has_a_plan_and_no_assignments(scene: Scene) -> None:
    round_id = scene.plan(seed=11)
    with scene.store.reading() as tx:
        round_ = tx.rounds.get(round_id)
        assert (round_.state, round_.sample_seed, round_.coders) == (RoundState.DRAFT, 11, scene.coders)
        assert [drawn.excerpt_id for drawn in tx.rounds.sample(round_id)] == list(scene.excerpts)
        assert tx.assignments.of(round_id) == []
        assert [found.id for found in tx.rounds.of_study(scene.study)] == [round_id]
        assert [found.id for found in tx.rounds.coded_by(scene.coders[0])] == [round_id]
        assert tx.rounds.coded_by(scene.lead) == []


def test_the_assignments_are_those_that_the_seed_draws(scene: Scene) -> None:
    round_id = scene.open()
    expected = draw_turns(scene.excerpts, scene.coders, 7, Design())
    with scene.store.reading() as tx:
        drawn = tx.assignments.of(round_id)
    assert {(turn.person_id, turn.excerpt_id, turn.position) for turn in drawn} == {
        (turn.person_id, turn.excerpt_id, turn.position) for turn in expected
    }


def test_a_round_is_opened_once(scene: Scene) -> None:
    round_id = scene.open()
    with scene.store.writing() as tx, pytest.raises(Conflict, match="open already"):
        tx.rounds.open(round_id, scene.lead)
    scene.close(round_id)
    with scene.store.writing() as tx, pytest.raises(Conflict, match="closed already"):
        tx.rounds.open(round_id, scene.lead)


def test_one_coder_alone_cannot_agree(scene: Scene) -> None:
    round_id = scene.plan(coders=scene.coders[:1])
    with scene.store.writing() as tx, pytest.raises(Conflict, match="two coders"):
        tx.rounds.open(round_id, scene.lead)


def test_a_draft_can_be_deleted_and_nothing_else(scene: Scene) -> None:
    draft, opened = scene.plan(), scene.open()
    with scene.store.writing() as tx:
        tx.rounds.delete_draft(draft)
    with scene.store.reading() as tx, pytest.raises(NotFound):
        tx.rounds.get(draft)
    with scene.store.writing() as tx, pytest.raises(Conflict, match="Only a draft"):
        tx.rounds.delete_draft(opened)


def test_closing_takes_an_open_round_and_twice_changes_nothing(scene: Scene) -> None:
    draft, round_id = scene.plan(), scene.open()
    with scene.store.writing() as tx, pytest.raises(Conflict, match="never opened"):
        tx.rounds.close(draft, scene.lead)
    first = scene.close(round_id)
    with scene.store.reading() as tx:
        closed = tx.rounds.get(round_id)
    assert scene.close(round_id) == first == closed.seal
    with scene.store.reading() as tx:
        assert tx.rounds.get(round_id) == closed
        assert [entry.kind for entry in tx.chains.chain(round_id, ROUND_CHAIN)] == [EntryKind.OPENED, EntryKind.CLOSED]


def test_every_chain_verifies_and_the_seal_is_recomputed_from_them(scene: Scene) -> None:
    round_id = scene.open()
    for person in scene.coders:
        scene.code_all(round_id, person)
    published = scene.close(round_id)
    with scene.store.reading() as tx:
        chains = {person: tx.chains.chain(round_id, person) for person in (ROUND_CHAIN, *scene.coders)}
        whole = tx.chains.whole(round_id)
    assert all(first_break(chain) is None for chain in chains.values())
    assert len(whole) == sum(map(len, chains.values()))
    before_the_close = [chain[-2] if person == ROUND_CHAIN else chain[-1] for person, chain in chains.items()]
    assert seal(before_the_close) == published


def test_a_close_makes_the_rounds_revision_what_suggestions_are_made_from(scene: Scene) -> None:
    with scene.store.reading() as tx:
        assert tx.rounds.snapshot(scene.study) is None
    round_id = scene.open()
    scene.close(round_id)
    with scene.store.reading() as tx:
        assert tx.rounds.snapshot(scene.study) == scene.revision


def test_a_round_keeps_its_draw_and_design(scene: Scene) -> None:
    draw = Enriched(size=4, codes=((0, 1), (1, 2)), band=0.1, share=0.5, seed=3)
    design = Design(SomeCoders(2), Repeats(0.5, 2))
    round_id = scene.plan(draw=draw, design=design)
    with scene.store.reading() as tx:
        assert (tx.rounds.get(round_id).draw, tx.rounds.get(round_id).design) == (draw, design)


def test_repeats_are_assignments_like_the_others(scene: Scene) -> None:
    design = Design(repeats=Repeats(0.5, 2))
    round_id = scene.plan(design=design)
    with scene.store.writing() as tx:
        tx.rounds.open(round_id, scene.lead)
    drawn = {
        (turn.person_id, turn.excerpt_id, turn.occasion, turn.position) for person in scene.coders for turn in scene.turns(round_id, person)
    }
    assert drawn == {
        (turn.person_id, turn.excerpt_id, turn.occasion, turn.position) for turn in draw_turns(scene.excerpts, scene.coders, 7, design)
    }
    assert len(drawn) == 2 * (6 + 3)


def test_a_design_that_the_coders_cannot_carry_out_is_refused_at_the_opening(scene: Scene) -> None:
    round_id = scene.plan(design=Design(SomeCoders(3)))
    with scene.store.writing() as tx, pytest.raises(BadInput, match="there are 2"):
        tx.rounds.open(round_id, scene.lead)


def test_a_key_stands_with_its_round(scene: Scene) -> None:
    earlier = scene.open()
    key = KeyFrom(round_id=earlier, person_id=scene.coders[0])
    round_id = scene.plan(key=key)
    with scene.store.reading() as tx:
        assert tx.rounds.key(round_id) == key
        assert tx.rounds.key(earlier) is None
    with scene.store.writing() as tx:
        tx.rounds.delete_draft(round_id)
