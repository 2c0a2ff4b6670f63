"""How far suggestions moved codings: by hand, planted effects found again, and no effect seen where there is none."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from service.agreement.interval import Method, Uncertainty
from service.coding.arms import arms_of
from service.coding.ledger import Exposure, Shown, SuggestedCodes, Verdict
from service.coding.model import Answer, Arm, AssignmentId, CodedSpan, Coding, CodingId, Content, PersonId, Provenance, RoundId
from service.coding.reveal import Revealed
from service.corpus.model import ExcerptId
from service.report.assistance import FEW, NOTHING, Assistance, Effect, Turned, assistance, turned_of

HOW = Uncertainty(method=Method.EXPANDED_BCA, level=0.95, by_cluster=False, replicates=200, seed=1)
BEFORE, AFTER, NEVER = Arm.BEFORE, Arm.AFTER, Arm.NEVER
CODES = ("a", "b", "c", "d")


def turn(coder: str, excerpt: str, arm: Arm, own: str | None, last: str | None, suggested: str | None = None) -> Turned:
    """Take codes as words of one letter; an empty word is none applies."""
    sets = [None if codes is None else frozenset(codes) for codes in (own, last, suggested)]
    return Turned(coder=coder, excerpt=excerpt, arm=arm, own=sets[0], last=sets[1], suggested=sets[2])


def found(turned: Iterable[Turned], documents: dict[str, str] | None = None) -> Assistance:
    return assistance("theme", list(turned), documents, replace(HOW, by_cluster=documents is not None))


def test_by_hand() -> None:
    made = found(
        [
            turn("ann", "1", BEFORE, None, "a", "a"),
            turn("ben", "1", BEFORE, None, "a", "a"),
            turn("cleo", "1", NEVER, "b", "b"),
            turn("ann", "2", AFTER, "b", "a", "a"),  # flipped to the suggestion
            turn("ben", "2", AFTER, "b", "b", "a"),  # stayed
            turn("cleo", "2", BEFORE, None, "a", "a"),
            turn("ann", "3", AFTER, "a", "c", "a"),  # left it
            turn("ben", "3", NEVER, "a", "a"),
            turn("cleo", "3", BEFORE, None, "b", "a"),
            turn("ann", "4", NEVER, "c", "c"),  # nobody was shown one: not in the pull
            turn("ben", "4", NEVER, "c", "c"),
            turn("cleo", "4", AFTER, "d", "d"),  # did not look: no flip to count
        ]
    )
    assert (made.given_before.value, made.given_blind.value) == (3 / 4, 2 / 5)
    assert made.pull.value == pytest.approx(3 / 4 - 2 / 5)
    assert (made.pull.excerpts, made.given_before.excerpts) == (3, 3)
    assert (made.flips.value, made.flips_away.value) == (1 / 2, 1)
    # Pairs: shown before, excerpt 1 agrees: 1 of 1. Blind: 2 agrees, 3 agrees, 4 one of three.
    assert (made.agreement_assisted.value, made.agreement_blind.value) == (1, 3 / 5)
    assert made.agreement_difference.value == pytest.approx(2 / 5)
    assert [(arm.arm, arm.turns, arm.coded, arm.shown) for arm in made.arms] == [(BEFORE, 4, 4, 4), (AFTER, 4, 4, 3), (NEVER, 4, 4, 0)]


def test_several_codes_move_when_the_suggested_one_is_among_them() -> None:
    made = found(
        [turn("ann", "1", AFTER, "bc", "abc", "a"), turn("ben", "1", AFTER, "", "c", "a"), turn("ann", "2", AFTER, "ab", "b", "a")]
    )
    assert (made.flips.value, made.flips_away.value) == (1 / 2, 1)


def test_nothing_to_count_is_said_and_never_0() -> None:
    made = found([turn("ann", "1", NEVER, "a", "a"), turn("ben", "1", BEFORE, None, None, "a")])
    for effect in (made.pull, made.flips, made.flips_away, made.agreement_difference):
        assert (effect.value, effect.low, effect.sentence) == (None, None, NOTHING)
    assert found([]).pull.value is None
    one = found([turn("ann", "1", AFTER, "b", "a", "a")]).flips
    assert (one.value, one.low, one.sentence) == (1, None, FEW)


def test_with_documents_the_interval_resamples_them() -> None:
    some = [turn("ann", str(n), AFTER, "b", "ab"[n % 2], "a") for n in range(20)]
    effect = found(some, {str(n): f"d{n % 5}" for n in range(20)}).flips
    assert (effect.value, effect.clusters, effect.seed, effect.level) == (0.5, 5, 1, 0.95)


def coding(person: str, sequence: int, codes: str = "", *, occasion: int = 1, content: Content | None = None) -> Coding:
    answer = Answer(variable="theme", codes=tuple(codes))
    return Coding(
        id=CodingId(f"{person}{sequence}"),
        round_id=RoundId("r"),
        person_id=PersonId(person),
        assignment_id=AssignmentId(person),
        excerpt_id=ExcerptId("x"),
        occasion=occasion,
        sequence=sequence,
        at="2026-01-05T09:00:00.000000Z",
        supersedes=None,
        provenance=Provenance.IN_SERVICE,
        content=content or Content(answers=(answer,)),
    )


def shown(sequence: int, code: str) -> tuple[int, Exposure]:
    suggested = (SuggestedCodes(variable="theme", codes=(code,)),)
    return sequence, Exposure(assignment_id="ann", shown=Shown.SUGGESTION, digest="", suggested=suggested)


def test_what_came_before_the_first_look_is_ones_own() -> None:
    revealed = [
        Revealed(coding("ann", 1, "a"), Verdict.BLIND),
        Revealed(coding("ann", 2, "b"), Verdict.BLIND),
        Revealed(coding("ann", 4, "c"), Verdict.ASSISTED),
        Revealed(coding("ann", 9, "d"), Verdict.PEER_EXPOSED),
        Revealed(coding("ann", 6, "e", occasion=2), Verdict.ASSISTED),
    ]
    key = (PersonId("ann"), ExcerptId("x"))
    [one] = turned_of("theme", {key: AFTER}, revealed, {key: [shown(3, "c"), shown(5, "a")]})
    assert one == turn("ann", "x", AFTER, "b", "c", "c")
    [never] = turned_of("theme", {key: NEVER}, revealed[:2], {})
    assert never == turn("ann", "x", NEVER, "b", "b")
    [nothing] = turned_of("theme", {key: BEFORE}, [], {key: [shown(1, "c")]})
    assert nothing == turn("ann", "x", BEFORE, None, None, "c")


def test_skips_other_variables_and_erased_codings_give_nothing_and_spans_their_codes() -> None:
    key = (PersonId("ann"), ExcerptId("x"))
    spans = (CodedSpan(start=0, end=2, code="a"), CodedSpan(start=3, end=4, code="a"), CodedSpan(start=3, end=5, code="b"))
    for content, expected in (
        (Content(skip="torn"), None),
        (Content(answers=(Answer(variable="mood", codes=("a",)),)), None),
        (Content(answers=(Answer(variable="theme", codes=()),)), ""),
        (Content(answers=(Answer(variable="theme", codes=(), spans=spans),)), "ab"),
    ):
        [one] = turned_of("theme", {key: NEVER}, [Revealed(coding("ann", 1, content=content), Verdict.BLIND)], {})
        assert one == turn("ann", "x", NEVER, expected, expected)


def simulated(rng: np.random.Generator, *, pulled: float, flipped: float, excerpts: int = 90, coders: int = 3) -> list[Turned]:
    """Let coders give the true code with probability .7, else any; a suggestion, right on 60 % of excerpts, moves a share of them to it."""
    people = [PersonId(f"coder {number}") for number in range(coders)]
    arms = arms_of([(coder, at) for coder in people for at in range(excerpts)], people, int(rng.integers(2**31)))
    made: list[Turned] = []
    for at in range(excerpts):
        truth = str(rng.choice(CODES))
        suggested = truth if rng.random() < 0.6 else str(rng.choice(CODES))
        for coder in people:
            own = truth if rng.random() < 0.7 else str(rng.choice(CODES))
            match arms[coder, at]:
                case Arm.BEFORE:
                    given = suggested if rng.random() < pulled else own
                    made.append(turn(coder, str(at), BEFORE, None, given, suggested))
                case Arm.AFTER:
                    last = suggested if own != suggested and rng.random() < flipped else own
                    made.append(turn(coder, str(at), AFTER, own, last, suggested))
                case Arm.NEVER:
                    made.append(turn(coder, str(at), NEVER, own, own))
    return made


WORLDS = 120
NEAR = 0.06
"""Three standard errors of a share of .95 of so many worlds."""


def test_a_planted_effect_is_found_and_its_interval_holds_it_at_about_its_level() -> None:
    # Pulled .4: P(suggested) rises by .4 * (1 - P(own is the suggested one)). P(own = truth) = .7 + .3/4 = .775; P(suggested = truth)
    # = .6 + .4/4 = .7; where they part (.3), own is the suggested one with .3/4 = .075. So P = .7 * .775 + .3 * .075 = .565.
    pull = 0.4 * (1 - 0.565)
    worlds = [found(simulated(np.random.default_rng([1, seed]), pulled=0.4, flipped=0.3)) for seed in range(WORLDS)]
    assert mean([one.pull for one in worlds]) == pytest.approx(pull, abs=0.02)
    assert mean([one.flips for one in worlds]) == pytest.approx(0.3, abs=0.02)
    assert np.mean([holds(one, "pull", pull) for one in worlds]) == pytest.approx(0.95, abs=NEAR)
    assert np.mean([holds(one, "flips", 0.3) for one in worlds]) == pytest.approx(0.95, abs=NEAR)
    # Two shown before agree with .7 * (.865^2 + 3 * .045^2) + .3 * (.465^2 + .445^2 + 2 * .045^2), two blind with .775^2 + 3 * .075^2.
    closer = 0.7 * (0.865**2 + 3 * 0.045**2) + 0.3 * (0.465**2 + 0.445**2 + 2 * 0.045**2) - (0.775**2 + 3 * 0.075**2)
    assert np.mean([holds(one, "agreement_difference", closer) for one in worlds]) == pytest.approx(0.95, abs=NEAR)


def test_where_nothing_moved_the_interval_holds_0_at_about_its_level() -> None:
    worlds = [found(simulated(np.random.default_rng([2, seed]), pulled=0, flipped=0)) for seed in range(WORLDS)]
    for effect in ("pull", "agreement_difference"):
        assert np.mean([holds(one, effect, 0) for one in worlds]) == pytest.approx(0.95, abs=NEAR), effect
    assert all(one.flips.value == 0 for one in worlds)


def mean(effects: Iterable[Effect]) -> float:
    return float(np.mean([one.value for one in effects if one.value is not None]))


def holds(made: Assistance, effect: str, truth: float) -> bool:
    one = getattr(made, effect)
    return bool(one.low <= truth <= one.high)
