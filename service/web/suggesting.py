"""The one place where codings' assignments and the model's suggestions meet: a source and vectors in, ranked codes out."""

import asyncio
from collections.abc import Sequence

import msgspec
import numpy as np

from service.codebook.model import validate
from service.embedding import EncoderService, ModelIdentity, ReadText, Traffic, Vectors, model_key
from service.store import Store
from service.suggestion import FIXED, CodeIndex, CodeText, Configuration, Suggestion, TextKind, build_index, texts_of
from service.suggestion.basis import enough, fitted_to
from service.web.identity import Principal
from service.web.shelves import Shelves
from service.web.sources import Examples, Source, all_sources, examples_of, fit_of

DEADLINE_S = 20.0
MOST_TEXTS = 100_000
"""Texts of the indexes that are kept for one principal."""


class Suggesting:
    """Ranks codes for texts. Code indexes are kept for each principal, so that nobody's request warms another's."""

    def __init__(self, encoder: EncoderService, store: Store) -> None:
        self.encoder = encoder
        self.store = store
        self._indexes = Shelves[CodeIndex](MOST_TEXTS, weigh=lambda index: len(index.texts))
        self._too_few: set[str] = set()

    async def for_texts(
        self, who: Principal, source: Source, texts: Sequence[str], *, top: int
    ) -> tuple[tuple[Suggestion, ...], tuple[ReadText, ...]]:
        """Rank codes for texts sent with the request, and say what was read of each; a person's texts are embedded alone."""
        index = await self.index(who, source)
        embedded = await self.encoder.embed(texts, traffic=_traffic(who), deadline=DEADLINE_S)
        return index.rank(embedded.vectors, top=top), embedded.read()

    async def for_vectors(self, who: Principal, source: Source, vectors: Vectors, *, top: int) -> tuple[Suggestion, ...]:
        """Rank codes for excerpts by their stored vectors, bit for bit the same each time."""
        return (await self.index(who, source)).rank(vectors, top=top)

    async def index(self, who: Principal, source: Source) -> CodeIndex:
        """Give a source's index, embedding the codes' texts the first time this principal asks."""
        await self.encoder.ready(DEADLINE_S)
        identity = self.encoder.identity()
        fit = await asyncio.to_thread(fit_of, self.store, source, identity) if source.snapshot else None
        key = (source.shelf, identity.revision, fit is not None)
        if (known := self._indexes.get(who.key, key)) is not None:
            return known
        validate(source.codebook)
        examples = await asyncio.to_thread(examples_of, self.store, source, identity)
        texts = texts_of(source.codebook, examples.resolved)
        written = [text.text for text in texts if text.kind is not TextKind.RESOLVED]
        vectors = await self.encoder.encode(written, traffic=Traffic.PERSON, deadline=DEADLINE_S)
        made = await asyncio.to_thread(_built, source, examples, texts, vectors, identity, fit)
        self._indexes.put(who.key, key, made)
        return made

    def fit_missing(self) -> None:
        """Fit what has enough resolved excerpts and was not fitted yet; for the background, after a close."""
        with self.store.reading() as tx:
            sources = all_sources(tx)
        for source in sources:
            identity = self.encoder.identity()
            fit_id = source.fit_id(model_key(identity))
            if fit_id not in self._too_few and fit_of(self.store, source, identity) is None:
                self._fit(source, identity)

    def _fit(self, source: Source, identity: ModelIdentity) -> None:
        examples = examples_of(self.store, source, identity)
        fit_id = source.fit_id(model_key(identity))
        if not enough(examples.resolved) or source.snapshot is None:
            self._too_few.add(fit_id)
            return
        texts = texts_of(source.codebook, examples.resolved)
        written = self.encoder.bulk().encode([text.text for text in texts if text.kind is not TextKind.RESOLVED])
        found = fitted_to(_built(source, examples, texts, written, identity, None))
        with self.store.writing() as tx:
            tx.snapshots.keep_fit(fit_id, source.snapshot.study_id, msgspec.json.encode(found).decode())


def _built(
    source: Source, examples: Examples, texts: tuple[CodeText, ...], written: Vectors, identity: ModelIdentity, fit: str | None
) -> CodeIndex:
    """Lay vectors out in the order of the texts: the written ones come first, then each example once a code."""
    places = [place for place, one in enumerate(examples.resolved) for _ in one.codes]
    vectors = np.concatenate([written, examples.vectors[places]]) if places else written
    configuration = msgspec.json.decode(fit, type=Configuration) if fit is not None else FIXED
    waiting = enough(examples.resolved) if fit is None else frozenset[str]()
    return build_index(source.codebook, texts, vectors, identity, configuration).numbered(
        source.snapshot.sequence if source.snapshot else None, waiting
    )


def _traffic(who: Principal) -> Traffic:
    return Traffic.MACHINE if who.is_machine else Traffic.PERSON
