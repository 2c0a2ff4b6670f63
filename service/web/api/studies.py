"""Studies: the ones you belong to."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.coding.visibility import Role
from service.errors import NotAllowed
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.forms import IdempotencyKey, Name, body_of, once
from service.web.identity import Principal
from service.web.openapi import READS, WRITES, json_body, refusals


class StudyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A study to be made."""

    name: Name


class StudyOut(msgspec.Struct, frozen=True):
    """A study and what you are in it."""

    id: str
    name: str
    demo: bool
    role: Role
    created_at: str


A_STUDY: dict[str, object] = {"name": "Peer mentoring interviews"}


@get("/studies", responses=refusals(400, 401, 503), sync_to_thread=True, operation_id="listStudies")
def list_studies(who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[StudyOut]:
    """List the studies you belong to."""
    with store.reading() as tx:
        return studies_of(tx, who)


@post("/studies", responses=refusals(*WRITES), sync_to_thread=True, operation_id="createStudy")
def create_study(
    data: Annotated[StudyIn, json_body(A_STUDY)], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]
) -> StudyOut:
    """Make a study; you become its lead."""
    with store.writing() as tx:
        access.check_scope(who, Scope.MANAGE)
        [study] = once(tx, who, "createStudy", key, body_of(data), lambda: [make_study(tx, who, data.name)])
        return next(one for one in studies_of(tx, who) if one.id == study)


@get("/studies/{study_id:uuid}", responses=refusals(*READS), sync_to_thread=True, operation_id="getStudy")
def get_study(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> StudyOut:
    """Give one study."""
    with store.reading() as tx:
        access.role_in(tx, who, str(study_id))
        return next(one for one in studies_of(tx, who) if one.id == str(study_id))


@delete("/studies/{study_id:uuid}", responses=refusals(*WRITES), sync_to_thread=True, operation_id="deleteStudy")
def delete_study(study_id: FromPath[UUID], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]) -> None:
    """Erase a study for good: texts, vectors, codebook and codings. Refused while a round of it is open."""
    with store.writing() as tx:
        once(tx, who, f"deleteStudy {study_id}", key, b"", lambda: erase_study(tx, who, str(study_id)))
    store.scrub()


def erase_study(tx: Transaction, who: Principal, study_id: str) -> list[str]:
    """Erase a study that the asker leads."""
    tx.erasure.study(access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD), who.person_id)
    return []


def make_study(tx: Transaction, who: Principal, name: str) -> str:
    """Make a study with the asker as its lead."""
    if who.is_machine or not tx.people.get(who.person_id).may_lead:
        message = "Only somebody who was invited as a lead can make a study."
        raise NotAllowed(message)
    study = tx.corpus.add_study(name, who.person_id)
    tx.people.join(study, who.person_id, Role.LEAD)
    return study


def studies_of(tx: Transaction, who: Principal) -> list[StudyOut]:
    """List a principal's studies with the role."""
    roles = tx.people.studies(who.person_id)
    tied = who.token.study_id if who.token else None
    shown = [study for study in tx.corpus.studies(roles) if tied in {None, study.id}]
    return [StudyOut(id=study.id, name=study.name, demo=study.demo, role=roles[study.id], created_at=study.created_at) for study in shown]


router = Router("/", route_handlers=[list_studies, create_study, get_study, delete_study], tags=["Studies"])
