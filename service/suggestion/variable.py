"""One variable of an index: where the texts of its codes stand, and how its codes are scored and told."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.codebook.model import Scheme
from service.suggestion.configuration import Configuration, Fitted
from service.suggestion.features import AGAINST, FOR, Layers, Resolutions, layers, weighted
from service.suggestion.logit import one_code, several_codes, with_intercept
from service.suggestion.similarity import Similarities
from service.suggestion.suggestions import NOT_CALIBRATED, Evidence, RankedCode, VariableRanking
from service.suggestion.texts import CodeText, TextKind

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """Texts of one kind of one code: ``texts[start:stop]`` of the index."""

    kind: TextKind
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class IndexedCode:
    """A code and its texts, a group a kind."""

    name: str
    groups: tuple[Group, ...]

    def group(self, kind: TextKind) -> Group | None:
        """Its texts of this kind."""
        return next((group for group in self.groups if group.kind is kind), None)


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of codes for excerpts, and probabilities where they were fitted: ``float64[excerpts, codes]``."""

    scores: Floats
    probabilities: Floats | None


@dataclass(frozen=True)
class IndexedVariable:
    """A variable ready to be ranked."""

    name: str
    scheme: Scheme
    codes: tuple[IndexedCode, ...]

    @cached_property
    def resolved_places(self) -> NDArray[np.intp]:
        """Where the resolved excerpts of its codes stand in the index, code after code."""
        groups = [group for code in self.codes if (group := code.group(TextKind.RESOLVED))]
        return np.concatenate([np.arange(group.start, group.stop) for group in groups] or [np.arange(0)])

    @cached_property
    def members(self) -> Floats:
        """``float64[resolved, codes]``: which code each resolved place speaks for."""
        sizes = [group.stop - group.start if (group := code.group(TextKind.RESOLVED)) else 0 for code in self.codes]
        return np.repeat(np.eye(len(self.codes)), sizes, axis=0)

    def nearest(self, found: Similarities) -> dict[TextKind, Floats]:
        """For each kind of written text ``float64[excerpts, codes]``: the largest cosine, NaN where a code has no such text."""
        return {kind: self._columns(kind, found) for kind in (*FOR, *AGAINST)}

    def scored(self, found: Similarities, configuration: Configuration) -> Scored:
        """Scores by what was fitted for this variable, else by the fixed weights."""
        if (fitted := configuration.fitted_for(self.name)) is not None:
            return self._by_fitted(found, fitted)
        columns = [_by_fixed(code, found, configuration) for code in self.codes]
        return Scored(np.stack(columns, axis=1) if columns else np.empty((len(found), 0)), None)

    def told(
        self, scored: Scored, found: NDArray[np.float64], place: int, texts: tuple[CodeText, ...], *, top: int
    ) -> tuple[RankedCode, ...]:
        """The best codes for one excerpt; ``found`` are its cosines to all texts."""
        scores = scored.scores[place]
        best: list[int] = np.argsort(-scores, kind="stable")[:top].tolist()
        chances = None if scored.probabilities is None else scored.probabilities[place]
        return tuple(
            RankedCode(
                self.codes[code].name,
                float(scores[code]),
                _evidence(self.codes[code], found, texts),
                None if chances is None else float(chances[code]),
            )
            for code in best
        )

    def _by_fitted(self, found: Similarities, fitted: Fitted) -> Scored:
        cosines = found[:, self.resolved_places]
        resolutions = Resolutions(cosines, np.ones_like(cosines), self.members)
        features: Layers = layers(self.nearest(found), resolutions)
        if self.scheme is Scheme.ONE_CODE:
            scores = weighted(features, fitted.weights)
            return Scored(scores, one_code(scores))
        scores = weighted(with_intercept(features), fitted.weights)
        return Scored(scores, several_codes(scores))

    def _columns(self, kind: TextKind, found: Similarities) -> Floats:
        columns = [
            found[:, group.start : group.stop].max(axis=1) if (group := code.group(kind)) else np.full(len(found), np.nan)
            for code in self.codes
        ]
        return np.stack(columns, axis=1) if columns else np.empty((len(found), 0))


def ranking(variable: IndexedVariable, codes: tuple[RankedCode, ...], fitted: Fitted | None) -> VariableRanking:
    """What is told of a variable, with what the probabilities rest on and whether to abstain."""
    if fitted is None:
        return VariableRanking(variable.name, codes, NOT_CALIBRATED)
    basis = f"calibrated on {fitted.resolved} resolved excerpts; calibration error {fitted.calibration_error:.3f} in cross-validation"
    if variable.scheme is Scheme.ONE_CODE:
        return VariableRanking(variable.name, codes, basis, _why_abstain(codes, fitted))
    return VariableRanking(variable.name, tuple(_against_threshold(code, fitted) for code in codes), basis)


def _why_abstain(codes: tuple[RankedCode, ...], fitted: Fitted) -> str | None:
    best = codes[0].probability if codes else None
    if best is None or best >= fitted.abstain_below:
        return None
    if fitted.abstain_below > 1:
        return f"no confidence kept wrong suggestions to {fitted.risk:.0%} in cross-validation"
    return f"the best code's probability {best:.2f} is below {fitted.abstain_below:.2f}, where more than {fitted.risk:.0%} were wrong"


def _against_threshold(code: RankedCode, fitted: Fitted) -> RankedCode:
    suggested = (code.probability or 0.0) >= fitted.thresholds.get(code.code, 0.5)
    return RankedCode(code.code, code.score, code.evidence, code.probability, suggested)


def _evidence(code: IndexedCode, found: NDArray[np.float64], texts: tuple[CodeText, ...]) -> tuple[Evidence, ...]:
    nearest = [(group.kind, group.start + int(np.argmax(found[group.start : group.stop]))) for group in code.groups]
    return tuple(Evidence(kind, texts[place].text, float(found[place])) for kind, place in nearest)


def _by_fixed(code: IndexedCode, found: Similarities, configuration: Configuration) -> Floats:
    """``float64[excerpts]``: elementwise sums in a fixed order, so that they have the same bits in any batch."""
    nearest = {group.kind: found[:, group.start : group.stop].max(axis=1) for group in code.groups}
    total, weights = np.zeros(len(found)), 0.0
    for kind, weight in configuration.speaks_for.items():
        if kind in nearest:
            total, weights = total + weight * nearest[kind], weights + weight
    speaking = total / weights if weights else total
    score = speaking
    for kind, weight in configuration.speaks_against.items():
        if kind in nearest:
            score = score - weight * np.maximum(0.0, nearest[kind] - speaking)
    return score
