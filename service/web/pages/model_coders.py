"""Letting a model code a round's sample, from the lead's page of the round; and what the page says of those that do."""

from dataclasses import dataclass
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.coding.model import Round, RoundState
from service.coding.visibility import Sight
from service.store import Transaction
from service.web import access
from service.web.api.model_coders import ModelCoderIn, ModelCoderOut, shown
from service.web.identity import Principal
from service.web.modelling import Modelling, Wanted
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go


@dataclass(frozen=True, slots=True)
class ModelCodersHere:
    """The model coders of a round, whether another may be made now, and the language model that could be one."""

    made: list[ModelCoderOut]
    open: bool
    language_model: str


def model_coders_here(tx: Transaction, who: Principal, round_: Round) -> ModelCodersHere | None:
    """Say what a lead may know of a round's model coders; nothing of what they gave."""
    if not access.may_see(tx, who, round_, Sight.MODEL_CODERS):
        return None
    present = tx.language_models.present(round_.study_id)
    codes_now = any(one.state.takes_codings for one in tx.rounds.coded_by(who.person_id))
    named = present.terms.parameters.model if present and present.terms and not codes_now else ""
    return ModelCodersHere([shown(one) for one in tx.model_coders.of(round_.id)], round_.state is RoundState.OPEN, named)


@post("/rounds/{round_id:uuid}/model-coders", opt={"back": "/rounds/{round_id}"})
async def make(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], modelling: NamedDependency[Modelling]
) -> Redirect:
    """Have a model code the sample, and go back to the round."""
    asked = read(ModelCoderIn, {"backend": form.text("backend")})
    await modelling.make(Wanted(who, str(round_id), asked.backend, form.key()))
    return go(f"/rounds/{round_id}#models")


handlers = [make]
