"""Planning a study, Shaffer's rho, simulated power, and models of annotators."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.agreement.alpha import krippendorff_alpha
from service.agreement.alttest import AltTest, AltTestResult, alt_test, benjamini_yekutieli
from service.agreement.annotators import DawidSkene, Fitting, Mace, Votes, dawid_skene, mace, votes
from service.agreement.distributions import chi_square_quantile, noncentrality, normal, normal_quantile, student, t_quantile
from service.agreement.estimate import Reason, Undefined
from service.agreement.metric import Metric
from service.agreement.planning import (
    KappaTest,
    excerpts_for_code,
    sample_size_cohen,
    sample_size_cohen_binary,
    sample_size_donner_eliasziw,
    sample_size_krippendorff,
)
from service.agreement.power import Design, simulate, simulated_power
from service.agreement.rho import Rho, RhoDesign, rho_of_table, shaffer_rho
from service.agreement.verdict import Verdict
from service.errors import BadInput
from tests.agreement.strategies import MANY, SOME

TEST = KappaTest(null=0.4, alternative=0.6, level=0.05, power=0.8, two_sided=True)
FITTING = Fitting(restarts=3, iterations=200, tolerance=1e-10, smoothing=0, seed=1)
DESIGN = RhoDesign(threshold=0.9, minimum=0.4, precision=(0.6, 1), universe=10_000, inflation=0, replicates=400, seed=1)


def test_krippendorffs_published_sizes() -> None:
    # ATLAS.ti manual, after Krippendorff (2019) and Bloch & Kraemer (1989): 139 and 81 excerpts.
    assert sample_size_krippendorff(minimum=0.8, level=0.05, share=0.25, coders=2) == 139
    assert sample_size_krippendorff(minimum=0.667, level=0.05, share=0.25, coders=2) == 81


def test_more_is_needed_for_a_closer_alternative_a_rarer_code_and_more_power() -> None:
    near = KappaTest(null=0.5, alternative=0.6, level=0.05, power=0.8, two_sided=True)
    for size in (
        [sample_size_cohen(test, marginals=[0.3, 0.7]) for test in (TEST, near)],
        [sample_size_cohen_binary(test, first=0.3, second=0.4) for test in (TEST, near)],
        [sample_size_donner_eliasziw(test, shares=[0.3, 0.7], coders=3) for test in (TEST, near)],
        [sample_size_donner_eliasziw(TEST, shares=shares, coders=2) for shares in ([0.5, 0.5], [0.05, 0.95])],
        [sample_size_krippendorff(minimum=0.8, level=0.05, share=share, coders=2) for share in (0.5, 0.05)],
        [excerpts_for_code(prevalence=0.1, needed=30, assurance=assurance) for assurance in (0.5, 0.95)],
    ):
        assert size[0] < size[1]


def test_the_excerpts_for_a_code_are_the_fewest_that_do() -> None:
    n = excerpts_for_code(prevalence=0.2, needed=10, assurance=0.9)
    rng = np.random.default_rng(1)
    enough = [float((rng.binomial(size, 0.2, 200_000) >= 10).mean()) for size in (n - 1, n)]
    assert enough[0] < 0.9 + 0.003
    assert enough[1] > 0.9 - 0.003
    assert enough[0] < enough[1]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: sample_size_krippendorff(minimum=0.8, level=0.05, share=0, coders=2), id="share"),
        pytest.param(lambda: excerpts_for_code(prevalence=0.1, needed=30, assurance=1), id="level"),
        pytest.param(lambda: sample_size_cohen_binary(KappaTest(null=0, alternative=0.9, level=0.05, power=0.8, two_sided=True),
                                                      first=0.1, second=0.9), id="rates"),
        pytest.param(lambda: replace(DESIGN, threshold=0.3), id="rho"),
        pytest.param(lambda: replace(DESIGN, inflation=1), id="inflation"),
        pytest.param(lambda: Design(coders=1, units=10, prevalence=0.5, agreement=0.5, simulations=1, seed=1), id="coders"),
        pytest.param(lambda: Design(coders=2, units=10, prevalence=1, agreement=0.5, simulations=1, seed=1), id="prevalence"),
        pytest.param(lambda: Fitting(restarts=0, iterations=1, tolerance=0, smoothing=0, seed=1), id="restarts"),
        pytest.param(lambda: votes([("u", "c", "z")], scale=["x"]), id="code"),
        pytest.param(lambda: alt_test({}, model="m", settings=AltTest(epsilon=1, false_discovery=0.05, minimum_units=30)), id="epsilon"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_or_fitted_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(BadInput):
        call()


def test_no_table_has_these_marginals_and_this_kappa() -> None:
    with pytest.raises(BadInput, match="No table"):
        sample_size_cohen(KappaTest(null=-0.9, alternative=0.6, level=0.05, power=0.8, two_sided=True), marginals=[0.1, 0.9])


def test_distributions() -> None:
    assert normal(normal_quantile(0.975)) == pytest.approx(0.975)
    assert student(t_quantile(0.9, 7), 7) == pytest.approx(0.9)
    assert chi_square_quantile(0.95, 1) == pytest.approx(normal_quantile(0.975) ** 2)
    assert noncentrality(1, level=0.05, power=0.8) == pytest.approx((normal_quantile(0.975) + normal_quantile(0.8)) ** 2, rel=1e-3)


def test_rho_falls_with_the_test_set_and_with_kappa() -> None:
    sizes = [shaffer_rho(kappa=0.9, baserate=0.2, test_set=n, design=DESIGN) for n in (40, 80, 400)]
    values = [found.value for found in sizes if isinstance(found, Rho)]
    assert values == sorted(values, reverse=True)
    assert len(values) == 3
    low = shaffer_rho(kappa=0.5, baserate=0.2, test_set=80, design=DESIGN)
    assert isinstance(low, Rho)
    assert low.value == 1
    inflated = shaffer_rho(kappa=0.9, baserate=0.05, test_set=80, design=RhoDesign(
        threshold=0.9, minimum=0.4, precision=(0.6, 1), universe=10_000, inflation=0.2, replicates=400, seed=1))  # fmt: skip
    assert isinstance(inflated, Rho)


def test_rho_draws_again_where_a_kappa_has_no_precision() -> None:
    narrow = replace(DESIGN, precision=(0.6, 0.62), minimum=0.1)
    found = shaffer_rho(kappa=0.9, baserate=0.5, test_set=80, design=narrow)
    assert isinstance(found, Rho)
    assert found.value < 0.05


def test_rho_is_undefined_where_there_is_nothing_to_simulate() -> None:
    found = [
        shaffer_rho(kappa=0.9, baserate=0, test_set=40, design=DESIGN),
        shaffer_rho(kappa=0.9, baserate=0.2, test_set=0, design=DESIGN),
        rho_of_table(np.zeros((2, 2)), design=DESIGN),
        rho_of_table(np.array([[5.0, 0.0], [0.0, 0.0]]), design=DESIGN),
    ]
    reasons = [one.reason for one in found if isinstance(one, Undefined)]
    assert reasons == [Reason.NO_VARIATION, Reason.NO_DATA, Reason.NO_DATA, Reason.CHANCE_AGREEMENT_IS_ONE]


def test_simulated_coders_agree_as_the_design_says() -> None:
    for agreement in (0.0, 0.7):
        design = Design(coders=3, units=20_000, prevalence=0.3, agreement=agreement, simulations=1, seed=1)
        drawn = simulate(design, np.random.default_rng(1))
        assert krippendorff_alpha(drawn, metric=Metric.NOMINAL).value == pytest.approx(agreement, abs=0.02)


def test_power_says_how_studies_would_end() -> None:
    small, large = (
        simulated_power(Design(coders=3, units=units, prevalence=0.4, agreement=0.95, simulations=40, seed=1)) for units in (40, 400)
    )
    assert small.verdicts[Verdict.NOT_ENOUGH_DATA] > 0
    assert large.verdicts[Verdict.RELIABLE] > 0.9
    assert sum(large.verdicts.values()) == pytest.approx(1)
    assert large.mean_width is not None
    rare = simulated_power(Design(coders=2, units=5, prevalence=0.01, agreement=0.5, simulations=20, seed=1))
    assert rare.verdicts[Verdict.UNDEFINED] > 0.5
    assert rare.mean_width is None


def crowd(*, keep: float, seed: int = 1, coders: int = 5, units: int = 200) -> tuple[Votes, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, units)
    skill = np.array([keep] * (coders - 1) + [1 / 3])
    rows = [
        (f"u{u:03}", f"c{c}", "xyz"[int(true[u]) if rng.random() < skill[c] else int(rng.integers(3))])
        for c in range(coders)
        for u in range(units)
    ]
    return votes(rows, scale=["x", "y", "z"]), true


def test_dawid_and_skene_find_the_true_codes_and_the_bad_coder() -> None:
    given_votes, true = crowd(keep=0.8)
    found = dawid_skene(given_votes, fitting=FITTING)
    assert isinstance(found, DawidSkene)
    assert found.converged
    assert float((found.labels() == true).mean()) > 0.95
    right = np.trace(found.confusion, axis1=1, axis2=2) / 3
    assert right.argmin() == 4
    assert (np.diff(found.likelihood) >= -1e-9).all()


def test_mace_finds_the_spammer() -> None:
    given_votes, true = crowd(keep=0.8)
    found = mace(given_votes, fitting=FITTING)
    assert isinstance(found, Mace)
    assert float((found.labels() == true).mean()) > 0.95
    assert found.competence.argmin() == 4
    assert (np.diff(found.likelihood) >= -1e-9).all()


rows_of_votes = st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.sampled_from("xyz")), max_size=12)


@MANY
@given(rows_of_votes, st.sampled_from([0.0, 0.5]))
def test_models_of_any_votes_are_numbers_and_their_likelihood_never_falls(rows: list[tuple[str, str, str]], smoothing: float) -> None:
    fitting = Fitting(restarts=2, iterations=15, tolerance=0, smoothing=smoothing, seed=1)
    given_votes = votes(rows, scale=["x", "y", "z"])
    found, other = dawid_skene(given_votes, fitting=fitting), mace(given_votes, fitting=fitting)
    if not rows:
        assert isinstance(found, Undefined)
        assert isinstance(other, Undefined)
        return
    assert isinstance(found, DawidSkene)
    assert isinstance(other, Mace)
    assert np.isfinite(found.posterior).all()
    assert np.isfinite(other.posterior).all()
    assert found.posterior.sum(axis=1) == pytest.approx(1)
    if smoothing == 0:
        assert (np.diff(found.likelihood) >= -1e-7).all()
        assert (np.diff(other.likelihood) >= -1e-7).all()


def annotated(*, model: float, human: float, units: int = 100, humans: int = 4) -> dict[str, dict[str, str]]:
    rng = np.random.default_rng(3)
    codings: dict[str, dict[str, str]] = defaultdict(dict)
    for unit in range(units):
        true = int(rng.integers(3))
        for name, skill in [*((f"h{at}", human) for at in range(humans)), ("model", model)]:
            codings[f"u{unit}"][name] = "xyz"[true if rng.random() < skill else int(rng.integers(3))]
    return codings


SETTINGS = AltTest(epsilon=0.15, false_discovery=0.05, minimum_units=30)


def test_a_good_model_passes_and_a_bad_one_does_not() -> None:
    good = alt_test(annotated(model=0.95, human=0.8), model="model", settings=SETTINGS)
    bad = alt_test(annotated(model=0.2, human=0.9), model="model", settings=SETTINGS)
    assert isinstance(good, AltTestResult)
    assert isinstance(bad, AltTestResult)
    assert (good.passes, good.winning_rate) == (True, 1.0)
    assert (bad.passes, bad.winning_rate) == (False, 0.0)
    assert good.advantage_probability > bad.advantage_probability


def test_the_alternative_annotator_test_says_what_its_design_can_find() -> None:
    few = alt_test(annotated(model=0.8, human=0.8, units=12, humans=2), model="model", settings=AltTest(
        epsilon=0.1, false_discovery=0.05, minimum_units=5))  # fmt: skip
    assert isinstance(few, AltTestResult)
    assert "The authors ask for 3 humans and 30 units each. This design can hardly pass." in few.power
    strict = alt_test(annotated(model=0.8, human=0.8), model="model", settings=AltTest(epsilon=0, false_discovery=0.05, minimum_units=30))
    assert isinstance(strict, AltTestResult)
    assert "cannot pass" in strict.power
    same = alt_test(annotated(model=1, human=1), model="model", settings=SETTINGS)
    assert isinstance(same, AltTestResult)
    assert same.winning_rate == 1


def test_humans_with_too_few_units_are_left_out() -> None:
    codings = annotated(model=0.9, human=0.9, units=40)
    for unit in list(codings)[:30]:
        del codings[unit]["h0"]
    found = alt_test(codings, model="model", settings=SETTINGS)
    assert isinstance(found, AltTestResult)
    assert found.left_out == ("h0",)
    nobody = alt_test({"u": {"model": "x"}}, model="model", settings=SETTINGS)
    assert isinstance(nobody, Undefined)
    assert nobody.reason is Reason.NO_DATA
    short = alt_test(annotated(model=0.9, human=0.9, units=10), model="model", settings=SETTINGS)
    assert isinstance(short, Undefined)
    assert short.reason is Reason.NOT_ENOUGH_DATA


@SOME
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_fewer_are_rejected_than_without_correction(p: list[float]) -> None:
    rejected = benjamini_yekutieli(p, 0.05)
    assert all(value <= 0.05 for value, out in zip(p, rejected, strict=True) if out)
    assert benjamini_yekutieli([0.0] * len(p), 0.05) == [True] * len(p)


def test_results_are_json() -> None:
    for found in (
        shaffer_rho(kappa=0.9, baserate=0.2, test_set=40, design=DESIGN),
        simulated_power(Design(coders=2, units=40, prevalence=0.4, agreement=0.8, simulations=3, seed=1)),
        alt_test(annotated(model=0.9, human=0.8), model="model", settings=SETTINGS),
    ):
        assert msgspec.json.decode(msgspec.json.encode(found))
