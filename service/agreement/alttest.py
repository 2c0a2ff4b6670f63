"""The alternative-annotator test asks whether a model may stand in for a human coder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.agreement.distributions import normal, student, t_quantile
from service.agreement.estimate import Reason, Undefined, undefined
from service.agreement.ratings import Floats
from service.errors import BadInput

NEEDED_UNITS = 30
"""Units per human below which the authors find the t-test without power."""
NEEDED_HUMANS = 3
PASSES = 0.5
"""The model passes where it is at least as good as half of the humans."""
HARDLY = 0.2
"""Chance to win below which the report says that the design can hardly pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AltTest:
    """Settings: the cost-benefit ``epsilon`` (.2 experts, .15 skilled, .1 crowd) and the false discovery rate."""

    epsilon: float
    false_discovery: float
    minimum_units: int


@dataclass(frozen=True, slots=True)
class HumanComparison:
    """One human left out: how often the model, and the human, agree at least as well with the others; p of the t-test."""

    human: str
    units: int
    model: float
    human_share: float
    p: float
    won: bool


@dataclass(frozen=True, slots=True)
class AltTestResult:
    """Winning rate (passes from .5), advantage probability, each human, and what the design could find at all."""

    winning_rate: float
    advantage_probability: float
    passes: bool
    humans: tuple[HumanComparison, ...]
    left_out: tuple[str, ...]
    power: str


def alt_test(codings: Mapping[str, Mapping[str, str]], *, model: str, settings: AltTest) -> AltTestResult | Undefined:
    """Compare the model with each human in turn against the other humans.

    Parameters
    ----------
    codings
        ``codings[unit][coder]`` is the code; the model is one of the coders.

    References
    ----------
    Calderon, Reichart & Dror (2025) The alternative annotator test for LLM-as-a-judge.
    """
    if not 0 <= settings.epsilon < 1 or not 0 < settings.false_discovery < 1:
        raise BadInput("Epsilon lies from 0 to under 1, the false discovery rate between 0 and 1.")
    humans = sorted({coder for given in codings.values() for coder in given if coder != model})
    scores = {human: _scores(codings, model, human) for human in humans}
    tested = [human for human in humans if len(scores[human]) >= max(settings.minimum_units, 2)]
    if not tested:
        return undefined(Reason.NOT_ENOUGH_DATA if humans else Reason.NO_DATA)
    p = [_p(scores[human], settings.epsilon) for human in tested]
    won = benjamini_yekutieli(p, settings.false_discovery)
    compared = tuple(_compared(human, scores[human], p[at], won[at]) for at, human in enumerate(tested))
    rate = sum(won) / len(won)
    return AltTestResult(
        winning_rate=rate,
        advantage_probability=float(np.mean([one.model for one in compared])),
        passes=rate >= PASSES,
        humans=compared,
        left_out=tuple(human for human in humans if human not in tested),
        power=_power_line([scores[human] for human in tested], settings),
    )


def benjamini_yekutieli(p: Sequence[float], rate: float) -> list[bool]:
    """Reject as many hypotheses as a false discovery rate allows under any dependence (Benjamini & Yekutieli 2001)."""
    n = len(p)
    order = np.argsort(p, kind="stable")
    scale = sum(1 / k for k in range(1, n + 1))
    below = np.array(p)[order] <= np.arange(1, n + 1) / (n * scale) * rate
    last = int(np.flatnonzero(below)[-1]) + 1 if below.any() else 0
    rejected = np.zeros(n, np.bool_)
    rejected[order[:last]] = True
    return rejected.tolist()


def _scores(codings: Mapping[str, Mapping[str, str]], model: str, human: str) -> Floats:
    """Score model and human per unit by the share of the other humans who gave the same code; columns: model wins, human wins."""
    rows: list[tuple[float, float]] = []
    for given in codings.values():
        others = [code for coder, code in given.items() if coder not in {model, human}]
        if model in given and human in given and others:
            of_model = sum(code == given[model] for code in others)
            of_human = sum(code == given[human] for code in others)
            rows.append((float(of_model >= of_human), float(of_human >= of_model)))
    return np.array(rows, np.float64).reshape(-1, 2)


def _p(score: Floats, epsilon: float) -> float:
    """One-sided t-test that the human's wins less the model's stay below epsilon."""
    apart = score[:, 1] - score[:, 0]
    error = float(apart.std(ddof=1)) / np.sqrt(len(apart))
    if error == 0:
        return 0.0 if apart.mean() < epsilon else 1.0
    return student(float((apart.mean() - epsilon) / error), len(apart) - 1)


def _compared(human: str, score: Floats, p: float, won: bool) -> HumanComparison:  # noqa: FBT001 - a result, not a switch
    return HumanComparison(human, len(score), float(score[:, 0].mean()), float(score[:, 1].mean()), p, won)


def _power_line(scores: Sequence[Floats], settings: AltTest) -> str:
    """Say what the design could find: the chance to win against one human of a model that is exactly as good."""
    humans, units = len(scores), min(len(score) for score in scores)
    if settings.epsilon == 0:
        return "With epsilon 0 a model exactly as good as the humans cannot pass this test."
    level = settings.false_discovery / sum(1 / k for k in range(1, humans + 1))
    spread = float(np.sqrt(np.mean([(score[:, 1] - score[:, 0]).var(ddof=1) for score in scores])))
    reach = settings.epsilon * np.sqrt(units) / spread - t_quantile(1 - level, units - 1) if spread else np.inf
    chance = normal(float(reach))
    said = f"A model exactly as good as a human would win against one human with probability about {chance:.2f} ({units} units)."
    if humans < NEEDED_HUMANS or units < NEEDED_UNITS:
        said += f" The authors ask for {NEEDED_HUMANS} humans and {NEEDED_UNITS} units each."
    return said + (" This design can hardly pass." if chance < HARDLY else "")
