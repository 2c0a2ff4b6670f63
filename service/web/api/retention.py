"""How long a study's content is kept: set by its lead, carried out by the service."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.coding.retention import LONGEST_DAYS
from service.corpus.model import StudyId
from service.errors import BadInput
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.store.session import stamp
from service.web import access
from service.web.api.forms import IdempotencyKey, body_of, once
from service.web.identity import Principal
from service.web.openapi import READS, WRITES, json_body, refusals


class RetentionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``days`` after the study's last close, or ``until`` a time with its zone; of both the earlier counts, with neither it is kept."""

    days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DAYS)] | None = None
    until: datetime | None = None


class RetentionOut(msgspec.Struct, frozen=True):
    """How long the study is kept; ``due_at`` is when its content goes, null while no round was closed that days count from."""

    days: int | None
    until: str | None
    due_at: str | None


A_YEAR: dict[str, object] = {"days": 365}


@get("/studies/{study_id:uuid}/retention", responses=refusals(*READS), sync_to_thread=True, operation_id="getRetention")
def get_retention(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> RetentionOut:
    """Say how long a study's content is kept: for its lead."""
    with store.reading() as tx:
        return retention_of(tx, access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))


@post("/studies/{study_id:uuid}/retention", responses=refusals(*WRITES), sync_to_thread=True, operation_id="setRetention")
def set_retention(
    study_id: FromPath[UUID],
    data: Annotated[RetentionIn, json_body(A_YEAR)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> RetentionOut:
    """Set how long a study's content is kept. When the time has come it is erased as by deletion; never while a round of it is open."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        once(tx, who, f"setRetention {study_id}", key, body_of(data), lambda: set_for(tx, who, study, data))
        return retention_of(tx, study)


def set_for(tx: Transaction, who: Principal, study: StudyId, asked: RetentionIn) -> list[str]:
    """Set how long a study is kept; a time that has passed is refused, because nobody wants a study gone by a slip."""
    if asked.until is not None and asked.until.tzinfo is None:
        message = "until needs its zone, such as 2030-01-31T18:00:00Z."
        raise BadInput(message)
    if asked.until is not None and asked.until <= tx.session.clock.now():
        message = "This time has passed. To erase the study now, delete it."
        raise BadInput(message)
    tx.retentions.set(study, who.person_id, days=asked.days, until=asked.until)
    return []


def retention_of(tx: Transaction, study: str) -> RetentionOut:
    """Say how long a study is kept."""
    kept = tx.retentions.of(study)
    if kept is None:
        return RetentionOut(days=None, until=None, due_at=None)
    until = stamp(kept.set.until) if kept.set.until else None
    return RetentionOut(days=kept.set.days, until=until, due_at=stamp(kept.due_at) if kept.due_at else None)


router = Router("/", route_handlers=[get_retention, set_retention], tags=["Studies"])
