"""Samples as they are asked for, and the draws that they are."""

from typing import Annotated
from uuid import UUID

import msgspec
import numpy as np

from service.codebook.model import Codebook
from service.coding.draw import Drawn, chosen_set, cluster_sample, enriched_sample, simple_sample, stratified_sample
from service.coding.plan import (
    MOST_CODES,
    MOST_EXCERPTS,
    Allocation,
    Chosen,
    Clustered,
    Draw,
    Enriched,
    Seed,
    Share,
    Simple,
    Size,
    Stratified,
    StratifiedBy,
)
from service.corpus.model import ExcerptId, StudyId
from service.errors import BadInput, Conflict, NotFound
from service.store import Transaction
from service.web.api.forms import Name
from service.web.scoring import Scores


class CodeName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code of a variable."""

    variable: Name
    code: Name


class StratifiedSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="stratified", tag_field="method"):
    """``size`` excerpts, some of every document, of every label, or of every value of the metadata ``column`` named."""

    by: StratifiedBy
    allocation: Allocation
    size: Size
    seed: Seed
    column: Name | None = None


class EnrichedSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="enriched", tag_field="method"):
    """``size`` excerpts, a ``share`` of them from what the model ranks highest for some codes: for each the ``band`` of the study."""

    size: Size
    codes: Annotated[list[CodeName], msgspec.Meta(min_length=1, max_length=MOST_CODES)]
    band: Share
    share: Share
    seed: Seed


class ChosenSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="chosen", tag_field="method"):
    """Exactly these excerpts; the seed makes the coders' orders."""

    excerpts: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=MOST_EXCERPTS)]
    seed: Seed


Sample = Simple | StratifiedSample | Clustered | EnrichedSample | ChosenSample


def drawn(tx: Transaction, study: StudyId, codebook: Codebook, asked: Sample, scores: Scores | None) -> tuple[Draw, tuple[Drawn, ...]]:
    """Draw a sample of a study; give what is to be stored of the draw, too."""
    present = tx.corpus.excerpt_ids(study)
    rng = np.random.default_rng(asked.seed)
    match asked:
        case Simple():
            return asked, simple_sample(present, asked.size, rng)
        case StratifiedSample():
            draw = Stratified(asked.by, asked.allocation, asked.size, asked.seed, _column(tx, study, asked))
            return draw, stratified_sample(_strata(tx, study, present, draw), draw.size, draw.allocation, rng)
        case Clustered():
            return asked, cluster_sample(_documents(tx, present), asked.documents, rng)
        case EnrichedSample():
            return _enriched(present, codebook, asked, scores, rng)
        case ChosenSample():
            return Chosen(asked.seed), _chosen(present, [ExcerptId(str(one)) for one in asked.excerpts])


def _enriched(
    present: list[ExcerptId], codebook: Codebook, asked: EnrichedSample, scores: Scores | None, rng: np.random.Generator
) -> tuple[Draw, tuple[Drawn, ...]]:
    if scores is None or scores.excerpts != present:
        message = "The study's documents changed a moment ago. Plan the round again."
        raise Conflict(message)
    places = tuple(dict.fromkeys(_place(codebook, name) for name in asked.codes))
    draw = Enriched(size=asked.size, codes=places, band=asked.band, share=asked.share, seed=asked.seed)
    columns = [scores.of[codebook.variables[variable].name][:, code] for variable, code in places]
    return draw, enriched_sample(present, [column.tolist() for column in columns], draw, rng)


def _place(codebook: Codebook, name: CodeName) -> tuple[int, int]:
    for at, variable in enumerate(codebook.variables):
        for place, code in enumerate(variable.codes):
            if (variable.name, code.name) == (name.variable, name.code):
                return at, place
    message = "The draw names a code that is not in this codebook revision."
    raise BadInput(message)


def _column(tx: Transaction, study: StudyId, asked: StratifiedSample) -> int | None:
    """Give the place of the column that the strata are values of."""
    if (asked.by is StratifiedBy.COLUMN) != (asked.column is not None):
        message = 'A metadata column goes with by "column" and with nothing else. Name it in "column", or leave it out.'
        raise BadInput(message)
    names = tx.metadata.columns(study)
    if asked.column is not None and asked.column not in names:
        message = "The study has no such metadata column. Name one of those that its documents were imported with."
        raise BadInput(message)
    return None if asked.column is None else names.index(asked.column)


def _strata(tx: Transaction, study: StudyId, present: list[ExcerptId], draw: Stratified) -> dict[ExcerptId, str]:
    if draw.by is StratifiedBy.DOCUMENT:
        return _documents(tx, present)
    if draw.column is not None:
        values = tx.metadata.strata(study, draw.column)
        return {one: values.get(one, "") for one in present}
    found = tx.corpus.excerpts(present)
    return {one: found[one].label for one in present}


def _documents(tx: Transaction, present: list[ExcerptId]) -> dict[ExcerptId, str]:
    found = tx.corpus.excerpts(present)
    return {one: found[one].document_id for one in present}


def _chosen(present: list[ExcerptId], named: list[ExcerptId]) -> tuple[Drawn, ...]:
    if not set(present).issuperset(named):
        message = "The chosen set names an excerpt that is not in the study."
        raise NotFound(message)
    return chosen_set(named)
