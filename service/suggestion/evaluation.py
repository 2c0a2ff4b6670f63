"""How good suggestions are on resolved excerpts, beside what is had for nothing: the most frequent code, and shared words."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.suggestion.calibration import Bin, brier, expected_calibration_error, reliability

Floats = NDArray[np.float64]
_WORD = re.compile(r"\w+")


class CodeQuality(msgspec.Struct, frozen=True):
    """Of one code: how many excerpts have it, how many were said to, and how many of both; a ratio without a denominator is None."""

    code: str
    resolved: int
    said: int
    right: int

    @property
    def precision(self) -> float | None:
        return self.right / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        return self.right / self.resolved if self.resolved else None

    @property
    def f1(self) -> float | None:
        """None where no excerpt has the code: there is nothing to find."""
        return 2 * self.right / (self.said + self.resolved) if self.resolved else None


class Quality(msgspec.Struct, frozen=True):
    """Of one method on one variable; calibration only where it gives probabilities. ``bins`` are the reliability diagram.

    Top-1 and top-3: whether one of the excerpt's codes is among the first one or three.
    """

    method: str
    excerpts: int
    top1: float
    top3: float
    macro_f1: float
    codes: tuple[CodeQuality, ...]
    calibration_error: float | None = None
    brier: float | None = None
    bins: tuple[Bin, ...] = ()


def quality(
    method: str, codes: Sequence[str], scores: Floats, truth: Floats, *, probabilities: bool, said: Floats | None = None
) -> Quality:
    """Judge scores ``float64[excerpts, codes]`` by the codes that the excerpts were resolved to; ties go to the codebook's order.

    ``said`` are the codes that the method says, where that is not the first one: several may be, and each probability counts by itself.
    Macro-F1 is the mean F1 of the codes that at least one excerpt has.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    several, said = said is not None, np.eye(len(codes))[order[:, 0]] if said is None else said
    among = np.take_along_axis(truth, order, axis=1) > 0
    each = tuple(
        CodeQuality(code, int(truth[:, place].sum()), int(said[:, place].sum()), int((said * truth)[:, place].sum()))
        for place, code in enumerate(codes)
    )
    bins = _bins(scores, truth, among[:, 0], several=several) if probabilities else ()
    return Quality(
        method,
        len(scores),
        float(among[:, 0].mean()),
        float(among[:, :3].any(axis=1).mean()),
        float(np.mean([code.f1 for code in each if code.f1 is not None])),
        each,
        expected_calibration_error(bins) if bins else None,
        brier(scores, truth) if bins else None,
        bins,
    )


def most_frequent(truth: Floats) -> Floats:
    """Baseline: how often each code was given, the excerpt's own code included, which flatters it."""
    return np.tile(truth.sum(axis=0), (len(truth), 1))


def keyword_overlap(excerpts: Sequence[str], documents: Sequence[str]) -> Floats:
    """Baseline: BM25 (Robertson & Zaragoza 2009; k1 1.2, b .75) of each excerpt's words in each code's joined texts."""
    counts = [Counter(_words(document)) for document in documents]
    lengths = np.array([sum(count.values()) for count in counts], np.float64)
    norm = 1.2 * (0.25 + 0.75 * lengths / max(float(lengths.mean()), 1.0))
    found = np.zeros((len(excerpts), len(documents)))
    for row, excerpt in enumerate(excerpts):
        for word in set(_words(excerpt)):
            frequency = np.array([count[word] for count in counts], np.float64)
            holding = int((frequency > 0).sum())
            rarity = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            found[row] += rarity * frequency * 2.2 / (frequency + norm)
    return found


def _bins(scores: Floats, truth: Floats, hit: NDArray[np.bool_], *, several: bool) -> tuple[Bin, ...]:
    return reliability(scores.ravel(), truth.ravel() > 0) if several else reliability(scores.max(axis=1), hit)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
