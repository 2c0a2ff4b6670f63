"""The rows as charts: SVG and PNG beside the JSON."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.embedding.rows import Row


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar a runtime; the best stands first."""

    title: str
    field: str
    axis: str
    best: str = "min"


@dataclass(frozen=True, slots=True)
class Lines:
    """Milliseconds a text against ``axis``."""

    title: str
    axis: str


SPEED = "tokens a second"
CHARTS: dict[str, Bars | Lines] = {
    "bulk": Bars("All texts in one call", "tokens_per_s", SPEED, "max"),
    "single": Bars("One text a call", "p50_ms", "milliseconds, median"),
    "cold_start": Bars("A process to its first vector", "seconds", "seconds"),
    "concurrent": Bars("32 callers, one text a call", "tokens_per_s", SPEED, "max"),
    "http": Bars("Suggestions over HTTP, 32 callers", "tokens_per_s", SPEED, "max"),
    "service_start": Bars("The service to its first suggestion", "seconds", "seconds"),
    "length": Lines("32 texts in one call, by their length", "words a text"),
    "batch": Lines("Texts of W, by how many go in one call", "texts a call"),
    "corpus": Lines("Reading 1,000 kept vectors, by how many are kept", "vectors kept"),
    "cache_hits": Lines("Texts of W, by the share that is kept", "share kept"),
}


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """One chart a question; the written files."""
    altair: Any = importlib.import_module("altair")
    made: list[Path] = []
    for name in dict.fromkeys(row.name for row in rows):
        if name not in CHARTS:
            continue
        chart = _chart(altair, CHARTS[name], [row.plain() for row in rows if row.name == name])
        for ending in ("svg", "png"):
            made.append(folder / f"{name}.{ending}")
            chart.save(str(made[-1]))
    return made


def _chart(altair: Any, kind: Bars | Lines, values: list[dict[str, Any]]) -> Any:
    chart = _bars(altair, kind, values) if isinstance(kind, Bars) else _lines(altair, kind, values)
    return chart.properties(title=altair.Title(kind.title, anchor="start"), width=480)


def _bars(altair: Any, kind: Bars, values: list[dict[str, Any]]) -> Any:
    measured = [value | {"whose": "ours" if value["runtime"].startswith("ours") else "theirs"} for value in values if kind.field in value]
    order = altair.EncodingSortField(kind.field, op=kind.best, order="descending" if kind.best == "max" else "ascending")
    chart = altair.Chart(altair.Data(values=measured)).mark_bar()
    chart = chart.encode(
        x=altair.X(f"{kind.field}:Q", title=kind.axis),
        y=altair.Y("runtime:N", title=None, sort=order),
        color=altair.Color("whose:N", legend=None, scale=altair.Scale(domain=["ours", "theirs"], range=["#4c78a8", "#b8b8b8"])),
    )
    if not any("workload" in value for value in measured):
        return chart
    header = altair.Header(title=None, labelOrient="top", labelAngle=0, labelAnchor="start")
    return chart.encode(row=altair.Row("workload:N", header=header)).resolve_scale(y="independent")


def _lines(altair: Any, kind: Lines, values: list[dict[str, Any]]) -> Any:
    scale = altair.Scale(type="linear" if max(value["x"] for value in values) <= 1 else "log", nice=False)
    return (
        altair.Chart(altair.Data(values=values))
        .mark_line(point=True)
        .encode(
            x=altair.X("x:Q", scale=scale, title=kind.axis),
            y=altair.Y("p50_ms:Q", title="milliseconds a text"),
            color=altair.Color("runtime:N", title=None),
        )
    )
