"""People from the study page: inviting, a new link, taking somebody out. Links are shown once."""

from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.coding.model import PersonId
from service.corpus.model import StudyId
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.forms import body_of, once
from service.web.api.people import InvitationIn, invite, member_of, remove, renew
from service.web.identity import Principal
from service.web.links import Addresses
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page

BACK: dict[str, Any] = {"back": "/studies/{study_id}#people"}


@post("/studies/{study_id:uuid}/people", sync_to_thread=True, status_code=200, opt=BACK)
def invite_person(
    study_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    addresses: NamedDependency[Addresses],
) -> Response[str]:
    """Invite somebody and show the one-time link."""
    asked = read(InvitationIn, {field: form.text(field).strip() for field in ("login", "name", "role")})
    secret: list[str] = []
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        [person] = once(tx, who, f"invitePerson {study_id}", form.key(), body_of(asked), lambda: [invite(tx, study, asked, secret)])
        return _link(tx, who, study, person, addresses, secret)


@post("/studies/{study_id:uuid}/people/{person_id:uuid}/links", sync_to_thread=True, status_code=200, opt=BACK)
def renew_link(
    study_id: FromPath[UUID],
    person_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    addresses: NamedDependency[Addresses],
) -> Response[str]:
    """Make a new link for somebody and show it."""
    secret: list[str] = []
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        person = PersonId(member_of(tx, study, str(person_id)).id)
        once(tx, who, f"renewLink {study_id} {person_id}", form.key(), b"", lambda: [renew(tx, who, person, secret)])
        return _link(tx, who, study, person, addresses, secret)


@post("/studies/{study_id:uuid}/people/{person_id:uuid}/removal", sync_to_thread=True, opt=BACK)
def remove_person(
    study_id: FromPath[UUID],
    person_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> Redirect:
    """Take somebody out of the study."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        once(tx, who, f"removePerson {study_id} {person_id}", form.key(), b"", lambda: [remove(tx, who, study, str(person_id))])
    return go(f"/studies/{study_id}?notice=removed")


def _link(tx: Transaction, who: Principal, study: StudyId, person: str, addresses: Addresses, secret: list[str]) -> Response[str]:
    link = addresses.link(secret[0]) if secret else ""
    return page("invited.html", who, study=tx.corpus.study(study), person=member_of(tx, study, person), link=link)


handlers = [invite_person, renew_link, remove_person]
