"""The chart of a variable's codes: alpha with its interval, of the whole and of each code."""

from functools import lru_cache, partial
from typing import Any

import msgspec

from service.agreement.verdict import Verdict
from service.exchange.tables import Cell
from service.report.drawing import COLOURS, LABEL_WIDTH, LEAST, MOST, UNSEEN, Chart, Theme, told, upright
from service.report.figures import CodeFigures, Figure, VariableFigures

ROW_HEIGHT = 28
WIDTH = 560
THRESHOLDS = (0.667, 0.8)
ALL_CODES = "All codes"
NO_CODE = "No code applies"
SETTLED = frozenset({Verdict.RELIABLE, Verdict.TENTATIVE})
TOO_FEW = frozenset({Verdict.NOT_ENOUGH_DATA, Verdict.UNDEFINED})
_COLUMNS = ("code", "alpha", "low", "high", "at_least_667", "at_least_800", "excerpts_with_it", "verdict")


def alpha_by_code(figures: VariableFigures) -> Chart:
    """Draw alpha with its interval, of the whole and of each code: filled when reliable or tentative, dotted when used too little."""
    return Chart(
        name="alpha-by-code",
        spec=partial(_spec, msgspec.json.encode(_rows(figures))),
        columns=_COLUMNS,
        rows=lambda: [_cells(ALL_CODES, figures.alpha, None, ""), *map(_cells_of, figures.codes)],
    )


@lru_cache(maxsize=128)
def _spec(figures: bytes, theme: Theme, background: str) -> str:
    import altair as alt

    colours = COLOURS[theme]
    rows: list[dict[str, Any]] = msgspec.json.decode(figures)
    axis = alt.Axis(values=[-0.2, 0, 0.2, 0.4, 0.6, 0.8, 1], format=".1f", title="Krippendorff's alpha", grid=True)
    x = alt.X("alpha:Q", scale=alt.Scale(domain=[LEAST, MOST], clamp=True), axis=axis)
    y = alt.Y("code:N", sort=[row["code"] for row in rows], axis=alt.Axis(title=None, labelLimit=LABEL_WIDTH))
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    interval = base.mark_rule(color=colours["estimate"], strokeWidth=1.6).encode(
        x="low:Q", x2="high:Q", strokeDash=alt.condition("datum.few", alt.value([2, 3]), alt.value([1, 0]))
    )
    point = base.transform_filter("isValid(datum.alpha)").mark_point(size=90, opacity=1, strokeWidth=2, color=colours["estimate"])
    point = point.encode(
        x=x,
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=["all", "code"], range=["diamond", "circle"]), legend=None),
        fill=alt.condition("datum.settled", alt.value(colours["estimate"]), alt.value(colours["card"])),
    )
    nothing = base.transform_filter("!isValid(datum.alpha)").mark_text(
        align="left", text="no estimate", color=colours["muted"], fontSize=12
    )
    chart = alt.layer(
        *(upright(value, colours["threshold"], [4, 3] if value < max(THRESHOLDS) else [1, 0]) for value in THRESHOLDS),
        interval.transform_filter("isValid(datum.low)"),
        point,
        nothing.encode(x=alt.datum(LEAST + 0.02)),
    ).properties(width=WIDTH, height=ROW_HEIGHT * len(rows), background=background)
    return told(chart, theme)


def _rows(figures: VariableFigures) -> list[dict[str, Any]]:
    every = _row(ALL_CODES, "all", figures.alpha) | {"settled": True, "few": False}
    codes = [
        _row(_name(code.code), "code", code.alpha) | {"settled": code.verdict in SETTLED, "few": code.verdict in TOO_FEW}
        for code in figures.codes
    ]
    return [every, *codes]


def _cells_of(code: CodeFigures) -> list[Cell]:
    return _cells(code.code or NO_CODE, code.alpha, code.units, code.verdict.value)


def _cells(name: str, alpha: Figure, units: int | None, verdict: str) -> list[Cell]:
    limits = alpha.interval
    ends = [limits.low, limits.high, limits.at_least_667, limits.at_least_800] if limits else [None] * 4
    return [name, alpha.value, *ends, units, verdict]


def _name(code: str) -> str:
    # A zero-width space lets a code that is really called so keep a line of its own.
    return f"{code}{UNSEEN}" if code in {ALL_CODES, NO_CODE} else code or NO_CODE


def _row(name: str, kind: str, alpha: Figure) -> dict[str, Any]:
    limits = alpha.interval
    low, high = (max(LEAST, limits.low), min(MOST, limits.high)) if limits else (None, None)
    return {"code": name, "kind": kind, "alpha": alpha.value, "low": low, "high": high}
