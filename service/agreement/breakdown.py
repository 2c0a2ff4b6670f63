"""Agreement of parts of a round: document by document, and over the order in which each coder coded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from service.agreement.alpha import nothing_to_compare
from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.metric import Metric, distances
from service.agreement.moments import alpha_moments, percent_moments
from service.agreement.patterns import Indices
from service.agreement.ratings import PAIR, Floats, Ratings
from service.agreement.sets import set_distances, set_moments
from service.agreement.summary import Reading

QUARTERS = 4
NO_QUARTER = -1
"""Of a coding whose place in its coder's order is not known; it is compared with, and has no quarter itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a round. ``units`` were to be coded; of a quarter they are the excerpts of its codings."""

    name: str
    units: int
    pairable: int
    codings: int
    percent: float | Undefined
    alpha: float | Undefined


def by_document(reading: Reading, metric: Metric, documents: Mapping[str, str]) -> list[Part]:
    """Compute percent agreement and alpha of each document alone; ``documents`` names that of every unit that was to be coded.

    The totals of all units are added up by document at once, so that many documents cost no more than one.
    """
    ratings = reading.ratings
    names = list(dict.fromkeys(documents.values()))
    place = {name: at for at, name in enumerate(names)}
    if not len(ratings.code):
        sizes = Counter(documents.values())
        return [_part(name, (sizes[name], 0, 0, 0), float("nan"), float("nan")) for name in names]
    of_unit = np.array([place[documents[unit]] for unit in ratings.units], np.intp)
    per_unit = ratings.per_unit()
    totals = alpha_moments(ratings, metric=metric) if reading.sets is None else set_moments(reading.sets, metric=metric)
    alphas = _each(totals.rows[totals.of_unit], of_unit, len(names))
    shares = percent_moments(ratings)
    percents = _each(shares.rows[shares.of_unit], of_unit, len(names))
    found = zip(totals.formula(alphas).tolist(), shares.formula(percents).tolist(), strict=True)
    sizes = np.bincount([place[name] for name in documents.values()], minlength=len(names))
    pairable = np.bincount(of_unit, per_unit >= PAIR, minlength=len(names)).astype(int)
    codings = np.bincount(of_unit, per_unit, minlength=len(names)).astype(int)
    coders = _coders(ratings, of_unit, len(names))
    return [
        _part(name, (int(sizes[at]), int(pairable[at]), int(codings[at]), int(coders[at])), percent, alpha)
        for at, (name, (alpha, percent)) in enumerate(zip(names, found, strict=True))
    ]


def by_quarter(reading: Reading, metric: Metric, whole: Estimate | Undefined, order: pl.DataFrame) -> list[Part]:
    """Compare the codings of each quarter of the coders' own orders with what the others gave the same excerpts, whenever they did.

    Alpha's chance is that of the whole round, so that the mean of the quarters, weighted by their pairable codings, is the alpha of the
    round. ``order`` has the columns ``unit``, ``coder`` and ``place``: where the coding stood in its coder's order, from 1.
    """
    ratings = reading.ratings
    if not len(ratings.code):
        return [_part(str(at + 1), (0, 0, 0, 0), float("nan"), float("nan")) for at in range(QUARTERS)]
    quarter = _quarters(ratings, order)
    sizes = ratings.per_unit()[ratings.unit]
    counted = (quarter != NO_QUARTER) & (sizes >= PAIR)
    weight = np.ones(len(sizes)) if ratings.weights is None else ratings.weights[ratings.unit]
    apart = _mean_distances(ratings, sizes, _delta(reading, metric))
    unlike = _mean_distances(ratings, sizes, 1 - np.eye(len(ratings.scale)))
    found: list[Part] = []
    for at in range(QUARTERS):
        own, used = quarter == at, counted & (quarter == at)
        basis = (len(np.unique(ratings.unit[own])), len(np.unique(ratings.unit[used])), int(own.sum()), PAIR)
        percent = 1 - _mean(unlike[used], weight[used])
        expected = whole.expected if isinstance(whole, Estimate) else None
        alpha = 1 - _mean(apart[used], weight[used]) / expected if expected else float("nan")
        found.append(_part(str(at + 1), basis, percent, alpha))
    return found


def _part(name: str, counts: tuple[int, int, int, int], percent: float, alpha: float) -> Part:
    units, pairable, codings, coders = counts
    resting_on = Basis(units=units, pairable_units=pairable, coders=coders, values=codings, missing_share=0.0)
    reason = nothing_to_compare(resting_on)
    return Part(
        name=name,
        units=units,
        pairable=pairable,
        codings=codings,
        percent=undefined(reason) if reason else percent,
        alpha=undefined(reason or Reason.NO_VARIATION) if reason or np.isnan(alpha) else alpha,
    )


def _each(rows: Floats, group: Indices, groups: int) -> Floats:
    added = np.zeros((groups, rows.shape[1]))
    np.add.at(added, group, rows)
    return added


def _coders(ratings: Ratings, of_unit: Indices, groups: int) -> NDArray[np.int64]:
    seen = np.unique(of_unit[ratings.unit] * len(ratings.coders) + ratings.coder)
    return np.bincount(seen // max(len(ratings.coders), 1), minlength=groups)


def _quarters(ratings: Ratings, order: pl.DataFrame) -> NDArray[np.int64]:
    names = pl.Series(ratings.coders, dtype=pl.String)
    codings = pl.DataFrame({"unit": ratings.units.gather(ratings.unit), "coder": names.gather(ratings.coder)})
    quarter = (pl.col("place") - 1) * QUARTERS // pl.col("place").max().over("coder")
    placed = order.with_columns(quarter=quarter).select("unit", "coder", "quarter")
    joined = codings.join(placed, on=["unit", "coder"], how="left", maintain_order="left")
    return joined.get_column("quarter").fill_null(NO_QUARTER).cast(pl.Int64).to_numpy()


def _delta(reading: Reading, metric: Metric) -> Floats:
    if reading.sets is not None:
        same = 1 - np.eye(len(reading.ratings.scale))
        return same if metric is Metric.NOMINAL else set_distances(reading.sets.sets, metric)
    ratings = reading.ratings
    sizes = ratings.per_unit()[ratings.unit]
    weight = (sizes >= PAIR) * (1.0 if ratings.weights is None else ratings.weights[ratings.unit])
    return distances(ratings, metric, np.bincount(ratings.code, weight, minlength=len(ratings.scale)).astype(np.float64))


def _mean_distances(ratings: Ratings, sizes: NDArray[np.int64], delta: Floats) -> Floats:
    """Give for each coding its mean distance to the other codings of its unit; a joined table instead of a loop over codings."""
    given = pl.DataFrame({"at": np.arange(len(sizes)), "unit": ratings.unit, "code": ratings.code})
    counted = given.group_by("unit", "code").len("times").rename({"code": "other"})
    # Sums of floats depend on their order, and a report must come out the same bit for bit.
    pairs = given.join(counted, on="unit").sort("at", "other")
    far = delta[pairs.get_column("code").to_numpy(), pairs.get_column("other").to_numpy()] * pairs.get_column("times").to_numpy()
    return np.bincount(pairs.get_column("at").to_numpy(), far, minlength=len(sizes)) / np.maximum(sizes - 1, 1)


def _mean(values: Floats, weights: Floats) -> float:
    return float(values @ weights / weights.sum()) if len(values) else float("nan")
