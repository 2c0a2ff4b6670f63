"""Each statistic of the case format as a call of the library."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from service.agreement.alignment import Dissimilarity
from service.agreement.alpha import krippendorff_alpha
from service.agreement.alttest import AltTest, alt_test
from service.agreement.annotators import Fitting, dawid_skene, mace, votes
from service.agreement.chance import fleiss_null, fleiss_per_code
from service.agreement.coefficients import Choice, Coefficient, with_interval
from service.agreement.craggs import mv_alpha
from service.agreement.estimate import Estimate, Interval, Undefined
from service.agreement.gamma import Sampling, gamma
from service.agreement.interval import Method, Uncertainty, interval
from service.agreement.kalpha import hayes_krippendorff_replicates
from service.agreement.kappa import cohen_kappa, kappa_max, pooled_kappa
from service.agreement.long import SetRatings
from service.agreement.metric import Metric
from service.agreement.moments import alpha_moments
from service.agreement.pairs import confusion, confusions, only_pair
from service.agreement.planning import (
    KappaTest,
    excerpts_for_code,
    sample_size_cohen,
    sample_size_cohen_binary,
    sample_size_donner_eliasziw,
    sample_size_donner_eliasziw_interval,
    sample_size_krippendorff,
)
from service.agreement.ratings import Floats, Ratings, basis
from service.agreement.rho import Rho, RhoDesign, rho_of_table, shaffer_rho, table_kappa
from service.agreement.segmentation import boundary_similarity, pk, segmentation_agreement, segmentation_similarity, window_diff
from service.agreement.sets import set_alpha
from service.agreement.spans import Span, Spans, spans_of
from service.agreement.tally import tally
from service.agreement.unitizing import unitizing_alphas
from service.agreement.unitizing1995 import alpha_u
from service.agreement.weights import Weights
from tests.agreement.data import set_ratings, unit_ratings

Case = Mapping[str, Any]
Fields = dict[str, Any]
SEED = 1
"""Every drawn statistic of a case is drawn with this seed."""


def estimated(found: Estimate | Undefined) -> Fields:
    """Give the fields of an estimate; limits as shown, clipped to [-1, 1]."""
    if isinstance(found, Undefined):
        return {"estimate": None, "undefined": found.reason.value}
    fields: Fields = {"estimate": found.value, "p_o": found.observed, "p_e": found.expected}
    if isinstance(found.interval, Interval):
        low, high = max(found.interval.low, -1.0), min(found.interval.high, 1.0)
        fields |= {"se": found.interval.standard_error, "ci_low": low, "ci_high": high}
    return fields


def _ratings(case: Case) -> Ratings:
    ratings = unit_ratings(case["data"], case["params"].get("categories"))
    weights = case["params"].get("unit_weights")
    return ratings if weights is None else ratings.weighted([weights[unit] for unit in ratings.units.to_list()])


def _distance(case: Case, ratings: Ratings) -> Floats:
    given = case["params"]["distance"]
    place = [[str(label) for label in given["labels"]].index(code) for code in ratings.scale]
    return np.array(given["matrix"], np.float64)[np.ix_(place, place)]


def _catalogued(coefficient: Coefficient, *, analytic: bool = True) -> Callable[[Case], Fields]:
    def call(case: Case) -> Fields:
        ratings = _ratings(case)
        weights = Weights(case["params"].get("weights", "identity"))
        metric = Metric(case["level"]) if coefficient is Coefficient.ALPHA else None
        choice = Choice(coefficient=coefficient, metric=metric, weights=weights)
        level = case["params"].get("confidence", 0.95)
        method = Method.ANALYTIC if analytic else Method.INFINITESIMAL_JACKKNIFE
        return estimated(with_interval(ratings, choice, Uncertainty(method=method, level=level, by_cluster=False)))

    return call


def _alpha(case: Case) -> Fields:
    if "distance" not in case["params"]:
        return _catalogued(Coefficient.ALPHA)(case)
    ratings = _ratings(case)
    return estimated(krippendorff_alpha(ratings, metric=Metric.NOMINAL, distance=_distance(case, ratings)))


def _cohen(case: Case) -> Fields:
    ratings = _ratings(case)
    if "distance" in case["params"]:
        return estimated(cohen_kappa(ratings, weights=1 - _distance(case, ratings)))
    return _catalogued(Coefficient.COHEN)(case) | {"kappa_max": kappa_max(only_pair(ratings))}


def _fleiss(case: Case) -> Fields:
    ratings = _ratings(case)
    null = fleiss_null(ratings)
    each = {code: found.value for code, found in fleiss_per_code(ratings).items()}
    return _catalogued(Coefficient.FLEISS)(case) | {"per_category": each, "z_null": None if isinstance(null, Undefined) else null.z}


def _per_value(case: Case) -> Fields:
    ratings = _ratings(case)
    binary = {code: ratings.recode(np.arange(len(ratings.scale)) == at, ("0", "1")) for at, code in enumerate(ratings.scale)}
    return {"per_value": {code: krippendorff_alpha(one, metric=Metric.NOMINAL).value for code, one in binary.items()}}


def _bootstrap(case: Case) -> Fields:
    ratings, params, metric = _ratings(case), case["params"], Metric(case["level"])
    found = krippendorff_alpha(ratings, metric=metric)
    if isinstance(found, Undefined):
        return estimated(found)
    method = Method.HAYES_KRIPPENDORFF if params["method"] == "hayes-krippendorff" else Method.PERCENTILE
    how = Uncertainty(method=method, level=params["confidence"], by_cluster=False, replicates=params["replicates"], seed=SEED)
    if method is Method.PERCENTILE:
        limits = interval(found.value, alpha_moments(ratings, metric=metric), how)
        return {"estimate": found.value, "ci_low": getattr(limits, "low", None), "ci_high": getattr(limits, "high", None)}
    drawn = hayes_krippendorff_replicates(ratings, metric=metric, how=how)
    low, high = np.quantile(drawn, [(1 - how.level) / 2, (1 + how.level) / 2]).tolist()
    asked = {name: float(name.removeprefix("q_below_")) for name in case["expected"] if name.startswith("q_below_")}
    below = {name: float((drawn < minimum).mean()) for name, minimum in asked.items()}
    return {"estimate": found.value, "ci_low": low, "ci_high": high} | below


def _coincidences(case: Case) -> Fields:
    ratings = _ratings(case)
    counts = tally(ratings, identities_only=False)
    return {
        "labels": list(ratings.scale),
        "matrix": counts.coincidences.tolist(),
        "marginals": counts.marginals.tolist(),
        "n_pairable": float(counts.marginals.sum()),
    }


def _confusion(case: Case) -> Fields:
    ratings, params = _ratings(case), case["params"]
    table = confusion(ratings, params["rows"], params["columns"]).table
    return {"labels": [_as_given(code) for code in ratings.scale], "matrix": table.tolist()}


def _as_given(code: str) -> str | int:
    return int(code) if code.lstrip("-").isdigit() else code


def _sets(case: Case) -> SetRatings:
    return set_ratings(case["data"])


def _set_alpha(case: Case) -> Fields:
    return estimated(set_alpha(_sets(case), metric=Metric(case["params"]["distance"])))


def _mv_alpha(case: Case) -> Fields:
    found = mv_alpha(_sets(case))
    return estimated(found) if isinstance(found, Undefined) else {"estimate": found.value, "Do": found.observed, "De": found.expected}


def _per_code(case: Case) -> Fields:
    sets = _sets(case)
    each = {code: krippendorff_alpha(sets.indicator(at), metric=Metric.NOMINAL).value for at, code in enumerate(sets.codes)}
    return {"per_code": each}


def _pooled(case: Case) -> Fields:
    sets = _sets(case)
    tables = [next(confusions(sets.indicator(at))) for at in range(len(sets.codes))]
    return estimated(pooled_kappa(tables, basis(sets.ratings)))


def _spans(case: Case) -> Spans:
    rows = [Span(text, coder, start, end, str(code)) for text, _, coder, start, end, code in case["data"]]
    lengths = {text: length for text, length, *_ in case["data"]}
    coders = case["params"].get("coders", sorted({span.coder for span in rows}))
    return spans_of(rows, texts=dict(case["params"].get("continua", lengths)), coders=coders)


def _u_family(case: Case) -> Fields:
    found = unitizing_alphas(_spans(case))
    fields: Fields = {
        "u_alpha": found.u_alpha.value,
        "bar_u_alpha": found.binary.value,
        "cu_alpha": found.cu_alpha.estimate.value,
        "cu_coverage": found.cu_alpha.coverage,
        "ku_alpha": {code: {"estimate": one.estimate.value, "coverage": one.coverage} for code, one in found.per_code.items()},
    }
    return fields | ({"estimate": None, "undefined": found.u_alpha.reason.value} if isinstance(found.u_alpha, Undefined) else {})


def _alpha_u(case: Case) -> Fields:
    found = alpha_u(_spans(case))
    return estimated(found.overall) | {"per_category": {code: one.value for code, one in found.per_code.items()}}


def _gamma(case: Case) -> Fields:
    params = case["params"]
    by = Dissimilarity(alpha=params["alpha"], beta=params["beta"], empty=params["deltaEmpty"])
    sampling = Sampling(seed=SEED, samples=100, precision=None, level=0.95, unaligned_count=False)
    found = gamma(_spans(case), by=by, sampling=sampling)
    return estimated(found.gamma) | {
        "best_alignment_disorder": found.disorder,
        "gamma": found.gamma.value,
        "gamma_cat": found.gamma_cat.value,
    }


def _segmentation(case: Case) -> Fields:
    hypothesis, reference = (masses for _, _, masses in case["data"])
    near = case["params"]["n_t"]
    return {
        "boundary_similarity": boundary_similarity(hypothesis, reference, near=near),
        "segmentation_similarity": segmentation_similarity(hypothesis, reference, near=near),
        "window_diff": window_diff(hypothesis, reference),
        "pk": pk(hypothesis, reference),
    }


def _segmentation_pi(case: Case) -> Fields:
    texts: dict[str, dict[str, Sequence[int]]] = defaultdict(dict)
    for text, coder, masses in case["data"]:
        texts[text][coder] = masses
    found = segmentation_agreement(texts, near=case["params"]["n_t"])
    observed = None if isinstance(found.pi, Undefined) else found.pi.observed
    return {"pi": found.pi.value, "kappa": found.kappa.value, "observed": observed}


def _rho(case: Case) -> Fields:
    params = case["params"]
    design = RhoDesign(
        threshold=params["kappa_threshold"],
        minimum=params["kappa_min"],
        precision=(params["precision"][0], params["precision"][1]),
        universe=params.get("universe", 10_000),
        inflation=params.get("test_set_baserate_inflation", 0),
        replicates=20_000,
        seed=SEED,
    )
    table = params.get("contingency_table_rows_first_cols_second_positive_first")
    if table is None:
        found = shaffer_rho(kappa=params["kappa"], baserate=params["baserate"], test_set=params["test_set_length"], design=design)
        return _rho_fields(found)
    cells = np.array(table, np.float64)
    rates = {"baserate_first": cells[0].sum() / cells.sum(), "baserate_second": cells[:, 0].sum() / cells.sum()}
    return _rho_fields(rho_of_table(cells, design=design)) | rates | {"kappa": float(table_kappa(cells[None])[0])}


def _rho_fields(found: Rho | Undefined) -> Fields:
    return {"rho": found.value} if isinstance(found, Rho) else {"estimate": None, "rho": None, "undefined": found.reason.value}


def _krippendorff_size(case: Case) -> Fields:
    params = case["params"]
    size = sample_size_krippendorff(minimum=params["alpha_min"], level=params["p"], share=params["pc"], coders=params["coders"])
    return {"n_units": size, "n": size}


def _test(params: Mapping[str, Any], null: str, alternative: str) -> KappaTest:
    sided = params.get("two_sided", True)
    return KappaTest(null=params[null], alternative=params[alternative], level=params["alpha"], power=params["power"], two_sided=sided)


def _cohen_size(case: Case) -> Fields:
    return {"n": sample_size_cohen(_test(case["params"], "k0", "k1"), marginals=case["params"]["marginals"])}


def _binary_size(case: Case) -> Fields:
    params = case["params"]
    return {"n": sample_size_cohen_binary(_test(params, "k0", "k1"), first=params["rate1"], second=params["rate2"])}


def _donner_size(case: Case) -> Fields:
    params = case["params"]
    if params["form"] == "power":
        test = _test(params, "kappa0", "kappa1")
        return {"n": sample_size_donner_eliasziw(test, shares=params["props"], coders=params["raters"])}
    size = sample_size_donner_eliasziw_interval(
        kappa=params["kappa0"], lower=params["kappaL"], level=params["alpha"], shares=params["props"], coders=params["raters"]
    )
    return {"n": size}


def _excerpts(case: Case) -> Fields:
    params = case["params"]
    return {"n": excerpts_for_code(prevalence=params["prevalence"], needed=params["needed"], assurance=params["assurance"])}


FITTING = Fitting(restarts=1, iterations=1_000, tolerance=1e-12, smoothing=0, seed=SEED)


def _dawid_skene(case: Case) -> Fields:
    rows = [(str(unit), str(coder), str(code)) for unit, coder, code in case["data"]]
    scale = sorted({code for _, _, code in rows})
    given = votes(rows, scale=scale)
    found = dawid_skene(given, fitting=FITTING)
    if isinstance(found, Undefined):
        return {"estimate": None, "undefined": found.reason.value}
    return {
        "class_marginals": dict(zip(scale, found.shares.tolist(), strict=True)),
        "error_rates_coder1": dict(zip(scale, found.confusion[0].tolist(), strict=True)),
        "labels_all_45_first10": [scale[at] for at in found.labels()[:10]],
        "labels": [scale[at] for at in found.labels()],
    }


def _mace(case: Case) -> Fields:
    rows = [(str(unit), str(coder), str(code)) for unit, coder, code in case["data"]]
    scale = sorted({code for _, _, code in rows})
    found = mace(votes(rows, scale=scale), fitting=FITTING)
    if isinstance(found, Undefined):
        return {"estimate": None, "undefined": found.reason.value}
    return {"labels": [scale[at] for at in found.labels()], "competence": found.competence.tolist()}


def _alt_test(case: Case) -> Fields:
    codings: dict[str, dict[str, str]] = defaultdict(dict)
    for unit, coder, code in case["data"]:
        codings[unit][coder] = str(code)
    params = case["params"]
    settings = AltTest(epsilon=params["epsilon"], false_discovery=params["q_fdr"], minimum_units=params["min_instances_per_human"])
    found = alt_test(codings, model=params["llm_coder"], settings=settings)
    if isinstance(found, Undefined):
        return {"estimate": None, "undefined": found.reason.value}
    return {"winning_rate": found.winning_rate, "advantage_probability": found.advantage_probability}


CALLS: dict[str, Callable[[Case], Fields]] = {
    "percent_agreement": _catalogued(Coefficient.PERCENT),
    "percent_agreement_value_weighted": _catalogued(Coefficient.PERCENT_VALUE_WEIGHTED, analytic=False),
    "percent_agreement_pairwise": _catalogued(Coefficient.PERCENT_PAIRWISE, analytic=False),
    "percent_agreement_all": _catalogued(Coefficient.PERCENT_ALL_AGREE, analytic=False),
    "holsti_cr": _catalogued(Coefficient.HOLSTI, analytic=False),
    "scott_pi": _catalogued(Coefficient.SCOTT),
    "cohen_kappa": _cohen,
    "light_kappa": _catalogued(Coefficient.LIGHT, analytic=False),
    "conger_kappa": _catalogued(Coefficient.CONGER),
    "fleiss_kappa": _fleiss,
    "brennan_prediger": _catalogued(Coefficient.BRENNAN_PREDIGER),
    "gwet_ac1": _catalogued(Coefficient.GWET),
    "gwet_ac2": _catalogued(Coefficient.GWET),
    "krippendorff_alpha": _alpha,
    "krippendorff_alpha_per_value": _per_value,
    "krippendorff_alpha_bootstrap_ci": _bootstrap,
    "coincidence_matrix": _coincidences,
    "confusion_matrix": _confusion,
    "krippendorff_alpha_sets": _set_alpha,
    "krippendorff_mv_alpha": _mv_alpha,
    "krippendorff_alpha_per_code": _per_code,
    "pooled_kappa": _pooled,
    "u_alpha_family": _u_family,
    "alpha_U_1995": _alpha_u,
    "gamma": _gamma,
    "segmentation": _segmentation,
    "segmentation_pi": _segmentation_pi,
    "shaffer_rho": _rho,
    "sample_size_krippendorff": _krippendorff_size,
    "sample_size_cohen_kappa": _cohen_size,
    "sample_size_cohen_kappa_binary": _binary_size,
    "sample_size_donner_eliasziw": _donner_size,
    "excerpts_for_code": _excerpts,
    "dawid_skene": _dawid_skene,
    "mace": _mace,
    "alt_test": _alt_test,
}
