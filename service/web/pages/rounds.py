"""Rounds for the lead: opening, how far the coders are, who takes over, closing, opening codings early."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.coding.model import Coding, PersonId, Round
from service.coding.visibility import Role, Sight, Stance
from service.report.draws import design_sentence
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.store.people import Person
from service.web import access
from service.web.api.codings import UnblindIn
from service.web.api.exposures import exposure_of
from service.web.api.forms import body_of, once
from service.web.api.rounds import ReplaceIn, completion, delete_draft, open_for, replaced, shown
from service.web.background import Background
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.model_coders import model_coders_here
from service.web.pages.rendering import go, page

_TAKE_OVER = {Role.CODER, Role.ADJUDICATOR}
BACK: dict[str, Any] = {"back": "/rounds/{round_id}"}


@get("/rounds/{round_id:uuid}", sync_to_thread=True)
def show(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str] | Redirect:
    """Show a round to its lead; a coder goes to the coder's page, an observer to the figures."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None)
        found = access.stance(tx, who, round_)
        if found is Stance.ADJUDICATOR:
            return go(f"/rounds/{round_id}/resolve")
        if found not in {Stance.LEAD, Stance.CODING_LEAD}:
            return go(f"/rounds/{round_id}/{'code' if round_.state.takes_codings else 'agreement'}")
        sees = access.may_see(tx, who, round_, Sight.COMPLETION)
        context: dict[str, Any] = {
            "round": shown(tx, who, round_),
            "exposure": exposure_of(tx, who, round_),
            "study": tx.corpus.study(round_.study_id),
            "revision": tx.codebooks.revision(round_.revision_id),
            "completion": completion(tx, round_) if sees else None,
            "design": design_sentence(round_.design),
            "here_now": [(coder, tx.people.get(coder).name) for coder in round_.coders if coder not in round_.leavers],
            "others": _others(tx, round_),
            "models": model_coders_here(tx, who, round_),
            "results": access.may_see(tx, who, round_, Sight.RESULTS),
            "early": [audit for audit in tx.audits.about(round_.id) if audit.act == "unblinded"] if sees else [],
            "again": [audit for audit in tx.audits.about(round_.id) if audit.act == "reopened"],
        }
    return page("round.html", who, **context)


@get("/rounds/{round_id:uuid}/completion", sync_to_thread=True)
def show_completion(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Show how far the coders are: the part of the round's page that refreshes itself."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.COMPLETION, Scope.MANAGE)
        return page("completion.html", who, round=round_, completion=completion(tx, round_), alone=True)


@post("/rounds/{round_id:uuid}/opening", sync_to_thread=True, opt=BACK)
def open_round(
    round_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    background: NamedDependency[Background],
) -> Redirect:
    """Let coding begin."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        once(tx, who, f"openRound {round_id}", form.key(), b"", lambda: [open_for(tx, who, round_, background)])
    return go(f"/rounds/{round_id}")


@post("/rounds/{round_id:uuid}/closing", sync_to_thread=True, opt=BACK)
def close_round(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """End the blind phase and go to the figures."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        once(tx, who, f"closeRound {round_id}", form.key(), b"", lambda: [tx.rounds.close(round_.id, who.person_id).id])
    return go(f"/rounds/{round_id}/agreement")


@post("/rounds/{round_id:uuid}/replacements", sync_to_thread=True, opt=BACK)
def replace(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Let somebody take over a leaver's whole set."""
    asked = read(ReplaceIn, {"leaver_id": form.text("leaver_id"), "person_id": form.text("person_id")})
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        once(tx, who, f"replaceCoder {round_id}", form.key(), body_of(asked), lambda: [replaced(tx, who, round_, asked)])
    return go(f"/rounds/{round_id}")


@post("/rounds/{round_id:uuid}/deletion", sync_to_thread=True, opt=BACK)
def delete_round(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Delete a draft."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, form.text("study"), Scope.MANAGE, access.LEAD)
        once(tx, who, f"deleteRound {round_id}", form.key(), b"", lambda: delete_draft(tx, who, str(round_id)))
    return go(f"/studies/{study}?notice=draft")


@post("/rounds/{round_id:uuid}/unblinding", sync_to_thread=True, status_code=200, opt=BACK)
def unblind(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Response[str]:
    """Open one coder's codings early and show them; the reason is printed on every report of the round."""
    asked = read(UnblindIn, {"person_id": form.text("person_id"), "reason": form.text("reason").strip()})
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        access.check_unblinding(tx, who, round_)
        person = PersonId(str(asked.person_id))

        def act() -> list[str]:
            return [coding.id for coding in tx.codings.unblinded(round_.id, person, by=who.person_id, reason=asked.reason)]

        made = once(tx, who, f"unblind {round_id}", form.key(), body_of(asked), act)
        return _opened(tx, who, round_, tx.codings.by_ids(round_.id, person, made))


def _others(tx: Transaction, round_: Round) -> list[Person]:
    members = tx.people.members(round_.study_id)
    return [one.person for one in members if one.role in _TAKE_OVER and one.person.id not in round_.coders]


def _opened(tx: Transaction, who: Principal, round_: Round, codings: list[Coding]) -> Response[str]:
    excerpts = tx.corpus.excerpts(sorted({coding.excerpt_id for coding in codings}))
    return page("unblinded.html", who, round=round_, codings=codings, excerpts=excerpts)


handlers = [show, show_completion, open_round, close_round, replace, delete_round, unblind]
