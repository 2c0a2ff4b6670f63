"""Agreement after discussion, by hand: coders against resolutions, coders among themselves, who moved to whom."""

import pytest

from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.adjudication import Adjudication, Given, Resolution, Way, Why
from service.coding.model import Answer, PersonId, RoundId
from service.corpus.model import ExcerptId
from service.report.closed import ClosedRound, Sample
from service.report.disagreement import Place, widest_first
from service.report.negotiated import negotiated, outcome_of, reference
from service.report.negotiation import Moved, Negotiated

ANN, BEN, CARL = PersonId("ann"), PersonId("ben"), PersonId("carl")
NAMES = {ANN: "Ann", BEN: "Ben", CARL: "Carl"}
TONE = Variable(name="tone", scheme=Scheme.ONE_CODE, codes=(Code(name="good"), Code(name="bad"), Code(name="mixed")))
NEEDS = Variable(name="needs", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="time"), Code(name="trust")))
LEVEL = Variable(name="level", scheme=Scheme.ORDERED_VALUE, codes=tuple(Code(name=str(value)) for value in range(1, 6)))


def tone(*codes: str, variable: str = "tone") -> Answer:
    return Answer(variable=variable, codes=codes)


def excerpt(number: int) -> ExcerptId:
    return ExcerptId(f"e{number:02}")


def two(pairs: list[tuple[str, str]]) -> dict[Place, Given]:
    return {(excerpt(number), "tone"): {ANN: tone(one), BEN: tone(other)} for number, (one, other) in enumerate(pairs)}


def resolved(number: int, answer: Answer, way: Way = Way.DISCUSSION, kept: tuple[PersonId, ...] = ()) -> tuple[Place, Adjudication]:
    resolution = Resolution(excerpt_id=excerpt(number), answer=answer, way=way, why=Why.SLIP, kept=kept)
    stored = Adjudication(
        id=str(number),
        round_id=RoundId("r"),
        excerpt_id=excerpt(number),
        person_id=ANN,
        sequence=number + 10,
        at="",
        resolution=resolution,
    )
    return (excerpt(number), answer.variable), stored


def closed(given: dict[Place, Given], variable: Variable, names: dict[PersonId, str], weights: dict[str, float] | None) -> ClosedRound:
    documents = {str(place[0]): "one document" for place in given}
    sample = Sample(documents=documents, lengths=dict.fromkeys(documents, 10), weights=weights)
    return ClosedRound(revealed=[], codebook=Codebook(variables=(variable,)), coders=names, sample=sample)


def figures(
    given: dict[Place, Given], *standing: tuple[Place, Adjudication], variable: Variable = TONE, weights: dict[str, float] | None = None
) -> Negotiated:
    sample = sorted({place[0] for place in given})
    outcome = outcome_of(given, dict(standing), sample)
    names = {person: name for person, name in NAMES.items() if any(person in answers for answers in given.values())}
    [found] = negotiated(outcome, closed(given, variable, names, weights), STANDARD_1)
    return found


# Ten excerpts: both good 4, both bad 3; Ann good, Ben bad 2 (excerpts 7, 8); Ann bad, Ben good 1 (excerpt 9).
TEN = two([("good", "good")] * 4 + [("bad", "bad")] * 3 + [("good", "bad")] * 2 + [("bad", "good")])


def test_each_coder_against_the_resolutions_by_hand() -> None:
    found = figures(TEN, resolved(7, tone("good")), resolved(8, tone("bad")), resolved(9, tone("bad")))
    [ann, ben] = found.against
    # The reference is good 5 times, bad 5 times. Ann (good 6) misses it once, Ben (good 5) twice.
    assert (ann.coder, ann.excerpts, ann.percent.value) == ("Ann", 10, pytest.approx(0.9))
    assert (ben.coder, ben.excerpts, ben.percent.value) == ("Ben", 10, pytest.approx(0.8))
    # Ann: p_e = .6 x .5 + .4 x .5 = .5, kappa .8. Ben: p_e = .5, kappa .6.
    assert ann.kappa.value == pytest.approx(0.8)
    assert ben.kappa.value == pytest.approx(0.6)
    assert (found.resolved, found.unresolved) == (3, 0)
    assert found.whys == {Why.SLIP: 3}


def test_an_excerpt_of_twice_the_weight_counts_twice() -> None:
    standing = (resolved(7, tone("good")), resolved(8, tone("bad")), resolved(9, tone("bad")))
    plain = figures(TEN, *standing)
    even = figures(TEN, *standing, weights={place[0]: 5.0 for place in TEN})
    heavy = figures(TEN, *standing, weights={place[0]: 2.0 if place[0] == excerpt(7) else 1.0 for place in TEN})
    assert even == plain
    # Ben alone misses excerpt 7: 1 - 3/11 of the weight; Ann misses only 9, which weighs 1 of 11.
    assert [one.percent.value for one in heavy.against] == [pytest.approx(10 / 11), pytest.approx(8 / 11)]
    # Ben: good 5 + 0 of 11, the resolutions good 4 + 2, p_e = 5/11 x 6/11 + 6/11 x 5/11 = 60/121.
    assert heavy.against[1].kappa.value == pytest.approx((8 / 11 - 60 / 121) / (1 - 60 / 121))
    assert heavy.percent.value == pytest.approx(1)


def test_after_discussion_all_agree_but_for_who_kept_the_own_answer() -> None:
    all_won = figures(TEN, resolved(7, tone("good")), resolved(8, tone("bad")), resolved(9, tone("bad")))
    assert all_won.percent.value == 1
    assert all_won.alpha.value == 1
    one_kept = figures(TEN, resolved(7, tone("good"), kept=(BEN,)), resolved(8, tone("bad")), resolved(9, tone("bad")))
    assert one_kept.percent.value == pytest.approx(0.9)
    # Good 5 and 4 times, bad 5 and 6 times of 20; one excerpt differs. D_o = 2/20, D_e = 2 x 9 x 11 / (20 x 19).
    assert one_kept.alpha.value == pytest.approx(1 - (2 / 20) / (2 * 9 * 11 / (20 * 19)))


def test_an_unresolved_disagreement_has_no_reference_and_stays_a_disagreement() -> None:
    found = figures(TEN, resolved(7, tone("good")))
    assert (found.resolved, found.unresolved) == (1, 2)
    assert [one.excerpts for one in found.against] == [8, 8]
    assert found.percent.value == pytest.approx(0.8)
    assert len(reference(outcome_of(TEN, dict([resolved(7, tone("good"))]), sorted({place[0] for place in TEN})))) == 8


def test_a_word_of_an_expert_changes_the_reference_and_no_coder() -> None:
    found = figures(TEN, *(resolved(number, tone("good"), Way.EXPERT) for number in (7, 8, 9)))
    assert found.percent.value == pytest.approx(0.7)
    assert found.moved == []
    assert found.ways == {Way.EXPERT: 3}
    assert [one.percent.value for one in found.against] == [pytest.approx(0.9), pytest.approx(0.8)]


def test_who_moved_to_whom_is_counted() -> None:
    found = figures(TEN, resolved(7, tone("good")), resolved(8, tone("bad")), resolved(9, tone("mixed")))
    assert found.moved == [
        Moved(coder="Ann", to=None, excerpts=1),
        Moved(coder="Ann", to="Ben", excerpts=1),
        Moved(coder="Ben", to=None, excerpts=1),
        Moved(coder="Ben", to="Ann", excerpts=1),
    ]


def test_one_coders_excerpt_is_no_reference_unless_it_was_resolved() -> None:
    given = {**TEN, (excerpt(10), "tone"): {ANN: tone("good")}}
    assert [one.excerpts for one in figures(given, resolved(7, tone("good"))).against] == [8, 8]
    assert [one.excerpts for one in figures(given, resolved(7, tone("good")), resolved(10, tone("bad"))).against] == [9, 8]


def test_sets_of_codes_are_compared_as_sets() -> None:
    both, time = tone("time", "trust", variable="needs"), tone("time", variable="needs")
    given: dict[Place, Given] = {(excerpt(number), "needs"): {ANN: both, BEN: both if number else time} for number in range(4)}
    found = figures(given, resolved(0, both), variable=NEEDS)
    assert [one.percent.value for one in found.against] == [1, pytest.approx(0.75)]
    assert found.percent.value == 1


def test_a_variable_nobody_adjudicated_has_no_negotiated_figures() -> None:
    outcome = outcome_of(TEN, {}, sorted({place[0] for place in TEN}))
    assert negotiated(outcome, closed(TEN, TONE, NAMES, None), STANDARD_1) == []


def test_the_queue_begins_with_the_widest_disagreement() -> None:
    # Three coders: of their three pairs 0, 2 and 3 differ.
    answers = [("good", "good", "good"), ("good", "good", "bad"), ("good", "bad", "mixed"), ("bad", "bad", "good")]
    given: dict[Place, Given] = {
        (excerpt(number), "tone"): dict(zip((ANN, BEN, CARL), map(tone, codes), strict=True)) for number, codes in enumerate(answers)
    }
    found = widest_first(given, Codebook(variables=(TONE,)), [excerpt(number) for number in (3, 2, 1, 0)])
    assert found == [
        ((excerpt(2), "tone"), 1.0),
        ((excerpt(3), "tone"), pytest.approx(2 / 3)),
        ((excerpt(1), "tone"), pytest.approx(2 / 3)),
    ]


def test_an_order_counts_how_far_values_are_apart_and_none_applies_is_the_widest() -> None:
    values = [("1", "2"), ("1", "5"), ("3", ""), ("2", "2"), ("", "")]
    given: dict[Place, Given] = {
        (excerpt(number), "level"): {
            ANN: tone(*filter(None, (one,)), variable="level"),
            BEN: tone(*filter(None, (other,)), variable="level"),
        }
        for number, (one, other) in enumerate(values)
    }
    found = widest_first(given, Codebook(variables=(LEVEL,)), [excerpt(number) for number in range(5)])
    assert [place[0] for place, _ in found] == [excerpt(1), excerpt(2), excerpt(0)]
    assert found[0][1] == found[1][1] > found[2][1] > 0


def test_variables_come_in_the_codebooks_order() -> None:
    given: dict[Place, Given] = {
        **two([("good", "bad")]),
        (excerpt(0), "needs"): {ANN: tone("time", variable="needs"), BEN: tone(variable="needs")},
    }
    places = [place for place, _ in widest_first(given, Codebook(variables=(NEEDS, TONE)), [excerpt(0)])]
    assert places == [(excerpt(0), "needs"), (excerpt(0), "tone")]
