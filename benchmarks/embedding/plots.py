"""The rows as charts: SVG and PNG beside the JSON."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.embedding.rows import Row

BARS = {
    "bulk": "tokens_per_s",
    "single": "p50_ms",
    "cold_start": "seconds",
    "concurrent": "tokens_per_s",
    "http": "tokens_per_s",
    "service_start": "seconds",
}
LINES = ("length", "batch", "corpus", "cache_hits")


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """One chart a question; the written files."""
    altair: Any = importlib.import_module("altair")
    made: list[Path] = []
    for name in dict.fromkeys(row.name for row in rows):
        values = [row.plain() for row in rows if row.name == name]
        if name not in BARS and name not in LINES:
            continue
        chart = _bars(altair, values, BARS[name]) if name in BARS else _lines(altair, values)
        for ending in ("svg", "png"):
            made.append(folder / f"{name}.{ending}")
            chart.properties(title=name, width=480).save(str(made[-1]))
    return made


def _bars(altair: Any, values: list[dict[str, Any]], field: str) -> Any:
    measured = [value for value in values if field in value]
    return altair.Chart(altair.Data(values=measured)).mark_bar().encode(x=f"{field}:Q", y="runtime:N", row="workload:N")


def _lines(altair: Any, values: list[dict[str, Any]]) -> Any:
    scale = altair.Scale(type="linear" if max(value["x"] for value in values) <= 1 else "log")
    return (
        altair.Chart(altair.Data(values=values))
        .mark_line(point=True)
        .encode(x=altair.X("x:Q", scale=scale), y="p50_ms:Q", color="runtime:N")
    )
