"""What a round needs by code: published sizes, hand-computed chances, and codes about which nothing is learned."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.agreement.verdict import Verdict
from service.coding.planner import Aim, Outlook, Target, for_coefficient, for_verdict, needed, plan_code, size_for
from service.errors import BadInput

ALPHA = Aim(target=Target.ALPHA, minimum=0.8, expected=0.9, confidence=0.95, power=0.8, coders=2)
KAPPA = Aim(target=Target.KAPPA, minimum=0.4, expected=0.6, confidence=0.95, power=0.8, coders=2)


def test_krippendorffs_published_sizes() -> None:
    # ATLAS.ti manual after Krippendorff (2019) and Bloch & Kraemer (1989): four codes used alike, two coders.
    assert for_coefficient(0.25, ALPHA) == 139
    assert for_coefficient(0.25, replace(ALPHA, minimum=0.667)) == 81


def test_donner_and_eliasziws_size_by_hand() -> None:
    # Common correlation, two coders, p .3: chances of 2, 1 and 0 yes are p^2 + kappa pq, 2 pq (1 - kappa), q^2 + kappa pq with pq .21.
    # From kappa .4 to .6 they change by .042, -.084, .042; the sum of squares over .174, .252, .574 is .0412111. The noncentrality
    # of a chi-square with one degree of freedom at level .05 and power .8 is (1.959964 + .841621)^2 = 7.848880.
    apart = 0.042**2 / 0.174 + 0.084**2 / 0.252 + 0.042**2 / 0.574
    assert for_coefficient(0.3, KAPPA) == pytest.approx(7.848880 / apart, abs=1)


def test_a_verdict_needs_thirty_excerpts_with_the_code() -> None:
    # The negative binomial: 30 of prevalence 1/2 with chance .95 are reached at 74 draws: .9597; 73 give .9497.
    assert for_verdict(0.5, ALPHA) == 74


def test_a_size_yields_what_the_binomial_says() -> None:
    plan = plan_code(0.5, ALPHA, size=60)
    # Of 60 fair draws 30 or more: (1 + C(60, 30) / 2**60) / 2.
    assert plan.yields.chance_of_enough == pytest.approx((1 + 118264581564861424 / 2**60) / 2)
    assert plan.yields.expected_excerpts == 30
    assert plan.yields.outlook is Outlook.PERHAPS
    assert sum(plan.yields.verdicts.values()) == pytest.approx(1)
    assert plan == plan_code(0.5, ALPHA, size=60)


def test_a_rare_code_is_one_that_nothing_is_learned_about() -> None:
    rare = plan_code(0.02, ALPHA, size=200)
    assert rare.yields.outlook is Outlook.NOTHING
    assert rare.needed == max(for_coefficient(0.02, ALPHA), for_verdict(0.02, ALPHA)) > 1500
    assert rare.yields.verdicts[Verdict.NOT_ENOUGH_DATA.value] > 0.9
    assert plan_code(0.3, ALPHA, size=rare.needed or 0).yields.outlook is Outlook.ENOUGH


@pytest.mark.parametrize("prevalence", [None, 0.0, 1.0])
def test_no_size_does_for_a_code_that_is_never_or_always_given(prevalence: float | None) -> None:
    plan = plan_code(prevalence, ALPHA, size=500)
    assert (plan.needed, plan.yields.outlook, plan.yields.rho) == (None, Outlook.NOTHING, None)


def test_rho_falls_with_the_size() -> None:
    found = [plan_code(0.2, ALPHA, size=size).yields.rho for size in (40, 400)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0] > found[1]
    assert plan_code(0.2, replace(ALPHA, coders=3), size=40).yields.rho is None


def test_the_round_is_as_large_as_the_neediest_code_that_the_study_can_serve() -> None:
    sizes = {p: needed(p, ALPHA) for p in (0.5, 0.2, 0.01)}
    assert size_for([0.5, 0.2, 0.01, None], ALPHA, available=1_000) == sizes[0.2]
    assert size_for([0.01], ALPHA, available=100) == 100


@given(st.floats(0.01, 0.99), st.sampled_from([ALPHA, KAPPA]))
def test_what_is_needed_is_enough_for_a_verdict(prevalence: float, aim: Aim) -> None:
    size = needed(prevalence, aim)
    assert size is not None
    assert size >= for_verdict(prevalence, aim) >= 30
    assert size >= for_coefficient(prevalence, aim)


@pytest.mark.parametrize(
    "fields",
    [{"minimum": 0.9}, {"expected": 1.0}, {"minimum": -0.1}, {"confidence": 1.0}, {"power": 0.0}, {"coders": 1}],
    ids=str,
)
def test_an_aim_that_no_sample_reaches_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        replace(ALPHA, **fields)  # pyright: ignore[reportArgumentType]
