"""Who gave which code to which unit: the one form in which codings reach a coefficient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from service.agreement.estimate import Basis
from service.errors import BadInput

MISSING = -1
"""In a dense matrix: this coder did not code this unit. It is never a code; *none applies* is one."""

PAIR = 2
"""A unit is pairable from two codings on."""

type_of_place = np.int32
Places = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ratings:
    """One row a coding: ``coders[coder[i]]`` gave ``scale[code[i]]`` to ``units[unit[i]]``; what has no row is missing.

    Rows instead of a coders x units matrix keep memory linear in codings, also for crowds. ``units`` is a text column, because a
    million Python strings cost more than the coefficient.

    Attributes
    ----------
    scale
        The declared codes in their declared order; codes that nobody used count in q.
    numbers
        The numeric value of each place of the scale, when every code is a number.
    weights
        One weight per unit (1/inclusion probability, normalised to sum to the number of units), or None.
    clusters
        The document of each unit, for intervals, or None.
    """

    coders: tuple[str, ...]
    units: pl.Series
    scale: tuple[str, ...]
    coder: Places
    unit: Places
    code: Places
    numbers: tuple[float, ...] | None = None
    weights: Floats | None = None
    clusters: Places | None = None

    def per_unit(self) -> NDArray[np.int64]:
        """Count the codings of each unit: m_u."""
        return np.bincount(self.unit, minlength=len(self.units))

    def matrix(self) -> Places:
        """Lay the codings out as coders x units, ``MISSING`` where there is none."""
        dense = np.full((len(self.coders), len(self.units)), MISSING, type_of_place)
        dense[self.coder, self.unit] = self.code
        return dense

    def recode(self, places: ArrayLike, scale: Sequence[str]) -> "Ratings":
        """Replace place k of the scale by ``places[k]`` of a new scale; what is missing stays missing."""
        table = np.asarray(places, type_of_place)
        return replace(self, scale=tuple(scale), code=table[self.code], numbers=numbers_of(scale))

    def ranked(self) -> "Ratings":
        """Place the codes by their rank in the declared order even where they are numbers, as scikit-learn and irr do."""
        return replace(self, numbers=None)

    def keep(self, rows: NDArray[np.bool_]) -> "Ratings":
        """Leave out codings, not units: a unit without codings still counts as a unit."""
        return replace(self, coder=self.coder[rows], unit=self.unit[rows], code=self.code[rows])

    def weighted(self, weights: ArrayLike) -> "Ratings":
        """Give each unit a weight; they are normalised to sum to the number of units."""
        raw = np.asarray(weights, np.float64)
        if raw.shape != (len(self.units),) or not np.isfinite(raw).all() or (raw <= 0).any():
            raise BadInput("Weights must be one positive finite number for each unit.")
        # Weights of 1 must be bit-equal to none, so equal weights are dropped instead of multiplied.
        return replace(self, weights=None if (raw == raw[0]).all() else raw * (len(raw) / raw.sum()))

    def clustered(self, document: Mapping[str, str] | Sequence[str]) -> "Ratings":
        """Say which document each unit is from, so that an interval can resample documents."""
        names = [document[unit] for unit in self.units] if isinstance(document, Mapping) else list(document)
        if len(names) != len(self.units):
            raise BadInput("Clusters must name one document for each unit.")
        place = {name: at for at, name in enumerate(sorted(set(names)))}
        return replace(self, clusters=np.array([place[name] for name in names], type_of_place))


def ratings_from_matrix(
    values: ArrayLike, *, scale: Sequence[str], coders: Sequence[str] | None = None, units: Sequence[str] | None = None
) -> Ratings:
    """Read a coders x units matrix of places in ``scale``, with ``MISSING`` for gaps."""
    dense = np.atleast_2d(np.asarray(values, type_of_place))
    if dense.size and (dense.max() >= len(scale) or dense.min() < MISSING):
        raise BadInput("A value is not a place of the scale.")
    coder, unit = np.nonzero(dense != MISSING)
    return Ratings(
        coders=tuple(coders) if coders is not None else tuple(f"coder {i + 1}" for i in range(dense.shape[0])),
        units=pl.Series("unit", units or [f"unit {j + 1}" for j in range(dense.shape[1])], pl.String),
        scale=tuple(scale),
        coder=coder.astype(type_of_place),
        unit=unit.astype(type_of_place),
        code=dense[coder, unit],
        numbers=numbers_of(scale),
    )


def documents_of(ratings: Ratings) -> Places:
    """Give the document of each unit, or refuse an interval over documents that nobody named."""
    if ratings.clusters is None:
        raise BadInput("An interval over documents needs to know which document each unit is from.")
    return ratings.clusters


def numbers_of(scale: Sequence[str]) -> tuple[float, ...] | None:
    """Read the codes as numbers if every one is a finite number; None if one is not."""
    try:
        numbers = tuple(float(code) for code in scale)
    except ValueError:
        return None
    return numbers if numbers and np.isfinite(numbers).all() else None


def basis(ratings: Ratings) -> Basis:
    """Count what a coefficient over these ratings rests on."""
    per_unit = ratings.per_unit()
    codings = np.bincount(ratings.coder, minlength=len(ratings.coders))
    active = int((codings > 0).sum())
    cells = active * len(ratings.units)
    return Basis(
        units=len(ratings.units),
        pairable_units=int((per_unit >= PAIR).sum()),
        coders=active,
        values=len(ratings.code),
        missing_share=1 - len(ratings.code) / cells if cells else 0.0,
        silent_coders=tuple(name for name, n in zip(ratings.coders, codings, strict=True) if n == 0),
    )
