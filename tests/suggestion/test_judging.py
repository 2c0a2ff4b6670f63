"""Every method on excerpts whose codes are known: ours win where there is something to learn, and are said to lose where they do."""

import numpy as np
import pytest

from service.codebook.model import Scheme
from service.errors import BadInput
from service.suggestion import Resolved
from service.suggestion.evaluation import Quality, quality
from service.suggestion.judging import OURS, best_is_ours, judged, task_of
from tests.suggestion.test_fitting import ENCODER, codebook, resolved


def methods(known: tuple[Resolved, ...], scheme: Scheme = Scheme.ONE_CODE) -> dict[str, Quality]:
    task = task_of(codebook(scheme), "topic", known)
    return {one.method: one for one in judged(task, ENCODER.encode, ENCODER.identity, 1)}


def test_all_methods_are_judged_on_the_same_excerpts() -> None:
    found = methods(resolved(60))
    assert list(found) == ["most frequent code", "keyword overlap (BM25)", "definition only", *OURS]
    assert {one.excerpts for one in found.values()} == {60}
    assert found[OURS[1]].macro_f1 > found["most frequent code"].macro_f1
    assert [name for name, one in found.items() if one.calibration_error is not None] == [OURS[1]]
    assert sum(one.count for one in found[OURS[1]].bins) == 60


def test_too_few_excerpts_are_judged_without_a_fit() -> None:
    assert OURS[1] not in methods(resolved(20))


def test_several_codes_count_each_probability() -> None:
    found = methods(resolved(100, several=True), Scheme.SEVERAL_CODES)[OURS[1]]
    assert sum(one.count for one in found.bins) == 300
    assert found.macro_f1 > 0.8
    assert sum(code.said for code in found.codes) > 100


def test_an_excerpt_that_stands_twice_has_the_codes_of_both() -> None:
    task = task_of(codebook(Scheme.SEVERAL_CODES), "topic", [Resolved("topic", ("work",), "a"), Resolved("topic", ("home", "gone"), "a")])
    assert task.excerpts == (("a", ("work", "home")),)
    assert task.truth.tolist() == [[1, 1, 0]]


def test_a_variable_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match="It has: topic"):
        task_of(codebook(Scheme.ONE_CODE), "tone", [])


@pytest.mark.parametrize(("baseline", "best"), [([[0.9, 0.1], [0.1, 0.9]], False), ([[0.9, 0.1], [0.9, 0.1]], True)])
def test_a_baseline_that_is_better_is_said(baseline: list[list[float]], *, best: bool) -> None:
    truth = np.eye(2)
    ours = quality(OURS[0], ("a", "b"), np.array([[1.0, 0.0], [1.0, 0.0]]), truth, probabilities=False)
    other = quality("definition only", ("a", "b"), np.array(baseline), truth, probabilities=False)
    assert best_is_ours([other, ours]) is best
