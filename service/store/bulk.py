"""Embedding everything that has no vector yet, and writing vectors to files: both in bounded memory, whatever the size."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from service.embedding import Encoder, ModelIdentity, Vector, embed_missing, model_key, text_key
from service.errors import BadInput, Conflict
from service.store import operator
from service.store.store import Store

PART = 10_000
"""Vectors in one file: 15 MB of 384 numbers each."""
TEXTS_AT_ONCE = 2_048


def count_missing(store: Store, encoder: Encoder) -> int:
    """Count the texts that have no vector of the encoder's model yet."""
    with store.reading() as tx:
        return tx.vectors.count_missing(model_key(encoder.identity))


def embed_all(store: Store, encoder: Encoder, progress: Callable[[int], None]) -> int:
    """Embed every text without a vector, in the order of their hashes, and say how many; a kill costs one batch at most."""
    done, after = 0, ""
    while texts := _missing(store, encoder, after):
        embedded = embed_missing(encoder, store.vectors, texts).embedded
        progress(embedded)
        done, after = done + embedded, text_key(texts[-1])
    return done


def write_vectors(store: Store, model: ModelIdentity, study: str, folder: Path) -> Iterator[Path]:
    """Write a study's vectors as parquet parts (excerpt, document, vector), in the order of excerpt ids."""
    if not study:
        message = "Name the study whose vectors are written: --study."
        raise BadInput(message)
    chosen = operator.study(store, study, "")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        message = "The folder is not empty. Name a new one, so that parts of two runs are never mixed."
        raise Conflict(message)
    after, number = "", 0
    while rows := _part(store, model, chosen, after):
        number, after = number + 1, rows[-1][0]
        path = folder / f"vectors-{number:05}.parquet"
        _as_columns(rows).write_parquet(path)
        yield path


def _missing(store: Store, encoder: Encoder, after: str) -> list[str]:
    with store.reading() as tx:
        return tx.vectors.missing(model_key(encoder.identity), limit=TEXTS_AT_ONCE, after=after)


def _as_columns(rows: Sequence[tuple[str, str, Vector]]) -> pl.DataFrame:
    excerpts, documents, vectors = zip(*rows, strict=True)
    return pl.DataFrame({"excerpt": excerpts, "document": documents, "vector": np.stack(vectors)})


def _part(store: Store, model: ModelIdentity, study: str, after: str) -> list[tuple[str, str, Vector]]:
    with store.reading() as tx:
        return list(tx.vectors.of_study(study, model_key(model), after=after, limit=PART))
