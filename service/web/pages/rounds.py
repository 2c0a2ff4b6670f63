"""Rounds for the lead: planning, opening, how far the coders are, closing, opening codings early."""

import secrets
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.coding.model import Coding, PersonId, Round, RoundKind, SuggestionPolicy
from service.coding.visibility import Role, Sight, Stance
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.codings import UnblindIn
from service.web.api.forms import body_of, once
from service.web.api.rounds import RoundIn, completion, delete_draft, open_for, plan_of, shown
from service.web.background import Background
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page

BACK: dict[str, Any] = {"back": "/rounds/{round_id}"}
SEEDS = 1_000_000
USUAL_SAMPLE = 100


@get("/studies/{study_id:uuid}/rounds/new", sync_to_thread=True)
def plan_form(study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Show the form that plans a round."""
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))
        codebook = tx.codebooks.id_of(study.id)
        context: dict[str, Any] = {
            "revisions": tx.codebooks.revisions(codebook)[::-1] if codebook else [],
            "coders": [member for member in tx.people.members(study.id) if member.role is not Role.OBSERVER],
            "excerpts": len(tx.corpus.excerpt_ids(study.id)),
            "name": f"Round {len(tx.rounds.of_study(study.id)) + 1}",
        }
    context |= {"usual": min(USUAL_SAMPLE, context["excerpts"]), "seed": secrets.randbelow(SEEDS)}
    return page("round_new.html", who, study=study, kinds=list(RoundKind), policies=list(SuggestionPolicy), **context)


@post("/studies/{study_id:uuid}/rounds", sync_to_thread=True, opt={"back": "/studies/{study_id}/rounds/new"})
def plan(study_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Redirect:
    """Draw the sample and keep the plan as a draft."""
    asked = _asked(form)
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)

        def act() -> list[str]:
            return [tx.rounds.plan(study, plan_of(tx, study, asked), who.person_id)]

        [made] = once(tx, who, f"planRound {study_id}", form.key(), body_of(asked), act)
    return go(f"/rounds/{made}")


@get("/rounds/{round_id:uuid}", sync_to_thread=True)
def show(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str] | Redirect:
    """Show a round to its lead; a coder goes to the coder's page, an observer to the figures."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.EXISTENCE, None)
        if access.stance(tx, who, round_) not in {Stance.LEAD, Stance.CODING_LEAD}:
            return go(f"/rounds/{round_id}/{'code' if round_.state.takes_codings else 'agreement'}")
        sees = access.may_see(tx, who, round_, Sight.COMPLETION)
        context: dict[str, Any] = {
            "round": shown(tx, who, round_),
            "study": tx.corpus.study(round_.study_id),
            "revision": tx.codebooks.revision(round_.revision_id),
            "completion": completion(tx, round_) if sees else None,
            "results": access.may_see(tx, who, round_, Sight.RESULTS),
            "early": [audit for audit in tx.audits.about(round_.id) if audit.act == "unblinded"] if sees else [],
            "again": [audit for audit in tx.audits.about(round_.id) if audit.act == "reopened"],
        }
    return page("round.html", who, **context)


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


def _opened(tx: Transaction, who: Principal, round_: Round, codings: list[Coding]) -> Response[str]:
    excerpts = tx.corpus.excerpts(sorted({coding.excerpt_id for coding in codings}))
    return page("unblinded.html", who, round=round_, codings=codings, excerpts=excerpts)


def _asked(form: Form) -> RoundIn:
    close_by = form.text("close_by").strip()
    fields: dict[str, object] = {
        "name": form.text("name").strip(),
        "kind": form.text("kind"),
        "policy": form.text("policy"),
        "revision": form.number("revision"),
        "sample": {"method": "random", "size": form.number("size"), "seed": form.number("seed")},
        "coders": form.texts("coders"),
        "close_by": f"{close_by}Z" if close_by else None,
    }
    return read(RoundIn, fields)


handlers = [plan_form, plan, show, open_round, close_round, delete_round, unblind]
