"""People, memberships, and what opens the door."""

from datetime import timedelta

import pytest

from service.coding.model import PersonId
from service.coding.visibility import Role
from service.errors import Conflict, NotFound, NotSignedIn
from service.store import Store
from service.store.credentials import LINK_LIFE, SESSION_LIFE, LinkKind, Scope, TokenKind
from tests.fakes import VirtualClock
from tests.store.scene import Scene

NOBODY = PersonId("00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    ("login", "typed"),
    [
        ("ann@example.org", "ANN@Example.org"),
        ("Änne", "änne"),
        ("ÄNNE", "änne"),
        ("Stra\u00dfe", "STRASSE"),
        ("Jose\u0301", "jos\u00e9"),
        ("ΜΑΡΊΑΣ", "μαρίας"),
    ],
)
def test_a_login_is_known_in_any_case_and_spelling_and_taken_once(store: Store, login: str, typed: str) -> None:
    with store.writing() as tx:
        person = tx.people.add(login=login, name="Ann", may_lead=True)
    for spelling in (login, typed):
        with store.reading() as tx:
            found = tx.people.by_login(spelling)
        assert found is not None
        assert (found.id, found.login) == (person, login)
        with store.writing() as tx, pytest.raises(Conflict, match="login name already"):
            tx.people.add(login=spelling, name="Another", may_lead=False)


def test_somebody_is_there_once_somebody_can_sign_in(store: Store) -> None:
    with store.writing() as tx:
        person = tx.people.add(login="ann", name="Ann", may_lead=True)
        assert not tx.people.anybody()
        tx.people.set_password(person, "hash")
        assert tx.people.anybody()
        assert tx.people.get(person).password_hash == "hash"
        assert tx.people.by_login("bob") is None
    with store.reading() as tx, pytest.raises(NotFound):
        tx.people.get(NOBODY)


def test_a_membership_is_replaced_and_ends(scene: Scene) -> None:
    person = scene.coders[0]
    with scene.store.writing() as tx:
        tx.people.join(scene.study, person, Role.OBSERVER)
        assert tx.people.role(scene.study, person) is Role.OBSERVER
        assert [(member.person.id, member.role) for member in tx.people.members(scene.study) if member.person.id == person] == [
            (person, Role.OBSERVER)
        ]
        tx.people.leave(scene.study, person)
        assert tx.people.role(scene.study, person) is None
        assert tx.people.studies(person) == {}
        assert len(tx.people.members(scene.study)) == 2


def test_a_link_is_used_once(scene: Scene) -> None:
    with scene.store.writing() as tx:
        secret = tx.links.issue(LinkKind.JOIN, person_id=scene.coders[0], study_id=scene.study, role=Role.CODER)
        link = tx.links.find(secret)
        assert (link.kind, link.person_id, link.study_id, link.role) == (LinkKind.JOIN, scene.coders[0], scene.study, Role.CODER)
        tx.links.use(link)
    with scene.store.writing() as tx, pytest.raises(NotSignedIn):
        tx.links.use(link)
    with scene.store.reading() as tx, pytest.raises(NotSignedIn):
        tx.links.find(secret)


def test_a_link_runs_out_and_is_replaced_by_a_newer_one(scene: Scene, clock: VirtualClock) -> None:
    with scene.store.writing() as tx:
        first = tx.links.issue(LinkKind.SET_PASSWORD, person_id=scene.coders[0])
        second = tx.links.issue(LinkKind.SET_PASSWORD, person_id=scene.coders[0])
        set_up = tx.links.issue(LinkKind.SET_UP)
        assert tx.links.find(second).role is None
        assert tx.links.find(set_up).person_id is None
    with scene.store.reading() as tx, pytest.raises(NotSignedIn):
        tx.links.find(first)
    clock.passes(LINK_LIFE)
    for secret in (second, set_up):
        with scene.store.reading() as tx, pytest.raises(NotSignedIn):
            tx.links.find(secret)


def test_a_session_ends_by_itself_alone_or_with_all_others(scene: Scene, clock: VirtualClock) -> None:
    person = scene.lead
    with scene.store.writing() as tx:
        first, second, third = (tx.sessions.start(person) for _ in range(3))
        tx.sessions.end(first)
        assert [tx.sessions.person(secret) for secret in (first, second, "unknown")] == [None, person, None]
        tx.sessions.end_all(person)
        assert tx.sessions.person(third) is None
        last = tx.sessions.start(person)
    clock.passes(SESSION_LIFE)
    with scene.store.reading() as tx:
        assert tx.sessions.person(last) is None


def test_a_token_is_found_by_its_secret_until_it_is_revoked_or_runs_out(scene: Scene, clock: VirtualClock) -> None:
    def issue(days: int) -> tuple[str, str]:
        with scene.store.writing() as tx:
            return tx.tokens.issue(
                kind=TokenKind.PERSON,
                name="laptop",
                scopes=[Scope.CODE, Scope.CODE, Scope.RESULTS],
                person_id=scene.lead,
                study_id=scene.study,
                life=timedelta(days=days),
            )

    (token_id, secret), (_, short) = issue(9), issue(1)
    clock.passes(timedelta(days=1))
    with scene.store.reading() as tx:
        found = tx.tokens.find(secret)
        assert found is not None
        assert (found.id, found.scopes, found.study_id) == (token_id, (Scope.CODE, Scope.RESULTS), scene.study)
        assert tx.tokens.find(short) is None
        assert len(tx.tokens.of(scene.lead)) == 2
    with scene.store.writing() as tx:
        tx.tokens.revoke(scene.lead, token_id)
        revoked = tx.tokens.get(scene.lead, token_id).revoked_at
        tx.tokens.revoke(scene.lead, token_id)
        assert tx.tokens.get(scene.lead, token_id).revoked_at == revoked
        assert tx.tokens.find(secret) is None
    with scene.store.writing() as tx, pytest.raises(NotFound):
        tx.tokens.revoke(scene.coders[0], token_id)


def test_no_secret_stands_in_the_database(scene: Scene) -> None:
    with scene.store.writing() as tx:
        secrets = [
            tx.links.issue(LinkKind.SET_UP),
            tx.sessions.start(scene.lead),
            tx.tokens.issue(kind=TokenKind.PERSON, name="", scopes=[], person_id=scene.lead, study_id=None, life=timedelta(days=1))[1],
        ]
        ask = tx.session.connection.exec_driver_sql
        kept = [str(row) for table in ("links", "sessions", "tokens") for row in ask(f"SELECT * FROM {table}")]
    assert len(set(secrets)) == 3
    assert not [secret for secret in secrets if any(secret in row for row in kept)]
