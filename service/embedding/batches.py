"""Which texts go through the model together: sorted by length, so that a long text never pads a short one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.embedding.encoder import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large one pass may be.

    ``tokens`` bounds rows x width; ``width_step`` is what widths are rounded up to, because a runtime prepares each new shape once.
    """

    tokens: int
    rows: int
    width_step: int


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
    while start < len(order):
        width = _rounded(int(lengths[order[start]]), shape.width_step)
        rows = max(1, min(shape.rows, shape.tokens // width))
        yield Batch(order[start : start + rows], width)
        start += rows


def _rounded(length: int, step: int) -> int:
    return -(-length // step) * step
