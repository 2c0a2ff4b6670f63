"""The measures and baselines of the quality report, by hand."""

import numpy as np
import pytest

from service.suggestion.evaluation import CodeQuality, keyword_overlap, most_frequent, quality

CODES = ("a", "b", "c")
TRUTH = np.array([[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]])
SCORES = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.5, 0.1, 0.4]])


def test_quality_by_hand() -> None:
    told = quality("m", CODES, SCORES, TRUTH, probabilities=True)
    assert (told.top1, told.top3, told.excerpts) == (0.5, 1.0, 4)
    assert told.codes == (CodeQuality("a", 2, 2, 1), CodeQuality("b", 2, 2, 1), CodeQuality("c", 0, 0, 0))
    assert told.macro_f1 == pytest.approx(0.5)
    assert told.brier == pytest.approx((0.14 + 0.86 + 0.14 + 1.22) / 4)
    assert told.calibration_error is not None


def test_a_ratio_without_a_denominator_is_none() -> None:
    nothing = CodeQuality("c", 0, 0, 0)
    assert (nothing.precision, nothing.recall, nothing.f1) == (None, None, None)
    missed = CodeQuality("c", 3, 0, 0)
    assert (missed.precision, missed.recall, missed.f1) == (None, 0, 0)
    half = CodeQuality("c", 2, 4, 2)
    assert (half.precision, half.recall, half.f1) == (0.5, 1, pytest.approx(2 / 3))


def test_scores_that_are_no_probabilities_are_not_judged_as_such() -> None:
    told = quality("m", CODES, SCORES, TRUTH, probabilities=False)
    assert (told.calibration_error, told.brier) == (None, None)


def test_equal_scores_go_to_the_codebooks_order() -> None:
    assert quality("m", CODES, np.zeros((4, 3)), TRUTH, probabilities=False).codes[0].said == 4


def test_the_most_frequent_code_is_said_to_every_excerpt() -> None:
    assert most_frequent(TRUTH).tolist() == [[2, 2, 0]] * 4


def test_shared_words_are_found_and_rare_ones_count_more() -> None:
    found = keyword_overlap(["the Rent!", "the", "unknown"], ["the rent and the key", "the job", "the family"])
    assert found[0].argmax() == 0
    assert found[0, 0] > found[1].max()
    assert found[2].tolist() == [0, 0, 0]
