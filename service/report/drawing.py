"""What charts have in common: a light and a dark palette, pictures and files of them. Altair is imported when one is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from service.exchange.tables import Cell, write_table

LEAST, MOST = -0.2, 1.0
"""Ends of the axis of a coefficient; what lies beyond is drawn at the end."""
LABEL_WIDTH = 300
UNSEEN = "\u200b"
PNG_SCALE = 2
"""Pixels a point: sharp in print."""


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
COLOURS = {
    Theme.LIGHT: {
        "ink": "#16191d", "muted": "#545b64", "line": "#d5dade", "card": "#ffffff", "estimate": "#2a343f", "threshold": "#6d747c",
    },
    Theme.DARK: {
        "ink": "#e9ebed", "muted": "#a7adb4", "line": "#343a41", "card": "#1c2024", "estimate": "#d3dae1", "threshold": "#8d949c",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of figures: ``spec`` draws it in a theme on a background, the rows are what it is drawn from."""

    name: str
    spec: Callable[[Theme, str], str]
    columns: Sequence[str]
    rows: Callable[[], Sequence[Sequence[Cell]]]

    def picture(self, theme: Theme) -> str:
        """Draw it for a page."""
        return _svg(self.spec(theme, "transparent"))

    def file(self, kind: Kind) -> bytes:
        """Make it a file on white, as files are printed and pasted; or the numbers."""
        if kind is Kind.CSV:
            return write_table(self.columns, self.rows())
        spec = self.spec(Theme.LIGHT, "#ffffff")
        return _svg(spec).encode() if kind is Kind.SVG else _png(spec)


def told(chart: Any, theme: Theme) -> str:
    """Write a chart down with the fonts and lines that all charts have."""
    colours = COLOURS[theme]
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
    styled = chart.configure(font="Inter, Segoe UI, Roboto, Liberation Sans, Arial, sans-serif", axis=axis, view={"stroke": None})
    return msgspec.json.encode(styled.to_dict()).decode()


def upright(value: float, colour: str, dash: Sequence[int]) -> Any:
    """Draw a line at a value."""
    import altair as alt

    return alt.Chart(alt.Data(values=[{"at": value}])).mark_rule(color=colour, strokeDash=list(dash)).encode(x="at:Q")


def distinct(names: list[str]) -> list[str]:
    """Tell equal names apart by what nobody sees, so that each keeps a line of its own."""
    return [name + UNSEEN * names[:place].count(name) for place, name in enumerate(names)]


@lru_cache(maxsize=128)
def _svg(spec: str) -> str:
    import vl_convert

    return vl_convert.vegalite_to_svg(spec)


def _png(spec: str) -> bytes:
    import vl_convert

    return vl_convert.vegalite_to_png(spec, scale=PNG_SCALE)
