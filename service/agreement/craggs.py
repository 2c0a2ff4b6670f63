"""Krippendorff and Craggs' alpha for sets of codes: chance draws codes by their frequency, not whole sets as observed."""

import numpy as np

from service.agreement.alpha import nothing_to_compare
from service.agreement.estimate import Estimate, Reason, Undefined, undefined
from service.agreement.long import SetRatings
from service.agreement.ratings import Floats, basis
from service.agreement.sets import membership
from service.agreement.tally import tally


def mv_alpha(ratings: SetRatings) -> Estimate | Undefined:
    """Multi-valued alpha with delta = 1 - 2|C & K|/(|C| + |K|).

    Expected disagreement is over all sets of the observed sizes, formed from the frequencies of the codes. Peers enumerate these sets;
    here a polynomial in the two sizes counts them, so hundreds of codes cost what three do.

    References
    ----------
    Krippendorff & Craggs (2016) The reliability of multi-valued coding of data.
    """
    resting_on = basis(ratings.ratings)
    if (reason := nothing_to_compare(resting_on)) is not None:
        return undefined(reason, resting_on)
    member = membership(ratings.sets)
    counts = tally(ratings.ratings, identities_only=False)
    size = member.sum(axis=1)
    total = np.add.outer(size, size)
    apart = 1 - 2 * (member @ member.T) / np.where(total == 0, 1, total)
    apart[total == 0] = 0
    n = float(counts.marginals.sum())
    observed = float((counts.coincidences * apart).sum()) / n
    sizes = np.bincount(size.astype(np.int64), counts.marginals) / n
    expected = _expected(counts.marginals @ member, sizes)
    if expected <= 0:
        return undefined(Reason.NO_VARIATION, resting_on)
    return Estimate(
        coefficient="krippendorff_mv_alpha",
        value=1 - observed / expected,
        basis=resting_on,
        observed=observed,
        expected=expected,
        on="disagreement",
    )


def _expected(used: Floats, sizes: Floats) -> float:
    """Mean disagreement of two sets of sizes drawn as observed, their codes drawn by frequency and without return.

    For each code, x marks the first set and y the second: neither 1, one of them n, both n(n-1). The product over codes counts the
    pairs of sets by their two sizes; its derivative to the mark of *both* adds up the sizes of their intersections.
    """
    top = len(sizes) - 1
    pairs = np.zeros((top + 1, top + 1))
    shared = np.zeros_like(pairs)
    pairs[0, 0] = 1
    scale = max(float(used.max(initial=0)), 1.0)
    for n in used[used > 0] / scale:
        both = n * max(n - 1 / scale, 0.0)
        moved = both * _shift(pairs, 1, 1)
        shared = shared + n * (_shift(shared, 1, 0) + _shift(shared, 0, 1)) + both * _shift(shared, 1, 1) + moved
        pairs = pairs + n * (_shift(pairs, 1, 0) + _shift(pairs, 0, 1)) + moved
    total = np.add.outer(np.arange(top + 1), np.arange(top + 1))
    apart = np.where((pairs > 0) & (total > 0), 1 - 2 * shared / (np.where(pairs > 0, pairs, 1) * np.where(total > 0, total, 1)), 0.0)
    return float(sizes @ apart @ sizes)


def _shift(table: Floats, down: int, right: int) -> Floats:
    moved = np.zeros_like(table)
    rows, columns = table.shape
    moved[down:, right:] = table[: rows - down, : columns - right]
    return moved
