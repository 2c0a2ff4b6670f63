"""People and what they are in which study."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, text, update

from service.coding.model import PersonId
from service.coding.visibility import Role
from service.corpus.characters import twin_key
from service.corpus.model import StudyId
from service.errors import Conflict, NotFound
from service.store.session import Session
from service.store.tables import memberships, people


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who can sign in; no password yet means that the invitation was not taken up."""

    id: PersonId
    login: str
    name: str
    password_hash: str | None
    may_lead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person in a study."""

    person: Person
    role: Role


_ADD = text(
    "INSERT INTO people (id, login, login_key, name, may_lead, created_at)"
    " VALUES (:id, :login, :login_key, :name, :may_lead, :created_at) ON CONFLICT DO NOTHING"
)
_COLUMNS = (people.c.id, people.c.login, people.c.name, people.c.password_hash, people.c.may_lead)
# Asked with nearly every request, so put together once: that costs about as much as running one.
_BY_ID = select(*_COLUMNS).where(people.c.id == bindparam("id"))
_BY_LOGIN = select(*_COLUMNS).where(people.c.login_key == bindparam("login_key"))
_ROLE = select(memberships.c.role).where(
    memberships.c.study_id == bindparam("study"), memberships.c.person_id == bindparam("person"), memberships.c.until.is_(None)
)


class People:
    """Reads and writes people and memberships."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, *, login: str, name: str, may_lead: bool) -> PersonId:
        """Add a person without a password."""
        person = PersonId(self.session.new_id())
        row = {"id": person, "login": login, "login_key": twin_key(login), "name": name, "may_lead": may_lead}
        if self.session.connection.execute(_ADD, row | {"created_at": self.session.now()}).rowcount == 0:
            message = "Somebody has this login name already. Choose another, or sign in with it."
            raise Conflict(message)
        return person

    def get(self, person_id: str) -> Person:
        """Give a person by id."""
        found = self._one(_BY_ID, id=person_id)
        if found is None:
            message = "There is no such person."
            raise NotFound(message)
        return found

    def by_login(self, login: str) -> Person | None:
        """Give the person of a login name, compared without regard to case and to how accents are encoded."""
        return self._one(_BY_LOGIN, login_key=twin_key(login))

    def anybody(self) -> bool:
        """Say whether the installation has been set up by anybody."""
        return self.session.connection.execute(select(people.c.id).where(people.c.password_hash.is_not(None)).limit(1)).first() is not None

    def set_password(self, person_id: PersonId, password_hash: str) -> None:
        """Keep a new password hash."""
        self.session.connection.execute(update(people).where(people.c.id == person_id).values(password_hash=password_hash))

    def join(self, study_id: StudyId, person_id: PersonId, role: Role) -> None:
        """Make a person a member; an earlier membership of the same person ends."""
        self.leave(study_id, person_id)
        row = {"id": self.session.new_id(), "study_id": study_id, "person_id": person_id, "role": role, "since": self.session.now()}
        self.session.connection.execute(memberships.insert().values(row))

    def leave(self, study_id: StudyId, person_id: PersonId) -> None:
        """End a membership; what the person coded stays and counts."""
        self.session.hold(study_id)
        here = and_(memberships.c.study_id == study_id, memberships.c.person_id == person_id, memberships.c.until.is_(None))
        self.session.connection.execute(update(memberships).where(here).values(until=self.session.now()))

    def role(self, study_id: str, person_id: str) -> Role | None:
        """Say what a person is in a study now."""
        found = self.session.connection.execute(_ROLE, {"study": study_id, "person": person_id}).scalar()
        return Role(found) if found else None

    def members(self, study_id: str) -> list[Member]:
        """List a study's members by login."""
        query = (
            select(*_COLUMNS, memberships.c.role)
            .join(memberships, memberships.c.person_id == people.c.id)
            .where(memberships.c.study_id == study_id, memberships.c.until.is_(None))
            .order_by(people.c.login)
        )
        rows = self.session.connection.execute(query).mappings().all()
        return [Member(person=Person(**{c.name: row[c.name] for c in _COLUMNS}), role=Role(row["role"])) for row in rows]

    def studies(self, person_id: str) -> dict[str, Role]:
        """Give the studies a person belongs to, with the role."""
        query = select(memberships.c.study_id, memberships.c.role).where(
            memberships.c.person_id == person_id, memberships.c.until.is_(None)
        )
        return {study: Role(role) for study, role in self.session.connection.execute(query).tuples()}

    def _one(self, query: Select[tuple[Any, ...]], **by: str) -> Person | None:
        row = self.session.connection.execute(query, by).mappings().first()
        return Person(**row) if row else None
