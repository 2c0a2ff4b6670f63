"""Charts of a round's figures as SVG, in a light and a dark palette. Altair is imported when the first chart is drawn."""

from enum import StrEnum
from typing import Any

from service.report.figures import VariableFigures

LEAST, MOST = -0.2, 1.0
ROW_HEIGHT = 26
WIDTH = 520
LABEL_WIDTH = 240
THRESHOLDS = (0.667, 0.8)
ALL_CODES = "All codes"


class Theme(StrEnum):
    """On what a chart stands."""

    LIGHT = "light"
    DARK = "dark"


_COLOURS = {
    Theme.LIGHT: {"ink": "#16191d", "muted": "#545b64", "line": "#d5dade", "estimate": "#2a343f", "threshold": "#6d747c"},
    Theme.DARK: {"ink": "#e9ebed", "muted": "#a7adb4", "line": "#343a41", "estimate": "#d3dae1", "threshold": "#8d949c"},
}


def alpha_by_code(figures: VariableFigures, theme: Theme) -> str:
    """Draw alpha of the whole variable and of each code, with Krippendorff's thresholds; what has no estimate says so."""
    import altair as alt
    import vl_convert

    colours = _COLOURS[theme]
    rows = _rows(figures)
    order = [row["code"] for row in rows]
    axis = alt.Axis(values=[-0.2, 0, 0.2, 0.4, 0.6, 0.8, 1], format=".1f", title="Krippendorff's alpha", grid=True)
    x = alt.X("alpha:Q", scale=alt.Scale(domain=[LEAST, MOST], clamp=True), axis=axis)
    y = alt.Y("code:N", sort=order, axis=alt.Axis(title=None, labelLimit=LABEL_WIDTH))
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    defined = base.transform_filter("isValid(datum.alpha)")
    chart = alt.layer(
        *(_threshold(value, colours["threshold"]) for value in THRESHOLDS),
        defined.mark_point(filled=True, size=90, opacity=1, color=colours["estimate"]).encode(
            x=x, shape=alt.Shape("kind:N", scale=alt.Scale(domain=["all", "code"], range=["diamond", "circle"]), legend=None)
        ),
        base.transform_filter("!isValid(datum.alpha)")
        .mark_text(align="left", text="no estimate", color=colours["muted"], fontSize=12)
        .encode(x=alt.datum(LEAST + 0.02)),
    ).properties(width=WIDTH, height=ROW_HEIGHT * len(rows), background="transparent")
    return vl_convert.vegalite_to_svg(_styled(chart, colours).to_dict())


def _rows(figures: VariableFigures) -> list[dict[str, Any]]:
    every = {"code": ALL_CODES, "alpha": figures.alpha.value, "kind": "all"}
    # Zero-width space: a code that is really called "All codes" keeps a line of its own.
    codes = [{"code": _unlike(code.code), "alpha": code.alpha.value, "kind": "code"} for code in figures.codes]
    return [every, *codes]


def _unlike(code: str) -> str:
    return f"{code}\u200b" if code == ALL_CODES else code


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
