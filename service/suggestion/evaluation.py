"""How good suggestions are on resolved excerpts, beside what is had for nothing: the most frequent code, and shared words."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.suggestion.calibration import brier, expected_calibration_error, reliability

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
    """Of one method on one variable of one code an excerpt; calibration only where it gives probabilities."""

    method: str
    excerpts: int
    top1: float
    top3: float
    macro_f1: float
    codes: tuple[CodeQuality, ...]
    calibration_error: float | None = None
    brier: float | None = None


def quality(method: str, codes: Sequence[str], scores: Floats, truth: Floats, *, probabilities: bool) -> Quality:
    """Judge scores ``float64[excerpts, codes]`` by the codes that the excerpts were resolved to; ties go to the codebook's order.

    Macro-F1 is the mean F1 of the codes that at least one excerpt has.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    said, right = np.eye(len(codes))[order[:, 0]], np.argmax(truth, axis=1)
    each = tuple(
        CodeQuality(code, int(truth[:, place].sum()), int(said[:, place].sum()), int((said * truth)[:, place].sum()))
        for place, code in enumerate(codes)
    )
    hit = order[:, 0] == right
    bins = reliability(scores.max(axis=1), hit) if probabilities else None
    return Quality(
        method,
        len(scores),
        float(hit.mean()),
        float((order[:, :3] == right[:, None]).any(axis=1).mean()),
        float(np.mean([code.f1 for code in each if code.f1 is not None])),
        each,
        None if bins is None else expected_calibration_error(bins),
        None if bins is None else brier(scores, truth),
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


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
