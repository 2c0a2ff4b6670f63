"""Where coders part: each excerpt's disagreement, what a coder or a merge of two codes does to alpha, a coder against themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from service.agreement.alpha import krippendorff_alpha
from service.agreement.estimate import Estimate, Undefined
from service.agreement.long import Columns, one_code_ratings
from service.agreement.metric import Metric, distances
from service.agreement.percent import percent_agreement
from service.agreement.ratings import PAIR, Floats, Ratings
from service.agreement.tally import tally, units_of_equal_size
from service.errors import BadInput


@dataclass(frozen=True, slots=True, eq=False)
class Coincidences:
    """Krippendorff's coincidence matrix: the right generalisation of a confusion table to many coders and gaps."""

    scale: tuple[str, ...]
    matrix: Floats
    marginals: Floats


def coincidences(ratings: Ratings) -> Coincidences:
    """Count coincidences of values within pairable units."""
    counts = tally(ratings, identities_only=False)
    return Coincidences(ratings.scale, counts.coincidences, counts.marginals)


def unit_disagreement(ratings: Ratings, *, metric: Metric) -> Floats:
    """Give each unit's mean squared difference over pairs of coders, shape (units,); NaN where fewer than two coded it.

    With the nominal metric it is the share of pairs who differ. The mean over values, divided by D_e, is 1 - alpha.
    """
    apart = np.full(len(ratings.units), np.nan)
    marginals = np.bincount(ratings.code[ratings.per_unit()[ratings.unit] >= PAIR], minlength=len(ratings.scale)).astype(np.float64)
    delta = distances(ratings, metric, marginals)
    for m, units, codes in units_of_equal_size(ratings, ratings.per_unit()):
        pairs = [delta[codes[:, i], codes[:, j]] for i in range(m) for j in range(i + 1, m)]
        apart[units] = np.mean(pairs, axis=0)
    return apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """Alpha without one coder. A rise says that this coder differs from the others, not that they are wrong."""

    coder: str
    without: Estimate | Undefined
    change: float | None


def leave_one_coder_out(ratings: Ratings, *, metric: Metric) -> tuple[Influence, ...]:
    """Compute alpha without each active coder in turn."""
    whole = krippendorff_alpha(ratings, metric=metric)
    return tuple(_without(ratings, int(at), metric, whole) for at in np.unique(ratings.coder))


def _without(ratings: Ratings, at: int, metric: Metric, whole: Estimate | Undefined) -> Influence:
    left = krippendorff_alpha(ratings.keep(ratings.coder != at), metric=metric)
    change = None if left.value is None or whole.value is None else left.value - whole.value
    return Influence(coder=ratings.coders[at], without=left, change=change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What merging two codes would do to alpha. It always hides disagreement; whether it should is a question of meaning."""

    codes: tuple[str, str]
    before: Estimate | Undefined
    after: Estimate | Undefined


def what_if_merge(ratings: Ratings, first: str, second: str, *, metric: Metric) -> Merge:
    """Compute alpha as it is, and as if the second code were the first."""
    if first == second or first not in ratings.scale or second not in ratings.scale:
        raise BadInput("Name two different codes of the scale to merge.")
    kept = tuple(code for code in ratings.scale if code != second)
    places = [kept.index(first if code == second else code) for code in ratings.scale]
    merged = ratings.recode(places, kept)
    return Merge(codes=(first, second), before=krippendorff_alpha(ratings, metric=metric), after=krippendorff_alpha(merged, metric=metric))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """One coder's codings of the same excerpts at several occasions, compared with each other."""

    coder: str
    units: int
    percent: Estimate | Undefined
    alpha: Estimate | Undefined


def stability(
    table: pl.DataFrame, *, columns: Columns, variable: str | None, occasion: str, scale: Sequence[str] | None, metric: Metric
) -> tuple[Stability, ...]:
    """Compare each coder with themselves, occasions taking the place of coders.

    Parameters
    ----------
    occasion
        The column that says which time it was.
    """
    if columns.coder not in table.columns or occasion not in table.columns:
        raise BadInput(f"The table needs the columns “{columns.coder}” and “{occasion}”.")
    coders = table.get_column(columns.coder).cast(pl.String).drop_nulls().unique().sort().to_list()
    by_occasion = replace(columns, coder=occasion)
    return tuple(_stable(table.filter(pl.col(columns.coder) == coder), coder, by_occasion, variable, scale, metric) for coder in coders)


def _stable(
    mine: pl.DataFrame, coder: str, columns: Columns, variable: str | None, scale: Sequence[str] | None, metric: Metric
) -> Stability:
    ratings = one_code_ratings(mine, columns=columns, variable=variable, scale=scale)
    alpha = krippendorff_alpha(ratings, metric=metric)
    repeated = alpha.basis.pairable_units if alpha.basis else 0
    return Stability(coder=coder, units=repeated, percent=percent_agreement(ratings), alpha=alpha)
