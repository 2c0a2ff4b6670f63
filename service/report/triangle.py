"""Coder by coder: the lower triangle of the pairs' kappas, each cell with its interval, in six blues."""

from dataclasses import dataclass

from service.report.figures import PairFigures, VariableFigures

SHADES = 5
FEWEST_CODERS, MOST_CODERS = 3, 12
"""Coders between which there is something to draw that can be read; else the table of pairs remains."""


@dataclass(frozen=True, slots=True)
class PairCell:
    """The two coders' figures and how dark the cell is, 0 to 5; None where they have no kappa."""

    pair: PairFigures
    shade: int | None


@dataclass(frozen=True, slots=True)
class PairRow:
    """One coder against those before."""

    name: str
    cells: list[PairCell | None]


@dataclass(frozen=True, slots=True)
class Triangle:
    """``heads`` are the coders of the columns; cells above the diagonal are not there."""

    heads: list[str]
    rows: list[PairRow]


def triangle_of(figures: VariableFigures) -> Triangle | None:
    """Lay the pairs out, or give None of two coders, whose one pair needs no drawing, and of a crowd."""
    coders = list(dict.fromkeys(name for pair in figures.pairs for name in pair.coders))
    if not FEWEST_CODERS <= len(coders) <= MOST_CODERS:
        return None
    found = {frozenset(pair.coders): PairCell(pair, shade_of(pair)) for pair in figures.pairs}
    rows = [
        PairRow(name, [found.get(frozenset((name, other))) for other in coders[:at]] + [None] * (len(coders) - 1 - at))
        for at, name in enumerate(coders)
    ]
    return Triangle(coders[:-1], rows[1:])


def shade_of(pair: PairFigures) -> int | None:
    """Darken from 0 in steps of a fifth; worse than chance is as light as can be."""
    kappa = pair.kappa.value
    return None if kappa is None else 0 if kappa < 0 else min(SHADES, 1 + int(kappa * SHADES))
