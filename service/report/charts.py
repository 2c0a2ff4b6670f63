"""Charts of a round's figures, in a light and a dark palette, and as files. Altair is imported when the first chart is drawn."""

from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from service.agreement.verdict import Verdict
from service.exchange.tables import Cell, write_table
from service.report.figures import CodeFigures, Figure, VariableFigures

LEAST, MOST = -0.2, 1.0
ROW_HEIGHT = 28
WIDTH = 560
LABEL_WIDTH = 300
THRESHOLDS = (0.667, 0.8)
ALL_CODES = "All codes"
NO_CODE = "No code applies"
SETTLED = frozenset({Verdict.RELIABLE, Verdict.TENTATIVE})
TOO_FEW = frozenset({Verdict.NOT_ENOUGH_DATA, Verdict.UNDEFINED})


class Theme(StrEnum):
    """On what a chart stands."""

    LIGHT = "light"
    DARK = "dark"


class Kind(StrEnum):
    """As what a chart can be kept."""

    SVG = "svg"
    PNG = "png"
    CSV = "csv"


MEDIA_TYPES = {Kind.SVG: "image/svg+xml", Kind.PNG: "image/png", Kind.CSV: "text/csv"}
PNG_SCALE = 2
"""Pixels a point: sharp in print."""
_COLUMNS = ("code", "alpha", "low", "high", "at_least_667", "at_least_800", "excerpts_with_it", "verdict")
_COLOURS = {
    Theme.LIGHT: {
        "ink": "#16191d", "muted": "#545b64", "line": "#d5dade", "card": "#ffffff", "estimate": "#2a343f", "threshold": "#6d747c",
    },
    Theme.DARK: {
        "ink": "#e9ebed", "muted": "#a7adb4", "line": "#343a41", "card": "#1c2024", "estimate": "#d3dae1", "threshold": "#8d949c",
    },
}  # fmt: skip


def alpha_by_code(figures: VariableFigures, theme: Theme) -> str:
    """Draw alpha with its interval, of the whole and of each code: filled when reliable or tentative, dotted when used too little."""
    return _svg(_spec(msgspec.json.encode(_rows(figures)), theme, "transparent"))


def chart_file(figures: VariableFigures, kind: Kind) -> bytes:
    """Make the same chart as a file on white, or the numbers that it is drawn from."""
    if kind is Kind.CSV:
        return write_table(_COLUMNS, [_cells(ALL_CODES, figures.alpha, None, ""), *map(_cells_of, figures.codes)])
    spec = _spec(msgspec.json.encode(_rows(figures)), Theme.LIGHT, "#ffffff")
    return _svg(spec).encode() if kind is Kind.SVG else _png(spec)


@lru_cache(maxsize=128)
def _svg(spec: str) -> str:
    import vl_convert

    return vl_convert.vegalite_to_svg(spec)


def _png(spec: str) -> bytes:
    import vl_convert

    return vl_convert.vegalite_to_png(spec, scale=PNG_SCALE)


@lru_cache(maxsize=128)
def _spec(figures: bytes, theme: Theme, background: str) -> str:
    import altair as alt

    colours = _COLOURS[theme]
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
        *(_threshold(value, colours["threshold"]) for value in THRESHOLDS),
        interval.transform_filter("isValid(datum.low)"),
        point,
        nothing.encode(x=alt.datum(LEAST + 0.02)),
    ).properties(width=WIDTH, height=ROW_HEIGHT * len(rows), background=background)
    return msgspec.json.encode(_styled(chart, colours).to_dict()).decode()


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
    return f"{code}\u200b" if code in {ALL_CODES, NO_CODE} else code or NO_CODE


def _row(name: str, kind: str, alpha: Figure) -> dict[str, Any]:
    limits = alpha.interval
    low, high = (max(LEAST, limits.low), min(MOST, limits.high)) if limits else (None, None)
    return {"code": name, "kind": kind, "alpha": alpha.value, "low": low, "high": high}


def _threshold(value: float, colour: str) -> Any:
    import altair as alt

    dash = [4, 3] if value < max(THRESHOLDS) else [1, 0]
    return alt.Chart(alt.Data(values=[{"at": value}])).mark_rule(color=colour, strokeDash=dash).encode(x="at:Q")


def _styled(chart: Any, colours: dict[str, str]) -> Any:
    axis = {
        "labelColor": colours["ink"],
        "titleColor": colours["muted"],
        "gridColor": colours["line"],
        "domainColor": colours["line"],
        "tickColor": colours["line"],
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    return chart.configure(font="Inter, Segoe UI, Roboto, Liberation Sans, Arial, sans-serif", axis=axis, view={"stroke": None})
