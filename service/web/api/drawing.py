"""Planning a round: what its sample is drawn from and how, who codes what, and a preview that stores nothing."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
import numpy as np
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec.structs import replace

from service.coding.design import check_design, codings_of, least_load, repeated
from service.coding.draw import weights_of
from service.coding.model import KeyFrom, PersonId, RoundId, RoundKind, SuggestionPolicy
from service.coding.plan import LARGEST_SEED, Design, EveryCoder, Overlap, Repeats
from service.coding.visibility import Role, Sight
from service.corpus.model import StudyId
from service.errors import BadInput, NotFound
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.store.rounds import Plan
from service.store.session import stamp
from service.web import access
from service.web.api.exposures import exposure_of
from service.web.api.forms import IdempotencyKey, Name, body_of, once
from service.web.api.rounds import RoundOut, shown
from service.web.api.samples import EnrichedSample, Sample, drawn
from service.web.background import Background
from service.web.identity import Principal
from service.web.openapi import WRITES, json_body, refusals
from service.web.scoring import Scores, revision_of, scores_of
from service.web.suggesting import Suggesting


class KeyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a training round's key stands: in a closed round's resolutions, or in what one ``coder`` of it gave."""

    round_id: UUID
    coder: UUID | None = None


class RoundIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A round to be planned. ``revision`` is the number of a codebook revision; ``close_by`` a time with its zone.

    ``overlap`` says how many coders an excerpt gets, ``repeats`` what share of each coder's excerpts comes a second time, ``key`` what a
    training round is compared with. ``hide_names`` shows coders by a label instead of their name to all but the lead, until every
    disagreement is resolved.
    """

    name: Name
    kind: RoundKind
    policy: SuggestionPolicy
    revision: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_SEED)]
    sample: Sample
    coders: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=1000)]
    close_by: datetime | None = None
    hide_names: bool = False
    overlap: Overlap = EveryCoder()
    repeats: Repeats | None = None
    key: KeyIn | None = None

    @property
    def design(self) -> Design:
        """Who codes what."""
        return Design(self.overlap, self.repeats)


class PreviewIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sample to be drawn and laid aside again, for so many coders."""

    revision: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_SEED)]
    sample: Sample
    coders: Annotated[int, msgspec.Meta(ge=2, le=1000)]
    overlap: Overlap = EveryCoder()
    repeats: Repeats | None = None


class FromDocument(msgspec.Struct, frozen=True):
    """How many of a document's excerpts a draw takes."""

    document: str
    drawn: int
    excerpts: int


class PreviewOut(msgspec.Struct, frozen=True):
    """What a draw gives. ``effective`` is how many excerpts of equal probability would tell as much; ``codings`` includes repeats.

    It names no excerpt: whoever codes in the round must not know beforehand which are in it, nor which others code.
    """

    excerpts: int
    documents: list[FromDocument]
    least_probability: float
    largest_probability: float
    effective: float
    codings: int
    for_each_coder: int
    repeats_for_each_coder: int


A_ROUND: dict[str, object] = {
    "name": "Round 1",
    "kind": "reliability",
    "policy": "none",
    "revision": 1,
    "sample": {"method": "stratified", "by": "document", "allocation": "proportional", "size": 80, "seed": 7},
    "coders": ["7d444840-9dc0-41d1-b245-5ffdce74fad2", "9b2c7d0e-52c1-4c1c-8a4e-3d0b6a3f2f11"],
    "repeats": {"share": 0.1, "distance": 20},
}
A_PREVIEW: dict[str, object] = {
    "revision": 1,
    "sample": {"method": "random", "size": 80, "seed": 7},
    "coders": 3,
    "overlap": {"kind": "some", "coders_each": 2},
}


@post("/studies/{study_id:uuid}/rounds", responses=refusals(*WRITES, 423), operation_id="planRound")
async def plan_round(  # noqa: PLR0913, PLR0917
    study_id: FromPath[UUID],
    data: Annotated[RoundIn, json_body(A_ROUND)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    background: NamedDependency[Background],
) -> RoundOut:
    """Plan a round: draw its sample and name its coders. Nobody else sees it before it is opened."""
    scores = await scores_for(store, who, str(study_id), data, suggesting, background)
    return await asyncio.to_thread(_planned, store, who, str(study_id), data, scores, key)


@post("/studies/{study_id:uuid}/preview", responses=refusals(400, 401, 403, 404, 409, 413, 415, 423, 503), operation_id="previewDraw",
      status_code=200)  # fmt: skip
async def preview_draw(
    study_id: FromPath[UUID],
    data: Annotated[PreviewIn, json_body(A_PREVIEW)],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    background: NamedDependency[Background],
) -> PreviewOut:
    """Say what a draw would take of each document and how much each coder would get. Nothing is stored."""
    scores = await scores_for(store, who, str(study_id), data, suggesting, background)
    return await asyncio.to_thread(previewed, store, who, str(study_id), data, scores)


async def scores_for(
    store: Store, who: Principal, study_id: str, asked: RoundIn | PreviewIn, suggesting: Suggesting, background: Background
) -> Scores | None:
    """Score the study's excerpts if the draw needs it."""
    if not isinstance(asked.sample, EnrichedSample):
        return None
    return await scores_of(store, who, study_id, asked.revision, suggesting, background)


def previewed(store: Store, who: Principal, study_id: str, asked: PreviewIn, scores: Scores | None) -> PreviewOut:
    """Draw, count, and forget."""
    with store.reading() as tx:
        study = access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD)
        _, sample = drawn(tx, study, revision_of(tx, study, asked.revision).codebook, asked.sample, scores)
        check_design(len(sample), asked.coders, Design(asked.overlap, asked.repeats))
        found = tx.corpus.excerpts([one.excerpt_id for one in sample])
        taken = Counter(excerpt.document_id for excerpt in found.values())
        documents = [FromDocument(one.name, taken[one.id], one.excerpts) for one in tx.corpus.documents(study)]
    weights = np.array(list((weights_of(sample) or dict.fromkeys(found, 1.0)).values()))
    each = least_load(len(sample), asked.coders, asked.overlap)
    again = repeated(each, asked.repeats)
    return PreviewOut(
        excerpts=len(sample),
        documents=documents,
        least_probability=min(one.probability for one in sample),
        largest_probability=max(one.probability for one in sample),
        effective=float(weights.sum() ** 2 / (weights**2).sum()),
        codings=codings_of(len(sample), asked.coders, asked.overlap) + again * asked.coders,
        for_each_coder=each + again,
        repeats_for_each_coder=again,
    )


def plan_of(tx: Transaction, who: Principal, study: StudyId, asked: RoundIn, scores: Scores | None) -> Plan:
    """Draw the sample and check that revision, coders and key are the study's."""
    if asked.close_by is not None and asked.close_by.tzinfo is None:
        message = "close_by needs its zone, such as 2027-01-31T18:00:00Z."
        raise BadInput(message)
    revision = revision_of(tx, study, asked.revision)
    draw, sample = drawn(tx, study, revision.codebook, asked.sample, scores)
    coders = _coders(tx, study, [str(coder) for coder in asked.coders])
    check_design(len(sample), len(coders), asked.design)
    return Plan(
        name=asked.name,
        kind=asked.kind,
        policy=asked.policy,
        revision_id=revision.id,
        sample_method=str(draw.__struct_config__.tag),
        sample_seed=draw.seed,
        sample=sample,
        coders=coders,
        close_by=stamp(asked.close_by) if asked.close_by else None,
        names_hidden=asked.hide_names,
        draw=draw,
        design=asked.design,
        key=_key(tx, who, study, asked),
    )


def _planned(store: Store, who: Principal, study_id: str, asked: RoundIn, scores: Scores | None, key: str) -> RoundOut:
    with store.writing() as tx:
        made = kept(tx, who, study_id, asked, scores, key)
        round_ = tx.rounds.get(made)
        return replace(shown(tx, who, round_), exposure=exposure_of(tx, who, round_))


def kept(tx: Transaction, who: Principal, study_id: str, asked: RoundIn, scores: Scores | None, key: str) -> str:
    """Draw and keep a round as a draft, once under this key."""
    study = access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD)

    def plan() -> list[str]:
        return [tx.rounds.plan(study, plan_of(tx, who, study, asked, scores), who.person_id)]

    [made] = once(tx, who, f"planRound {study_id}", key, body_of(asked), plan)
    return made


def _coders(tx: Transaction, study: StudyId, named: list[str]) -> tuple[PersonId, ...]:
    may_code = {member.person.id for member in tx.people.members(study) if member.role is not Role.OBSERVER}
    if len(set(named)) != len(named) or not may_code.issuperset(PersonId(one) for one in named):
        message = "Name each coder once, by the id of a lead or coder of the study."
        raise BadInput(message)
    return tuple(PersonId(one) for one in named)


def _key(tx: Transaction, who: Principal, study: StudyId, asked: RoundIn) -> KeyFrom | None:
    if asked.key is None:
        return None
    if asked.kind is not RoundKind.TRAINING:
        message = "Only a training round is compared with a key."
        raise BadInput(message)
    round_ = access.enter_round(tx, who, str(asked.key.round_id), Sight.CODINGS, None)
    if round_.study_id != study or not round_.state.is_revealed:
        message = "There is no such round."
        raise NotFound(message)
    person = PersonId(str(asked.key.coder)) if asked.key.coder else None
    if person is not None and person not in round_.coders:
        message = "The key names somebody who did not code in that round."
        raise BadInput(message)
    return KeyFrom(round_id=RoundId(round_.id), person_id=person)


router = Router("/", route_handlers=[plan_round, preview_draw], tags=["Rounds"])
