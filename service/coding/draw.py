"""Which excerpts a round takes: functions of a seed, each excerpt with the probability that the draw had of taking it.

Every draw has a fixed size and simple random sampling inside groups that are known beforehand, so the probabilities are exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np

from service.coding.plan import Allocation, Enriched
from service.corpus.model import ExcerptId
from service.errors import BadInput

_REST = -1


@dataclass(frozen=True, slots=True)
class Drawn:
    """One excerpt of a sample with the probability that this draw had of taking it."""

    excerpt_id: ExcerptId
    probability: float


def simple_sample(excerpts: Sequence[ExcerptId], size: int, rng: np.random.Generator) -> tuple[Drawn, ...]:
    """Draw ``size`` excerpts without replacement, every one with the same probability.

    ``excerpts`` come in an order that does not change between calls (the corpus order), so that the seed alone names the draw.
    """
    if not 1 <= size <= len(excerpts):
        message = f"A sample of {size} cannot be drawn from {len(excerpts)} excerpts. Ask for 1 to {len(excerpts)}."
        raise BadInput(message)
    places = rng.choice(len(excerpts), size=size, replace=False)
    return tuple(Drawn(excerpts[int(place)], size / len(excerpts)) for place in sorted(places))


def stratified_sample(strata: Mapping[ExcerptId, str], size: int, allocation: Allocation, rng: np.random.Generator) -> tuple[Drawn, ...]:
    """Draw ``size`` excerpts, at least one of every stratum; ``strata`` names each excerpt's, in corpus order."""
    groups = _groups(strata)
    if not len(groups) <= size <= len(strata):
        message = f"The study has {len(groups)} strata and {len(strata)} excerpts. Ask for {len(groups)} to {len(strata)} excerpts."
        raise BadInput(message)
    sizes = allocate([len(group) for group in groups], size, allocation)
    return _from_groups(groups, sizes, list(strata), rng)


def cluster_sample(documents: Mapping[ExcerptId, str], count: int, rng: np.random.Generator) -> tuple[Drawn, ...]:
    """Draw whole documents; ``documents`` names each excerpt's, in corpus order."""
    names = list(dict.fromkeys(documents.values()))
    if not 1 <= count <= len(names):
        message = f"{count} documents cannot be drawn from {len(names)}. Ask for 1 to {len(names)}."
        raise BadInput(message)
    taken = {names[int(place)] for place in rng.choice(len(names), size=count, replace=False)}
    return tuple(Drawn(excerpt, count / len(names)) for excerpt, name in documents.items() if name in taken)


def enriched_sample(
    excerpts: Sequence[ExcerptId], scores: Sequence[Sequence[float]], draw: Enriched, rng: np.random.Generator
) -> tuple[Drawn, ...]:
    """Draw more of what the model ranks high for some codes; ``scores[c][e]`` is code c's score of excerpt e.

    An excerpt stands in one band at most, that of the code it ranks highest for. Bands and the rest are strata of fixed size, so an
    excerpt's probability is known exactly, however bad the scores are: they decide how precise the figures are, not whether they hold.
    """
    if not 1 <= draw.size <= len(excerpts):
        message = f"A sample of {draw.size} cannot be drawn from {len(excerpts)} excerpts. Ask for 1 to {len(excerpts)}."
        raise BadInput(message)
    band = bands(scores, len(excerpts), draw.band)
    groups = [[excerpts[int(at)] for at in np.flatnonzero(band == code)] for code in (_REST, *range(len(scores)))]
    rest, *banded = [len(group) for group in groups]
    wanted = min(max(round(draw.size * draw.share), draw.size - rest), sum(banded), draw.size - min(rest, 1))
    filled = [count for count in banded if count]
    if wanted < len(filled):
        message = f"{wanted} excerpts cannot come from {len(filled)} bands. Ask for a larger sample or share, or for fewer codes."
        raise BadInput(message)
    given = iter(allocate(filled, wanted, Allocation.EQUAL))
    sizes = [draw.size - wanted, *(next(given) if count else 0 for count in banded)]
    return _from_groups(groups, sizes, excerpts, rng)


def bands(scores: Sequence[Sequence[float]], count: int, band: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Say for each excerpt which code's band it stands in, -1 for none; equal ranks go to the earlier code and the earlier excerpt."""
    table = np.asarray(scores, np.float64).reshape(len(scores), count)
    order = np.argsort(-table, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(count)[None, :], axis=1)
    best = ranks.argmin(axis=0)
    return np.where(ranks.min(axis=0) < max(round(band * count), 1), best, _REST)


def chosen_set(excerpts: Sequence[ExcerptId]) -> tuple[Drawn, ...]:
    """Take exactly the excerpts named; a chosen set stands for itself, so each has probability 1."""
    if len(set(excerpts)) != len(excerpts):
        message = "An excerpt is named twice in the chosen set. Name each once."
        raise BadInput(message)
    return tuple(Drawn(excerpt, 1.0) for excerpt in excerpts)


def weights_of(sample: Sequence[Drawn]) -> dict[ExcerptId, float] | None:
    """Give 1/probability of each excerpt of a sample, or None where all have the same and nothing is to be weighted."""
    if len({drawn.probability for drawn in sample}) <= 1:
        return None
    return {drawn.excerpt_id: 1 / drawn.probability for drawn in sample}


def allocate(counts: Sequence[int], size: int, allocation: Allocation) -> tuple[int, ...]:
    """Divide ``size`` among groups, each getting one at least and never more than it has.

    Proportional division is Sainte-Lague's: the next one goes where counts / (2 given + 1) is largest. Ties go to the earlier group.
    """
    given = [1] * len(counts)
    waiting = [(_claim(count, 1, allocation), place) for place, count in enumerate(counts)]
    heapify(waiting)
    for _ in range(size - len(counts)):
        _, place = waiting[0]
        given[place] += 1
        heapreplace(waiting, (_claim(counts[place], given[place], allocation), place))
    return tuple(given)


def _claim(count: int, given: int, allocation: Allocation) -> float:
    """Order groups by who is next: smaller comes first, infinity never."""
    if given >= count:
        return float("inf")
    return -count / (2 * given + 1) if allocation is Allocation.PROPORTIONAL else float(given)


def _groups(strata: Mapping[ExcerptId, str]) -> list[list[ExcerptId]]:
    groups: dict[str, list[ExcerptId]] = {}
    for excerpt, name in strata.items():
        groups.setdefault(name, []).append(excerpt)
    return list(groups.values())


def _from_groups(
    groups: Sequence[Sequence[ExcerptId]], sizes: Sequence[int], order: Sequence[ExcerptId], rng: np.random.Generator
) -> tuple[Drawn, ...]:
    drawn = [one for group, size in zip(groups, sizes, strict=True) if size for one in simple_sample(group, size, rng)]
    found = {one.excerpt_id: one for one in drawn}
    return tuple(found[excerpt] for excerpt in order if excerpt in found)
