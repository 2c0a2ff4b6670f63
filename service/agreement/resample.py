"""Drawing bootstrap totals: exact multinomial resampling of units or documents, fast because alike units are drawn together."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from service.agreement.moments import Moments
from service.agreement.ratings import Floats

BLOCK = 32
"""Replicates drawn from one child of the seed: the result depends on the seed only, not on how many cores there are."""
CORES = 2
TAIL_COST = 4
"""Drawing how often a pattern occurs costs about as much as drawing this many single units."""


def bootstrap(moments: Moments, *, replicates: int, seed: int) -> Floats:
    """Draw the coefficient of ``replicates`` resamples of the units; NaN where a resample leaves it undefined."""
    order = np.argsort(-moments.times, kind="stable")
    rows, times = moments.rows[order], moments.times[order]
    sizes = [min(BLOCK, replicates - start) for start in range(0, replicates, BLOCK)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))

    def block(at: int) -> Floats:
        rng = np.random.Generator(np.random.SFC64(seeds[at]))
        return moments.formula(drawn_totals(rows, times, sizes[at], rng))

    with ThreadPoolExecutor(CORES) as threads:
        return np.concatenate(list(threads.map(block, range(len(sizes)))))


def drawn_totals(rows: Floats, times: NDArray[np.int64], replicates: int, rng: np.random.Generator) -> Floats:
    """Sum the rows of ``replicates`` resamples; ``times`` must fall."""
    totals = np.zeros((replicates, rows.shape[1]))
    for part, counts in drawn_counts(times, replicates, rng):
        totals += counts @ rows[part]
    return totals


def drawn_counts(times: NDArray[np.int64], replicates: int, rng: np.random.Generator) -> Iterator[tuple[slice, Floats]]:
    """Draw how often each pattern is in each resample, the frequent patterns as a multinomial, the rare ones unit by unit."""
    n = int(times.sum())
    behind = n - np.cumsum(times)
    head = int(np.argmin(TAIL_COST * np.arange(1, len(times) + 1) + behind)) + 1
    share = np.append(times[:head], behind[head - 1]) / n
    counts = rng.multinomial(n, share / share.sum(), replicates)
    yield slice(0, head), counts[:, :head].astype(np.float64)
    if behind[head - 1]:
        yield slice(head, len(times)), _tail(times[head:], counts[:, head], rng)


def _tail(times: NDArray[np.int64], draws: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    pattern = np.repeat(np.arange(len(times), dtype=np.int32), times)
    counts = np.empty((len(draws), len(times)))
    for at, n in enumerate(draws):
        unit: NDArray[np.int32] = rng.integers(0, len(pattern), int(n), dtype=np.int32)
        counts[at] = np.bincount(pattern[unit] if len(pattern) > len(times) else unit, minlength=len(times))
    return counts
