"""Of what kind disagreements are: another code, a code left out, a coarser code of the same branch, another boundary."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from service.agreement.ratings import Ratings
from service.agreement.spans import Span, Spans
from service.agreement.tally import units_of_equal_size


class Kind(StrEnum):
    """What sort of difference it is between two codings of the same thing."""

    SWAP = "swap"
    OMISSION = "omission"
    GRANULARITY = "granularity"
    BOUNDARY = "boundary"


@dataclass(frozen=True, slots=True)
class Split:
    """How many differences there are of each kind, over all pairs of coders, and each kind's share of them."""

    counts: dict[Kind, int]

    def shares(self) -> dict[Kind, float]:
        total = sum(self.counts.values())
        return {kind: n / total if total else 0.0 for kind, n in self.counts.items()}


def split_codings(ratings: Ratings, *, members: Sequence[Sequence[str]], parents: Mapping[str, str]) -> Split:
    """Split the disagreements of a one-code or several-codes variable.

    Parameters
    ----------
    members
        The codes of each place of the scale; none for none-applies.
    parents
        The parent of each code that has one.
    """
    pairs: Counter[tuple[int, int]] = Counter()
    for m, _, codes in units_of_equal_size(ratings, ratings.per_unit()):
        for i, j in combinations(range(m), 2):
            pairs.update(zip(codes[:, i].tolist(), codes[:, j].tolist(), strict=True))
    counts = Counter[Kind]()
    for (one, other), times in pairs.items():
        for kind, n in differences(members[one], members[other], parents).items():
            counts[kind] += n * times
    return _split(counts)


def differences(first: Iterable[str], second: Iterable[str], parents: Mapping[str, str]) -> Counter[Kind]:
    """Pair off what only one coder gave: first along branches, then as swaps; what stays alone was left out by the other."""
    mine, yours = set(first) - {""}, set(second) - {""}
    mine, yours = mine - yours, yours - mine
    kinds = Counter[Kind]()
    for code in sorted(mine):
        kin = next((other for other in sorted(yours) if _one_branch(code, other, parents)), None)
        if kin is not None:
            kinds[Kind.GRANULARITY] += 1
            mine, yours = mine - {code}, yours - {kin}
    kinds[Kind.SWAP] += min(len(mine), len(yours))
    kinds[Kind.OMISSION] += abs(len(mine) - len(yours))
    return kinds


def split_spans(spans: Spans, *, parents: Mapping[str, str]) -> Split:
    """Split the disagreements of spans, pair of coders by pair: each span meets the one that overlaps it most."""
    counts = Counter[Kind]()
    for text in spans.texts:
        by_coder = {coder: [span for span in spans.spans if span.text == text and span.coder == coder] for coder in spans.coders}
        for one, other in combinations(spans.coders, 2):
            counts += _span_differences(by_coder[one], by_coder[other], parents)
    return _split(counts)


def _span_differences(first: Sequence[Span], second: Sequence[Span], parents: Mapping[str, str]) -> Counter[Kind]:
    kinds = Counter[Kind]()
    free = list(second)
    for span in first:
        met = max(free, key=lambda other: (_overlap(span, other), span.code == other.code), default=None)
        if met is None or _overlap(span, met) <= 0:
            kinds[Kind.OMISSION] += 1
            continue
        free.remove(met)
        if span.code != met.code:
            kinds[Kind.GRANULARITY if _one_branch(span.code, met.code, parents) else Kind.SWAP] += 1
        elif (span.start, span.end) != (met.start, met.end):
            kinds[Kind.BOUNDARY] += 1
    kinds[Kind.OMISSION] += len(free)
    return kinds


def _overlap(one: Span, other: Span) -> int:
    return min(one.end, other.end) - max(one.start, other.start)


def _one_branch(one: str, other: str, parents: Mapping[str, str]) -> bool:
    return one in _above(other, parents) or other in _above(one, parents)


def _above(code: str, parents: Mapping[str, str]) -> set[str]:
    above: set[str] = set()
    while code in parents and parents[code] not in above:
        code = parents[code]
        above.add(code)
    return above


def _split(counts: Counter[Kind]) -> Split:
    return Split({kind: counts[kind] for kind in Kind})
