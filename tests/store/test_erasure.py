"""Erasing reaches the bytes, and leaves what stays in a state that still verifies."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.adjudication import Resolution, Way, Why
from service.coding.ledger import Exposure, Shown, first_break
from service.coding.model import Answer, Content
from service.coding.visibility import Role
from service.embedding import ModelKey, TextKey
from service.errors import Conflict, NotFound
from service.store import Store
from service.store.corpus import text_hash
from service.store.credentials import LinkKind, Scope, TokenKind
from tests.store.scene import TEXTS, Scene, document, one

MODEL = ModelKey("tests", "1")
CANARY = "CANARY-7c2e-näïve-🦜"


def files(store: Store) -> bytes:
    """Read every file of the embedded database: the database, its log, its index of the log."""
    path = Path(store.engine.url.database or "")
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


def everything(store: Store) -> bytes:
    """Read every value of every table, text and bytes alike."""
    with store.engine.connect() as connection:
        names = connection.execute(text(TABLES[connection.dialect.name])).scalars().all()
        values: list[object] = [value for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"')) for value in row]
    return b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def holds(store: Store) -> bool:
    on_disk = files(store) if store.engine.dialect.name == "sqlite" else b""
    return CANARY.encode() in on_disk + everything(store)


def keep_vectors(scene: Scene) -> None:
    with scene.store.writing() as tx:
        found = tx.corpus.excerpts(scene.excerpts).values()
        tx.vectors.put(MODEL, {TextKey(one.text_sha256): np.ones(4, dtype=np.float32) for one in found})


def vectors(store: Store) -> int:
    with store.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM vectors")).scalar_one()


@pytest.fixture
def secret(store: Store) -> Scene:
    """Give a study whose every field that people write holds the canary, with a closed round and vectors."""
    scene = Scene.in_store(store, texts=[f"{CANARY} said mentor {number}." for number in range(3)])
    with store.writing() as tx:  # Its values go with the document; the name of the column is the study's.
        tx.metadata.keep(scene.study, replace(document("x"), metadata={"site": (CANARY,)}), {0: scene.excerpts[0]})
    round_id = scene.open()
    person = scene.coders[0]
    turns = scene.turns(round_id, person)
    scene.submit(round_id, person, [(turns[0].id, one("hope", memo=CANARY)), (turns[1].id, Content(skip=CANARY))])
    scene.submit(round_id, person, [(turns[0].id, one("fear", memo=CANARY))])
    with store.writing() as tx:
        exposure = Exposure(assignment_id=turns[2].id, shown=Shown.SUGGESTION, digest="d")
        tx.codings.expose(tx.codings.lock(round_id, person), person, exposure)
    scene.close(round_id)
    answer = Answer(variable="theme", codes=("hope",))
    said = Resolution(excerpt_id=turns[0].excerpt_id, answer=answer, way=Way.EXPERT, why=Why.SLIP, memo=CANARY)
    with store.writing() as tx:
        tx.adjudications.resolve(round_id, said, scene.lead)
    keep_vectors(scene)
    return scene


def test_a_documents_text_codings_and_vectors_are_gone_from_the_bytes(secret: Scene) -> None:
    store = secret.store
    assert holds(store)
    with store.writing() as tx:
        tx.erasure.document(secret.document, secret.study, secret.lead)
    store.scrub()
    assert not holds(store)
    assert vectors(store) == 0
    assert store.integrity() == []


def test_what_stays_of_an_erased_document_is_who_and_when(secret: Scene) -> None:
    store = secret.store
    with store.reading() as tx:
        [round_] = tx.rounds.of_study(secret.study)
        before = tx.chains.whole(round_.id)
    with store.writing() as tx:
        tx.erasure.document(secret.document, secret.study, secret.lead)
    with store.reading() as tx:
        assert tx.chains.whole(round_.id) == before
        assert first_break(tx.chains.chain(round_.id, secret.coders[0])) is None
        own = tx.codings.own(round_.id, secret.coders[0])
        assert [coding.content for coding in own] == [None] * 3
        assert [one.coding.content for one in tx.codings.revealed(round_.id)] == [None] * 3
        assert [(audit.act, audit.person_id) for audit in tx.audits.about(secret.document)] == [("erased document", secret.lead)]
        assert tx.corpus.documents(secret.study) == []
        assert tx.corpus.excerpt_ids(secret.study) == []
    with store.reading() as tx, pytest.raises(NotFound):
        tx.corpus.document(secret.document)


def test_other_documents_and_shared_vectors_stay(scene: Scene) -> None:
    with scene.store.writing() as tx:
        tx.corpus.bring_in(scene.study, [document(TEXTS[0], name="the same words elsewhere")])
    keep_vectors(scene)
    assert vectors(scene.store) == len(TEXTS)
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    assert vectors(scene.store) == 1
    with scene.store.reading() as tx:
        assert [found.name for found in tx.corpus.documents(scene.study)] == ["the same words elsewhere"]
        assert list(tx.vectors.get(MODEL, [TextKey(text_hash(TEXTS[0]))])) == [text_hash(TEXTS[0])]


def test_an_erased_document_can_be_imported_anew(scene: Scene) -> None:
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    with scene.store.writing() as tx:
        again = tx.corpus.bring_in(scene.study, [document(*TEXTS)])
    assert len(again.added) == 1
    assert again.added != (scene.document,)


def test_nothing_of_an_open_round_is_erased(scene: Scene) -> None:
    round_id = scene.open()
    with scene.store.writing() as tx, pytest.raises(Conflict, match="open round"):
        tx.erasure.document(scene.document, scene.study, scene.lead)
    with scene.store.writing() as tx, pytest.raises(Conflict, match="open round"):
        tx.erasure.study(scene.study, scene.lead)
    assert len(scene.code_all(round_id, scene.coders[0])) == len(TEXTS)


def test_drafts_over_what_is_erased_go_with_it(scene: Scene) -> None:
    draft = scene.plan()
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    with scene.store.reading() as tx, pytest.raises(NotFound):
        tx.rounds.get(draft)


def test_a_whole_study_is_gone_from_the_bytes(store: Store) -> None:
    scene = Scene.in_store(store, texts=[f"{CANARY} said mentor {number}." for number in range(3)])
    codebook = Codebook(variables=(Variable(name=CANARY, scheme=Scheme.ONE_CODE, codes=(Code(name="hope", definition=CANARY),)),))
    with store.writing() as tx:
        named = tx.corpus.add_study(CANARY, scene.lead)
        for person, role in ((scene.lead, Role.LEAD), *((person, Role.CODER) for person in scene.coders)):
            tx.people.join(named, person, role)
        revision, _ = tx.codebooks.save(named, codebook, by=scene.lead, note=CANARY)
        imported = tx.corpus.bring_in(named, [document(CANARY + " again", name=CANARY)])
        excerpts = tuple(tx.corpus.excerpt_ids(named))
        tx.links.issue(LinkKind.JOIN, person_id=scene.coders[0], study_id=named, role=Role.CODER)
        life, scopes = timedelta(days=1), [Scope.SUGGEST]
        _, token = tx.tokens.issue(kind=TokenKind.MACHINE, name="tool", scopes=scopes, person_id=scene.lead, study_id=named, life=life)
    other = Scene(store, named, scene.lead, scene.coders, revision.id, imported.added[0], excerpts)
    round_id = other.open()
    other.submit(
        round_id, scene.coders[0], [(turn.id, one("hope", CANARY, memo=CANARY)) for turn in other.turns(round_id, scene.coders[0])]
    )
    other.close(round_id)
    draft = other.plan()
    for study in (scene.study, named):
        with store.writing() as tx:
            tx.erasure.study(study, scene.lead)
    store.scrub()
    assert not holds(store)
    with store.reading() as tx:
        assert tx.corpus.studies([scene.study, named]) == []
        assert tx.people.studies(scene.lead) == {}
        assert tx.tokens.find(token) is None
        assert first_break(tx.chains.chain(round_id, scene.coders[0])) is None
    with store.reading() as tx, pytest.raises(NotFound):
        tx.rounds.get(draft)
    with store.reading() as tx, pytest.raises(NotFound):
        tx.codebooks.revision(revision.id)
    assert store.integrity() == []


def test_an_erased_study_keeps_no_name_of_a_column(scene: Scene) -> None:
    with scene.store.writing() as tx:
        tx.corpus.bring_in(scene.study, [replace(document("x", name="with columns"), metadata={CANARY: (CANARY,)})])
    assert holds(scene.store)
    with scene.store.writing() as tx:
        tx.erasure.study(scene.study, scene.lead)
    scene.store.scrub()
    assert not holds(scene.store)
