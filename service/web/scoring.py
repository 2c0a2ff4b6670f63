"""How high the model ranks a study's excerpts for its codes: what an enriched draw and a guessed prevalence are made from."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.codebook.model import Codebook
from service.codebook.revision import Revision
from service.corpus.model import ExcerptId, StudyId
from service.embedding import TextKey, Vectors
from service.errors import Conflict
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.suggestion import CodeIndex
from service.web import access
from service.web.background import Background
from service.web.identity import Principal
from service.web.sources import Source
from service.web.suggesting import Suggesting

AT_ONCE = 5_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of every code for every excerpt in corpus order: ``float64[excerpts, codes]`` a variable, codes as in the codebook."""

    excerpts: list[ExcerptId]
    of: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class _Texts:
    excerpts: list[ExcerptId]
    vectors: Vectors
    codebook: Codebook


def revision_of(tx: Transaction, study: StudyId, number: int) -> Revision:
    """Give a revision of a study's codebook by its number."""
    codebook = tx.codebooks.id_of(study)
    if codebook is None:
        message = "The study has no codebook yet. Import one, then plan the round."
        raise Conflict(message)
    return tx.codebooks.numbered(codebook, number)


async def scores_of(store: Store, who: Principal, study_id: str, revision: int, suggesting: Suggesting, background: Background) -> Scores:
    """Score a study's excerpts by the texts of a codebook revision; hidden (423) from whoever codes in an open round."""
    texts = await asyncio.to_thread(_texts, store, who, study_id, revision, background)
    index = await suggesting.index(who, Source(texts.codebook))
    return Scores(texts.excerpts, await asyncio.to_thread(_scored, index, texts.vectors))


def _texts(store: Store, who: Principal, study_id: str, revision: int, background: Background) -> _Texts:
    with store.reading() as tx:
        study = access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD)
        access.check_suggestions(tx, who)
        codebook = revision_of(tx, study, revision).codebook
        excerpts = tx.corpus.excerpt_ids(study)
        found = tx.corpus.excerpts(excerpts)
        keys = [TextKey(found[excerpt].text_sha256) for excerpt in excerpts]
        vectors = tx.vectors.get(background.model(), sorted(set(keys)))
    if missing := sum(key not in vectors for key in keys):
        message = f"{missing} excerpts of the study have no vector yet, which the scores need. Try again shortly."
        raise Conflict(message)
    if not keys:
        message = "The study has no excerpts yet. Import documents first."
        raise Conflict(message)
    return _Texts(excerpts, np.array([vectors[key] for key in keys], dtype=np.float32), codebook)


def _scored(index: CodeIndex, vectors: Vectors) -> dict[str, Floats]:
    parts = [index.scores(vectors[first : first + AT_ONCE]) for first in range(0, len(vectors), AT_ONCE)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
