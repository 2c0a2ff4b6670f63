"""What is learnt from resolved excerpts, what is said when there are too few, and that other excerpts change nothing."""

import msgspec
import numpy as np
import pytest

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.leaktest.fakes import HashEncoder
from service.suggestion import FIXED, CodeIndex, CrossValidated, Fitted, Resolved, TooFew, build_index, fit_variable, texts_of
from service.suggestion.features import FEATURES
from service.suggestion.suggestions import NOT_CALIBRATED

ENCODER = HashEncoder()
TOPICS = {
    "work": "shift manager contract job wage",
    "home": "door room landlord rent key",
    "family": "mother sister child father aunt",
}


def codebook(scheme: Scheme) -> Codebook:
    codes = tuple(Code(name=name, definition=f"talk about {words}") for name, words in TOPICS.items())
    return Codebook(variables=(Variable(name="topic", scheme=scheme, codes=codes),))


def resolved(count: int, *, seed: int = 1, noise: float = 0.0, several: bool = False) -> tuple[Resolved, ...]:
    """Excerpts that use their topics' words; a share of them is resolved to another topic."""
    rng = np.random.default_rng(seed)
    names = list(TOPICS)
    found: list[Resolved] = []
    for number in range(count):
        topics = [name for name in names if rng.random() < 0.5] if several else []
        topics = topics or [names[int(rng.integers(3))]]
        words = [word for topic in topics for word in rng.choice(TOPICS[topic].split(), 3)]
        codes = (names[int(rng.integers(3))],) if rng.random() < noise else tuple(topics)
        found.append(Resolved("topic", codes, f"{' '.join(words)} {number}"))
    return tuple(found)


def index(known: tuple[Resolved, ...], scheme: Scheme = Scheme.ONE_CODE) -> CodeIndex:
    texts = texts_of(codebook(scheme), known)
    return build_index(codebook(scheme), texts, ENCODER.encode([text.text for text in texts]), ENCODER.identity, FIXED)


def fitted(made: CodeIndex, *, risk: float = 0.2) -> tuple[Fitted, CrossValidated]:
    match fit_variable(made, "topic", risk=risk, seed=1):
        case TooFew() as few:
            pytest.fail(f"nothing was fitted: {few}")
        case found:
            return found


def configured(made: CodeIndex, *, risk: float = 0.2) -> CodeIndex:
    return made.configured(msgspec.structs.replace(FIXED, fitted=(fitted(made, risk=risk)[0],)))


def test_too_few_resolved_excerpts_are_said() -> None:
    assert fit_variable(index(resolved(29)), "topic", risk=0.2, seed=1) == TooFew(29, 30)
    assert fit_variable(index(()), "topic", risk=0.2, seed=1) == TooFew(0)


def test_an_excerpt_that_stands_twice_counts_once() -> None:
    assert fit_variable(index(resolved(20) * 2), "topic", risk=0.2, seed=1) == TooFew(20)


def test_without_fitting_the_answer_says_that_it_is_not_calibrated() -> None:
    [one] = index(()).rank(ENCODER.encode(["rent and a key"]), top=3)
    assert one.variables[0].calibration == NOT_CALIBRATED
    assert [code.probability for code in one.variables[0].codes] == [None, None, None]
    assert one.variables[0].abstain is None


def test_probabilities_are_there_after_fitting_and_sum_to_one() -> None:
    [one] = configured(index(resolved(60))).rank(ENCODER.encode(["rent and a key"]), top=3)
    chances = [code.probability or 0.0 for code in one.variables[0].codes]
    assert one.variables[0].codes[0].code == "home"
    assert sum(chances) == pytest.approx(1)
    assert chances == sorted(chances, reverse=True)
    assert one.variables[0].calibration.startswith("calibrated on 60 resolved excerpts")


def test_left_out_excerpts_are_predicted_and_clear_ones_well() -> None:
    found, crossed = fitted(index(resolved(90)))
    assert crossed.probabilities.shape == crossed.truth.shape == (90, 3)
    assert np.mean(crossed.probabilities.argmax(axis=1) == crossed.truth.argmax(axis=1)) > 0.9
    assert len(found.weights) == len(FEATURES)
    assert min(found.weights) >= 0
    assert found.brier < 0.3


def test_codes_given_at_random_are_not_predicted_with_confidence() -> None:
    _, crossed = fitted(index(resolved(300, noise=1.0)))
    assert float(crossed.probabilities.max(axis=1).mean()) < 0.55


def test_the_model_abstains_where_it_would_be_wrong_too_often() -> None:
    made = configured(index(resolved(300, noise=1.0)), risk=0.05)
    [one] = made.rank(ENCODER.encode(["rent and a key"]), top=3)
    assert "no confidence kept wrong suggestions to 5%" in (one.variables[0].abstain or "")


def test_the_model_does_not_abstain_where_it_is_right() -> None:
    clear, unclear = configured(index(resolved(120, noise=0.4)), risk=0.2).rank(
        ENCODER.encode(["rent room key landlord door", "rent shift mother"]), top=3
    )
    assert clear.variables[0].abstain is None
    assert "is below" in (unclear.variables[0].abstain or "")


def test_several_codes_have_a_probability_and_a_threshold_each() -> None:
    made = index(resolved(150, several=True), Scheme.SEVERAL_CODES)
    found, _ = fitted(made)
    assert set(found.thresholds) == set(TOPICS)
    [both] = configured(made).rank(ENCODER.encode(["rent room key mother sister child"]), top=3)
    assert {code.code for code in both.variables[0].codes if code.suggested} == {"home", "family"}
    assert sum(code.probability or 0.0 for code in both.variables[0].codes) > 1.2


def test_fitting_again_gives_the_same_and_another_seed_other_folds() -> None:
    made = index(resolved(60, noise=0.3))
    first, second = fitted(made), fitted(made)
    assert first[0] == second[0]
    assert first[1].probabilities.tobytes() == second[1].probabilities.tobytes()
    other = fit_variable(made, "topic", risk=0.2, seed=2)
    assert not isinstance(other, TooFew)
    assert other[1].probabilities.tobytes() != first[1].probabilities.tobytes()


def test_a_fitted_suggestion_has_the_same_bits_in_any_batch() -> None:
    made = configured(index(resolved(60, noise=0.2)))
    excerpts = ENCODER.encode([one.text for one in resolved(40, seed=9)])
    together = made.rank(excerpts, top=3)
    assert tuple(made.rank(excerpts[place : place + 1], top=3)[0] for place in range(40)) == together
    assert made.rank(excerpts[::-1], top=3) == together[::-1]


def test_what_was_fitted_is_part_of_the_configuration() -> None:
    made = index(resolved(60))
    assert configured(made).made_by.configuration != made.made_by.configuration
    assert configured(made).made_by.codebook == made.made_by.codebook


def test_an_excerpt_never_learns_from_itself() -> None:
    _, crossed = fitted(index(resolved(150, noise=1.0)))
    assert np.mean(crossed.probabilities.argmax(axis=1) == crossed.truth.argmax(axis=1)) < 0.5


def test_a_large_sample_is_cut_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.suggestion.fitting.MOST", 40)
    _, crossed = fitted(index(resolved(60)))
    assert len(crossed.texts) == 40
