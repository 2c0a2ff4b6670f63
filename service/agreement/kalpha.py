"""Hayes and Krippendorff's bootstrap of alpha, for comparison with KALPHA: pairs as if independent, D_e held fixed."""

import numpy as np

from service.agreement.alpha import disagreements, krippendorff_alpha
from service.agreement.estimate import Interval, Undefined
from service.agreement.interval import Uncertainty, of_replicates
from service.agreement.metric import Metric, distances
from service.agreement.ratings import Floats, Ratings
from service.agreement.tally import pairs_by_size, tally
from service.errors import BadInput


def hayes_krippendorff(ratings: Ratings, *, metric: Metric, how: Uncertainty) -> Interval | Undefined:
    """Interval of alpha by Krippendorff's algorithm, much narrower than resampling units.

    Each slot for an observed pair receives a pair drawn from the pool of all observed pairs.

    References
    ----------
    Hayes & Krippendorff (2007) Answering the call for a standard reliability measure; Hughes (2022) arXiv:2210.13265 on its coverage.
    """
    alpha = krippendorff_alpha(ratings, metric=metric)
    return (
        alpha
        if isinstance(alpha, Undefined)
        else of_replicates(alpha.value, hayes_krippendorff_replicates(ratings, metric=metric, how=how), how, clusters=None)
    )


def hayes_krippendorff_replicates(ratings: Ratings, *, metric: Metric, how: Uncertainty) -> Floats:
    """Draw the replicates themselves, for P(alpha < a minimum); call it only where alpha is defined."""
    if ratings.weights is not None or how.by_cluster or how.replicates is None or how.seed is None:
        raise BadInput("Hayes and Krippendorff's bootstrap knows neither weights nor documents, and needs replicates and a seed.")
    counts = tally(ratings, identities_only=False)
    _, expected = disagreements(ratings, counts, metric=metric, distance=None)
    delta = distances(ratings, metric, counts.marginals)
    apart, which = np.unique(delta, return_inverse=True)
    by_size = {pairs.m: pairs.values / 2 for pairs in pairs_by_size(ratings, ratings.per_unit(), identities_only=False)}
    pool = np.bincount(which.ravel(), sum(by_size.values(), np.zeros_like(delta)).ravel())
    rng = np.random.default_rng(how.seed)
    lost = np.zeros(how.replicates)
    for m, pairs in by_size.items():
        drawn = rng.multinomial(round(float(pairs.sum())), pool / pool.sum(), how.replicates)
        lost += 2 * (drawn @ apart) / (float(counts.marginals.sum()) * expected * (m - 1))
    return 1 - lost
