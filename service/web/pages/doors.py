"""Coming in and going out: signing in, one-time links, signing out."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from service.coding.model import PersonId
from service.coding.visibility import Role
from service.corpus.characters import twin_key
from service.errors import BadInput, Conflict, NotSignedIn, Refusal, TooMany
from service.settings import Settings
from service.store import Store, Transaction
from service.store.credentials import Link, LinkKind
from service.web import identity
from service.web.api.people import InvitationIn
from service.web.identity import Principal
from service.web.pages import visitors
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page
from service.web.problems import PROBLEMS
from service.web.throttle import Throttle

Next = Annotated[str, QueryParameter(name="next", max_length=2000)]


@dataclass(frozen=True, slots=True)
class Door:
    """What letting somebody in needs: the request with its cookie and address, and who tried before."""

    request: Request[Any, Any, Any]
    store: Store
    settings: Settings
    throttle: Throttle

    def sign_in(self, tx: Transaction, login: str, password: str) -> PersonId:
        """Give the person of a login name and password; failures of one name from one address are counted."""
        address = self.address()
        self.throttle.check(login, address, self.store.clock.now())
        try:
            person = identity.sign_in(tx, login, password)
        except NotSignedIn:
            self.throttle.failed(login, address, self.store.clock.now())
            raise
        self.throttle.passed(login, address)
        return person

    def address(self) -> str:
        """Give the network address that asks; what a proxy says counts only where the operator trusts the proxy."""
        told = self.request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if self.settings.trusted_proxy and told:
            return told
        return self.request.client.host if self.request.client else ""

    def open(self, tx: Transaction, person: PersonId, path: str) -> Redirect:
        """Start the session and go on."""
        return go(path, visitors.enter(tx, self.request, self.settings, person))


def door(
    request: Request[Any, Any, Any], store: NamedDependency[Store], settings: NamedDependency[Settings], throttle: NamedDependency[Throttle]
) -> Door:
    """Give the door of this request."""
    return Door(request, store, settings, throttle)


@get("/login", sync_to_thread=False)
def show_login(visitor: NamedDependency[Principal | None], next_: Next = "/") -> Response[str] | Redirect:
    """Show the form to sign in with."""
    return go(_local(next_)) if visitor else page("login.html", None, next=_local(next_), login="", problem="")


@post("/login", sync_to_thread=True, status_code=200)
def sign_in(form: NamedDependency[Form], door: NamedDependency[Door]) -> Response[str] | Redirect:
    """Sign in, or say why not without saying which of name and password was wrong."""
    login, path = form.text("login").strip(), _local(form.text("next"))
    try:
        with door.store.reading() as tx:  # checking a password takes long: no writer waits for it
            person = door.sign_in(tx, login, form.text("password"))
    except (NotSignedIn, TooMany) as refusal:
        return _again("login.html", refusal, next=path, login=login)
    with door.store.writing() as tx:
        return door.open(tx, person, path)


@post("/sign-out", sync_to_thread=True)
def sign_out(request: Request[Any, Any, Any], store: NamedDependency[Store], settings: NamedDependency[Settings]) -> Redirect:
    """End the session here and on the server."""
    with store.writing() as tx:
        return go("/login", visitors.leave(tx, request, settings))


@get("/links/{secret:str}", sync_to_thread=True)
def show_link(secret: FromPath[str], store: NamedDependency[Store]) -> Response[str]:
    """Say what a one-time link is for; looking at it does not use it up."""
    with store.reading() as tx:
        link = tx.links.find(secret)
        return page("link.html", None, purpose=_purpose(link), problem="", name="", login=_login(tx, link))


@post("/links/{secret:str}", sync_to_thread=True, status_code=200, opt={"back": "/links/{secret}"})
def use_link(secret: FromPath[str], form: NamedDependency[Form], door: NamedDependency[Door]) -> Response[str] | Redirect:
    """Use a one-time link: it ends with the transaction that lets its person in."""
    login, name = form.text("login").strip(), form.text("name").strip()
    try:
        with door.store.writing() as tx:
            link = tx.links.find(secret)
            tx.links.use(link)
            return door.open(tx, _carried_out(tx, door, link, form), f"/studies/{link.study_id}" if link.study_id else "/")
    except (BadInput, Conflict, NotSignedIn, TooMany) as refusal:
        with door.store.reading() as tx:
            link = tx.links.find(secret)
            return _again("link.html", refusal, purpose=_purpose(link), name=name, login=login)


def _carried_out(tx: Transaction, door: Door, link: Link, form: Form) -> PersonId:
    login, password = form.text("login").strip(), form.text("password")
    match link.kind:
        case LinkKind.SET_UP:
            asked = read(InvitationIn, {"login": login, "name": form.text("name").strip(), "role": Role.LEAD})
            return _with_password(tx, tx.people.add(login=asked.login, name=asked.name, may_lead=True), password)
        case LinkKind.SET_PASSWORD:
            return _with_password(tx, _own(tx, link, login), password)
        case LinkKind.JOIN:
            _own(tx, link, login)
            return door.sign_in(tx, login, password)


def _with_password(tx: Transaction, person: PersonId, password: str) -> PersonId:
    tx.people.set_password(person, identity.hash_password(password))
    tx.sessions.end_all(person)
    return person


def _own(tx: Transaction, link: Link, login: str) -> PersonId:
    if link.person_id is None or twin_key(tx.people.get(link.person_id).login) != twin_key(login):
        message = "This link was made for another login name. Use the name that the form shows first."
        raise BadInput(message)
    return link.person_id


def _purpose(link: Link) -> dict[str, str]:
    sentences = {
        LinkKind.SET_UP: ("Set up Intercoder", "You are the first person here. Choose how you sign in; you can then make a study."),
        LinkKind.SET_PASSWORD: ("Choose your password", "With it you sign in from now on. Nobody else learns it."),
        LinkKind.JOIN: ("Join a study", "You were invited to a study."),
    }
    heading, purpose = sentences[link.kind]
    return {"kind": link.kind.value, "heading": heading, "sentence": purpose, "expires_at": link.expires_at}


def _login(tx: Transaction, link: Link) -> str:
    return tx.people.get(link.person_id).login if link.person_id else ""


def _again(template: str, refusal: Refusal, **context: object) -> Response[str]:
    shown = page(template, None, status=PROBLEMS[type(refusal)].status, problem=refusal.detail, **context)
    if isinstance(refusal, TooMany):
        shown.headers["Retry-After"] = str(refusal.retry_after)
    return shown


def _local(path: str) -> str:
    is_here = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_here else "/"


handlers = [show_login, sign_in, sign_out, show_link, use_link]
