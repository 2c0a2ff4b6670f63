"""Vectors that are kept: by the text's hash, the model and its revision. What is missing is work to do; nothing else is recorded of it."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import NewType, Protocol

import numpy as np
from numpy.typing import NDArray

from service.embedding.encoder import Encoder, ModelIdentity, Vectors
from service.errors import Unavailable

TextKey = NewType("TextKey", str)
Vector = NDArray[np.float32]
"""``float32[dimension]``, unit length."""

BATCH = 512
"""Texts embedded between two writes: what a kill can cost at most."""


@dataclass(frozen=True, slots=True)
class ModelKey:
    """Vectors of one model key are comparable with each other and with no others."""

    name: str
    revision: str


class VectorStore(Protocol):
    """Where vectors are kept. ``put`` of what is there already changes nothing: the first vector of a text stays."""

    def get(self, model: ModelKey, keys: Sequence[TextKey]) -> Mapping[TextKey, Vector]:
        """The vectors that are there; keys without one are left out."""
        ...

    def put(self, model: ModelKey, vectors: Mapping[TextKey, Vector]) -> None:
        """Keep vectors, all or none."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """``seen`` texts were looked at, ``embedded`` of them (repeats within a batch once) had no vector until now."""

    seen: int
    embedded: int


def text_key(text: str) -> TextKey:
    """Sha256 of the text as it is stored, in hexadecimal."""
    return TextKey(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def model_key(identity: ModelIdentity) -> ModelKey:
    """What vectors of this model are kept under; the runtime is not part of it."""
    return ModelKey(identity.name, identity.revision)


def to_bytes(vector: Vector) -> bytes:
    """Float32, little-endian, on every machine."""
    return vector.astype("<f4").tobytes()


def from_bytes(data: bytes, dimension: int) -> Vector:
    """The vector that ``to_bytes`` wrote.

    Raises
    ------
    Unavailable
        It has another number of dimensions than the model.
    """
    if len(data) != 4 * dimension:
        raise Unavailable(f"A stored vector has {len(data)} bytes where the model's have {4 * dimension}; delete the stored vectors.")
    return np.frombuffer(data, "<f4").astype(np.float32)


def embed_missing(
    encoder: Encoder, store: VectorStore, texts: Iterable[str], *, batch: int = BATCH, progress: Callable[[Progress], None] | None = None
) -> Progress:
    """Embed the texts that have no vector of this model yet, and only those.

    It may be stopped anywhere and run again: what is done is what the store holds. Texts are read as they come, a batch at a time.

    Parameters
    ----------
    texts
        Any number, repeats too; never held in memory at once.
    batch
        Texts between two writes.
    progress
        Called after each batch.
    """
    done = Progress(0, 0)
    for part in _batches(texts, batch):
        missing = _missing(encoder, store, part)
        _put(encoder, store, missing)
        done = Progress(done.seen + len(part), done.embedded + len(missing))
        if progress is not None:
            progress(done)
    return done


def vectors_of(encoder: Encoder, store: VectorStore, texts: Sequence[str]) -> Vectors:
    """The stored vectors of the texts, in their order; those without one are embedded and stored first.

    Returns
    -------
    float32[len(texts), dimension]
        Read back from the store, so that two askers get the same bits.
    """
    embed_missing(encoder, store, texts)
    return stored_vectors(store, encoder.identity, texts)


def stored_vectors(store: VectorStore, identity: ModelIdentity, texts: Sequence[str]) -> Vectors:
    """The stored vectors of the texts, in their order, without a model.

    Raises
    ------
    Unavailable
        Some text has none yet.
    """
    keys = [text_key(text) for text in texts]
    found = store.get(model_key(identity), list(dict.fromkeys(keys)))
    if any(key not in found for key in keys):
        raise Unavailable(f"{sum(key not in found for key in keys)} texts have no vector of the model {identity.name} yet.")
    return np.stack([found[key] for key in keys]) if keys else np.empty((0, identity.dimension), np.float32)


class MemoryVectors:
    """A ``VectorStore`` in memory, in front of another one or alone; the least used vectors go first."""

    def __init__(self, *, capacity: int, behind: VectorStore | None = None) -> None:
        self._kept: OrderedDict[tuple[ModelKey, TextKey], Vector] = OrderedDict()
        self._capacity = capacity
        self._behind = behind
        self._lock = Lock()

    def get(self, model: ModelKey, keys: Sequence[TextKey]) -> Mapping[TextKey, Vector]:
        """See ``VectorStore.get``."""
        found = self._here(model, keys)
        absent = [key for key in keys if key not in found]
        if absent and self._behind is not None:
            further = self._behind.get(model, absent)
            self._keep(model, further)
            found.update(further)
        return found

    def put(self, model: ModelKey, vectors: Mapping[TextKey, Vector]) -> None:
        """See ``VectorStore.put``; behind first, so that nothing is here that is not there."""
        if self._behind is None:
            self._keep(model, vectors)
            return
        self._behind.put(model, vectors)
        self._keep(model, self._behind.get(model, list(vectors)))

    def forget(self, keys: Iterable[TextKey]) -> None:
        """Drop every vector of erased texts; the store behind drops its own."""
        gone = set(keys)
        with self._lock:
            for place in [place for place in self._kept if place[1] in gone]:
                del self._kept[place]

    def _here(self, model: ModelKey, keys: Sequence[TextKey]) -> dict[TextKey, Vector]:
        with self._lock:
            found = {key: self._kept[model, key] for key in keys if (model, key) in self._kept}
            for key in found:
                self._kept.move_to_end((model, key))
        return found

    def _keep(self, model: ModelKey, vectors: Mapping[TextKey, Vector]) -> None:
        with self._lock:
            for key, vector in vectors.items():
                self._kept.setdefault((model, key), vector.copy())  # a row alone: a view would keep its whole batch in memory
            for place in list(islice(self._kept, max(0, len(self._kept) - self._capacity))):
                del self._kept[place]


def _batches(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(texts)
    while part := list(islice(rest, size)):
        yield part


def _missing(encoder: Encoder, store: VectorStore, texts: Sequence[str]) -> dict[TextKey, str]:
    by_key = {text_key(text): text for text in texts}
    found = store.get(model_key(encoder.identity), list(by_key))
    return {key: text for key, text in by_key.items() if key not in found}


def _put(encoder: Encoder, store: VectorStore, missing: Mapping[TextKey, str]) -> None:
    if missing:
        vectors = encoder.encode(list(missing.values()))
        store.put(model_key(encoder.identity), dict(zip(missing, vectors, strict=True)))
