"""The alternative-annotator test of a round's model coders: whether the model may stand in for one of the coders."""

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from service.agreement.alttest import NEEDED_HUMANS, NEEDED_UNITS, AltTest, AltTestResult, HumanComparison, alt_test
from service.agreement.estimate import Undefined
from service.corpus.model import ExcerptId

SETTINGS = AltTest(epsilon=0.15, false_discovery=0.05, minimum_units=NEEDED_UNITS)
"""Epsilon .15 is the authors' for skilled annotators: coders who were trained in a codebook."""

TOO_FEW_HUMANS = (
    "No test: it leaves one coder out and asks whether the model or that coder agrees more with the others, "
    f"which takes {NEEDED_HUMANS} coders."
)
TOO_FEW_UNITS = f"No test: it takes {NEEDED_UNITS} excerpts a coder, coded by the model and by another coder too."
MODEL = "\0 the model"
"""In the place of a coder: no person's name begins with NUL."""
_JOINED = "\u241e"  # the sign for a record separator, which no name of a code holds beside another


class HumanCompared(msgspec.Struct, frozen=True, kw_only=True):
    """One coder left out: how often the model, and how often that coder, gives what most of the others give; p of the one-sided t-test.

    ``won``: the model is as good as this coder, within epsilon.
    """

    coder: str
    excerpts: int
    model: float
    human: float
    p: float
    won: bool


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """The test of one model coder for one variable; sets of codes are compared whole. Excerpts are not weighted.

    The model passes where it wins against half of the coders (``winning_rate`` .5). ``power`` says what this design could find at all;
    ``why`` there is no test, where there is none.
    """

    coder: str
    epsilon: float
    false_discovery: float
    winning_rate: float | None = None
    advantage_probability: float | None = None
    passes: bool | None = None
    humans: list[HumanCompared] = []
    left_out: list[str] = []
    power: str | None = None
    why: str | None = None


def alternative(
    name: str,
    model: Mapping[str, tuple[str, ...]],
    humans: Mapping[tuple[ExcerptId, str], tuple[str, ...]],
    *,
    settings: AltTest = SETTINGS,
) -> Alternative:
    """Test one model coder by what it and the coders gave."""
    none = Alternative(coder=name, epsilon=settings.epsilon, false_discovery=settings.false_discovery)
    if len({coder for _, coder in humans}) < NEEDED_HUMANS:
        return msgspec.structs.replace(none, why=TOO_FEW_HUMANS)
    codings: dict[str, dict[str, str]] = defaultdict(dict)
    for (excerpt, coder), codes in humans.items():
        codings[excerpt][coder] = _value(codes)
    for excerpt, codes in model.items():
        codings[excerpt][MODEL] = _value(codes)
    found = alt_test(codings, model=MODEL, settings=settings)
    return msgspec.structs.replace(none, why=TOO_FEW_UNITS) if isinstance(found, Undefined) else _told(none, found)


def _told(none: Alternative, found: AltTestResult) -> Alternative:
    return msgspec.structs.replace(
        none,
        winning_rate=found.winning_rate,
        advantage_probability=found.advantage_probability,
        passes=found.passes,
        humans=[_compared(one) for one in found.humans],
        left_out=list(found.left_out),
        power=found.power,
    )


def _compared(one: HumanComparison) -> HumanCompared:
    return HumanCompared(coder=one.human, excerpts=one.units, model=one.model, human=one.human_share, p=one.p, won=one.won)


def _value(codes: tuple[str, ...]) -> str:
    return _JOINED.join(sorted(codes))
