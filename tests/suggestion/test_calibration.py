"""Probabilities that can be believed: worked examples, and simulations whose truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.suggestion.calibration import (
    best_f1_threshold,
    brier,
    conformal_threshold,
    expected_calibration_error,
    reliability,
    threshold_for_risk,
)


def test_reliability_by_hand() -> None:
    bins = reliability(np.array([0.1, 0.95, 0.91, 0.55]), np.array([False, True, False, True]))
    assert [(one.low, one.high, one.count, one.right) for one in bins] == [(0.0, 0.1, 1, 0.0), (0.5, 0.6, 1, 1.0), (0.9, 1.0, 2, 0.5)]
    assert [one.confidence for one in bins] == pytest.approx([0.1, 0.55, 0.93])
    assert expected_calibration_error(bins) == pytest.approx((0.1 + 0.45 + 2 * 0.43) / 4)


def test_brier_by_hand() -> None:
    assert brier(np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx((0.08 + 0.5) / 2)


def test_probabilities_that_are_true_have_little_calibration_error() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0, 1, 50_000)
    assert expected_calibration_error(reliability(confidence, rng.uniform(0, 1, 50_000) < confidence)) < 0.02
    assert expected_calibration_error(reliability(confidence, rng.uniform(0, 1, 50_000) < confidence**3)) > 0.1


def test_the_threshold_for_a_risk_by_hand() -> None:
    confidence = np.linspace(0.9, 0.71, 20)
    right = np.array([*[True] * 12, *[False] * 8])
    assert threshold_for_risk(confidence, right, 0.0) == pytest.approx(confidence[11])
    assert threshold_for_risk(confidence, right, 0.25) == pytest.approx(confidence[15])
    assert threshold_for_risk(confidence, right, 1.0) == pytest.approx(confidence[19])
    assert threshold_for_risk(confidence, ~right, 0.3) > 1


def test_equal_confidences_are_above_or_below_a_threshold_together() -> None:
    confidence, right = np.full(20, 0.5), np.array([*[True] * 15, *[False] * 5])
    assert threshold_for_risk(confidence, right, 0.1) > 1
    assert threshold_for_risk(confidence, right, 0.25) == 0.5


def test_few_predictions_above_a_threshold_do_not_make_it_trusted() -> None:
    assert threshold_for_risk(np.linspace(0.9, 0.8, 9), np.ones(9, bool), 0.1) > 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=10, max_size=60), st.floats(0, 1))
def test_above_the_threshold_the_risk_is_kept(predictions: list[tuple[float, bool]], risk: float) -> None:
    confidence, right = np.array([one for one, _ in predictions]), np.array([two for _, two in predictions])
    above = confidence >= threshold_for_risk(confidence, right, risk)
    assert not above.any() or float((~right[above]).mean()) <= risk


def test_conformal_sets_cover_nine_in_ten() -> None:
    rng = np.random.default_rng(3)
    covered: list[float] = []
    for _ in range(300):
        scores = rng.normal(size=(400, 5))
        chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        truth = (chances.cumsum(axis=1) > rng.uniform(size=(400, 1))).argmax(axis=1)
        of_truth: NDArray[np.float64] = (chances**2)[np.arange(400), truth]  # too confident: the coverage must hold all the same
        covered.append(float((of_truth[200:] >= conformal_threshold(of_truth[:200], coverage=0.9)).mean()))
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)


def test_too_few_excerpts_for_the_coverage_keep_every_code() -> None:
    assert conformal_threshold(np.full(8, 0.9), coverage=0.9) == 0.0
    assert conformal_threshold(np.full(9, 0.9), coverage=0.9) == 0.9


def test_the_best_f1_by_hand() -> None:
    probabilities = np.array([0.9] * 10 + [0.4] * 2 + [0.1] * 20)
    truth = np.array([True] * 10 + [True] * 2 + [False] * 20)
    assert best_f1_threshold(probabilities, truth) == 0.4
    assert best_f1_threshold(probabilities[:9], truth[:9]) == 0.5


def test_a_threshold_above_one_is_above_every_probability() -> None:
    assert math.nextafter(1.0, 2.0) > 1.0
