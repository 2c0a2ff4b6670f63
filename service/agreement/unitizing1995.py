"""Krippendorff's first unitizing alpha (1995, 2004), kept for those who compare with INCEpTION or DKPro."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.ratings import PAIR
from service.agreement.spans import Spans, refuse_overlaps

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class AlphaU:
    """alpha_U over all codes, and of each code."""

    overall: Estimate | Undefined
    per_code: dict[str, Estimate | Undefined]


def alpha_u(spans: Spans) -> AlphaU:
    """Compute alpha_U: squared distances of boundaries; several texts are laid end to end.

    Spans of different codes may overlap. Superseded by the 2016 family for more than two coders.

    References
    ----------
    Krippendorff (1995) On the reliability of unitizing contiguous data; Krippendorff (2004) Content analysis, 2nd ed., p. 254.
    """
    resting_on = _basis(spans)
    if not spans.spans or len(spans.coders) < PAIR:
        none = undefined(Reason.NO_DATA if not spans.spans else Reason.ONE_CODER, resting_on)
        return AlphaU(none, dict.fromkeys(spans.codes(), none))
    terms = {code: _terms(spans.only(code)) for code in spans.codes()}
    observed = sum(term[0] for term in terms.values()) / len(terms)
    expected = sum(term[1] for term in terms.values()) / len(terms)
    return AlphaU(_estimate(observed, expected, resting_on), {code: _estimate(*term, resting_on) for code, term in terms.items()})


def _estimate(observed: float, expected: float, resting_on: Basis) -> Estimate | Undefined:
    if expected == 0:
        return undefined(Reason.NO_VARIATION, resting_on)
    return Estimate(
        coefficient="alpha_u_1995",
        value=1 - observed / expected,
        basis=resting_on,
        observed=observed,
        expected=expected,
        on="disagreement",
    )


def _terms(spans: Spans) -> tuple[float, float]:
    refuse_overlaps(spans)
    length, m = sum(spans.texts.values()), len(spans.coders)
    marked = _on_one_line(spans)
    gaps = {coder: _gaps(marked[coder], length) for coder in spans.coders}
    apart = sum(
        _between(marked[i], marked[j]) + _unmatched(marked[i], gaps[j]) + _unmatched(marked[j], gaps[i])
        for i, j in combinations(spans.coders, 2)
    )
    sizes = [end - start for coder in spans.coders for start, end in marked[coder]]
    free = [end - start for coder in spans.coders for start, end in gaps[coder]]
    chance = sum(
        (len(sizes) - 1) * (2 * size**3 - 3 * size**2 + size) / 3 + size**2 * sum(gap - size + 1 for gap in free if gap >= size)
        for size in sizes
    )
    below = m * length * (m * length - 1) - sum(size * (size - 1) for size in sizes)
    return 2 * apart / (m * (m - 1) * length**2), 2 * chance / (length * below)


def _on_one_line(spans: Spans) -> dict[str, list[Stretch]]:
    start, begins = 0, dict[str, int]()
    for text, length in spans.texts.items():
        begins[text] = start
        start += length
    marked = defaultdict[str, list[Stretch]](list)
    for span in spans.spans:
        marked[span.coder].append((begins[span.text] + span.start, begins[span.text] + span.end))
    return marked


def _gaps(marked: list[Stretch], length: int) -> list[Stretch]:
    edges = [0, *(edge for stretch in marked for edge in stretch), length]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end > start]


def _between(first: list[Stretch], second: list[Stretch]) -> int:
    return sum((a - c) ** 2 + (b - d) ** 2 for a, b in first for c, d in second if a < d and c < b)


def _unmatched(marked: list[Stretch], gaps: list[Stretch]) -> int:
    return sum((end - start) ** 2 for start, end in marked if any(a <= start and end <= b for a, b in gaps))


def _basis(spans: Spans) -> Basis:
    texts = len(spans.texts)
    return Basis(units=texts, pairable_units=texts, coders=len(spans.coders), values=len(spans.spans), missing_share=0.0)
