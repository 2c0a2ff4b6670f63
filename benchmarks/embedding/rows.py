"""What a measurement prints: one row a question and runtime."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

LINEAR = 21_233_664
ATTENTION = 9_216
"""Operations a token of all-MiniLM-L6-v2: six layers of 2 x (4 x 384² + 2 x 384 x 1536), and 6 x 4 x 384 for each token attended to."""

HEADS = {
    "ratio_to_sentence_transformers": "x ST",
    "ratio_to_encoder": "x encoder",
    "fraction_of_roofline": "of roofline",
    "agreement_top1": "same top-1",
}
"""Columns with a shorter name in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``noise`` is (largest - smallest) / median over the rounds, ``gop_per_s`` 1e9 operations a second; None is not measured."""

    name: str
    runtime: str
    workload: str = ""
    x: float | None = None
    tokens_per_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    seconds: float | None = None
    ratio_to_sentence_transformers: float | None = None
    ratio_to_encoder: float | None = None
    fraction_of_roofline: float | None = None
    cosine_mean: float | None = None
    cosine_min: float | None = None
    agreement_top1: float | None = None
    peak_rss_mb: float | None = None
    installed_mb: float | None = None
    gop_per_s: float | None = None
    noise: float | None = None
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """For JSON, with what was not measured left out."""
        return {
            key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(self).items() if value not in (None, "")
        }


def operations(tokens: Sequence[int]) -> float:
    """What the model costs on texts of these lengths, without padding."""
    lengths = np.array(tokens, np.float64)
    return float(LINEAR * lengths.sum() + ATTENTION * (lengths**2).sum())


def spread(times: Sequence[float]) -> float:
    """The noise of some repeated times."""
    return (max(times) - min(times)) / median(times)


class Fidelity(TypedDict):
    """Of a runtime's vectors to those of the reference."""

    cosine_mean: float
    cosine_min: float
    agreement_top1: float


def fidelity(found: NDArray[np.float64], wanted: NDArray[np.float64], texts: int) -> Fidelity:
    """Cosines over the texts, and the share of them with the same nearest code; the rows after the texts are codes."""
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    wanted = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    cosines = np.sum(found[:texts] * wanted[:texts], axis=1)
    same = _nearest(found, texts) == _nearest(wanted, texts)
    return {"cosine_mean": float(cosines.mean()), "cosine_min": float(cosines.min()), "agreement_top1": float(same.mean())}


def _nearest(rows: NDArray[np.float64], texts: int) -> NDArray[np.intp]:
    return np.argmax(rows[:texts] @ rows[texts:].T, axis=1)


def table(rows: Sequence[Row]) -> str:
    """Aligned columns, for people."""
    columns = ("name", "runtime", "workload", "x", "tokens_per_s", "p50_ms", "p99_ms", "seconds", *HEADS)
    columns += ("cosine_mean", "cosine_min", "peak_rss_mb", "installed_mb", "gop_per_s", "noise", "note")
    used = [column for column in columns if any(getattr(row, column) not in (None, "") for row in rows)]
    lines = [[HEADS.get(column, column) for column in used], *([_cell(getattr(row, column)) for column in used] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(used))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def _cell(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) <= 1 else f"{value:.2f}"
