"""The data of the benchmark: codings by coders who keep the true code with probability .8, and spans of three coders."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KEEP = 0.8
SEED = 7
Matrix = NDArray[np.int16]


def codings(*, coders: int, units: int, codes: int, missing: float) -> Matrix:
    """Draw codes, coders x units, -1 where a coder did not code the unit."""
    rng = np.random.default_rng(SEED)
    true = rng.integers(0, codes, units, dtype=np.int16)
    rows = [np.where(rng.random(units) < KEEP, true, rng.integers(0, codes, units, dtype=np.int16)) for _ in range(coders)]
    given = np.stack(rows)
    if missing:
        given[rng.random(given.shape) < missing] = -1
    return given


def spans(*, coders: int, units: int) -> list[tuple[str, int, int, str]]:
    """Draw spans of coders who move boundaries a little, miss a tenth and swap a tenth of the codes: (coder, start, end, code)."""
    rng = np.random.default_rng(SEED)
    starts = np.cumsum(rng.integers(10, 30, units))
    rows: list[tuple[str, int, int, str]] = []
    for coder in range(coders):
        for start in starts.tolist():
            if rng.random() < 0.1:
                continue
            code = "abcd"[int(start) % 4] if rng.random() < 0.9 else "abcd"[int(rng.integers(4))]
            begin = int(start + rng.integers(-1, 2))
            rows.append((f"coder {coder + 1}", begin, begin + int(rng.integers(6, 10)), code))
    return rows


def save_codings(file: Path, given: Matrix) -> Path:
    """Write codings where a worker of any environment can read them."""
    np.save(file, given)
    return file


def save_spans(file: Path, rows: list[tuple[str, int, int, str]]) -> Path:
    """Write spans as CSV: coder, code, start, end."""
    file.write_text("\n".join(f"{coder},{code},{start},{end}" for coder, start, end, code in rows), encoding="utf-8")
    return file
