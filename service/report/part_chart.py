"""The chart of a round's parts, documents or quarters: alpha and the pairs that agree, beside the alpha of the whole."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import msgspec

from service.exchange.tables import Cell
from service.report.breakdown import PartFigures
from service.report.drawing import COLOURS, LABEL_WIDTH, LEAST, MOST, Chart, Theme, distinct, told, upright
from service.report.figures import VariableFigures

ROW_HEIGHT = 24
WIDTH = 560
_COLUMNS = ("part", "excerpts", "coded_by_two_or_more", "codings", "pairs_agree", "alpha", "no_estimate")
Named = Sequence[tuple[str, PartFigures]]
"""Parts by the names that they have on the page."""


def agreement_by_part(name: str, figures: VariableFigures, parts: Named, drawn: Named) -> Chart:
    """Draw some of a variable's parts; the numbers are of all."""
    alpha, same = ("u-alpha", "marked exactly the same") if figures.marked else ("alpha", "agree")
    title = f"Dot: {alpha}; square: share of pairs that {same}; line: {alpha} of the whole"
    given = {"title": title, "whole": figures.alpha.value, "rows": _rows(drawn)}
    return Chart(
        name=name,
        spec=partial(_spec, msgspec.json.encode(given)),
        columns=_COLUMNS,
        rows=lambda: [_cells(part, one) for part, one in parts],
    )


@lru_cache(maxsize=128)
def _spec(figures: bytes, theme: Theme, background: str) -> str:
    import altair as alt

    colours = COLOURS[theme]
    found: dict[str, Any] = msgspec.json.decode(figures)
    rows: list[dict[str, Any]] = found["rows"]
    axis = alt.Axis(values=[-0.2, 0, 0.2, 0.4, 0.6, 0.8, 1], format=".1f", title=found["title"], grid=True)
    scale = alt.Scale(domain=[LEAST, MOST], clamp=True)
    y = alt.Y("part:N", sort=[row["part"] for row in rows], axis=alt.Axis(title=None, labelLimit=LABEL_WIDTH))
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    share = base.transform_filter("isValid(datum.percent)").mark_point(
        size=60, shape="square", opacity=1, strokeWidth=1.6, color=colours["threshold"], fill=colours["card"]
    )
    alpha = base.transform_filter("isValid(datum.alpha)").mark_point(size=70, opacity=1, filled=True, color=colours["estimate"])
    nothing = base.transform_filter("!isValid(datum.alpha)").mark_text(
        align="left", text="no estimate of alpha", color=colours["muted"], fontSize=12
    )
    whole = [] if found["whole"] is None else [upright(max(LEAST, found["whole"]), colours["threshold"], [1, 0])]
    chart = alt.layer(
        *whole,
        share.encode(x=alt.X("percent:Q", scale=scale, axis=axis)),
        alpha.encode(x=alt.X("alpha:Q", scale=scale, axis=axis)),
        nothing.encode(x=alt.datum(LEAST + 0.02)),
    ).properties(width=WIDTH, height=ROW_HEIGHT * len(rows), background=background)
    return told(chart, theme)


def _rows(parts: Named) -> list[dict[str, Any]]:
    names = distinct([name for name, _ in parts])
    return [{"part": name, "alpha": one.alpha.value, "percent": one.percent.value} for name, (_, one) in zip(names, parts, strict=True)]


def _cells(name: str, part: PartFigures) -> list[Cell]:
    why = part.alpha.undefined.value if part.alpha.undefined else None
    return [name, part.excerpts, part.pairable, part.codings, part.percent.value, part.alpha.value, why]
