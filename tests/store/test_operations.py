"""What an edit of a codebook meant is kept with the revision that it led to."""

import pytest

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.codebook.operations import Edit, Rename
from service.errors import BadInput
from tests.store.scene import CODEBOOK, Scene


def test_the_store_keeps_operations_with_the_revision(scene: Scene) -> None:
    [theme, needs] = CODEBOOK.variables
    renamed = Variable(name="theme", scheme=Scheme.ONE_CODE, codes=(Code(name="outlook", definition="looks ahead"), theme.codes[1]))
    after = Codebook(variables=(renamed, needs))
    rename = Rename(variable="theme", code="hope", to="outlook")
    with scene.store.writing() as tx:
        made, new = tx.codebooks.save(scene.study, after, by=scene.lead, note="", edit=Edit.MINOR, operations=[rename])
        assert new
    with scene.store.writing() as tx, pytest.raises(BadInput):
        tx.codebooks.save(scene.study, CODEBOOK, by=scene.lead, note="", edit=Edit.MINOR)
    with scene.store.reading() as tx:
        kept = tx.codebooks.revision(made.id)
        first = tx.codebooks.numbered(made.codebook_id, 1)
    assert (kept.edit, kept.operations) == (Edit.MINOR, (rename,))
    assert (first.edit, first.operations) == (Edit.MEANING, ())
