"""Coding by API: own assignments, submitting, handing in, and what a close reveals."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.codebook.model import Codebook
from service.coding.ledger import EntryKind, Verdict
from service.coding.model import Content, PersonId, Round, RoundId
from service.coding.visibility import Sight
from service.errors import BadInput
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.contents import A_BATCH, BatchIn, CodingOut, ContentOut, coding_out, content_out
from service.web.api.forms import After, IdempotencyKey, Limit, Name, Page, body_of, once
from service.web.identity import Principal
from service.web.openapi import READS, WRITES, json_body, refusals


class RevealedOut(msgspec.Struct, frozen=True):
    """A coding of a closed round."""

    id: str
    coder: str
    excerpt_id: str
    occasion: int
    at: str
    verdict: Verdict
    content: ContentOut | None


class AssignmentOut(msgspec.Struct, frozen=True):
    """One of your turns: the excerpt to read and your present coding of it, if there is one."""

    id: str
    position: int
    document: str
    label: str
    text: str
    before: str
    after: str
    coding: CodingOut | None


class ProgressOut(msgspec.Struct, frozen=True):
    """How far you have come yourself; after you handed in, who else has."""

    done: int
    assigned: int
    handed_in: bool
    others_handed_in: list[str] | None


class EntryOut(msgspec.Struct, frozen=True):
    """One entry of a chain of the ledger; its content is kept apart and committed to by ``commitment``."""

    person_id: str
    sequence: int
    at: str
    kind: EntryKind
    commitment: str
    previous: str
    head: str


class UnblindIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose codings to open early, and why; both are printed on the report."""

    person_id: UUID
    reason: Name


AN_UNBLINDING: dict[str, object] = {"person_id": "7d444840-9dc0-41d1-b245-5ffdce74fad2", "reason": "A coder asked whether to go on."}


@get("/rounds/{round_id:uuid}/codebook", responses=refusals(*READS), sync_to_thread=True, operation_id="getRoundCodebook")
def get_round_codebook(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Codebook:
    """Give the codebook revision that the round pins."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None)
        return tx.codebooks.revision(round_.revision_id).codebook


@get("/rounds/{round_id:uuid}/assignments", responses=refusals(*READS), sync_to_thread=True, operation_id="listAssignments")
def list_assignments(
    round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], after: After = -1, limit: Limit = 100
) -> Page[AssignmentOut]:
    """List your own assignments in your own order, each with its excerpt and your present coding."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.OWN, Scope.CODE)
        return turns(tx, round_, who.person_id, after=after, limit=limit)


@get("/rounds/{round_id:uuid}/progress", responses=refusals(*READS), sync_to_thread=True, operation_id="getProgress")
def get_progress(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> ProgressOut:
    """Say how far you have come yourself."""
    with store.reading() as tx:
        return progress(tx, access.enter_round(tx, who, str(round_id), Sight.OWN, Scope.CODE), who.person_id)


@get("/rounds/{round_id:uuid}/own-codings", responses=refusals(*READS), sync_to_thread=True, operation_id="listOwnCodings")
def list_own(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[CodingOut]:
    """List your own codings with their corrections, oldest first."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.OWN, Scope.CODE)
        return [coding_out(coding) for coding in tx.codings.own(round_.id, who.person_id)]


@post("/rounds/{round_id:uuid}/codings", responses=refusals(*WRITES), sync_to_thread=True, operation_id="submitCodings")
def submit(
    round_id: FromPath[UUID],
    data: Annotated[BatchIn, json_body(A_BATCH)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> list[CodingOut]:
    """Submit up to 1,000 codings, all or nothing. A retry with the same key gives the codings stored the first time."""
    with store.writing() as tx:
        round_ = enter_to_code(tx, who, str(round_id))
        batch = _batch(data)
        made = once(tx, who, f"submitCodings {round_id}", key, body_of(data), lambda: tx.codings.submit(round_, who.person_id, batch))
        return [coding_out(coding) for coding in tx.codings.by_ids(round_.id, who.person_id, made)]


@post("/rounds/{round_id:uuid}/hand-in", responses=refusals(*WRITES), sync_to_thread=True, operation_id="handIn")
def hand_in(round_id: FromPath[UUID], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]) -> ProgressOut:
    """Lock your codings for good; from then on you see who else has handed in."""
    with store.writing() as tx:
        round_ = enter_to_code(tx, who, str(round_id))
        once(tx, who, f"handIn {round_id}", key, b"", lambda: [tx.codings.hand_in(round_, who.person_id) or round_.id])
        return progress(tx, round_, who.person_id)


@get("/rounds/{round_id:uuid}/codings", responses=refusals(*READS), sync_to_thread=True, operation_id="listCodings")
def list_codings(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[RevealedOut]:
    """List everybody's codings of a closed round. While the round is open, this answers like a round that does not exist."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.CODINGS, Scope.RESULTS)
        names = access.names(tx, who, round_)
        order = list(names)
        return [
            RevealedOut(
                id=one.coding.id,
                coder=names[one.coding.person_id],
                excerpt_id=one.coding.excerpt_id,
                occasion=one.coding.occasion,
                at=one.coding.at,
                verdict=one.verdict,
                content=content_out(one.coding),
            )
            for one in sorted(tx.codings.revealed(round_.id), key=lambda one: order.index(one.coding.person_id))
        ]


@get("/rounds/{round_id:uuid}/ledger", responses=refusals(*READS), sync_to_thread=True, operation_id="getLedger")
def get_ledger(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[EntryOut]:
    """Give your own chain at any time; the whole ledger to the lead after the close."""
    with store.reading() as tx:
        return ledger_of(tx, who, access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None))


@post("/rounds/{round_id:uuid}/unblinding", responses=refusals(*WRITES), sync_to_thread=True, operation_id="unblind")
def unblind(
    round_id: FromPath[UUID],
    data: Annotated[UnblindIn, json_body(AN_UNBLINDING)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> list[CodingOut]:
    """Open one coder's codings early, for a lead who does not code in the round. It is audited and printed on the report."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        access.check_unblinding(tx, who, round_)
        person = PersonId(str(data.person_id))

        def open_early() -> list[str]:
            return [coding.id for coding in tx.codings.unblinded(round_.id, person, by=who.person_id, reason=data.reason)]

        made = once(tx, who, f"unblind {round_id}", key, body_of(data), open_early)
        return [coding_out(coding) for coding in tx.codings.by_ids(round_.id, person, made)]


def _batch(data: BatchIn) -> list[tuple[str, Content]]:
    made: list[tuple[str, Content]] = []
    for place, coding in enumerate(data.codings, 1):
        try:
            made.append((str(coding.assignment_id), coding.content()))
        except BadInput as refusal:
            message = f"Coding {place} of {len(data.codings)}: {refusal.detail} Nothing was stored."
            raise BadInput(message) from refusal
    return made


def ledger_of(tx: Transaction, who: Principal, round_: Round) -> list[EntryOut]:
    """Give as much of a round's ledger as the asker may see now."""
    if access.may_see(tx, who, round_, Sight.LEDGER):
        entries = tx.chains.whole(round_.id)
    else:
        access.enter_round(tx, who, round_.id, Sight.OWN, None)
        entries = tx.chains.chain(round_.id, who.person_id)
    return [
        EntryOut(
            person_id=entry.person_id,
            sequence=entry.sequence,
            at=entry.at,
            kind=entry.kind,
            commitment=entry.commitment,
            previous=entry.previous,
            head=entry.head,
        )
        for entry in entries
    ]


def enter_to_code(tx: Transaction, who: Principal, round_id: str) -> Round:
    """Lock the round and the coder's chain, for a coder of it."""
    round_ = tx.codings.lock(RoundId(round_id), who.person_id)
    access.check_sees(tx, who, round_, Sight.OWN, Scope.CODE)
    return round_


def turns(tx: Transaction, round_: Round, person: PersonId, *, after: int, limit: int) -> Page[AssignmentOut]:
    """Give a part of a coder's own assignments."""
    own = tx.assignments.part(round_.id, person, after=after, limit=limit + 1)
    page = own[:limit]
    present = {coding.assignment_id: coding for coding in tx.codings.own(round_.id, person, among=[turn.id for turn in page])}
    excerpts = tx.corpus.excerpts([turn.excerpt_id for turn in page])
    around = tx.corpus.around(excerpts.values(), reach=400)
    items = [
        AssignmentOut(
            id=turn.id,
            position=turn.position,
            document=excerpts[turn.excerpt_id].document,
            label=excerpts[turn.excerpt_id].label,
            text=excerpts[turn.excerpt_id].text,
            before=around[turn.excerpt_id][0],
            after=around[turn.excerpt_id][1],
            coding=coding_out(present[turn.id]) if turn.id in present else None,
        )
        for turn in page
    ]
    return Page(items=items, next=items[-1].position if len(own) > limit else None)


def progress(tx: Transaction, round_: Round, person: PersonId) -> ProgressOut:
    """Count a coder's own done assignments."""
    handed_in = tx.chains.handed_in(round_.id, person)
    others = sorted(tx.people.get(one).name for one in tx.chains.who_handed_in(round_.id) if one != person) if handed_in else None
    done, assigned = tx.codings.done(round_.id, person), tx.assignments.count(round_.id, person)
    return ProgressOut(done=done, assigned=assigned, handed_in=handed_in, others_handed_in=others)


router = Router(
    "/",
    route_handlers=[
        get_round_codebook,
        list_assignments,
        get_progress,
        list_own,
        submit,
        hand_in,
        list_codings,
        get_ledger,
        unblind,
    ],
    tags=["Coding"],
)
