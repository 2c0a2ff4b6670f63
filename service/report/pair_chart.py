"""The chart of a variable's coders: the lower triangle of their kappas, each cell with its interval."""

from functools import lru_cache, partial
from typing import Any

import msgspec

from service.exchange.tables import Cell
from service.report.drawing import COLOURS, LABEL_WIDTH, Chart, Theme, told
from service.report.figures import Figure, PairFigures, VariableFigures
from service.report.numbers import decimal
from service.report.triangle import PairCell, Triangle, triangle_of

CELL_WIDTH, CELL_HEIGHT = 100, 48
_COLUMNS = ("coder", "other", "shared_excerpts", "percent", "kappa", "low", "high", "no_estimate")
_BLUES = {
    Theme.LIGHT: ("#f1f5f9", "#d3e3f0", "#a9cbe4", "#6fa9d0", "#2f79ad", "#0f4c7a"),
    Theme.DARK: ("#20262d", "#20384c", "#1f4d6e", "#2b6a96", "#4b93c4", "#8cc6ec"),
}
_INKS = {Theme.LIGHT: ("#16191d", "#ffffff"), Theme.DARK: ("#f4f6f8", "#0c1116")}
_STRONG = 4
"""From this blue on the number stands in the other ink."""


def kappa_by_pair(figures: VariableFigures) -> Chart | None:
    """Draw the pairs of at least three coders, of as many as can be read; None where there is nothing to draw."""
    triangle = triangle_of(figures)
    if triangle is None:
        return None
    pairs, kappa = figures.pairs, "Pooled kappa" if figures.scheme == "several_codes" else "Cohen's kappa"
    return Chart(
        name="kappa-by-pair",
        spec=partial(_spec, msgspec.json.encode(_told(triangle) | {"title": f"{kappa} of every two coders, 95 % interval"})),
        columns=_COLUMNS,
        rows=lambda: [_cells(pair) for pair in pairs],
    )


@lru_cache(maxsize=128)
def _spec(figures: bytes, theme: Theme, background: str) -> str:
    import altair as alt

    found: dict[str, Any] = msgspec.json.decode(figures)
    cells = [cell | _inked(cell["shade"], theme) for cell in found["cells"]]
    heads, rows = ((found[name], alt.Scale(domain=found[name])) for name in ("heads", "rows"))
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X("other:N", sort=heads[0], scale=heads[1], axis=_axis(found["title"])),
        y=alt.Y("coder:N", sort=rows[0], scale=rows[1], axis=_axis(None)),
    )
    fill = base.mark_rect(stroke=COLOURS[theme]["card"], strokeWidth=2).encode(color=alt.Color("fill:N", scale=None))
    ink = alt.Color("ink:N", scale=None)
    number = base.mark_text(fontSize=15, fontWeight=600, dy=-7).encode(text="kappa:N", color=ink)
    below = base.mark_text(fontSize=11, dy=11).encode(text="below:N", color=ink)
    chart = alt.layer(fill, number, below).properties(
        width=CELL_WIDTH * len(found["heads"]), height=CELL_HEIGHT * len(found["rows"]), background=background
    )
    return told(chart, theme)


def _axis(title: str | None) -> Any:
    import altair as alt

    return alt.Axis(title=title, labelLimit=LABEL_WIDTH, labelAngle=0, domain=False, ticks=False, grid=False)


def _inked(shade: int | None, theme: Theme) -> dict[str, str]:
    if shade is None:
        return {"fill": COLOURS[theme]["card"], "ink": COLOURS[theme]["muted"]}
    return {"fill": _BLUES[theme][shade], "ink": _INKS[theme][shade >= _STRONG]}


def _told(triangle: Triangle) -> dict[str, Any]:
    cells = [
        {"coder": row.name, "other": head, "shade": cell.shade, "kappa": _number(cell), "below": _below(cell)}
        for row in triangle.rows
        for head, cell in zip(triangle.heads, row.cells, strict=True)
        if cell is not None
    ]
    return {"heads": triangle.heads, "rows": [row.name for row in triangle.rows], "cells": cells}


def _number(cell: PairCell) -> str:
    return "–" if cell.pair.kappa.value is None else decimal(cell.pair.kappa.value)


def _below(cell: PairCell) -> str:
    if cell.shade is None:
        return f"{cell.pair.units} shared excerpts"
    low, high = _ends(cell.pair.kappa)
    return "no interval" if low is None or high is None else f"{decimal(max(-1.0, low))} to {decimal(min(1.0, high))}"


def _ends(kappa: Figure) -> tuple[float | None, float | None]:
    return (kappa.interval.low, kappa.interval.high) if kappa.interval else (None, None)


def _cells(pair: PairFigures) -> list[Cell]:
    why = pair.kappa.undefined.value if pair.kappa.undefined else None
    return [*pair.coders, pair.units, pair.percent.value, pair.kappa.value, *_ends(pair.kappa), why]
