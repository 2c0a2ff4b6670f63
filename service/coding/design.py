"""Who codes which excerpts, in which order, and which of them a second time: functions of the round's seed and of nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from service.coding.model import PersonId
from service.coding.plan import PAIR, Design, DoubleShare, EveryCoder, Overlap, Repeats, SomeCoders
from service.corpus.model import ExcerptId
from service.errors import BadInput

MOST_LISTED = 500
"""Groups of coders up to which all are listed and the one with the rarest pairs is taken."""
_DESIGN = 1_000_000
FIRST, AGAIN = 1, 2

Sets = list[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Turn:
    """One future assignment: who, which excerpt, which time, which place in the person's own order."""

    person_id: PersonId
    excerpt_id: ExcerptId
    occasion: int
    position: int


def draw_turns(excerpts: Sequence[ExcerptId], coders: Sequence[PersonId], seed: int, design: Design) -> tuple[Turn, ...]:
    """Give every coder the own excerpts in an own order, never depending on what anybody coded."""
    sets = coder_sets(len(excerpts), len(coders), design.overlap, seed)
    return tuple(
        turn
        for place, coder in enumerate(coders)
        for turn in turns_of([one for one, who in zip(excerpts, sets, strict=True) if place in who], coder, place, seed, design.repeats)
    )


def turns_of(excerpts: Sequence[ExcerptId], coder: PersonId, place: int, seed: int, repeats: Repeats | None) -> tuple[Turn, ...]:
    """Order one coder's excerpts by the seed and the coder's place among the coders."""
    rng = _stream(seed, place)
    order: list[int] = rng.permutation(len(excerpts)).tolist()
    listed = [(at, FIRST) for at in order] if repeats is None else _with_repeats(order, repeats, rng)
    return tuple(Turn(coder, excerpts[at], occasion, position) for position, (at, occasion) in enumerate(listed))


def coder_sets(excerpts: int, coders: int, overlap: Overlap, seed: int) -> Sets:
    """Say for each excerpt which coders, by place, code it."""
    rng = _stream(seed, _DESIGN)
    match overlap:
        case EveryCoder():
            return [tuple(range(coders))] * excerpts
        case SomeCoders(coders_each=each):
            return _shuffled(_balanced(excerpts, each, _Counts.of(coders), rng), rng)
        case DoubleShare(share=share):
            counts, double = _Counts.of(coders), max(round(share * excerpts), 1)
            return _shuffled(_balanced(double, PAIR, counts, rng) + _balanced(excerpts - double, 1, counts, rng), rng)


def check_design(excerpts: int, coders: int, design: Design) -> None:
    """Refuse a design that these coders or so few excerpts cannot carry out."""
    overlap, repeats = design.overlap, design.repeats
    each = overlap.coders_each if isinstance(overlap, SomeCoders) else PAIR
    if not isinstance(overlap, EveryCoder) and each > coders:
        message = f"{each} coders for each excerpt need {each} coders in the round; there are {coders}."
        raise BadInput(message)
    fewest = least_load(excerpts, coders, overlap)
    if repeats is not None and fewest <= repeats.distance:
        message = f"A coder has {fewest} excerpts, so none can come again after {repeats.distance} others. Choose a shorter distance."
        raise BadInput(message)


def least_load(excerpts: int, coders: int, overlap: Overlap) -> int:
    """Count the excerpts of the coder who has fewest, repeats left out."""
    return codings_of(excerpts, coders, overlap) // coders


def codings_of(excerpts: int, coders: int, overlap: Overlap) -> int:
    """Count the first codings that a design asks for."""
    match overlap:
        case EveryCoder():
            return excerpts * coders
        case SomeCoders(coders_each=each):
            return excerpts * each
        case DoubleShare(share=share):
            return excerpts + max(round(share * excerpts), 1)


def repeated(excerpts: int, repeats: Repeats | None) -> int:
    """Count how many of a coder's excerpts come again."""
    return 0 if repeats is None else max(min(round(repeats.share * excerpts), excerpts - repeats.distance), 1)


def _with_repeats(order: list[int], repeats: Repeats, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Put each repeat behind a first turn that comes ``distance`` first turns after its own, or later."""
    count = len(order)
    again: list[int] = rng.choice(count - repeats.distance, size=repeated(count, repeats), replace=False).tolist()
    behind = [int(rng.integers(at + repeats.distance, count)) for at in again]
    placed = [(at, 0, excerpt, FIRST) for at, excerpt in enumerate(order)]
    placed += [(after, 1 + number, order[at], AGAIN) for number, (at, after) in enumerate(zip(again, behind, strict=True))]
    return [(excerpt, occasion) for _, _, excerpt, occasion in sorted(placed)]


@dataclass(frozen=True, slots=True)
class _Counts:
    """How much each coder has, and how often each two coders meet."""

    load: NDArray[np.int64]
    met: NDArray[np.int64]

    @classmethod
    def of(cls, coders: int) -> "_Counts":
        return cls(np.zeros(coders, np.int64), np.zeros((coders, coders), np.int64))

    def crowding(self, who: tuple[int, ...]) -> int:
        """Say how much a group brings together who met before; one pair that met often weighs more than several that met once."""
        often = self.met - self.met.min()
        return int((np.triu(often[np.ix_(who, who)], 1) ** 3).sum())

    def add(self, who: tuple[int, ...], times: int = 1) -> tuple[int, ...]:
        self.load[list(who)] += times
        self.met[np.ix_(who, who)] += times
        return who


def _balanced(excerpts: int, each: int, counts: _Counts, rng: np.random.Generator) -> Sets:
    """Give each excerpt ``each`` coders: whole rounds through all groups of coders first, the remainder one by one."""
    coders = len(counts.load)
    groups = list(combinations(range(coders), each)) if comb(coders, each) <= MOST_LISTED else []
    rounds = excerpts // len(groups) if groups else 0
    whole = [counts.add(group, rounds) for group in groups if rounds]
    return whole * rounds + [counts.add(_next(each, counts, rng)) for _ in range(excerpts - rounds * len(groups))]


def _next(each: int, counts: _Counts, rng: np.random.Generator) -> tuple[int, ...]:
    """Choose coders of least load; where that leaves a choice, those who met least."""
    tie = rng.permutation(len(counts.load))
    ranked = np.lexsort((tie, counts.load))
    edge = counts.load[ranked[each - 1]]
    sure = [int(at) for at in ranked if counts.load[at] < edge]
    free = [int(at) for at in ranked if counts.load[at] == edge]
    missing = each - len(sure)
    if comb(len(free), missing) <= MOST_LISTED:
        listed = [(*sure, *more) for more in combinations(free, missing)]
        return tuple(sorted(min(listed, key=counts.crowding)))
    while len(sure) < each:
        sure.append(min(free, key=lambda at: int(counts.met[at, sure].sum())))
        free.remove(sure[-1])
    return tuple(sorted(sure))


def _shuffled(sets: Sets, rng: np.random.Generator) -> Sets:
    return [sets[int(at)] for at in rng.permutation(len(sets))]


def _stream(seed: int, place: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))
