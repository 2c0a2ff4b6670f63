"""The unitizing alphas of 2016: u-alpha, its binary form, cu-alpha and (k)u-alpha, from overlaps of spans.

References
----------
Krippendorff, Mathet, Bouvry & Widlöcher (2016) On the reliability of unitizing textual continua. Quality & Quantity 50:2347.
Formulas as two independent public implementations took them from the paper; no printed example of it was at hand to compare with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.moments import Moments
from service.agreement.ratings import PAIR, Floats
from service.agreement.spans import Span, Spans, refuse_overlaps
from service.agreement.tally import count_matrix

GAP = 0
"""Place of the gap in the matrices; codes follow from 1."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A coefficient over the valued overlaps, and the share of the text (or of the code's length) that these cover."""

    estimate: Estimate | Undefined
    coverage: float


@dataclass(frozen=True, slots=True)
class UnitizingAlphas:
    """The family for one set of spans; ``per_code`` holds (k)u-alpha."""

    u_alpha: Estimate | Undefined
    binary: Estimate | Undefined
    cu_alpha: Covered
    per_code: dict[str, Covered]


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """Sums over texts: overlap lengths (gap first), the lambdas, and the S_c of the valued overlaps."""

    overlap: Floats
    own: Floats
    squares: Floats


def unitizing_alphas(spans: Spans) -> UnitizingAlphas:
    """Compute the family. Spans of one coder may not overlap; splitting a span into adjacent ones of its code is no disagreement.

    Undefined: no_data (nobody marked anything), one_coder, no_variation (no gaps for the binary form, one code for cu-alpha),
    no_pairable_units (no valued overlap).
    """
    refuse_overlaps(spans)
    if (reason := _nothing(spans)) is not None:
        none = undefined(reason, _basis(spans))
        return UnitizingAlphas(none, none, Covered(none, 0.0), {code: Covered(none, 0.0) for code in spans.codes()})
    found = _add(text_lengths(spans))
    cu = _valued(found)
    collapsed = _add(text_lengths(spans.collapsed()))
    whole = len(spans.coders) * sum(length * spans.weight(text) for text, length in spans.texts.items())
    return UnitizingAlphas(
        u_alpha=_estimate("u_alpha", u_terms(found), spans),
        binary=_estimate("u_alpha_binary", u_terms(collapsed), spans),
        cu_alpha=Covered(_estimate("cu_alpha", _cu_terms(found, cu), spans), float(cu.sum()) / whole),
        per_code={code: _of_code(found, cu, at, spans) for at, code in enumerate(spans.codes())},
    )


def unitizing_moments(spans: Spans) -> Moments:
    """Totals of u-alpha with texts as what is resampled."""
    each = text_lengths(spans)
    q = len(spans.codes()) + 1
    rows = np.array([np.concatenate([text.overlap.ravel(), text.own]) for text in each])

    def formula(totals: Floats) -> Floats:
        overlap = totals[..., : q * q].reshape(*totals.shape[:-1], q, q)
        return _ratio(*_u_sums(overlap, totals[..., q * q :]))

    return Moments(rows, np.ones(len(rows), np.int64), np.arange(len(rows)), formula)


def text_lengths(spans: Spans) -> list[Lengths]:
    """Measure each text on its own; the sums over texts are the continuum of the paper."""
    place = {code: at for at, code in enumerate(spans.codes(), GAP + 1)}
    measured = [_measure(spans, text, place) for text in spans.texts]
    if spans.weights is None:
        return measured
    # A text that counts twice is a text that stands there twice: every sum over texts is linear in it.
    weights = [spans.weight(text) for text in spans.texts]
    return [Lengths(one.overlap * w, one.own * w, one.squares * w) for one, w in zip(measured, weights, strict=True)]


def _measure(spans: Spans, text: str, place: dict[str, int]) -> Lengths:
    inside = [span for span in spans.spans if span.text == text]
    cuts, value = pieces(inside, spans.texts[text], spans.coders, place)
    width = np.diff(cuts).astype(np.float64)
    own, squares = np.zeros(len(place) + 1), np.zeros(len(place) + 1)
    for span in inside:
        own[place[span.code]] += (span.end - span.start) ** 2
    own[GAP] = float((width * (value == GAP)).sum())
    m, q = len(spans.coders), len(place) + 1
    for span in inside:
        first, last = np.searchsorted(cuts, (span.start, span.end))
        beside = (value[:, first:last] != GAP) @ width[first:last]
        beside[spans.coders.index(span.coder)] = 0
        squares[place[span.code]] += float((beside**2).sum()) / (m - 1)
    return Lengths(_overlaps(value, width, q), own, squares)


def pieces(
    inside: Sequence[Span], length: int, coders: Sequence[str], place: Mapping[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Cut a text wherever a span of it begins or ends: the cuts, and the place of the code that each coder gave each piece."""
    cuts = np.unique([0, length, *(span.start for span in inside), *(span.end for span in inside)])
    value = np.full((len(coders), len(cuts) - 1), GAP, np.int32)
    for span in inside:
        first, last = np.searchsorted(cuts, (span.start, span.end))
        value[coders.index(span.coder), first:last] = place[span.code]
    return cuts, value


def _overlaps(value: NDArray[np.int32], width: Floats, q: int) -> Floats:
    m = len(value)
    counts = count_matrix(value.T, q)
    weighted = counts * width[:, None]
    return (counts.T @ weighted - np.diag(weighted.sum(axis=0))) / (m - 1)


def _add(each: list[Lengths]) -> Lengths:
    return Lengths(
        np.sum([text.overlap for text in each], axis=0),
        np.sum([text.own for text in each], axis=0),
        np.sum([text.squares for text in each], axis=0),
    )


def u_terms(found: Lengths) -> tuple[float, float]:
    """Give observed and expected disagreement of u-alpha, as shares of the total length."""
    observed, expected = _u_sums(found.overlap, found.own)
    total = found.overlap.sum()
    return float(observed / total), float(expected / total)


def _u_sums(overlap: Floats, own: Floats) -> tuple[Floats, Floats]:
    row = overlap.sum(axis=-1)
    total = row.sum(axis=-1)
    below = total**2 - own.sum(axis=-1)
    same = ((row**2 - own).sum(axis=-1)) * total / np.where(below == 0, 1, below)
    return total - np.trace(overlap, axis1=-2, axis2=-1), total - same


def _ratio(observed: Floats, expected: Floats) -> Floats:
    none = np.abs(expected) < np.finfo(float).eps
    return np.where(none, np.nan, 1 - observed / np.where(none, 1, expected))


def _valued(found: Lengths) -> Floats:
    return found.overlap[GAP + 1 :, GAP + 1 :]


def _cu_expected(found: Lengths, cu: Floats) -> Floats | None:
    row, squares = cu.sum(axis=1), found.squares[GAP + 1 :]
    total = float(row.sum())
    below = total - float(squares.sum()) / total if total else 0.0
    return None if below <= 0 else (np.outer(row, row) - np.diag(squares)) / below


def _cu_terms(found: Lengths, cu: Floats) -> tuple[float, float] | Reason:
    expected = _cu_expected(found, cu)
    if not cu.any():
        return Reason.NO_PAIRABLE_UNITS
    if expected is None or len(cu) == 1:
        return Reason.NO_VARIATION
    return float(cu.sum() - np.trace(cu)) / float(cu.sum()), float(expected.sum() - np.trace(expected)) / float(expected.sum())


def _of_code(found: Lengths, cu: Floats, at: int, spans: Spans) -> Covered:
    length = float(found.overlap[at + GAP + 1].sum())
    row = float(cu[at].sum())
    coverage = row / length if length else 0.0
    expected = _cu_expected(found, cu)
    if row == 0:
        return Covered(undefined(Reason.NO_PAIRABLE_UNITS, _basis(spans)), coverage)
    if expected is None or len(cu) == 1:
        return Covered(undefined(Reason.NO_VARIATION, _basis(spans)), coverage)
    chance = float(expected[at].sum())
    if chance <= np.finfo(float).eps:
        return Covered(undefined(Reason.NO_VARIATION, _basis(spans)), coverage)
    terms = (row - float(cu[at, at])) / row, (chance - float(expected[at, at])) / chance
    return Covered(_estimate("ku_alpha", terms, spans), coverage)


def _estimate(name: str, terms: tuple[float, float] | Reason, spans: Spans) -> Estimate | Undefined:
    if isinstance(terms, Reason):
        return undefined(terms, _basis(spans))
    observed, expected = terms
    if expected <= np.finfo(float).eps:
        return undefined(Reason.NO_VARIATION, _basis(spans))
    return Estimate(
        coefficient=name, value=1 - observed / expected, basis=_basis(spans), observed=observed, expected=expected, on="disagreement"
    )


def _nothing(spans: Spans) -> Reason | None:
    if not spans.spans or not spans.texts:
        return Reason.NO_DATA
    return Reason.ONE_CODER if len(spans.coders) < PAIR else None


def _basis(spans: Spans) -> Basis:
    """Count texts as units and spans as values."""
    silent = tuple(sorted(set(spans.coders) - {span.coder for span in spans.spans}))
    texts = len(spans.texts)
    return Basis(
        units=texts, pairable_units=texts, coders=len(spans.coders), values=len(spans.spans), missing_share=0.0, silent_coders=silent
    )
