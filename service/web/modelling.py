"""A model codes a round's sample: its suggestions for every excerpt, read as codings by one rule, stored together and sealed."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

import msgspec
import numpy as np

from service.codebook.model import Codebook, Scheme, Variable
from service.coding.ledger import canonical
from service.coding.model import Answer, Round, RoundId
from service.coding.model_coders import Configuration, check_takes_a_model
from service.corpus.model import ExcerptId
from service.embedding import ModelKey, TextKey, model_key
from service.errors import Conflict, Unavailable
from service.store import Store, Transaction
from service.suggestion import CodeIndex, MadeBy, Suggestion, codebook_digest
from service.suggestion.coder import RULE, coded, codes_needed, takes_a_model
from service.suggestion.prompting import LONGEST_EXCERPT
from service.web import access
from service.web.allowance import Allowance
from service.web.identity import Principal
from service.web.language_models import LanguageModels
from service.web.sources import Source, of_sample
from service.web.suggesting import DEADLINE_S, Suggesting

AT_ONCE = 500
"""Excerpts ranked together: a sample of any size takes the memory of so many."""
LOOK_AGAIN_S = 0.25
AGAIN = "Send it again in a moment; nothing of the round was stored."
NEW, SAME = "new", "same"

Given = dict[ExcerptId, tuple[Answer, ...]]


class Backend(StrEnum):
    """What makes suggestions: the model that embeds, always there; or the language model that the study's lead turned on."""

    EMBEDDINGS = "embeddings"
    LANGUAGE_MODEL = "language-model"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model coder that a lead asked for, under the key of the request."""

    who: Principal
    round_id: str
    backend: Backend
    key: str

    @property
    def operation(self) -> str:
        """Name the act that the key belongs to."""
        return f"makeModelCoder {self.round_id}"

    @property
    def body(self) -> bytes:
        """Tell this request from another under the same key."""
        return canonical([self.backend])


@dataclass(frozen=True, slots=True)
class _Sample:
    """What is to be coded, and from what."""

    round_id: RoundId
    codebook: Codebook
    source: Source
    excerpts: tuple[ExcerptId, ...]


@dataclass(frozen=True, slots=True)
class Modelling:
    """Has models code samples. Nothing of a round is written before every excerpt of it is answered."""

    store: Store
    suggesting: Suggesting
    language_models: LanguageModels
    allowance: Allowance

    async def make(self, wanted: Wanted) -> tuple[str, bool]:
        """Make a model coder, or give the one that the round has of this configuration; say whether it is new."""
        begun = await asyncio.to_thread(self._begin, wanted)
        if not isinstance(begun, _Sample):
            return begun
        self.allowance.take(wanted.who.key, len(begun.excerpts))
        if wanted.backend is Backend.EMBEDDINGS:
            made_by, given = await self._by_embeddings(wanted.who, begun)
        else:
            made_by, given = await self._by_language_model(wanted.who, begun)
        return await asyncio.to_thread(self._end, wanted, begun, _configuration(wanted.backend, made_by, begun.codebook), given)

    def _begin(self, wanted: Wanted) -> _Sample | tuple[str, bool]:
        with self.store.reading() as tx:
            round_ = access.lead_round(tx, wanted.who, wanted.round_id)
            made = tx.requests.made(wanted.who.key, wanted.operation, wanted.key, wanted.body)
            if made is not None:
                return _read(made)
            check_takes_a_model(round_, tx.session.now())
            if wanted.backend is Backend.LANGUAGE_MODEL:
                access.check_suggestions(tx, wanted.who)
            return _sample(tx, round_)

    async def _by_embeddings(self, who: Principal, sample: _Sample) -> tuple[MadeBy, Given]:
        index = await self._index(who, sample.source)
        key = model_key(self.suggesting.encoder.identity())
        return index.made_by, await asyncio.to_thread(self._ranked, sample, index, key)

    async def _index(self, who: Principal, source: Source) -> CodeIndex:
        """Give the source's index once everything is fitted that will be: a model coder stands for what the snapshot gives."""
        ends = monotonic() + DEADLINE_S
        try:
            while (index := await self.suggesting.index(who, source)).waiting and monotonic() < ends:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_S)
        except Unavailable as refusal:
            message = f"{refusal.detail} {AGAIN}"
            raise Unavailable(message) from refusal
        if index.waiting:
            message = f"The fit to the resolved excerpts of the last close is still being made. {AGAIN}"
            raise Unavailable(message)
        return index

    def _ranked(self, sample: _Sample, index: CodeIndex, model: ModelKey) -> Given:
        given: Given = {}
        for first in range(0, len(sample.excerpts), AT_ONCE):
            part = sample.excerpts[first : first + AT_ONCE]
            with self.store.reading() as tx:
                found = tx.corpus.excerpts(part)
                keys = [TextKey(found[one].text_sha256) for one in part]
                vectors = tx.vectors.get(model, sorted(set(keys)))
            if not vectors.keys() >= set(keys):
                message = f"Excerpts of the sample are still being embedded. {AGAIN}"
                raise Unavailable(message)
            ranked = index.rank(np.array([vectors[key] for key in keys], np.float32), top=codes_needed(sample.codebook))
            given |= {one: _answers(suggestion, sample.codebook) for one, suggestion in zip(part, ranked, strict=True)}
        return given

    async def _by_language_model(self, who: Principal, sample: _Sample) -> tuple[MadeBy, Given]:
        if sample.source.snapshot is None:
            message = "The study had no suggestion snapshot when the round opened, so no language model can code it; nothing was sent."
            raise Conflict(message)
        texts = await asyncio.to_thread(self._texts, sample)
        source = msgspec.structs.replace(sample.codebook, variables=tuple(_asked_about(sample.codebook)))
        asked = Source(source, sample.source.snapshot, sample.source.size, sample.source.apart)
        found = await self.language_models.for_sample(who, asked, texts, top=codes_needed(sample.codebook))
        if len(made_by := {one.made_by for one in found}) > 1:
            message = "Another language model was turned on while this one was asked. Send it again; nothing of the round was stored."
            raise Conflict(message)
        return made_by.pop(), dict(zip(sample.excerpts, (_answers(one, sample.codebook) for one in found), strict=True))

    def _texts(self, sample: _Sample) -> list[str]:
        with self.store.reading() as tx:
            found = tx.corpus.excerpts(sample.excerpts)
        texts = [found[one].text for one in sample.excerpts]
        if long := sum(len(text) > LONGEST_EXCERPT for text in texts):
            message = (
                f"{long} excerpts of the sample are longer than the {LONGEST_EXCERPT:,} characters that a language model is sent, "
                "so it cannot code this sample. Nothing was sent."
            )
            raise Conflict(message)
        return texts

    def _end(self, wanted: Wanted, sample: _Sample, configuration: Configuration, given: Given) -> tuple[str, bool]:
        with self.store.writing() as tx:
            access.lead_round(tx, wanted.who, wanted.round_id)

            def act() -> str:
                made, new = tx.model_coders.make(sample.round_id, configuration, given, by=wanted.who.person_id)
                return msgspec.json.encode((made, NEW if new else SAME)).decode()

            made, _ = tx.requests.once(wanted.who.key, wanted.operation, wanted.key, wanted.body, act)
            return _read(made)


def _read(made: str) -> tuple[str, bool]:
    model_coder, new = msgspec.json.decode(made, type=tuple[str, str])
    return model_coder, new == NEW


def _sample(tx: Transaction, round_: Round) -> _Sample:
    codebook = tx.codebooks.revision(round_.revision_id).codebook
    if not takes_a_model(codebook):
        message = "The round's codebook has spans only, and a model coder marks none; nothing was stored."
        raise Conflict(message)
    excerpts = tuple(drawn.excerpt_id for drawn in tx.rounds.sample(round_.id))
    return _Sample(round_.id, codebook, of_sample(tx, round_, codebook), excerpts)


def _asked_about(codebook: Codebook) -> Iterable[Variable]:
    return (variable for variable in codebook.variables if variable.scheme is not Scheme.SPANS)


def _answers(suggestion: Suggestion, codebook: Codebook) -> tuple[Answer, ...]:
    return tuple(Answer(variable=variable, codes=codes) for variable, codes in coded(suggestion, codebook))


def _configuration(backend: Backend, made_by: MadeBy, codebook: Codebook) -> Configuration:
    return Configuration(
        backend=backend.value,
        model=made_by.model,
        revision=made_by.revision,
        runtime=made_by.runtime,
        codebook=codebook_digest(codebook),
        settings=made_by.configuration,
        resolved=made_by.resolved,
        snapshot=made_by.snapshot,
        rule=RULE,
    )
