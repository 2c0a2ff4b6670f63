"""The inner pieces alone: tokenise, pack, pool, rank, cache. ``python -m pytest benchmarks/embedding/pieces.py --benchmark-only``."""

from typing import Any

import numpy as np

from benchmarks.embedding.cache import DIMENSION, Free
from benchmarks.embedding.runtimes import ROOT
from benchmarks.embedding.texts import workload
from service.embedding import DEFAULT_MODEL, MemoryVectors, embed_missing, read_manifest, stored_vectors
from service.embedding.batches import plan
from service.embedding.converted import TOKENIZER
from service.embedding.padded import shape_for
from service.embedding.sources import source_folder
from service.embedding.tokens import Rows, TokenReader, pooled, unit
from service.suggestion.similarity import exact, similarities

TEXTS = workload("W", 1000, seed=3)
MANIFEST = read_manifest(ROOT / "models", DEFAULT_MODEL)
READER = TokenReader(source_folder(ROOT / "models", MANIFEST) / TOKENIZER, MANIFEST)


def random_vectors(count: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return unit(np.random.default_rng(seed).standard_normal((count, DIMENSION)))


def test_tokenise_1000_texts(benchmark: Any) -> None:
    read: Rows = benchmark(READER.read, TEXTS)
    assert len(read.rows) == len(TEXTS)


def test_pack_1000_texts_into_passes(benchmark: Any) -> None:
    lengths = READER.read(TEXTS).lengths
    batches = benchmark(lambda: list(plan(lengths, shape_for(1))))
    assert sum(len(batch.places) for batch in batches) == len(TEXTS)


def test_pool_2000_windows_of_1000_texts(benchmark: Any) -> None:
    windows = random_vectors(2000, seed=4)
    read = Rows([[1] * 10] * 2000, np.repeat(np.arange(1000), 2).astype(np.intp), np.full(1000, 20, np.int32))
    assert benchmark(pooled, windows, read).shape == (1000, DIMENSION)


def test_rank_100_excerpts_by_200_codes(benchmark: Any) -> None:
    excerpts, codes = exact(random_vectors(100, seed=5)), exact(random_vectors(200, seed=6))
    assert benchmark(similarities, excerpts, codes).shape == (100, 200)


def test_read_1000_kept_vectors(benchmark: Any) -> None:
    store = MemoryVectors(capacity=1000)
    embed_missing(Free(), store, TEXTS)
    assert benchmark(stored_vectors, store, Free.identity, TEXTS).shape == (1000, DIMENSION)
