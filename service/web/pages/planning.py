"""Planning a round: the form, a preview of what the draw gives, the draft."""

import asyncio
import secrets
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from service.codebook.model import Codebook
from service.coding.model import Round, RoundKind, SuggestionPolicy
from service.coding.visibility import Role, Sight
from service.errors import BadInput
from service.store import Store, Transaction
from service.store.corpus import Study
from service.store.credentials import Scope
from service.web import access
from service.web.api.drawing import PreviewIn, RoundIn, kept, previewed, scores_for
from service.web.api.planning import PlanIn, calculated
from service.web.background import Background
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page
from service.web.scoring import revision_of
from service.web.suggesting import Suggesting

Wanted = Annotated[int | None, QueryParameter(ge=1, le=100_000)]
SEEDS = 1_000_000
USUAL_SAMPLE = 100
PERCENT = 100
BACK: dict[str, Any] = {"back": "/studies/{study_id}/rounds/new"}


@get("/studies/{study_id:uuid}/rounds/new", sync_to_thread=True)
def plan_form(
    study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], size: Wanted = None
) -> Response[str]:
    """Show the form that plans a round, of the size that the planner came to if it was asked."""
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))
        codebook = tx.codebooks.id_of(study.id)
        revisions = tx.codebooks.revisions(codebook)[::-1] if codebook else []
        documents = tx.corpus.documents(study.id)
        context: dict[str, Any] = {
            "revisions": revisions,
            "variables": revisions[0].codebook.variables if revisions else (),
            "coders": [member for member in tx.people.members(study.id) if member.role is not Role.OBSERVER],
            "excerpts": sum(document.excerpts for document in documents),
            "documents": len(documents),
            "columns": tx.metadata.columns(study.id),
            "keys": _keys(tx, who, study.id),
            "name": f"Round {len(tx.rounds.of_study(study.id)) + 1}",
        }
    context |= {"usual": min(size or USUAL_SAMPLE, context["excerpts"]), "seed": secrets.randbelow(SEEDS)}
    return page("round_new.html", who, study=study, kinds=list(RoundKind), policies=list(SuggestionPolicy), **context)


@post("/studies/{study_id:uuid}/plan", status_code=200, opt=BACK)
async def calculate(
    study_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    background: NamedDependency[Background],
) -> Response[str]:
    """Show how many excerpts each code needs, what the size would yield, and which codes nothing will be learned about."""
    study, codebook = await asyncio.to_thread(_codebook, store, who, str(study_id), form.number("revision"))
    asked = _plan_asked(form, codebook)
    found = await calculated(store, who, str(study_id), asked, suggesting, background)
    return page("plan.html", who, study=study, asked=asked, found=found)


@post("/studies/{study_id:uuid}/rounds", opt=BACK)
async def plan(
    study_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    background: NamedDependency[Background],
) -> Redirect:
    """Draw the sample and keep the plan as a draft."""
    asked = _asked(form)
    scores = await scores_for(store, who, str(study_id), asked, suggesting, background)

    def keep() -> str:
        with store.writing() as tx:
            return kept(tx, who, str(study_id), asked, scores, form.key())

    return go(f"/rounds/{await asyncio.to_thread(keep)}")


@post("/studies/{study_id:uuid}/rounds/preview", status_code=200, opt=BACK)
async def preview(
    study_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    background: NamedDependency[Background],
) -> Response[str]:
    """Show what the draw would give, with a button that keeps it."""
    asked = _asked(form)
    trial = PreviewIn(asked.revision, asked.sample, len(asked.coders), asked.overlap, asked.repeats)
    scores = await scores_for(store, who, str(study_id), trial, suggesting, background)
    found = await asyncio.to_thread(previewed, store, who, str(study_id), trial, scores)
    sent = [(name, value) for name in form.fields if name != "key" for value in form.texts(name)]
    study = await asyncio.to_thread(_study, store, str(study_id))
    return page("round_preview.html", who, study=study, asked=asked, found=found, sent=sent)


def _study(store: Store, study_id: str) -> Study:
    with store.reading() as tx:
        return tx.corpus.study(study_id)


def _codebook(store: Store, who: Principal, study_id: str, revision: int) -> tuple[Study, Codebook]:
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD))
        return study, revision_of(tx, study.id, revision).codebook


def _plan_asked(form: Form, codebook: Codebook) -> PlanIn:
    fields: dict[str, object] = {name: _share(form, name) for name in ("minimum", "expected", "confidence", "power")}
    fields |= {name: form.number(name) for name in ("revision", "coders_each")}
    fields |= {name: form.text(name).strip() or None for name in ("size", "cost")}
    return read(PlanIn, fields | {"target": form.text("target"), "prevalence": _prevalence(form, codebook)})


def _prevalence(form: Form, codebook: Codebook) -> dict[str, object]:
    if (source := form.text("source")) != "given":
        return {"source": source}
    named = [
        (f"p{at}-{place}", variable, code) for at, variable in enumerate(codebook.variables) for place, code in enumerate(variable.codes)
    ]
    given = [
        {"variable": variable.name, "code": code.name, "share": _share(form, field)}
        for field, variable, code in named
        if form.text(field).strip()
    ]
    if not given:
        message = "Say for one code at least on how many percent of the excerpts you expect it, or take another source."
        raise BadInput(message)
    return {"source": source, "codes": given}


def _keys(tx: Transaction, who: Principal, study: str) -> list[tuple[str, str]]:
    """List what a training round can be compared with: the resolutions of a closed round, or what one of its coders gave."""
    seen = [one for one in tx.rounds.of_study(study) if one.state.is_revealed and access.may_see(tx, who, one, Sight.CODINGS)]
    return [option for round_ in seen for option in _keys_of(tx, round_)]


def _keys_of(tx: Transaction, round_: Round) -> list[tuple[str, str]]:
    names = tx.reports.coders(round_)
    of_coders = [(f"{round_.id}/{coder}", f"{round_.name}: what {name} gave") for coder, name in names.items()]
    return [(round_.id, f"{round_.name}: what was resolved"), *of_coders]


def _asked(form: Form) -> RoundIn:
    close_by = form.text("close_by").strip()
    key_round, _, key_coder = form.text("key_from").partition("/")
    fields: dict[str, object] = {
        "name": form.text("name").strip(),
        "kind": form.text("kind"),
        "policy": form.text("policy"),
        "revision": form.number("revision"),
        "sample": _sample(form),
        "coders": form.texts("coders"),
        "close_by": f"{close_by}Z" if close_by else None,
        "hide_names": bool(form.text("hide_names")),
        "overlap": _overlap(form),
        "repeats": {"share": _share(form, "repeats"), "distance": form.number("distance")} if form.text("repeats").strip("0 ") else None,
        "key": {"round_id": key_round, "coder": key_coder or None} if key_round else None,
    }
    return read(RoundIn, fields)


def _sample(form: Form) -> dict[str, object]:
    method, _, strata = (form.text("method") or "random").partition("-")
    made: dict[str, object] = {"method": method, "seed": form.number("seed")}
    match method:
        case "clustered":
            return made | {"documents": form.number("documents")}
        case "stratified":
            by, _, column = strata.partition("-")
            return made | {"size": form.number("size"), "by": by, "allocation": form.text("allocation"), "column": column or None}
        case "enriched":
            shares = {"band": _share(form, "band"), "share": _share(form, "share")}
            return made | shares | {"size": form.number("size"), "codes": [_code(one) for one in form.texts("enriched_codes")]}
        case _:
            return made | {"size": form.number("size")}


def _overlap(form: Form) -> dict[str, object]:
    match form.text("overlap"):
        case "some":
            return {"kind": "some", "coders_each": form.number("coders_each")}
        case "double":
            return {"kind": "double", "share": _share(form, "double_share")}
        case _:
            return {"kind": "every"}


def _share(form: Form, field: str) -> float:
    return form.number(field) / PERCENT


def _code(sent: str) -> dict[str, str]:
    try:
        variable, code = msgspec.json.decode(sent, type=tuple[str, str])
    except msgspec.MsgspecError as error:
        message = "A code of the form cannot be read. Nothing was stored."
        raise BadInput(message) from error
    return {"variable": variable, "code": code}


handlers = [plan_form, calculate, plan, preview]
