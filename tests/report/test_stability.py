"""Coders against themselves: every occasion's last blind coding, one coder at a time, never mixed with agreement."""

import pytest

from service.agreement.estimate import Reason
from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Scheme, Variable
from service.coding.ledger import Verdict
from service.coding.model import Answer, AssignmentId, Coding, CodingId, Content, PersonId, Provenance, RoundId
from service.coding.reveal import Revealed, blind_codings, repeated_codings
from service.corpus.model import ExcerptId
from service.report.stability import StabilityFigures, stability_figures

ANNA, BEN = PersonId("anna"), PersonId("ben")
CODERS = {ANNA: "Anna", BEN: "Ben"}
TONE = Variable(name="tone", scheme=Scheme.ONE_CODE, codes=(Code(name="good"), Code(name="bad")))
TOPICS = Variable(name="topics", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="work"), Code(name="home")))
LEVEL = Variable(name="level", scheme=Scheme.ORDERED_VALUE, codes=tuple(Code(name=name) for name in ("low", "middle", "high")))
_SEQUENCE = iter(range(1, 10_000))


def revealed(person: PersonId, excerpt: int, occasion: int, *answers: Answer, verdict: Verdict = Verdict.BLIND) -> Revealed:
    sequence = next(_SEQUENCE)
    coding = Coding(
        id=CodingId(f"c{sequence}"),
        round_id=RoundId("r"),
        person_id=person,
        assignment_id=AssignmentId(f"{person}-{excerpt}-{occasion}"),
        excerpt_id=ExcerptId(f"e{excerpt}"),
        occasion=occasion,
        sequence=sequence,
        at="2027-01-01T00:00:00.000000Z",
        supersedes=None,
        provenance=Provenance.IN_SERVICE,
        content=Content(answers=answers),
    )
    return Revealed(coding, verdict)


def twice(person: PersonId, variable: Variable, pairs: list[tuple[str, str]]) -> list[Revealed]:
    return [
        revealed(person, excerpt, occasion, Answer(variable=variable.name, codes=tuple(codes.split())))
        for excerpt, pair in enumerate(pairs)
        for occasion, codes in enumerate(pair, 1)
    ]


def figures(given: list[Revealed], *variables: Variable) -> dict[tuple[str, str], StabilityFigures]:
    found = stability_figures(repeated_codings(given), variables, coders=CODERS, profile=STANDARD_1)
    return {(one.coder, one.variable): one for one in found}


def test_each_coder_is_compared_with_themselves_by_hand() -> None:
    # Anna: good-good 2, bad-bad 1, good-bad 1. Coincidences gg 4, bb 2, gb 1, bg 1; n 8, n_g 5, n_b 3; D_o 2/8, D_e 2*15/56.
    anna = twice(ANNA, TONE, [("good", "good"), ("good", "good"), ("bad", "bad"), ("good", "bad")])
    ben = twice(BEN, TONE, [("bad", "good")])
    found = figures([*anna, *ben], TONE)
    assert (found["Anna", "tone"].excerpts, found["Anna", "tone"].percent.value) == (4, 0.75)
    assert found["Anna", "tone"].alpha.value == pytest.approx(1 - (2 / 8) / (30 / 56))
    assert (found["Ben", "tone"].excerpts, found["Ben", "tone"].percent.value) == (1, 0)


def test_only_what_was_coded_at_several_occasions_and_blind_counts() -> None:
    base = twice(ANNA, TONE, [("good", "good"), ("good", "good")])
    once = revealed(ANNA, 7, 1, Answer(variable="tone", codes=("good",)))
    seen = revealed(ANNA, 0, 2, Answer(variable="tone", codes=("bad",)), verdict=Verdict.ASSISTED)
    corrected = revealed(ANNA, 1, 2, Answer(variable="tone", codes=("bad",)))
    given = [*base, once, seen, corrected]
    assert {coding.excerpt_id for coding in repeated_codings(given)} == {"e0", "e1"}
    assert figures(given, TONE)["Anna", "tone"].percent.value == 0.5
    assert {coding.occasion for coding in blind_codings(given).values()} == {1}


def test_a_set_is_one_value() -> None:
    given = twice(ANNA, TOPICS, [("home work", "home work"), ("work", ""), ("", ""), ("home", "home")])
    found = figures(given, TOPICS)["Anna", "topics"]
    assert (found.excerpts, found.percent.value) == (4, 0.75)


def test_an_order_is_compared_as_an_order_without_none_applies() -> None:
    given = twice(ANNA, LEVEL, [("low", "middle"), ("low", "low"), ("high", "high"), ("high", "high"), ("", "low")])
    near = figures(given, LEVEL)["Anna", "level"]
    far = figures(twice(ANNA, LEVEL, [("low", "high"), ("low", "low"), ("high", "high"), ("high", "high")]), LEVEL)["Anna", "level"]
    assert near.excerpts == 4
    assert near.alpha.value is not None
    assert far.alpha.value is not None
    assert near.alpha.value > far.alpha.value


def test_without_repeats_there_is_nothing_and_without_variation_no_alpha() -> None:
    assert figures([revealed(ANNA, 0, 1, Answer(variable="tone", codes=("good",)))], TONE) == {}
    same = figures(twice(ANNA, TONE, [("good", "good"), ("good", "good")]), TONE)["Anna", "tone"]
    assert (same.percent.value, same.alpha.undefined) == (1, Reason.NO_VARIATION)
