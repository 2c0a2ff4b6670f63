"""Which texts go through the model together: sorted by length, so that a long text never pads a short one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.embedding.encoder import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large one pass may be, and when two widths share one.

    ``tokens`` bounds rows x width; ``width_step`` is what widths are rounded up to, because a runtime prepares each new shape once;
    ``padding`` is how many tokens of padding a pass takes on rather than begin another, which costs about as much as that many tokens.
    """

    tokens: int
    rows: int
    width_step: int
    padding: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The places of the texts of one pass, and the width in tokens they are padded to."""

    places: NDArray[np.intp]
    width: int


def plan(lengths: Counts, shape: Shape) -> Iterator[Batch]:
    """Cut texts into passes, longest first, each text in exactly one.

    Parameters
    ----------
    lengths
        ``int32[n]``, tokens a text, at least 1.
    shape
        A text wider than ``shape.tokens`` still goes, alone.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    for width, count in _widths(lengths, shape):
        for rows in _cut(count, max(1, min(shape.rows, shape.tokens // width))):
            yield Batch(order[start : start + rows], width)
            start += rows


def _widths(lengths: Counts, shape: Shape) -> Iterator[tuple[int, int]]:
    """Widths with how many texts go at each, a few shorter ones with the next longer."""
    rounded, counts = np.unique(-(-lengths // shape.width_step) * shape.width_step, return_counts=True)
    width, rows, padding = 0, 0, 0
    for narrower, count in zip(rounded[::-1].tolist(), counts[::-1].tolist(), strict=True):
        padding += count * (width - narrower)
        if rows and (padding > shape.padding or (rows + count) * width > shape.tokens):
            yield width, rows
            rows = 0
        if not rows:
            width, padding = narrower, 0
        rows += count
    if rows:
        yield width, rows


def _cut(count: int, most: int) -> Iterator[int]:
    """Nearly equal parts of at most ``most``."""
    parts = -(-count // most)
    return (count // parts + (part < count % parts) for part in range(parts))
