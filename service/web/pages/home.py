"""Where everybody starts: the own rounds and studies, the first study, and help."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from service.coding.model import Round
from service.coding.visibility import Sight
from service.store import Store, Transaction
from service.web import access
from service.web.api.codings import ProgressOut, progress
from service.web.api.forms import body_of, once
from service.web.api.studies import StudyIn, make_study, studies_of
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page


@dataclass(frozen=True, slots=True)
class OwnRound:
    """A round that somebody codes in, and how far they are."""

    round: Round
    study: str
    progress: ProgressOut
    results: bool


@get("/", sync_to_thread=True)
def home(visitor: NamedDependency[Principal | None], store: NamedDependency[Store]) -> Response[str] | Redirect:
    """Show the own rounds and studies; who can make a study and has none goes to the first one."""
    if visitor is None:
        return go("/login")
    with store.reading() as tx:
        studies = studies_of(tx, visitor)
        may_lead = tx.people.get(visitor.person_id).may_lead
        if not studies and may_lead:
            return go("/welcome")
        names = {study.id: study.name for study in studies}
        rounds = [_own(tx, visitor, round_, names[round_.study_id]) for round_ in own_rounds(tx, visitor)]
    return page("home.html", visitor, here="home", studies=studies, rounds=rounds, may_lead=may_lead)


@get("/welcome", sync_to_thread=True)
def welcome(who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Show how to begin, and the form that makes a study."""
    with store.reading() as tx:
        studies = studies_of(tx, who)
        may_lead = tx.people.get(who.person_id).may_lead
    return page("welcome.html", who, studies=studies, may_lead=may_lead)


@post("/studies", sync_to_thread=True, opt={"back": "/welcome"})
def make(form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Redirect:
    """Make a study and go to it."""
    asked = read(StudyIn, {"name": form.text("name").strip()})
    with store.writing() as tx:
        [study] = once(tx, who, "createStudy", form.key(), body_of(asked), lambda: [make_study(tx, who, asked.name)])
    return go(f"/studies/{study}")


@get("/help/blind", sync_to_thread=False)
def help_blind(visitor: NamedDependency[Principal | None]) -> Response[str]:
    """Explain what blind coding means here."""
    return page("help_blind.html", visitor, here="help")


def own_rounds(tx: Transaction, who: Principal) -> list[Round]:
    """List the rounds somebody codes in and may know of: open ones first, then the newest."""
    found = [round_ for round_ in tx.rounds.coded_by(who.person_id) if access.may_see(tx, who, round_, Sight.OWN)]
    found.reverse()
    return sorted(found, key=lambda round_: not round_.state.takes_codings)


def _own(tx: Transaction, who: Principal, round_: Round, study: str) -> OwnRound:
    results = access.may_see(tx, who, round_, Sight.RESULTS)
    return OwnRound(round_, study, progress(tx, round_, who.person_id), results)


handlers = [home, welcome, make, help_blind]
