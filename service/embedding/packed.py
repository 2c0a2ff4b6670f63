"""The runtime without padding: a kernel of our own (packed.c) for processors with AVX-512 VNNI. Optional: built where a compiler is.

Its products are exact sums of 16-bit integers, by tiles of bytes (packed_tiles.h) where the processor has them; the cosine of its vectors
to those of float32 is .999998 at least, by test.
"""

import ctypes
import weakref
from enum import IntEnum
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import numpy as safetensors

from service.embedding.encoder import Vectors
from service.embedding.openvino_runtime import cores
from service.embedding.tokens import Rows
from service.errors import Unavailable

RUNTIME = "packed 2 int16"
"""The number is counted up, here and in the name of the weights' file, when the kernel reads or computes other bits."""

LIBRARY = "service.embedding._packed"
PASS = 128
"""Tokens of a pass, about: it ends with the text that reaches them."""

LAST_PASS = 32
"""Tokens of the last passes, about: no core waits longer for another. Smaller ones use a panel of weights too few times."""


TOGETHER = 4
"""Threads that share a pass, at most."""

SHARED_SPEED = 0.8
"""Of a thread that shares a pass, because the sharers wait for each other; beside one that has a pass of its own."""


class Fit(IntEnum):
    """How the kernel suits this processor: not at all (or it was not built), it runs and may be the fastest, or nothing here is faster."""

    NONE = 0
    RUNS = 1
    BEST = 2


def fit() -> Fit:
    """Whether to use the kernel here."""
    library = _library()
    return Fit.NONE if library is None else Fit(library.packed_fit())


class _Shape(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int32) for name in ("layers", "hidden", "heads", "inner")),
        ("epsilon", ctypes.c_float),
        ("first", ctypes.c_int32),
        ("most", ctypes.c_int32),
        ("together", ctypes.c_int32),
    ]


class Packed:
    """A ``RowModel`` on the kernel: rows laid end to end, passes side by side, a thread each; one pass alone on all threads.

    A row has the same vector, bit for bit, alone and in any batch.

    Raises
    ------
    Unavailable
        The kernel is not built or not for this processor, memory lacks, or a row has tokens that the model does not have.
    """

    def __init__(self, file: Path, threads: int | None = None, library: Any = None) -> None:
        library = library or _library()
        if library is None or fit() is Fit.NONE:
            raise Unavailable('The packed kernel is not built, or not for this processor. Let the manifest say `runtime = "openvino"`.')
        tensors: dict[str, NDArray[Any]] = cast(Any, safetensors).load_file(file)
        layers, hidden, heads, inner, first = tensors["shape"].tolist()
        self._words, self._places = tensors["words"], tensors["places"]  # the kernel reads them where they are
        self._dimension: int = hidden
        self._threads = threads or cores()
        most, together = PASS + len(self._places), min(self._threads, TOGETHER)
        shape = _Shape(layers, hidden, heads, inner, float(tensors["epsilon"][0]), first, most, together)
        handle = library.packed_open(
            ctypes.byref(shape), _at(tensors["weights"]), _at(tensors["numbers"]), _at(self._words), _at(self._places), self._threads
        )
        if not handle:
            raise Unavailable("There is not enough memory for the model.")
        self._library, self._model = library, ctypes.c_void_p(handle)
        weakref.finalize(self, library.packed_close, self._model)

    def vectors(self, read: Rows, /) -> Vectors:
        """See ``RowModel.vectors``."""
        if not read.rows:
            return np.empty((0, self._dimension), np.float32)
        lengths = read.lengths
        order: list[int] = np.argsort(-lengths, kind="stable").tolist()  # the last passes can only be small when their rows are
        starts = np.concatenate([[0], np.cumsum(lengths[order])]).astype(np.int32)
        ids = np.fromiter(chain.from_iterable(read.rows[place] for place in order), np.int32, starts[-1])
        if lengths.min() < 1 or lengths.max() > len(self._places) or ids.min() < 0 or ids.max() >= len(self._words):
            raise Unavailable("The tokenizer gives tokens that the model does not have. Convert the model again.")
        cuts = cut(starts, self._threads)
        by_length, found = np.empty((2, len(order), self._dimension), np.float32)
        self._library.packed_embed(self._model, _at(ids), _at(starts), _at(cuts), len(cuts) - 1, _at(by_length))
        found[order] = by_length
        return found


def cut(starts: NDArray[np.int32], threads: int) -> NDArray[np.int32]:
    """The first row of each pass, and where the last ends: ever smaller passes towards the end, so that all threads end together.

    A thread takes the next pass when it is done with one: guided self-scheduling (Polychronopoulos and Kuck 1987). Few tokens, or one long
    row with little else, are one pass that threads share.

    Parameters
    ----------
    starts
        ``int32[n + 1]``, n at least 1: the first token of each row, and where the last ends.
    threads
        A pass has at most ``PASS`` tokens and those of one row more.

    Returns
    -------
    int32[passes + 1]
        Rising from 0 to n; no pass is empty.
    """
    rows, tokens, longest = len(starts) - 1, int(starts[-1]), int(np.diff(starts).max())
    alone = longest * min(threads, TOGETHER) * SHARED_SPEED > tokens  # the others would wait for the longest
    if tokens <= PASS or (alone and tokens - longest < PASS):
        return np.array([0, rows], np.int32)
    cuts = [0]
    while cuts[-1] < rows:
        start = int(starts[cuts[-1]])
        size = min(PASS, max(LAST_PASS, (tokens - start) // (2 * threads)))
        cuts.append(min(rows, int(np.searchsorted(starts, start + size))))
    return np.array(cuts, np.int32)


@cache
def _library() -> Any:
    """The kernel, or None where it was not built."""
    spec = find_spec(LIBRARY)
    return None if spec is None or spec.origin is None else loaded(Path(spec.origin))


def loaded(file: Path) -> Any:
    """A compiled kernel with the types of its functions."""
    library = ctypes.CDLL(str(file))
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.packed_open.restype = pointer
    library.packed_open.argtypes = [pointer, pointer, pointer, pointer, pointer, number]
    library.packed_embed.restype = None
    library.packed_embed.argtypes = [pointer, pointer, pointer, pointer, number, pointer]
    library.packed_close.restype = None
    library.packed_close.argtypes = [pointer]
    return library


def _at(array: NDArray[Any]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)
