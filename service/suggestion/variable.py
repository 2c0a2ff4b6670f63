"""One variable of an index: where the texts of its codes stand, and how its codes are scored and told."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.codebook.model import Code, Scheme
from service.suggestion.configuration import Configuration, Fitted
from service.suggestion.features import Resolutions, layers, weighted
from service.suggestion.logit import one_code, several_codes, with_intercept
from service.suggestion.similarity import Exact, Similarities, on_grid, similarities
from service.suggestion.suggestions import Evidence, RankedCode, ThemeScore, VariableRanking
from service.suggestion.texts import OF_A_CODE, CodeText, TextKind

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
    """A variable ready to be ranked; ``centroids`` are the means of each code's resolved excerpts, and of all, on the exact grid."""

    name: str
    scheme: Scheme
    codes: tuple[IndexedCode, ...]
    centroids: Exact
    themes: tuple[tuple[int, ...], ...] = ()
    """Each code with sub-themes, by place, before the places of all that stand below it."""

    @cached_property
    def resolved_places(self) -> NDArray[np.intp]:
        """Where the resolved excerpts of its codes stand in the index, code after code."""
        groups = [group for code in self.codes if (group := code.group(TextKind.RESOLVED))]
        return np.concatenate([np.arange(group.start, group.stop) for group in groups] or [np.arange(0)])

    @cached_property
    def resolved_counts(self) -> NDArray[np.intp]:
        """``intp[codes]``."""
        groups = [code.group(TextKind.RESOLVED) for code in self.codes]
        return np.array([0 if group is None else group.stop - group.start for group in groups], np.intp)

    @cached_property
    def members(self) -> Floats:
        """``float64[resolved, codes]``: which code each resolved place speaks for."""
        return np.repeat(np.eye(len(self.codes)), self.resolved_counts, axis=0)

    @cached_property
    def _slots(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Of each group, in the order in which they stand: where it starts, the place of its code, the place of its kind."""
        kinds = list(OF_A_CODE)
        found = [(group.start, place, kinds.index(group.kind)) for place, code in enumerate(self.codes) for group in code.groups]
        starts, codes, placed = np.array(found, np.intp).reshape(-1, 3).T
        return starts, codes, placed

    def nearest(self, found: Similarities) -> dict[TextKind, Floats]:
        """For each kind of text ``float64[excerpts, codes]``: the largest cosine, NaN where a code has no such text."""
        table = np.full((len(OF_A_CODE), len(found), len(self.codes)), np.nan)
        starts, codes, kinds = self._slots
        if len(starts):
            stop = self.codes[-1].groups[-1].stop
            # One pass over all groups, which stand side by side; a maximum has the same bits in any order.
            table[kinds, :, codes] = np.maximum.reduceat(found[:, :stop], starts, axis=1).T
        return dict(zip(OF_A_CODE, table, strict=True))

    def scored(self, excerpts: Exact, found: Similarities, configuration: Configuration) -> Scored:
        """Scores by what was fitted for this variable, else by the fixed weights; ``found`` are the excerpts' cosines to all texts."""
        nearest = self.nearest(found)
        if (fitted := configuration.fitted_for(self.name)) is not None:
            return self._by_fitted(nearest, similarities(excerpts, self.centroids), fitted)
        return Scored(_by_fixed(nearest, configuration), None)

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

    def likely(self, scored: Scored, place: int, configuration: Configuration) -> tuple[str, ...] | None:
        """The codes of the conformal set for one excerpt, in the codebook's order; None where there is none or it would be all codes."""
        fitted = configuration.fitted_for(self.name)
        if fitted is None or scored.probabilities is None or not self.scheme.takes_one or fitted.set_from <= 0:
            return None
        inside: list[bool] = (scored.probabilities[place] >= fitted.set_from).tolist()
        return tuple(code.name for code, there in zip(self.codes, inside, strict=True) if there)

    def told_themes(self, scored: Scored, place: int) -> tuple[ThemeScore, ...]:
        """Score each theme with its sub-themes for one excerpt, best first, equal ones in the codebook's order."""
        chances = None if scored.probabilities is None else scored.probabilities[place]
        together = np.sum if self.scheme.takes_one else np.max
        found = [
            ThemeScore(
                self.codes[members[0]].name,
                float(scored.scores[place][list(members)].max()),
                None if chances is None else min(1.0, float(together(chances[list(members)]))),
            )
            for members in self.themes
        ]
        return tuple(sorted(found, key=lambda theme: -theme.score))

    def _by_fitted(self, nearest: dict[TextKind, Floats], central: Similarities, fitted: Fitted) -> Scored:
        counts = np.broadcast_to(self.resolved_counts.astype(np.float64), (len(central), len(self.codes)))
        features = layers(nearest, Resolutions(counts, central[:, :-1], nearest[TextKind.RESOLVED], central[:, -1:]))
        if self.scheme.takes_one:
            scores = weighted(features, fitted.weights)
            return Scored(scores, one_code(scores))
        scores = weighted(with_intercept(features), fitted.weights)
        return Scored(scores, several_codes(scores))


def themes_of(codes: Sequence[Code]) -> tuple[tuple[int, ...], ...]:
    """Place each code that has sub-themes before all that stand below it, however deep."""
    below: dict[str, list[int]] = {code.name: [] for code in codes}
    parents = {code.name: code.parent for code in codes}
    for place, code in enumerate(codes):
        above = code.parent
        while above is not None:
            below[above].append(place)
            above = parents[above]
    return tuple((place, *below[code.name]) for place, code in enumerate(codes) if below[code.name])


def centroids(vectors: Exact, codes: tuple[IndexedCode, ...]) -> Exact:
    """``float64[codes + 1, dimension]``: the mean of each code's resolved vectors, then of all together; zeros where there are none.

    On the grid of ``exact`` a mean's product with a vector is as exact as a vector's own, for its length is at most 1.
    """
    groups = [code.group(TextKind.RESOLVED) for code in codes]
    parts = [vectors[:0] if group is None else vectors[group.start : group.stop] for group in groups]
    sums = np.array([part.sum(axis=0) for part in (*parts, *([np.concatenate(parts)] if parts else [vectors[:0]]))])
    counts = np.array([*map(len, parts), sum(map(len, parts))], np.float64)
    return on_grid(sums / np.maximum(counts, 1.0)[:, None])


def ranking(
    variable: IndexedVariable,
    codes: tuple[RankedCode, ...],
    fitted: Fitted | None,
    *,
    likely: tuple[str, ...] | None,
    themes: tuple[ThemeScore, ...],
    uncalibrated: str,
) -> VariableRanking:
    """What is told of a variable, with what the probabilities rest on and whether to abstain."""
    if fitted is None:
        return VariableRanking(variable.name, codes, uncalibrated, themes=themes)
    basis = f"calibrated on {fitted.resolved} resolved excerpts; calibration error {fitted.calibration_error:.3f} in cross-validation"
    if variable.scheme.takes_one:
        return VariableRanking(variable.name, codes, basis, _why_abstain(codes, fitted), likely, themes)
    return VariableRanking(variable.name, tuple(_against_threshold(code, fitted) for code in codes), basis, themes=themes)


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


def _by_fixed(nearest: dict[TextKind, Floats], configuration: Configuration) -> Floats:
    """``float64[excerpts, codes]``: elementwise sums in a fixed order, so that they have the same bits in any batch."""
    total, weights = np.zeros_like(nearest[TextKind.NAME]), np.zeros_like(nearest[TextKind.NAME])
    for kind, weight in configuration.speaks_for.items():
        there = ~np.isnan(nearest[kind])
        total, weights = total + np.where(there, weight * nearest[kind], 0.0), weights + weight * there
    speaking = total / np.where(weights > 0, weights, 1.0)
    score = speaking
    for kind, weight in configuration.speaks_against.items():
        nearer = np.where(np.isnan(nearest[kind]), 0.0, np.maximum(0.0, nearest[kind] - speaking))
        score = score - weight * nearer
    return score
