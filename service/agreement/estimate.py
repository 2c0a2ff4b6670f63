"""What a coefficient returns: an estimate with what it rests on, or *undefined* with its reason."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why there is no number: never 0, 1 or NaN in its place."""

    NO_DATA = "no_data"
    ONE_CODER = "one_coder"
    NO_PAIRABLE_UNITS = "no_pairable_units"
    NO_VARIATION = "no_variation"
    ONE_UNIT = "one_unit"
    CHANCE_AGREEMENT_IS_ONE = "chance_agreement_is_one"
    NOT_ENOUGH_DATA = "not_enough_data"
    OVERLAPPING_SPANS = "overlapping_spans"


SENTENCES = {
    Reason.NO_DATA: "No estimate: nothing was coded.",
    Reason.ONE_CODER: "No estimate: only one coder coded.",
    Reason.NO_PAIRABLE_UNITS: "No estimate: these coders share no excerpts.",
    Reason.NO_VARIATION: "No estimate: everyone gave the same code everywhere, so chance cannot be told from agreement.",
    Reason.ONE_UNIT: "No interval: a single excerpt says nothing about how the figure varies.",
    Reason.CHANCE_AGREEMENT_IS_ONE: "No estimate: each coder gave one and the same code everywhere, so agreement by chance is certain.",
    Reason.OVERLAPPING_SPANS: "No estimate: a coder marked overlapping stretches, so a place has no one code. Read the codes one by one.",
    Reason.NOT_ENOUGH_DATA: "Not enough data for a verdict.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a figure rests on: printed with every coefficient, defined or not."""

    units: int
    pairable_units: int
    coders: int
    values: int
    missing_share: float
    silent_coders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Undefined:
    """No number, and why. ``value`` is always None, so that JSON shows null beside the reason."""

    reason: Reason
    sentence: str
    basis: Basis | None = None
    value: None = None


def undefined(reason: Reason, basis: Basis | None = None) -> Undefined:
    """Build the undefined answer with the sentence people read for this reason."""
    return Undefined(reason=reason, sentence=SENTENCES[reason], basis=basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """How far the figure may be off; ``low`` and ``high`` are the raw limits, a page clips them to [-1, 1].

    ``at_least_667`` and ``at_least_800`` are P(coefficient >= threshold); ``contains_estimate`` is False when the
    method put the estimate outside its own interval, which a reader must be told.
    """

    low: float
    high: float
    level: float
    method: str
    standard_error: float | None
    at_least_667: float
    at_least_800: float
    contains_estimate: bool
    seed: int | None = None
    replicates: int | None = None
    undefined_replicates: int | None = None
    clusters: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A defined coefficient. ``observed``/``expected`` are p_o and p_e, or D_o and D_e for alpha; ``on`` says which."""

    coefficient: str
    value: float
    basis: Basis
    observed: float
    expected: float | None = None
    on: str = "agreement"
    distances: str | None = None
    interval: Interval | Undefined | None = None
    notes: tuple[str, ...] = ()
