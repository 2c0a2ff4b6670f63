"""The planner: how many excerpts a round needs, code by code, and what it would cost. A calculation; nothing is stored."""

import asyncio
from typing import Annotated
from uuid import UUID

import msgspec
import numpy as np
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.agreement.profile import STANDARD_1
from service.agreement.verdict import ENOUGH
from service.codebook.model import Codebook
from service.coding.model import Round
from service.coding.plan import LARGEST_SEED, MOST_EXCERPTS
from service.coding.planner import Aim, CodePlan, Outlook, Target, plan_code, size_for
from service.coding.visibility import Sight
from service.corpus.model import StudyId
from service.errors import BadInput, Conflict, NotFound
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.forms import Name
from service.web.background import Background
from service.web.identity import Principal
from service.web.openapi import json_body, refusals
from service.web.scoring import Scores, revision_of, scores_of
from service.web.suggesting import Suggesting

MOST_PLANNED = 100
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Inside = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Prevalences = dict[tuple[str, str], float]


class CodeShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The share of excerpts that a code is thought to be given on."""

    variable: Name
    code: Name
    share: Share


class GivenShares(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="given", tag_field="source"):
    """Prevalences as you expect them."""

    codes: Annotated[list[CodeShare], msgspec.Meta(min_length=1, max_length=MOST_PLANNED)]


class ObservedShares(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="round", tag_field="source"):
    """Prevalences as coded in a closed round; without its id, the last one whose results you may see."""

    round_id: UUID | None = None


class GuessedShares(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="suggestions", tag_field="source"):
    """A guess: the share of excerpts for which the model ranks the code first in its variable."""


class PlanIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the round is to show. ``coders_each`` is how many code an excerpt, ``cost`` what one coding costs, in any unit.

    Without ``size`` it is the smallest that serves every code which the study's excerpts can serve.
    """

    revision: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_SEED)]
    target: Target
    minimum: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    expected: Inside
    confidence: Inside
    power: Inside
    coders_each: Annotated[int, msgspec.Meta(ge=2, le=100)]
    prevalence: GivenShares | ObservedShares | GuessedShares
    size: Annotated[int, msgspec.Meta(ge=1, le=MOST_EXCERPTS)] | None = None
    cost: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None

    def aim(self) -> Aim:
        """Give it as the planner knows it."""
        return Aim(
            target=self.target,
            minimum=self.minimum,
            expected=self.expected,
            confidence=self.confidence,
            power=self.power,
            coders=self.coders_each,
        )


class CodePlanOut(msgspec.Struct, frozen=True):
    """One code: what it needs, and what the size would yield for it.

    ``needed`` is the larger of ``for_coefficient`` and ``for_verdict``, null where no size would do. ``verdicts`` are shares of
    ``simulations`` simulated studies whose coders agree as expected; ``rho`` is Shaffer's, for two coders.
    """

    variable: str
    code: str
    prevalence: float | None
    for_coefficient: int | None
    for_verdict: int | None
    needed: int | None
    expected_excerpts: float
    chance_of_enough: float
    outlook: Outlook
    verdicts: dict[str, float]
    simulations: int
    rho: float | None


class CalculationOut(msgspec.Struct, frozen=True):
    """The answer. ``nothing_about`` names the codes about which the size will show nothing; ``methods`` how all this was computed."""

    excerpts_there: int
    prevalence_from: str
    size: int
    codings: int
    cost: float | None
    codes: list[CodePlanOut]
    nothing_about: list[str]
    methods: str


A_PLAN: dict[str, object] = {
    "revision": 1,
    "target": "alpha",
    "minimum": 0.8,
    "expected": 0.9,
    "confidence": 0.95,
    "power": 0.8,
    "coders_each": 2,
    "prevalence": {"source": "given", "codes": [{"variable": "theme", "code": "Support", "share": 0.2}]},
    "cost": 1.5,
}


@post("/studies/{study_id:uuid}/plan", responses=refusals(400, 401, 403, 404, 409, 413, 415, 423, 503), operation_id="calculatePlan",
      status_code=200)  # fmt: skip
async def calculate_plan(
    study_id: FromPath[UUID],
    data: Annotated[PlanIn, json_body(A_PLAN)],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    suggesting: NamedDependency[Suggesting],
    background: NamedDependency[Background],
) -> CalculationOut:
    """Say how many excerpts each code needs, what a size would yield, and which codes nothing will be learned about."""
    return await calculated(store, who, str(study_id), data, suggesting, background)


async def calculated(
    store: Store, who: Principal, study_id: str, asked: PlanIn, suggesting: Suggesting, background: Background
) -> CalculationOut:
    """Find the prevalences, then calculate."""
    guessed = isinstance(asked.prevalence, GuessedShares)
    scores = await scores_of(store, who, study_id, asked.revision, suggesting, background) if guessed else None
    return await asyncio.to_thread(_calculated, store, who, study_id, asked, scores)


def _calculated(store: Store, who: Principal, study_id: str, asked: PlanIn, scores: Scores | None) -> CalculationOut:
    with store.reading() as tx:
        study = access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD)
        codebook = revision_of(tx, study, asked.revision).codebook
        there = len(tx.corpus.excerpt_ids(study))
        source, found = _prevalences(tx, who, study, codebook, asked, scores)
    return _answer(asked, codebook, there, source, found)


def _answer(asked: PlanIn, codebook: Codebook, there: int, source: str, found: Prevalences) -> CalculationOut:
    aim = asked.aim()
    named = [(variable.name, code.name) for variable in codebook.variables for code in variable.codes]
    if isinstance(asked.prevalence, GivenShares):
        named = [name for name in named if name in found]
    if len(named) > MOST_PLANNED:
        message = f"The codebook has {len(named)} codes; give the prevalences of the {MOST_PLANNED} at most that matter."
        raise BadInput(message)
    size = asked.size or size_for([found.get(name) for name in named], aim, available=there)
    plans = [_code_plan(name, found.get(name), plan_code(found.get(name), aim, size=size)) for name in named]
    codings = size * asked.coders_each
    return CalculationOut(
        excerpts_there=there,
        prevalence_from=source,
        size=size,
        codings=codings,
        cost=None if asked.cost is None else codings * asked.cost,
        codes=plans,
        nothing_about=[plan.code for plan in plans if plan.outlook is Outlook.NOTHING],
        methods=_methods(aim),
    )


def _code_plan(name: tuple[str, str], prevalence: float | None, plan: CodePlan) -> CodePlanOut:
    return CodePlanOut(
        variable=name[0],
        code=name[1],
        prevalence=prevalence,
        for_coefficient=plan.for_coefficient,
        for_verdict=plan.for_verdict,
        needed=plan.needed,
        expected_excerpts=plan.yields.expected_excerpts,
        chance_of_enough=plan.yields.chance_of_enough,
        outlook=plan.yields.outlook,
        verdicts=plan.yields.verdicts,
        simulations=plan.yields.simulations,
        rho=plan.yields.rho,
    )


def _prevalences(
    tx: Transaction, who: Principal, study: StudyId, codebook: Codebook, asked: PlanIn, scores: Scores | None
) -> tuple[str, Prevalences]:
    match asked.prevalence:
        case GivenShares(codes=codes):
            return "given", _given(codes, codebook)
        case ObservedShares(round_id=round_id):
            round_ = _observed_round(tx, who, study, round_id)
            return f"observed in {round_.name}", _observed(tx, round_)
        case GuessedShares():
            return "guessed: the share of excerpts for which the model ranks the code first", _guessed(codebook, scores)


def _given(codes: list[CodeShare], codebook: Codebook) -> Prevalences:
    known = {(variable.name, code.name) for variable in codebook.variables for code in variable.codes}
    found = {(one.variable, one.code): one.share for one in codes}
    if not known.issuperset(found):
        message = "A prevalence is given for a code that is not in this codebook revision."
        raise BadInput(message)
    return found


def _observed_round(tx: Transaction, who: Principal, study: StudyId, round_id: UUID | None) -> Round:
    if round_id is not None:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, None)
        if round_.study_id == study and round_.state.is_revealed:
            return round_
        message = "There is no such round."
        raise NotFound(message)
    seen = [one for one in tx.rounds.of_study(study) if one.state.is_revealed and access.may_see(tx, who, one, Sight.RESULTS)]
    if not seen:
        message = "No round of the study is closed yet whose results you may see. Give the prevalences, or let the model guess them."
        raise Conflict(message)
    return max(seen, key=lambda one: (one.closed_at or "", one.id))


def _observed(tx: Transaction, round_: Round) -> Prevalences:
    figures = tx.reports.of(round_, profile=STANDARD_1, list_at_most=0).agreement.variables
    return {(variable.variable, code.code): code.prevalence for variable in figures for code in variable.codes}


def _guessed(codebook: Codebook, scores: Scores | None) -> Prevalences:
    found: Prevalences = {}
    for variable in codebook.variables if scores else ():
        first = scores.of[variable.name].argmax(axis=1) if scores else np.array([], np.int64)
        shares = np.bincount(first, minlength=len(variable.codes)) / max(len(first), 1)
        found |= {(variable.name, code.name): float(share) for code, share in zip(variable.codes, shares, strict=True)}
    return found


def _methods(aim: Aim) -> str:
    if aim.target is Target.ALPHA:
        size = "Krippendorff (2019, ch. 12), after Bloch and Kraemer (1989), one-sided"
    else:
        size = f"the goodness-of-fit test of Donner and Eliasziw (1992) against {aim.expected:g} with power {aim.power:g}"
    return (
        f"Each code is taken as given or not given. Excerpts that tell {aim.target.value} from {aim.minimum:g} at confidence "
        f"{aim.confidence:g} with {aim.coders} coders an excerpt: {size}. A verdict needs {ENOUGH} excerpts with the code; their "
        f"number is binomial. Verdicts are simulated with coders who agree by alpha {aim.expected:g}."
    )


router = Router("/", route_handlers=[calculate_plan], tags=["Rounds"])
