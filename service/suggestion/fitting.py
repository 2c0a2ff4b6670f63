"""Weights, probabilities and thresholds of one variable, fitted to its resolved excerpts and judged on left-out ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.suggestion.calibration import (
    Bin,
    best_f1_threshold,
    brier,
    conformal_threshold,
    expected_calibration_error,
    reliability,
    threshold_for_risk,
)
from service.suggestion.configuration import Fitted
from service.suggestion.features import Layers, layers, left_out, weighted
from service.suggestion.logit import fit, one_code, several_codes, with_intercept
from service.suggestion.ranking import CodeIndex
from service.suggestion.similarity import similarities
from service.suggestion.texts import TextKind
from service.suggestion.variable import IndexedVariable

FEWEST = 30
"""Resolved excerpts below which nothing is fitted."""

MOST = 2_000
"""Resolved excerpts that are fitted to; of more a seeded sample."""

FOLDS = 10
COVERAGE = 0.9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TooFew:
    """Nothing was fitted: the variable has ``resolved`` resolved excerpts of the ``needed``."""

    resolved: int
    needed: int = FEWEST


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Predictions for each resolved excerpt by weights and neighbours that left its fold out."""

    texts: tuple[str, ...]
    truth: Floats
    probabilities: Floats
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class _Sample:
    """Resolved excerpts of one variable, each text once: its cosines to every text of the index, and its codes."""

    texts: tuple[str, ...]
    truth: Floats
    nearest: dict[TextKind, Floats]
    cosines: Floats


def fit_variable(index: CodeIndex, variable: str, *, risk: float, seed: int) -> tuple[Fitted, CrossValidated] | TooFew:
    """Fit a variable to the resolved excerpts in the index.

    Parameters
    ----------
    index
        Built with the resolved excerpts among its texts.
    risk
        The share of wrong suggestions that is accepted: below the confidence at which more were wrong, the model abstains.
    seed
        Of the folds, and of the sample where there are more excerpts than are fitted to.
    """
    rng = np.random.default_rng(seed)
    indexed = index.variable(variable)
    sample = _sample(index, indexed, rng)
    if len(sample.texts) < FEWEST:
        return TooFew(len(sample.texts))
    exclusive = indexed.scheme.takes_one
    probabilities = _cross_validated(sample, rng, exclusive=exclusive)
    weights = fit(_features(sample, np.ones(len(sample.texts)), exclusive=exclusive), sample.truth, exclusive=exclusive)
    confidence, right = _confidence(probabilities, sample.truth, exclusive=exclusive)
    bins = reliability(confidence, right)
    fitted = Fitted(
        variable=variable,
        resolved=len(sample.texts),
        weights=weights,
        risk=risk,
        abstain_below=threshold_for_risk(confidence, right, risk) if exclusive else 0.0,
        set_from=conformal_threshold(probabilities[sample.truth > 0], coverage=COVERAGE),
        thresholds={} if exclusive else _thresholds([code.name for code in indexed.codes], probabilities, sample.truth),
        calibration_error=expected_calibration_error(bins),
        brier=brier(probabilities, sample.truth),
        bins=bins,
    )
    return fitted, CrossValidated(sample.texts, sample.truth, probabilities, bins)


def _sample(index: CodeIndex, variable: IndexedVariable, rng: np.random.Generator) -> _Sample:
    places: list[int] = variable.resolved_places.tolist()
    texts: list[str] = list(dict.fromkeys(index.texts[place].text for place in places))
    if len(texts) > MOST:
        kept: list[int] = np.sort(rng.permutation(len(texts))[:MOST]).tolist()
        texts = [texts[place] for place in kept]
    rows = {text: row for row, text in enumerate(texts)}
    first = dict(reversed([(index.texts[place].text, place) for place in places]))
    truth = np.zeros((len(texts), len(variable.codes)))
    for place, member in zip(places, variable.members, strict=True):
        if (row := rows.get(index.texts[place].text)) is not None:
            truth[row] += member
    vectors = index.vectors[[first[text] for text in texts]] if texts else index.vectors[:0]
    return _Sample(tuple(texts), truth, variable.nearest(similarities(vectors, index.vectors)), similarities(vectors, vectors))


def _features(sample: _Sample, learnt_from: Floats, *, exclusive: bool) -> Layers:
    """Features of every excerpt of the sample by the ones that are learnt from, itself never among them."""
    allowed = np.broadcast_to(learnt_from, sample.cosines.shape) * (1.0 - np.eye(len(sample.texts)))
    found = layers(sample.nearest, left_out(sample.cosines, allowed, sample.truth))
    return found if exclusive else with_intercept(found)


def _cross_validated(sample: _Sample, rng: np.random.Generator, *, exclusive: bool) -> Floats:
    probabilities = np.zeros_like(sample.truth)
    for held_out in _folds(len(sample.texts), rng):
        rest = np.ones(len(sample.texts))
        rest[held_out] = 0.0
        features = _features(sample, rest, exclusive=exclusive)
        weights = fit(features[rest > 0], sample.truth[rest > 0], exclusive=exclusive)
        scores = weighted(features[held_out], weights)
        probabilities[held_out] = one_code(scores) if exclusive else several_codes(scores)
    return probabilities


def _folds(count: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    order = rng.permutation(count)
    return (order[fold::FOLDS] for fold in range(FOLDS))


def _confidence(probabilities: Floats, truth: Floats, *, exclusive: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """Of one code its probability and whether it is the right one; of several, of each code by itself."""
    if not exclusive:
        return probabilities.ravel(), truth.ravel() > 0
    top = np.argmax(probabilities, axis=1)
    rows = np.arange(len(top))
    return probabilities[rows, top], truth[rows, top] > 0


def _thresholds(codes: list[str], probabilities: Floats, truth: Floats) -> dict[str, float]:
    return {code: best_f1_threshold(probabilities[:, place], truth[:, place] > 0) for place, code in enumerate(codes)}
