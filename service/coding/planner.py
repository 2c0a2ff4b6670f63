"""How many excerpts a round needs, code by code, what a size would yield, and which codes nothing will be learned about."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.agreement.planning import (
    KappaTest,
    chance_of_at_least,
    excerpts_for_code,
    sample_size_donner_eliasziw,
    sample_size_krippendorff,
)
from service.agreement.power import Design as Simulated
from service.agreement.power import simulated_power
from service.agreement.rho import Rho, RhoDesign, shaffer_rho
from service.agreement.verdict import ENOUGH
from service.coding.plan import PAIR
from service.errors import BadInput

SEED = 20110125
_UNITS_AT_ONCE, _MOST_SIMULATIONS, _FEWEST_SIMULATIONS = 200_000, 200, 30
_RHO_MINIMUM, _RHO_PRECISION, _RHO_UNIVERSE, _RHO_REPLICATES = 0.4, (0.6, 1.0), 10_000, 800


class Target(StrEnum):
    """Which coefficient is to be told from its minimum."""

    ALPHA = "alpha"
    KAPPA = "kappa"


class Outlook(StrEnum):
    """Whether a sample will hold enough excerpts with a code for a verdict."""

    ENOUGH = "enough"
    PERHAPS = "perhaps"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What the round is to show: ``expected`` is the agreement that the coders are thought to have, ``coders`` those of each excerpt."""

    target: Target
    minimum: float
    expected: float
    confidence: float
    power: float
    coders: int

    def __post_init__(self) -> None:
        """Refuse an aim that no sample can reach."""
        if not 0 <= self.minimum < self.expected < 1:
            message = "The agreement you expect has to lie above the minimum, and both from 0 to under 1."
            raise BadInput(message)
        if not (0 < self.confidence < 1 and 0 < self.power < 1) or self.coders < PAIR:
            message = "Confidence and power lie between 0 and 1, and an excerpt needs two coders at least."
            raise BadInput(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """What a size gives for a code. ``verdicts`` are shares of simulated studies, ``rho`` Shaffer's for two coders."""

    expected_excerpts: float
    chance_of_enough: float
    outlook: Outlook
    verdicts: dict[str, float]
    simulations: int
    rho: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePlan:
    """What one code needs; None where its prevalence is unknown, 0 or 1, so that no size would do.

    ``for_coefficient`` tells the coefficient from its minimum, ``for_verdict`` lets enough excerpts carry the code.
    """

    for_coefficient: int | None
    for_verdict: int | None
    yields: Yield

    @property
    def needed(self) -> int | None:
        """The larger of the two."""
        return None if self.for_coefficient is None or self.for_verdict is None else max(self.for_coefficient, self.for_verdict)


def size_for(prevalences: Sequence[float | None], aim: Aim, *, available: int) -> int:
    """Give the excerpts that serve every code which the study's excerpts can serve; all of them where they serve none."""
    needs = [need for one in prevalences if (need := needed(one, aim)) is not None and need <= available]
    return max(needs, default=available)


def needed(prevalence: float | None, aim: Aim) -> int | None:
    """Give the excerpts that one code needs."""
    if prevalence is None or not 0 < prevalence < 1:
        return None
    return max(for_coefficient(prevalence, aim), for_verdict(prevalence, aim))


def for_coefficient(prevalence: float, aim: Aim) -> int:
    """Give the excerpts that tell the code's coefficient from its minimum: alpha one-sided, kappa by the goodness-of-fit test."""
    level = 1 - aim.confidence
    if aim.target is Target.ALPHA:
        return sample_size_krippendorff(minimum=aim.minimum, level=level, share=prevalence, coders=aim.coders)
    test = KappaTest(null=aim.minimum, alternative=aim.expected, level=level, power=aim.power, two_sided=False)
    return sample_size_donner_eliasziw(test, shares=(prevalence, 1 - prevalence), coders=aim.coders)


def for_verdict(prevalence: float, aim: Aim) -> int:
    """Give the excerpts of which enough carry the code, as sure as the aim's confidence."""
    return excerpts_for_code(prevalence=prevalence, needed=ENOUGH, assurance=aim.confidence)


def plan_code(prevalence: float | None, aim: Aim, *, size: int) -> CodePlan:
    """Say what a code needs and what a size would yield for it."""
    if prevalence is None or not 0 < prevalence < 1:
        nothing = Yield(
            expected_excerpts=size * (prevalence or 0.0),
            chance_of_enough=0.0,
            outlook=Outlook.NOTHING,
            verdicts={},
            simulations=0,
            rho=None,
        )
        return CodePlan(for_coefficient=None, for_verdict=None, yields=nothing)
    return CodePlan(
        for_coefficient=for_coefficient(prevalence, aim), for_verdict=for_verdict(prevalence, aim), yields=_yields(prevalence, aim, size)
    )


def _yields(prevalence: float, aim: Aim, size: int) -> Yield:
    chance = chance_of_at_least(ENOUGH, size, prevalence)
    verdicts, simulations = _verdicts(prevalence, aim, size) if size >= ENOUGH else ({}, 0)
    return Yield(
        expected_excerpts=size * prevalence,
        chance_of_enough=chance,
        outlook=_outlook(chance, aim.confidence),
        verdicts=verdicts,
        simulations=simulations,
        rho=_rho(prevalence, aim, size),
    )


def _outlook(chance: float, confidence: float) -> Outlook:
    if chance >= confidence:
        return Outlook.ENOUGH
    return Outlook.NOTHING if chance <= 1 - confidence else Outlook.PERHAPS


def _verdicts(prevalence: float, aim: Aim, size: int) -> tuple[dict[str, float], int]:
    simulations = max(_FEWEST_SIMULATIONS, min(_MOST_SIMULATIONS, _UNITS_AT_ONCE // (size * aim.coders)))
    design = Simulated(coders=aim.coders, units=size, prevalence=prevalence, agreement=aim.expected, simulations=simulations, seed=SEED)
    return {verdict.value: share for verdict, share in simulated_power(design).verdicts.items()}, simulations


def _rho(prevalence: float, aim: Aim, size: int) -> float | None:
    if aim.coders != PAIR or not aim.minimum > _RHO_MINIMUM or size > _RHO_UNIVERSE:
        return None
    design = RhoDesign(
        threshold=aim.minimum,
        minimum=_RHO_MINIMUM,
        precision=_RHO_PRECISION,
        universe=_RHO_UNIVERSE,
        inflation=0,
        replicates=_RHO_REPLICATES,
        seed=SEED,
    )
    found = shaffer_rho(kappa=aim.expected, baserate=prevalence, test_set=size, design=design)
    return found.value if isinstance(found, Rho) else None
