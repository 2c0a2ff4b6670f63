"""Agreement on where a text is cut: boundary similarity, segmentation similarity, WindowDiff, Pk, and pi and kappa over them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.ratings import PAIR
from service.errors import BadInput


@dataclass(frozen=True, slots=True)
class Edits:
    """How two segmentations differ: full misses, near misses and their summed weight, matches."""

    misses: int
    near: int
    near_weight: float
    matches: int


def boundaries(masses: Sequence[int]) -> frozenset[int]:
    """Turn lengths of segments into the positions of the cuts between them."""
    if not masses or min(masses) < 1:
        raise BadInput("Segment lengths are whole numbers from 1 on.")
    ends = [sum(masses[: at + 1]) for at in range(len(masses))]
    return frozenset(ends[:-1])


def compare(first: Sequence[int], second: Sequence[int], *, near: int) -> Edits:
    """Pair off cuts that are up to ``near`` - 1 positions apart as near misses, nearest first, left to right.

    References
    ----------
    Fournier (2013) Evaluating text segmentation using boundary edit distance.
    """
    a, b = _checked(first, second)
    left, right = a - b, b - a
    found, weight = 0, 0.0
    for span in range(1, near):
        for at in range(1, sum(first) - span):
            for one, other in ((left, right), (right, left)):
                if at in one and at + span in other and at + span not in one and at not in other:
                    left, right = left - {at, at + span}, right - {at, at + span}
                    found, weight = found + 1, weight + span / near
                    break
    return Edits(misses=len(left) + len(right), near=found, near_weight=weight, matches=len(a & b))


def boundary_similarity(first: Sequence[int], second: Sequence[int], *, near: int) -> float:
    """B of Fournier (2013); two texts that neither coder cut agree (1)."""
    edits = compare(first, second, near=near)
    total = edits.misses + edits.near + edits.matches
    return 1 - (edits.misses + edits.near_weight) / total if total else 1.0


def segmentation_similarity(first: Sequence[int], second: Sequence[int], *, near: int) -> float:
    """S of Fournier & Inkpen (2012): edits over all places where a cut could be."""
    edits = compare(first, second, near=near)
    places = sum(first) - 1
    return 1 - (edits.misses + edits.near_weight) / places if places else 1.0


def window_diff(hypothesis: Sequence[int], reference: Sequence[int]) -> float:
    """Share of windows with another number of cuts (Pevzner & Hearst 2002); the window is half a mean reference segment."""
    return _windows(hypothesis, reference, lambda a, b: a != b)


def pk(hypothesis: Sequence[int], reference: Sequence[int]) -> float:
    """Share of windows cut by one and not by the other (Beeferman, Berger & Lafferty 1999)."""
    return _windows(hypothesis, reference, lambda a, b: (a > 0) != (b > 0))


@dataclass(frozen=True, slots=True)
class SegmentationAgreement:
    """Chance-corrected boundary similarity of all coders: pi with pooled, kappa with each coder's own rate of cuts."""

    pi: Estimate | Undefined
    kappa: Estimate | Undefined


def segmentation_agreement(texts: Mapping[str, Mapping[str, Sequence[int]]], *, near: int) -> SegmentationAgreement:
    """Compute pi and kappa over ``texts[text][coder]`` = segment lengths; every coder cut every text.

    References
    ----------
    Fournier (2013); Fournier & Inkpen (2012) for the expected agreement; Hearst (1997) for the data everybody compares on.
    """
    coders = sorted({coder for cut in texts.values() for coder in cut})
    if any(sorted(cut) != coders for cut in texts.values()):
        raise BadInput("Every coder must have segmented every text.")
    places = sum(sum(cut[coders[0]]) - 1 for cut in texts.values()) if coders else 0
    resting_on = Basis(units=len(texts), pairable_units=len(texts), coders=len(coders), values=len(texts) * len(coders), missing_share=0.0)
    if len(coders) < PAIR or places == 0:
        none = undefined(Reason.ONE_CODER if len(coders) == 1 else Reason.NO_DATA, resting_on)
        return SegmentationAgreement(none, none)
    edits = [compare(cut[i], cut[j], near=near) for cut in texts.values() for i, j in combinations(coders, 2)]
    total = sum(edit.misses + edit.near + edit.matches for edit in edits)
    if total == 0:
        none = undefined(Reason.NO_VARIATION, resting_on)
        return SegmentationAgreement(none, none)
    observed = 1 - sum(edit.misses + edit.near_weight for edit in edits) / total
    rates = [sum(len(boundaries(cut[coder])) for cut in texts.values()) / places for coder in coders]
    pairs = [one * other for one, other in combinations(rates, 2)]
    return SegmentationAgreement(
        pi=_corrected("segmentation_pi", observed, (sum(rates) / len(rates)) ** 2, resting_on),
        kappa=_corrected("segmentation_kappa", observed, sum(pairs) / len(pairs), resting_on),
    )


def _corrected(name: str, observed: float, expected: float, resting_on: Basis) -> Estimate | Undefined:
    if expected >= 1:
        return undefined(Reason.NO_VARIATION, resting_on)
    value = (observed - expected) / (1 - expected)
    return Estimate(coefficient=name, value=value, basis=resting_on, observed=observed, expected=expected)


def _checked(first: Sequence[int], second: Sequence[int]) -> tuple[frozenset[int], frozenset[int]]:
    if sum(first) != sum(second):
        raise BadInput("The two segmentations are of texts of different length.")
    return boundaries(first), boundaries(second)


def _windows(hypothesis: Sequence[int], reference: Sequence[int], differ: Callable[[int, int], bool]) -> float:
    a, b = _checked(hypothesis, reference)
    length = sum(reference)
    width = max(round(length / len(reference) / 2), 2)
    starts = range(max(length - width, 1))
    apart = [differ(_inside(a, start, width), _inside(b, start, width)) for start in starts]
    return sum(apart) / len(apart)


def _inside(cuts: frozenset[int], start: int, width: int) -> int:
    return sum(start < cut <= start + width for cut in cuts)
