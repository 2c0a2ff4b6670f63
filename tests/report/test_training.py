"""A training round's figures: each coder beside the key, over the excerpts that both have."""

import pytest
from msgspec.structs import replace

from service.agreement.profile import STANDARD_1
from service.codebook.model import Codebook
from service.coding.ledger import Verdict
from service.coding.model import Answer
from service.coding.reveal import Revealed
from service.corpus.model import ExcerptId
from service.report.training import Key, KeyFigures, against_key
from tests.report.test_stability import ANNA, BEN, CODERS, LEVEL, TONE, TOPICS, revealed

BOOK = Codebook(variables=(TONE, TOPICS))


def tone(*codes: str) -> Answer:
    return Answer(variable="tone", codes=codes)


def compared(given: list[Revealed], key: Key, book: Codebook = BOOK) -> dict[tuple[str, str], KeyFigures]:
    found = against_key(given, key, book, coders=CODERS, profile=STANDARD_1)
    return {(one.coder, one.variable): one for one in found}


def test_each_coder_and_the_key_by_hand() -> None:
    # Key g g g b b; Anna g g b b b: p_o 4/5, p_e (3*2 + 2*3)/25, kappa (.8 - .48)/.52. Ben left the last one out.
    right = ["good", "good", "good", "bad", "bad"]
    key = {ExcerptId(f"e{at}"): (tone(code),) for at, code in enumerate(right)}
    anna = [revealed(ANNA, at, 1, tone(code)) for at, code in enumerate(["good", "good", "bad", "bad", "bad"])]
    ben = [revealed(BEN, at, 1, tone(code)) for at, code in enumerate(right[:4])]
    found = compared([*anna, *ben], key)
    assert (found["Anna", "tone"].excerpts, found["Anna", "tone"].percent.value) == (5, 0.8)
    assert found["Anna", "tone"].kappa.value == pytest.approx(0.32 / 0.52)
    assert (found["Ben", "tone"].excerpts, found["Ben", "tone"].percent.value, found["Ben", "tone"].kappa.value) == (4, 1, 1)


def test_none_applies_and_sets_are_compared_as_they_are() -> None:
    key = {ExcerptId("e0"): (Answer(variable="topics", codes=("home", "work")),), ExcerptId("e1"): (Answer(variable="topics", codes=()),)}
    given = [
        revealed(ANNA, 0, 1, Answer(variable="topics", codes=("work", "home"))),
        revealed(ANNA, 1, 1, Answer(variable="topics", codes=("work",))),
    ]
    found = compared(given, key)["Anna", "topics"]
    assert (found.excerpts, found.percent.value) == (2, 0.5)
    assert compared(given, key)["Anna", "tone"].excerpts == 0


def test_a_code_that_the_rounds_codebook_no_longer_has_is_not_compared() -> None:
    key = {ExcerptId("e0"): (tone("mixed"),), ExcerptId("e1"): (tone("bad"),)}
    found = compared([revealed(ANNA, 0, 1, tone("good")), revealed(ANNA, 1, 1, tone("bad"))], key)
    assert found["Anna", "tone"].excerpts == 1


def test_the_blind_coding_stands_for_a_coder_and_else_the_last_which_is_told() -> None:
    key = {ExcerptId("e0"): (tone("good"),), ExcerptId("e1"): (tone("good"),)}
    blind, after = revealed(ANNA, 0, 1, tone("good")), revealed(ANNA, 0, 1, tone("bad"), verdict=Verdict.PEER_EXPOSED)
    other = revealed(ANNA, 1, 1, tone("bad"), verdict=Verdict.PEER_EXPOSED)
    left = replace(revealed(BEN, 0, 1, tone("good")), left=True)
    found = compared([blind, after, other, left], key)
    assert (found["Anna", "tone"].percent.value, found["Anna", "tone"].exposed) == (0.5, 1)
    assert found["Ben", "tone"].excerpts == 0


def test_an_order_has_its_kappa_too() -> None:
    key = {ExcerptId(f"e{at}"): (Answer(variable="level", codes=(code,)),) for at, code in enumerate(["low", "middle", "high"])}
    given = [revealed(ANNA, at, 1, Answer(variable="level", codes=(code,))) for at, code in enumerate(["low", "middle", "middle"])]
    found = compared(given, key, Codebook(variables=(LEVEL,)))["Anna", "level"]
    # Quadratic weights 1, .75, 0 by distance; the key uses each third once, Anna low 1/3 and middle 2/3.
    expected = (1 / 3 * (1 / 3 * 1 + 2 / 3 * 0.75)) + (1 / 3 * (1 / 3 * 0.75 + 2 / 3 * 1)) + (1 / 3 * (1 / 3 * 0 + 2 / 3 * 0.75))
    assert found.kappa.value == pytest.approx((2.75 / 3 - expected) / (1 - expected))
