"""Texts into token rows that fit the model, with what was cut or windowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from service.embedding.encoder import Counts, Vectors, readable
from service.embedding.manifest import LongTexts, Manifest

_OVERLAP = 4
"""A window shares a quarter of its tokens with the one before it, so that no sentence is read only in two halves."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Token rows of some texts.

    ``rows`` are token ids, each row no longer than the model reads; ``owners[i]`` is the place of the text that row *i* belongs to;
    ``counts`` are the tokens of each text before anything was cut.
    """

    rows: list[list[int]]
    owners: NDArray[np.intp]
    counts: Counts

    @property
    def lengths(self) -> Counts:
        """Tokens of each row."""
        return np.fromiter(map(len, self.rows), np.int32, len(self.rows))


class TokenReader:
    """The tokenizer of a model, with its prefix and its rule for long texts."""

    def __init__(self, file: Path, manifest: Manifest) -> None:
        self._tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._prefix = manifest.prefix
        self._max = manifest.max_tokens
        self._windows = manifest.long_texts is LongTexts.WINDOWS
        frame = self._tokenizer.encode("a")
        words = [place for place, special in enumerate(frame.special_tokens_mask) if not special]
        self._before = frame.ids[: words[0]]
        self._after = frame.ids[words[-1] + 1 :]

    def read(self, texts: Sequence[str]) -> Rows:
        """Rows for the model, in the order of the texts."""
        encodings = self._tokenizer.encode_batch_fast([self._prefix + readable(text) for text in texts])
        parts = [self._fit(encoding.ids) for encoding in encodings]
        owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts]).astype(np.intp)
        counts = np.fromiter((len(encoding.ids) for encoding in encodings), np.int32, len(encodings))
        return Rows([row for part in parts for row in part], owners, counts)

    def _fit(self, ids: list[int]) -> list[list[int]]:
        if len(ids) <= self._max:
            return [ids]
        words = ids[len(self._before) : len(ids) - len(self._after)]
        room = self._max - len(self._before) - len(self._after)
        starts = range(0, len(words) - room // _OVERLAP, room - room // _OVERLAP) if self._windows else range(1)
        return [[*self._before, *words[start : start + room], *self._after] for start in starts]


def pooled(vectors: Vectors, read: Rows) -> Vectors:
    """One unit vector a text: of a text in windows, the mean of its windows weighted by their tokens."""
    texts = len(read.counts)
    if len(vectors) == texts:
        return vectors
    sums = np.zeros((texts, vectors.shape[1]), np.float64)
    np.add.at(sums, read.owners, vectors * read.lengths[:, None].astype(np.float64))
    return unit(sums)


def unit(rows: NDArray[np.floating]) -> Vectors:
    """Rows scaled to length 1."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(norms, np.finfo(np.float32).tiny)).astype(np.float32)
