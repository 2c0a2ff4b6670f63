"""People of a study: inviting them, giving them a new link, letting them go."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.coding.model import PersonId
from service.coding.visibility import Role
from service.corpus.model import StudyId
from service.errors import Conflict, NotFound
from service.store import Store, Transaction
from service.store.credentials import LinkKind, Scope
from service.store.people import Member
from service.web import access
from service.web.api.forms import IdempotencyKey, Name, body_of, once
from service.web.identity import Principal
from service.web.links import Addresses
from service.web.openapi import READS, WRITES, json_body, refusals

Login = Annotated[str, msgspec.Meta(min_length=1, max_length=254, pattern=r"^[^\s\x00-\x1f\x7f]+(?![\s\S])")]


class InvitationIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite; ``login`` is what the person will sign in with, such as a mail address."""

    login: Login
    name: Name
    role: Role


class PersonOut(msgspec.Struct, frozen=True):
    """A member of the study; ``joined`` says whether the invitation was taken up."""

    id: str
    login: str
    name: str
    role: Role
    joined: bool


class InvitedOut(msgspec.Struct, frozen=True):
    """The invited person and the one-time link, which is shown now and never again; null when the same request is sent again."""

    person: PersonOut
    link: str | None


AN_INVITATION: dict[str, object] = {"login": "coder@example.org", "name": "Second coder", "role": "coder"}


@get("/studies/{study_id:uuid}/people", responses=refusals(*READS), sync_to_thread=True, operation_id="listPeople")
def list_people(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> list[PersonOut]:
    """List a study's people."""
    with store.reading() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        return [_out(member) for member in tx.people.members(study)]


@post("/studies/{study_id:uuid}/people", responses=refusals(*WRITES), sync_to_thread=True, operation_id="invitePerson")
def invite_person(
    study_id: FromPath[UUID],
    data: Annotated[InvitationIn, json_body(AN_INVITATION)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    addresses: NamedDependency[Addresses],
) -> InvitedOut:
    """Invite somebody by a one-time link that you pass on; it runs out after 14 days."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        secret: list[str] = []
        [person] = once(tx, who, f"invitePerson {study_id}", key, body_of(data), lambda: [invite(tx, study, data, secret)])
        return InvitedOut(person=member_of(tx, study, person), link=addresses.link(secret[0]) if secret else None)


@post("/studies/{study_id:uuid}/people/{person_id:uuid}/links", responses=refusals(*WRITES), sync_to_thread=True, operation_id="renewLink")
def renew_link(
    study_id: FromPath[UUID],
    person_id: FromPath[UUID],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    addresses: NamedDependency[Addresses],
) -> InvitedOut:
    """Make a new one-time link with which the person sets a password; it ends their old sessions and their open link."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        member = member_of(tx, study, str(person_id))
        secret: list[str] = []
        once(tx, who, f"renewLink {study_id} {person_id}", key, b"", lambda: [renew(tx, who, PersonId(member.id), secret)])
        return InvitedOut(person=member, link=addresses.link(secret[0]) if secret else None)


@delete("/studies/{study_id:uuid}/people/{person_id:uuid}", responses=refusals(*WRITES), sync_to_thread=True, operation_id="removePerson")
def remove_person(
    study_id: FromPath[UUID],
    person_id: FromPath[UUID],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> None:
    """Take somebody out of the study at once; what they coded stays and counts."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        once(tx, who, f"removePerson {study_id} {person_id}", key, b"", lambda: [remove(tx, who, study, str(person_id))])


def remove(tx: Transaction, who: Principal, study: StudyId, person_id: str) -> str:
    """Take a member out of a study, and note who did it."""
    member = member_of(tx, study, person_id)
    if member.id == who.person_id:
        message = "You cannot take yourself out; a study needs its lead."
        raise Conflict(message)
    tx.people.leave(study, PersonId(member.id))
    tx.audits.note(who.person_id, "removed person", member.id)
    return member.id


def invite(tx: Transaction, study: StudyId, invited: InvitationIn, secret: list[str]) -> str:
    """Add a person or find the one with that login, and make the link; a person with a password joins by signing in."""
    known = tx.people.by_login(invited.login)
    if known is not None and tx.people.role(study, known.id) is not None:
        message = "This person is in the study already. Make a new link instead, if the old one is lost."
        raise Conflict(message)
    person = known.id if known else tx.people.add(login=invited.login, name=invited.name, may_lead=invited.role is Role.LEAD)
    if known is not None and known.password_hash:
        secret.append(tx.links.issue(LinkKind.JOIN, person_id=person, study_id=study, role=invited.role))
    else:
        secret.append(tx.links.issue(LinkKind.SET_PASSWORD, person_id=person))
    tx.people.join(study, person, invited.role)
    return person


def renew(tx: Transaction, who: Principal, person: PersonId, secret: list[str]) -> str:
    """Make a link to set a password anew. Refused for somebody who is also in studies that the asker does not lead."""
    access.check_no_peer(tx, who, tx.people.get(person))
    led = {study for study, role in tx.people.studies(who.person_id).items() if role is Role.LEAD}
    if person != who.person_id and not set(tx.people.studies(person)) <= led:
        message = "This person is also in studies you do not lead, so you cannot set their password. They can still sign in as before."
        raise Conflict(message)
    tx.sessions.end_all(person)
    secret.append(tx.links.issue(LinkKind.SET_PASSWORD, person_id=person))
    tx.audits.note(who.person_id, "renewed link", person)
    return person


def member_of(tx: Transaction, study: str, person_id: str) -> PersonOut:
    """Give a member of a study, or refuse as if there were no such person."""
    found = [member for member in tx.people.members(study) if member.person.id == person_id]
    if not found:
        message = "There is no such person in this study."
        raise NotFound(message)
    return _out(found[0])


def _out(member: Member) -> PersonOut:
    person = member.person
    return PersonOut(id=person.id, login=person.login, name=person.name, role=member.role, joined=person.password_hash is not None)


router = Router("/", route_handlers=[list_people, invite_person, renew_link, remove_person], tags=["People"])
