"""The overall table: every coefficient of one variable, from counts that are made once."""

from service.agreement.alpha import alpha_of, nothing_to_compare
from service.agreement.chance import Chance, chance_corrected
from service.agreement.coefficients import TWO_CODERS, Coefficient
from service.agreement.conger import conger_of
from service.agreement.estimate import Estimate, Undefined, undefined
from service.agreement.kappa import kappa_of, mean_kappa, pi_of
from service.agreement.metric import Metric
from service.agreement.pairs import confusions
from service.agreement.percent import all_agree_of, holsti_of, pairwise_of, percent_of, value_weighted_of
from service.agreement.ratings import PAIR, Ratings, basis
from service.agreement.tally import tally
from service.agreement.weights import Weights, weight_matrix

Overall = dict[Coefficient, Estimate | Undefined]


def overall(ratings: Ratings, *, metric: Metric, weights: Weights) -> Overall:
    """Compute every coefficient that these ratings have; Cohen's and Scott's are there for two coders only."""
    resting_on = basis(ratings)
    kept = [one for one in Coefficient if one not in TWO_CODERS or resting_on.coders == PAIR]
    if (reason := nothing_to_compare(resting_on)) is not None:
        return {one: undefined(reason, resting_on) for one in kept}
    w = weight_matrix(ratings, weights)
    counts = tally(ratings, identities_only=metric is Metric.NOMINAL and weights is Weights.IDENTITY)
    pairs = list(confusions(ratings))
    kappas = [kappa_of(pair, weights=w, resting_on=resting_on) for pair in pairs]
    found: Overall = {
        Coefficient.PERCENT: percent_of(counts, resting_on),
        Coefficient.PERCENT_VALUE_WEIGHTED: value_weighted_of(counts, resting_on),
        Coefficient.PERCENT_PAIRWISE: pairwise_of(pairs, resting_on),
        Coefficient.PERCENT_ALL_AGREE: all_agree_of(counts, resting_on),
        Coefficient.HOLSTI: holsti_of(ratings, pairs, resting_on),
        Coefficient.SCOTT: pi_of(pairs[0], weights=w, resting_on=resting_on),
        Coefficient.COHEN: kappas[0],
        Coefficient.LIGHT: mean_kappa(kappas, resting_on),
        Coefficient.CONGER: conger_of(ratings, counts, w, resting_on),
        **{Coefficient(chance.value): chance_corrected(counts, chance, w, resting_on) for chance in Chance},
        Coefficient.ALPHA: alpha_of(ratings, counts, resting_on, metric=metric),
    }
    return {one: found[one] for one in kept}
