"""How far suggestions moved codings, in a round that drew by coder and excerpt whether one is shown before, after or never.

Everything is a share or a difference of shares of totals over excerpts, so that resampling excerpts, or documents, gives the interval.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import msgspec
import numpy as np

from service.agreement.estimate import Interval
from service.agreement.interval import Uncertainty, interval
from service.agreement.moments import Formula, Moments
from service.agreement.profile import MethodsProfile
from service.agreement.ratings import Floats
from service.coding.ledger import Exposure, Shown, Verdict
from service.coding.model import Arm, Coding, PersonId
from service.coding.reveal import FIRST_OCCASION, Revealed
from service.corpus.model import ExcerptId
from service.report.closed import ClosedRound

CARRY_OVER = (
    "A coder who saw suggestions on some excerpts may have coded the others differently, too. Such carry-over between a coder's "
    "excerpts cannot be seen here: it makes blind codings more alike to assisted ones, and the effects look smaller than they are."
)
NOTHING = "No estimate: there is nothing of the kind to count."
FEW = "No interval: it takes two excerpts, or documents, that tell something."
_BLIND = frozenset({Arm.AFTER, Arm.NEVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """One coder's turn at one excerpt, for one variable: codes as sets, None where nothing was given or shown.

    ``own`` is the last answer before any suggestion for that excerpt, ``last`` the last answer of all.
    """

    coder: str
    excerpt: str
    arm: Arm
    own: frozenset[str] | None
    last: frozenset[str] | None
    suggested: frozenset[str] | None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A share, or a difference of two, with its interval; null with a sentence where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    method: str | None = None
    seed: int | None = None
    replicates: int | None = None
    clusters: int | None = None
    excerpts: int
    sentence: str | None = None


class ArmCount(msgspec.Struct, frozen=True, kw_only=True):
    """Of one arm: how many turns were drawn, coded, and shown a suggestion before the last answer."""

    arm: Arm
    turns: int
    coded: int
    shown: int


class Assistance(msgspec.Struct, frozen=True, kw_only=True):
    """What suggestions did to the codings of one variable.

    ``pull``: how much more often coders gave the suggested code when it was shown before, by excerpts whose suggestion is known.
    ``flips``: of own answers without the suggested code, the share that had it after it was shown; ``flips_away`` the other way round.
    ``agreement_difference``: share of agreeing pairs among those coded after a suggestion minus among those coded blind.
    """

    variable: str
    arms: list[ArmCount]
    pull: Effect
    given_before: Effect
    given_blind: Effect
    flips: Effect
    flips_away: Effect
    agreement_difference: Effect
    agreement_assisted: Effect
    agreement_blind: Effect
    limit: str = CARRY_OVER


def effects(
    closed: ClosedRound,
    arms: Mapping[tuple[PersonId, ExcerptId], Arm],
    exposures: Mapping[tuple[PersonId, ExcerptId], Sequence[tuple[int, Exposure]]],
    profile: MethodsProfile,
) -> list[Assistance]:
    """Estimate for each variable how far suggestions moved the codings; with several documents, intervals resample documents."""
    documents = closed.sample.clusters
    how = profile.uncertainty(by_cluster=documents is not None)
    return [
        assistance(one.name, turned_of(one.name, arms, closed.revealed, exposures), documents, how) for one in closed.codebook.variables
    ]


def assistance(variable: str, turned: Sequence[Turned], documents: Mapping[str, str] | None, how: Uncertainty) -> Assistance:
    """Estimate every effect for one variable; with documents, intervals resample documents."""
    by_excerpt: dict[str, list[Turned]] = {}
    for one in turned:
        by_excerpt.setdefault(one.excerpt, []).append(one)
    clusters = None if documents is None else [documents[excerpt] for excerpt in by_excerpt]
    given, flips, pairs = (
        np.array([count(some) for some in by_excerpt.values()], float).reshape(-1, 4) for count in (_given, _flips, _pairs)
    )

    def of(rows: Floats, formula: Formula) -> Effect:
        return _effect(rows, formula, clusters, how)

    return Assistance(
        variable=variable,
        arms=[_arm(arm, [one for one in turned if one.arm is arm]) for arm in Arm],
        pull=of(given, _difference),
        given_before=of(given[:, :2], _share),
        given_blind=of(given[:, 2:], _share),
        flips=of(flips[:, :2], _share),
        flips_away=of(flips[:, 2:], _share),
        agreement_difference=of(pairs, _difference),
        agreement_assisted=of(pairs[:, :2], _share),
        agreement_blind=of(pairs[:, 2:], _share),
    )


def turned_of(
    variable: str,
    arms: Mapping[tuple[PersonId, ExcerptId], Arm],
    revealed: Iterable[Revealed],
    exposures: Mapping[tuple[PersonId, ExcerptId], Sequence[tuple[int, Exposure]]],
) -> list[Turned]:
    """Read each first turn from a round's codings and exposures; what came after a peer's coding was shown is left out."""
    mine: dict[tuple[PersonId, ExcerptId], list[Coding]] = {}
    for one in sorted(revealed, key=lambda one: one.coding.sequence):
        if one.verdict is not Verdict.PEER_EXPOSED and one.coding.occasion == FIRST_OCCASION:
            mine.setdefault((one.coding.person_id, one.coding.excerpt_id), []).append(one.coding)
    return [_turned(variable, key, arm, mine.get(key, []), exposures.get(key, ())) for key, arm in arms.items()]


def _turned(
    variable: str,
    key: tuple[PersonId, ExcerptId],
    arm: Arm,
    codings: Sequence[Coding],
    exposures: Sequence[tuple[int, Exposure]],
) -> Turned:
    shown = [(sequence, exposure) for sequence, exposure in exposures if exposure.shown is Shown.SUGGESTION]
    first = min((sequence for sequence, _ in shown), default=None)
    own = [coding for coding in codings if first is None or coding.sequence < first]
    said = [frozenset(one.codes) for _, exposure in shown[:1] for one in exposure.suggested if one.variable == variable]
    return Turned(
        coder=key[0],
        excerpt=key[1],
        arm=arm,
        own=_codes(own[-1], variable) if own else None,
        last=_codes(codings[-1], variable) if codings else None,
        suggested=said[0] if said else None,
    )


def _codes(coding: Coding, variable: str) -> frozenset[str] | None:
    for answer in coding.content.answers if coding.content else ():
        if answer.variable == variable:
            return frozenset({*answer.codes, *(span.code for span in answer.spans)})
    return None


def _arm(arm: Arm, turned: Sequence[Turned]) -> ArmCount:
    coded = [one for one in turned if one.last is not None]
    return ArmCount(arm=arm, turns=len(turned), coded=len(coded), shown=sum(one.suggested is not None for one in coded))


def _given(turned: Iterable[Turned]) -> list[int]:
    """Count who gave the suggested code: shown before, of all; blind, of all. The suggestion is the excerpt's, whoever was shown it."""
    turned = list(turned)
    suggested = next((one.suggested for one in turned if one.suggested is not None), None)
    if suggested is None:
        return [0, 0, 0, 0]
    before = [one.last for one in turned if one.arm is Arm.BEFORE and one.last is not None]
    blind = [one.own for one in turned if one.arm in _BLIND and one.own is not None]
    return [sum(suggested <= codes for codes in before), len(before), sum(suggested <= codes for codes in blind), len(blind)]


def _flips(turned: Iterable[Turned]) -> list[int]:
    """Count own answers that moved to the suggested code, of those without it; and away from it, of those with it."""
    shown = [(one.own, one.last, one.suggested) for one in turned if one.arm is Arm.AFTER]
    without = [(last, said) for own, last, said in shown if own is not None and last is not None and said is not None and not said <= own]
    having = [(last, said) for own, last, said in shown if own is not None and last is not None and said is not None and said <= own]
    return [sum(said <= last for last, said in without), len(without), sum(not said <= last for last, said in having), len(having)]


def _pairs(turned: Iterable[Turned]) -> list[int]:
    """Count pairs of coders who gave the same: both shown before, of all such; both blind, of all such."""
    turned = list(turned)
    before = list(combinations([one.last for one in turned if one.arm is Arm.BEFORE and one.last is not None], 2))
    blind = list(combinations([one.own for one in turned if one.arm in _BLIND and one.own is not None], 2))
    return [sum(a == b for a, b in before), len(before), sum(a == b for a, b in blind), len(blind)]


def _share(totals: Floats) -> Floats:
    counted, of = totals[..., 0], totals[..., 1]
    none = np.real(of) == 0
    return np.where(none, np.nan, counted / np.where(none, 1, of))


def _difference(totals: Floats) -> Floats:
    return _share(totals[..., :2]) - _share(totals[..., 2:])


def _effect(rows: Floats, formula: Formula, clusters: Sequence[str] | None, how: Uncertainty) -> Effect:
    moments = Moments(rows, np.ones(len(rows), np.int64), np.arange(len(rows)), formula)
    excerpts = int(rows.any(axis=1).sum())
    value = float(formula(moments.totals())) if len(rows) else float("nan")
    if np.isnan(value):
        return Effect(value=None, excerpts=excerpts, sentence=NOTHING)
    if clusters is not None:
        place = {name: at for at, name in enumerate(sorted(set(clusters)))}
        moments = moments.clustered(np.array([place[name] for name in clusters], np.int32))
    found = interval(value, moments, how)
    if not isinstance(found, Interval):
        return Effect(value=value, excerpts=excerpts, sentence=FEW)
    limits: dict[str, Any] = {name: getattr(found, name) for name in ("low", "high", "level", "method", "seed", "replicates", "clusters")}
    return Effect(value=value, excerpts=excerpts, **limits)
