"""The word beside a coefficient: said of the probability that it reaches a threshold, never of the point estimate."""

from enum import StrEnum

from service.agreement.estimate import Interval, Undefined

CERTAIN = 0.95
ENOUGH = 30
"""Units on which a code must have been given by somebody before a verdict is said: as in "about 30 would be needed"."""
RULE = (
    "reliable: P(coefficient >= .800) >= .95; tentative: P(coefficient >= .667) >= .95; not reliable: P(coefficient >= .667) <= .05; "
    f"else undecided. Not enough data: given on fewer than {ENOUGH} excerpts. Undefined and not enough data come first."
)


class Verdict(StrEnum):
    """What may be said of a code."""

    RELIABLE = "reliable"
    TENTATIVE = "tentative"
    NOT_RELIABLE = "not reliable"
    UNDECIDED = "undecided"
    NOT_ENOUGH_DATA = "not enough data"
    UNDEFINED = "undefined"


def verdict_of(interval: Interval | Undefined) -> Verdict:
    """Judge by the probabilities of an interval."""
    if isinstance(interval, Undefined):
        return Verdict.UNDEFINED
    if interval.at_least_800 >= CERTAIN:
        return Verdict.RELIABLE
    if interval.at_least_667 >= CERTAIN:
        return Verdict.TENTATIVE
    return Verdict.NOT_RELIABLE if interval.at_least_667 <= 1 - CERTAIN else Verdict.UNDECIDED
