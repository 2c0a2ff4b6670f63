"""Embedding what has no vector yet: everything once, whenever it is stopped; and the vectors in files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sqlalchemy import event

from service.corpus.model import StudyId
from service.embedding import ModelKey, Vectors, model_key, text_key
from service.errors import BadInput, Conflict
from service.exchange.documents import DocumentOptions, read_documents
from service.store import Store, bulk
from tests.databases import KEY
from tests.fakes import HashEncoder
from tests.store.scene import Scene

TEXTS = 1_300
"""More than two writes of 512."""


class Failing(HashEncoder):
    """Ends, as a killed process would, when it has been asked so often."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.left = calls

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().encode(texts)


@pytest.fixture
def large(scene: Scene) -> StudyId:
    """Give the scene's study with many more excerpts, one of them twice."""
    texts = [f"Excerpt number {number}." for number in range(TEXTS)]
    new = read_documents("many.txt", "\n\n".join([*texts, texts[0]]).encode(), DocumentOptions())
    with scene.store.writing() as tx:
        tx.corpus.bring_in(scene.study, new)
    return scene.study


def test_every_text_is_embedded_once_and_then_nothing_is_left(store: Store, large: StudyId) -> None:
    encoder, steps = HashEncoder(), list[int]()
    missing = bulk.count_missing(store, encoder)
    assert missing >= TEXTS
    assert bulk.embed_all(store, encoder, steps.append) == missing == sum(steps) == len(set(encoder.asked)) == len(encoder.asked)
    assert bulk.count_missing(store, encoder) == 0
    assert bulk.embed_all(store, encoder, steps.append) == 0
    with store.reading() as tx:
        done, every = tx.vectors.progress(large, model_key(encoder.identity))
    assert done == every > TEXTS


def test_what_was_stopped_goes_on_and_repeats_no_batch_that_was_written(store: Store, large: StudyId) -> None:
    first, second = Failing(2), HashEncoder()
    missing = bulk.count_missing(store, first)
    with pytest.raises(KeyboardInterrupt):
        bulk.embed_all(store, first, lambda _: None)
    assert len(first.asked) == 1_024
    assert bulk.embed_all(store, second, lambda _: None) == missing - 1_024
    assert not set(first.asked) & set(second.asked)
    assert large


def test_vectors_are_written_in_parts_with_their_excerpts(
    store: Store, large: StudyId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PART", 1_000)
    encoder = HashEncoder()
    bulk.embed_all(store, encoder, lambda _: None)
    parts = list(bulk.write_vectors(store, encoder.identity, large, tmp_path / "out"))
    assert [part.name for part in parts] == ["vectors-00001.parquet", "vectors-00002.parquet"]
    table = pl.concat([pl.read_parquet(part) for part in parts])
    with store.reading() as tx:
        excerpts = tx.corpus.excerpts(table["excerpt"].to_list())
        kept = tx.vectors.get(model_key(encoder.identity), [text_key(one.text) for one in excerpts.values()])
        assert sorted(table["excerpt"].to_list()) == sorted(tx.corpus.excerpt_ids(large))
    for excerpt, document, vector in table.iter_rows():
        found = excerpts[excerpt]
        assert document == found.document_id
        assert np.array_equal(np.array(vector, np.float32), kept[text_key(found.text)])


def test_a_part_is_read_without_sorting_all_that_is_left(tmp_path: Path) -> None:
    """A million excerpts are a hundred parts: each of them sorted the rest of the study, on the embedded database."""
    embedded = Store(f"sqlite:///{tmp_path / 'intercoder.sqlite'}", KEY)
    embedded.migrate()
    asked: list[tuple[str, Any]] = []
    event.listen(embedded.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    with embedded.reading() as tx:
        assert tx.vectors.of_study("study", ModelKey("m", "1"), after="", limit=10) == []
    statement, values = asked[-1]
    with embedded.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    embedded.close()
    assert any("ix_excerpts_study_id_id (study_id=? AND id>?)" in step for *_, step in plan)  # nor are other studies' excerpts walked
    assert not [step for *_, step in plan if "TEMP B-TREE" in step or "SCAN" in step]


def test_a_folder_with_anything_in_it_and_no_study_are_refused(store: Store, large: StudyId, tmp_path: Path) -> None:
    (tmp_path / "vectors-00001.parquet").write_bytes(b"of another run")
    with pytest.raises(Conflict, match="not empty"):
        list(bulk.write_vectors(store, HashEncoder().identity, large, tmp_path))
    with pytest.raises(BadInput, match="--study"):
        list(bulk.write_vectors(store, HashEncoder().identity, "", tmp_path / "new"))
