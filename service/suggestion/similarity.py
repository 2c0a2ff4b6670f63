"""Cosines that have the same bits in any batch, on any machine.

A product in floating point depends on the order of its sums, which changes with the size of the batch and the processor. Here the
vectors are first rounded to multiples of 2**-26: every product is then a multiple of 2**-52 and, the vectors being of unit length,
every partial sum stays below 2, so float64 holds each of them exactly and no order of adding can change the result. The rounding moves
a cosine by less than 1e-6.
"""

import numpy as np
from numpy.typing import NDArray

from service.embedding import Vectors
from service.errors import Unavailable

_STEPS = float(2**26)

Exact = NDArray[np.float64]
"""``float64[n, dimension]``, multiples of 2**-26."""

Similarities = NDArray[np.float64]
"""``float64[excerpts, texts]``, cosines."""


def exact(vectors: Vectors) -> Exact:
    """Round unit vectors to the grid on which products are exact."""
    return on_grid(vectors.astype(np.float64))


def on_grid(vectors: Exact) -> Exact:
    """Round vectors of length at most 1 to the grid."""
    return np.rint(vectors * _STEPS) / _STEPS


def similarities(excerpts: Exact, texts: Exact) -> Similarities:
    """Every excerpt with every text.

    Raises
    ------
    Unavailable
        They have different numbers of dimensions: the vectors are of two models.
    """
    if excerpts.shape[1] != texts.shape[1]:
        raise Unavailable(f"Vectors of {excerpts.shape[1]} and {texts.shape[1]} dimensions cannot be compared; embed with one model.")
    return excerpts @ texts.T
