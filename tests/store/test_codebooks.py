"""Codebook revisions: appended, numbered, never rewritten."""

import msgspec
import pytest

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.errors import NotFound
from tests.store.scene import CODEBOOK, Scene

OTHER = Codebook(variables=(Variable(name="théme 🦜", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="none", definition="e\u0301\n"),)),))
NOWHERE = "00000000-0000-4000-8000-000000000000"


def test_an_edit_is_a_new_revision_and_the_same_again_is_none(scene: Scene) -> None:
    with scene.store.writing() as tx:
        same, new = tx.codebooks.save(scene.study, CODEBOOK, by=scene.lead, note="again")
        assert (same.id, same.number, new) == (scene.revision, 1, False)
        second, new = tx.codebooks.save(scene.study, OTHER, by=scene.lead, note="split")
        assert (second.number, second.note, new) == (2, "split", True)
        back, new = tx.codebooks.save(scene.study, CODEBOOK, by=scene.lead, note="")
        assert (back.number, new) == (3, True)
        codebook_id = tx.codebooks.id_of(scene.study)
        assert codebook_id is not None
        assert [revision.codebook for revision in tx.codebooks.revisions(codebook_id)] == [CODEBOOK, OTHER, CODEBOOK]
        assert tx.codebooks.numbered(codebook_id, 2).codebook == OTHER
        assert tx.codebooks.study_of(codebook_id) == scene.study
        assert tx.codebooks.latest(scene.study) == tx.codebooks.revision(back.id)


def test_what_is_not_there_is_not_found(scene: Scene) -> None:
    with scene.store.reading() as tx:
        assert tx.codebooks.latest(NOWHERE) is tx.codebooks.id_of(NOWHERE) is tx.codebooks.study_of(NOWHERE) is None
        codebook_id = tx.codebooks.id_of(scene.study)
    with scene.store.reading() as tx, pytest.raises(NotFound):
        tx.codebooks.revision(NOWHERE)
    with scene.store.reading() as tx, pytest.raises(NotFound):
        tx.codebooks.numbered(codebook_id or "", 9)


def test_a_codebook_comes_back_as_it_was(scene: Scene) -> None:
    with scene.store.writing() as tx:
        saved, _ = tx.codebooks.save(scene.study, OTHER, by=scene.lead, note="ñ")
        assert msgspec.to_builtins(tx.codebooks.revision(saved.id)) == msgspec.to_builtins(saved)
