"""A model coder in the store: sealed until the close, no person, erased with its documents, once a configuration and round."""

from functools import partial
from typing import cast

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.agreement.profile import STANDARD_1
from service.coding.ledger import EntryKind, first_break
from service.coding.model import RoundId
from service.coding.model_coders import ModelCoderId
from service.errors import Conflict, KeyReused, NotFound, RoundClosed
from service.store.checking import check
from tests.store.modelled import configuration, gave, let_model_code
from tests.store.scene import Scene, document
from tests.store.test_erasure import CANARY, everything, files, holds
from tests.store.test_races import at_once

ROUNDS = 15
MODEL_CODER, SIX = 1, 6


def entries(scene: Scene, round_id: RoundId, model_coder: ModelCoderId) -> list[EntryKind]:
    with scene.store.reading() as tx:
        return [entry.kind for entry in tx.chains.chain(round_id, model_coder)]


def test_each_model_coder_has_a_chain_of_its_own_that_the_close_seals(scene: Scene) -> None:
    round_id = scene.open()
    made, new = let_model_code(scene, round_id)
    other, _ = let_model_code(scene, round_id, "t")
    assert (new, made != other) == (True, True)
    assert entries(scene, round_id, made) == [EntryKind.MODEL_CODER, *[EntryKind.MODEL_CODING] * 6]
    scene.close(round_id)
    with scene.store.reading() as tx:
        [(_, content)] = tx.chains.records(round_id, EntryKind.CLOSED)
        assert content is not None
        assert made in content.decode()
        assert other in content.decode()
        assert first_break(tx.chains.chain(round_id, made)) is None
        assert [one.id for one in tx.model_coders.of(round_id)] == [made, other]
    assert check(scene.store, iter) == []


def test_the_same_configuration_is_given_back_and_nothing_is_stored(scene: Scene) -> None:
    round_id = scene.open()
    made, _ = let_model_code(scene, round_id)
    before = everything(scene.store)
    assert let_model_code(scene, round_id, codes=("fear",)) == (made, False)
    assert everything(scene.store) == before


def test_in_another_round_the_same_configuration_is_another_model_coder(scene: Scene) -> None:
    first, second = scene.open(), scene.open()
    assert let_model_code(scene, first)[0] != let_model_code(scene, second)[0]


def test_what_it_gave_opens_with_the_close_and_shuts_with_a_reopening(scene: Scene) -> None:
    round_id = scene.open()
    made, _ = let_model_code(scene, round_id)
    with scene.store.reading() as tx:
        assert [one.configuration for one in tx.model_coders.of(round_id)] == [configuration()]
        with pytest.raises(NotFound, match="no such round"):
            tx.model_coders.revealed(round_id)
        with pytest.raises(NotFound):
            tx.codings.revealed(round_id)
    with scene.store.writing() as tx, pytest.raises(NotFound, match="no such coder"):
        tx.codings.unblinded(round_id, made, by=scene.lead, reason="To see what the model says.")  # pyright: ignore[reportArgumentType]
    scene.close(round_id)
    with scene.store.reading() as tx:
        found = [one.given for one in tx.model_coders.revealed(round_id)]
        assert [(one.excerpt, one.answers) for one in found if one] == list(gave(scene).items())
    with scene.store.writing() as tx:
        tx.rounds.reopen(round_id, scene.lead, "A slip.")
        with pytest.raises(NotFound):
            tx.model_coders.revealed(round_id)


@pytest.mark.parametrize("state", ["draft", "closed", "reopened", "archived"])
def test_only_an_open_round_takes_one(scene: Scene, state: str) -> None:
    round_id = scene.plan() if state == "draft" else scene.open()
    if state != "draft":
        scene.close(round_id)
    with scene.store.writing() as tx:
        if state == "reopened":
            tx.rounds.reopen(round_id, scene.lead, "A slip.")
        elif state == "archived":
            tx.rounds.archive(round_id, scene.lead)
    with pytest.raises(Conflict, match=r"Open it first|Plan another round"):
        let_model_code(scene, round_id)


def test_a_round_whose_date_has_come_takes_none(scene: Scene) -> None:
    with scene.store.reading() as tx:
        round_id = scene.open(close_by=tx.session.now())
    with pytest.raises(RoundClosed, match="closing date"):
        let_model_code(scene, round_id)


def test_it_is_the_whole_sample_or_nothing(scene: Scene) -> None:
    round_id = scene.open()
    part = dict(list(gave(scene).items())[:5])
    with scene.store.writing() as tx, pytest.raises(Conflict, match="one for each excerpt"):
        tx.model_coders.make(round_id, configuration(), part, by=scene.lead)
    with scene.store.reading() as tx:
        assert tx.model_coders.of(round_id) == []


def test_the_coders_figures_completion_and_snapshot_do_not_change_by_a_bit(scene: Scene) -> None:
    without, beside = scene.open(), scene.open()
    for round_id in (without, beside):
        scene.code_all(round_id, scene.coders[0])
        scene.code_all(round_id, scene.coders[1], "fear")
    let_model_code(scene, beside)
    let_model_code(scene, beside, "t")
    with scene.store.reading() as tx:
        assert tx.codings.completion(without) == tx.codings.completion(beside)
        assert (tx.chains.who_handed_in(beside), tx.rounds.get(beside).coders) == ([], scene.coders)
        assert tx.assignments.counts(without) == tx.assignments.counts(beside)
    for round_id in (without, beside):
        scene.close(round_id)
    with scene.store.reading() as tx:
        one, other = (tx.reports.of(tx.rounds.get(round_id), profile=STANDARD_1, list_at_most=None) for round_id in (without, beside))
        assert (one.models, len(other.models.coders) if other.models else 0) == (None, 2)
        for name in ("agreement", "negotiated", "breakdown", "assistance", "training", "imported", "provenance", "reopened", "unblinded"):
            assert getattr(one, name) == getattr(other, name), name
        files_of = [tx.reports.files(tx.rounds.get(round_id)) for round_id in (without, beside)]
        assert sorted(set(files_of[1]) - set(files_of[0])) == ["codings-of-models.csv"]
        assert files_of[0]["codings.csv"].splitlines()[0] == files_of[1]["codings.csv"].splitlines()[0]
        assert {line.split(b",")[1] for line in files_of[1]["codings.csv"].splitlines()[1:]} == {b"Coder 0", b"Coder 1"}
        assert {one.coding.person_id for one in tx.codings.revealed(beside)} == set(scene.coders)
        given = [tx.adjudications.given(tx.rounds.get(round_id)) for round_id in (without, beside)]
        assert given[0] == given[1]


def test_a_file_of_its_own_has_what_models_gave(scene: Scene) -> None:
    round_id = scene.open()
    let_model_code(scene, round_id)
    scene.close(round_id)
    with scene.store.reading() as tx:
        rows = tx.reports.files(tx.rounds.get(round_id))["codings-of-models.csv"].decode().splitlines()
    assert rows[0] == "unit,coder,variable,code,sequence,at"
    assert len(rows) == 1 + 4 * 2  # it abstained on two of six
    assert rows[1].startswith(f'{scene.excerpts[0]},"{configuration().name}",theme,hope,2,')


def test_erasing_a_document_takes_what_a_model_gave_it_and_leaves_a_sound_chain(scene: Scene) -> None:
    with scene.store.writing() as tx:
        added = tx.corpus.bring_in(scene.study, [document("Another text.", name="interview 2")]).added
    round_id = scene.open()
    made, _ = let_model_code(scene, round_id)
    scene.close(round_id)
    with scene.store.writing() as tx:
        tx.erasure.document(added[0], scene.study, scene.lead)
        assert None not in [one.given for one in tx.model_coders.revealed(round_id)]
        tx.erasure.document(scene.document, scene.study, scene.lead)
    with scene.store.reading() as tx:
        assert [one.given for one in tx.model_coders.revealed(round_id)] == [None] * 6
        models = tx.reports.of(tx.rounds.get(round_id), profile=STANDARD_1, list_at_most=0).models
        assert models is not None
        assert [(one.excerpts, one.erased) for one in models.coders] == [(SIX, SIX)]
        assert first_break(tx.chains.chain(round_id, made)) is None
        assert tx.chains.unkept(round_id) == []


def test_erasure_reaches_the_bytes(scene: Scene) -> None:
    round_id = scene.open()
    with scene.store.writing() as tx:
        answers = {excerpt: tuple(replace(one, codes=(CANARY,)) for one in given) for excerpt, given in gave(scene).items()}
        tx.model_coders.make(round_id, configuration(model=CANARY), answers, by=scene.lead)
    scene.close(round_id)
    assert holds(scene.store)
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    scene.store.scrub()
    assert everything(scene.store).count(CANARY.encode()) == MODEL_CODER  # what the model coder is stays until the study goes
    with scene.store.writing() as tx:
        tx.erasure.study(scene.study, scene.lead)
    scene.store.scrub()
    assert not holds(scene.store)
    assert scene.store.engine.dialect.name != "sqlite" or CANARY.encode() not in files(scene.store)


@pytest.mark.parametrize("table", ["model_coders", "model_codings"])
@pytest.mark.parametrize("act", ["UPDATE {0} SET round_id = ''", "DELETE FROM {0}"])
def test_nothing_of_it_is_rewritten(scene: Scene, table: str, act: str) -> None:
    let_model_code(scene, scene.open())
    with scene.store.engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(act.format(table)))


def make_against_close(scene: Scene) -> None:
    """A model coder, a coder's codings and the close at once: all of the model coder is in what the close sealed, or nothing is there."""
    round_id = scene.open()
    made, coded, seal = at_once(
        [
            partial(let_model_code, scene, round_id),
            partial(scene.code_all, round_id, scene.coders[0]),
            partial(scene.close, round_id),
        ]
    )
    assert isinstance(made, tuple | Conflict), made
    assert isinstance(coded, list | RoundClosed), coded
    with scene.store.reading() as tx:
        found = tx.model_coders.of(round_id)
        assert [one.id for one in found] == ([made[0]] if isinstance(made, tuple) else [])
        assert len(tx.model_coders.revealed(round_id)) == SIX * len(found)
        [(_, closed)] = tx.chains.records(round_id, EntryKind.CLOSED)
        assert all(one.id in (closed or b"").decode() for one in found)
        assert tx.rounds.get(round_id).seal == seal


def test_a_close_and_a_model_coder_come_one_after_the_other(scene: Scene) -> None:
    for _ in range(ROUNDS):
        make_against_close(scene)


def test_two_of_the_same_at_once_are_one(scene: Scene) -> None:
    for _ in range(ROUNDS):
        round_id = scene.open()
        outcomes = at_once([partial(let_model_code, scene, round_id) for _ in range(4)])
        made = [cast("tuple[ModelCoderId, bool]", one) for one in outcomes if isinstance(one, tuple)]
        assert len(made) == 4, outcomes
        assert len({one for one, _ in made}) == 1
        assert [new for _, new in made].count(True) == 1


def test_a_request_is_known_by_its_key_and_by_what_was_asked(scene: Scene) -> None:
    with scene.store.writing() as tx:
        assert tx.requests.made("p", "act", "key", b"body") is None
        tx.requests.once("p", "act", "key", b"body", lambda: "made")
        assert tx.requests.made("p", "act", "key", b"body") == "made"
        assert tx.requests.made("q", "act", "key", b"body") is None
        with pytest.raises(KeyReused):
            tx.requests.made("p", "act", "key", b"other")


def test_who_made_it_is_audited(scene: Scene) -> None:
    round_id = scene.open()
    let_model_code(scene, round_id)
    with scene.store.reading() as tx:
        assert [(one.act, one.person_id) for one in tx.audits.about(round_id)] == [("made model coder", scene.lead)]
        with pytest.raises(NotFound):
            tx.model_coders.get(round_id, "nobody")
