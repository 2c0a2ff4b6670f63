"""Adjudication: what the coders of a closed round part on, widest first, and what each excerpt is resolved to."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from service.coding.adjudication import Adjudication, Given, Resolution, Way, Why, majority_of, present_codings, unresolved
from service.coding.model import Answer, Coding, PersonId, Round
from service.coding.visibility import Sight
from service.corpus.model import ExcerptId
from service.errors import BadInput
from service.report.disagreement import Place, widest_first
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.contents import AnswerIn, Short, Texts
from service.web.api.forms import After, IdempotencyKey, Limit, Page, body_of, once
from service.web.identity import Principal
from service.web.openapi import READS, WRITES, json_body, refusals

Only = Annotated[str | None, QueryParameter(max_length=200, description="Leave out all variables but this one.")]


class ResolutionIn(AnswerIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one variable of an excerpt is resolved to, how it came about and why the coders had parted.

    ``kept`` names the coders, as the queue does, whom a discussion did not win over. An earlier resolution is superseded, not changed.
    """

    excerpt_id: UUID
    way: Way
    why: Why
    memo: Texts = ""
    kept: Annotated[tuple[Short, ...], msgspec.Meta(max_length=1000)] = ()


class BesideOut(msgspec.Struct, frozen=True):
    """One coder's answer, as it was given; ``memo`` and ``confidence`` are of the whole coding."""

    coder: str
    answer: Answer
    confidence: int | None
    memo: str


class ResolutionOut(msgspec.Struct, frozen=True):
    """A resolution; ``standing`` until a later one supersedes it. What was erased is null."""

    id: str
    excerpt_id: str
    at: str
    by: str
    standing: bool
    answer: Answer | None
    way: Way | None
    why: Why | None
    memo: str
    kept: list[str]


class DisagreementOut(msgspec.Struct, frozen=True):
    """One variable of one excerpt, with the answers side by side; ``disagreement`` is their mean difference over pairs of coders."""

    position: int
    excerpt_id: str
    document: str
    label: str
    text: str
    variable: str
    disagreement: float
    codings: list[BesideOut]
    majority: Answer | None
    resolution: ResolutionOut | None


class QueueOut(msgspec.Struct, frozen=True):
    """A part of the queue. While ``names_hidden``, coders go by labels of this round; their names return once ``unresolved`` is 0."""

    names_hidden: bool
    unresolved: int
    disagreements: Page[DisagreementOut]


A_RESOLUTION: dict[str, object] = {
    "excerpt_id": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    "variable": "theme",
    "codes": ["Supervision"],
    "way": "discussion",
    "why": "definition gap",
    "memo": "The definition did not say whether unplanned talks count. They do not.",
}


@get("/rounds/{round_id:uuid}/queue", responses=refusals(*READS), sync_to_thread=True, operation_id="getQueue")
def get_queue(
    round_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    variable: Only = None,
    after: After = -1,
    limit: Limit = 100,
) -> QueueOut:
    """List what the coders of a closed round part on, the widest first within each variable, with what it was resolved to."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.QUEUE, Scope.RESULTS)
        return queue_of(tx, round_, variable=variable, after=after, limit=limit)


@get("/rounds/{round_id:uuid}/resolutions", responses=refusals(*READS), sync_to_thread=True, operation_id="listResolutions")
def list_resolutions(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[ResolutionOut]:
    """List every resolution of a round, oldest first, superseded ones included."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.QUEUE, Scope.RESULTS)
        names = access.queue_names(tx, round_)
        standing = {one.id for one in tx.adjudications.standing(round_.id).values()}
        return [_out(tx, one, names, standing=one.id in standing) for one in tx.adjudications.of(round_.id)]


@post("/rounds/{round_id:uuid}/resolutions", responses=refusals(*WRITES), sync_to_thread=True, operation_id="resolveExcerpt")
def resolve_excerpt(
    round_id: FromPath[UUID],
    data: Annotated[ResolutionIn, json_body(A_RESOLUTION)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> ResolutionOut:
    """Resolve one variable of an excerpt. The codings stay as they were; the resolution stands beside them, in the ledger."""
    with store.writing() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.QUEUE, Scope.CODE)
        [made] = once(tx, who, f"resolveExcerpt {round_id}", key, body_of(data), lambda: [resolve(tx, who, round_, data)])
        found = tx.adjudications.get(made)
        stands = any(one.id == made for one in tx.adjudications.standing(round_.id).values())
        return _out(tx, found, access.queue_names(tx, round_), standing=stands)


def resolve(tx: Transaction, who: Principal, round_: Round, asked: ResolutionIn) -> str:
    """Store a resolution; coders are named in it as the queue names them."""
    coders = {name: coder for coder, name in access.queue_names(tx, round_).items()}
    if not coders.keys() >= set(asked.kept):
        message = "Who kept the own answer is no coder of this round. Name coders as the queue does."
        raise BadInput(message)
    resolution = Resolution(
        excerpt_id=ExcerptId(str(asked.excerpt_id)),
        answer=asked.answer(),
        way=asked.way,
        why=asked.why,
        memo=asked.memo,
        kept=tuple(coders[name] for name in asked.kept),
    )
    return tx.adjudications.resolve(round_.id, resolution, who.person_id)


def queue_of(tx: Transaction, round_: Round, *, variable: str | None, after: int, limit: int) -> QueueOut:
    """Lay out a part of the queue for somebody who may see it."""
    given, standing = tx.adjudications.given(round_), tx.adjudications.standing(round_.id)
    sample = [drawn.excerpt_id for drawn in tx.rounds.sample(round_.id)]
    ordered = widest_first(given, tx.codebooks.revision(round_.revision_id).codebook, sample)
    kept = [(at, place, apart) for at, (place, apart) in enumerate(ordered) if variable in {None, place[1]} and at > after]
    table = _Table(tx, round_, given, standing)
    items = [table.row(at, place, apart) for at, place, apart in kept[:limit]]
    return QueueOut(
        names_hidden=tx.adjudications.hides_names(round_),
        unresolved=len(unresolved(given, standing)),
        disagreements=Page(items=items, next=items[-1].position if len(kept) > limit else None),
    )


class _Table:
    """Excerpts, codings and resolutions of a round at hand, to lay disagreements out."""

    def __init__(self, tx: Transaction, round_: Round, given: Mapping[Place, Given], standing: Mapping[Place, Adjudication]) -> None:
        self.tx = tx
        self.given = given
        self.standing = standing
        self.names = access.queue_names(tx, round_)
        self.codings: Mapping[tuple[PersonId, ExcerptId], Coding] = present_codings(tx.codings.revealed(round_.id))
        self.excerpts = tx.corpus.excerpts(sorted({excerpt for excerpt, _ in given}))

    def row(self, position: int, place: Place, apart: float) -> DisagreementOut:
        """Lay one disagreement out, coders in the order of their labels or names."""
        excerpt, variable = place
        answers, resolved = self.given[place], self.standing.get(place)
        return DisagreementOut(
            position=position,
            excerpt_id=excerpt,
            document=self.excerpts[excerpt].document,
            label=self.excerpts[excerpt].label,
            text=self.excerpts[excerpt].text,
            variable=variable,
            disagreement=apart,
            codings=[self._beside(coder, excerpt, answers[coder]) for coder in self.names if coder in answers],
            majority=majority_of(answers),
            resolution=_out(self.tx, resolved, self.names, standing=True) if resolved else None,
        )

    def _beside(self, coder: PersonId, excerpt: ExcerptId, answer: Answer) -> BesideOut:
        content = self.codings[coder, excerpt].content
        confidence, memo = (content.confidence, content.memo) if content else (None, "")
        return BesideOut(coder=self.names[coder], answer=answer, confidence=confidence, memo=memo)


def _out(tx: Transaction, found: Adjudication, names: Mapping[PersonId, str], *, standing: bool) -> ResolutionOut:
    resolution = found.resolution
    return ResolutionOut(
        id=found.id,
        excerpt_id=found.excerpt_id,
        at=found.at,
        by=tx.people.get(found.person_id).name,
        standing=standing,
        answer=resolution.answer if resolution else None,
        way=resolution.way if resolution else None,
        why=resolution.why if resolution else None,
        memo=resolution.memo if resolution else "",
        kept=[names[coder] for coder in resolution.kept] if resolution else [],
    )


router = Router("/", route_handlers=[get_queue, list_resolutions, resolve_excerpt], tags=["Adjudication"])
