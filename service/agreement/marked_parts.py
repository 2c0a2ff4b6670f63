"""Parts of a round in which coders marked stretches of text: document by document, and over the order in which each coder coded."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from service.agreement.alpha import nothing_to_compare
from service.agreement.breakdown import QUARTERS, Part
from service.agreement.estimate import Basis, Estimate, Reason, Undefined, undefined
from service.agreement.marked import Marked, alphas_of
from service.agreement.percent import percent_agreement
from service.agreement.ratings import PAIR
from service.agreement.spans import Span, Spans
from service.agreement.unitizing import GAP, pieces

Key = tuple[str, str]
"""A text and who coded it."""


@dataclass(frozen=True, slots=True)
class _Against:
    """Codings against the others of the same texts: how far apart, of how much, each with the weight of its text."""

    apart: Mapping[Key, float]
    of: Mapping[Key, float]

    def mean(self, keys: Iterable[Key]) -> float | None:
        """Average over some codings; None where none of them has another to compare with."""
        used = [key for key in keys if key in self.of]
        return sum(self.apart[key] for key in used) / sum(self.of[key] for key in used) if used else None


def marked_by_document(marked: Marked, documents: Mapping[str, str]) -> list[Part]:
    """Compute u-alpha and the share of pairs that marked exactly the same, of each document alone."""
    texts: dict[str, list[str]] = {name: [] for name in documents.values()}
    for text in marked.texts:
        texts[documents[text]].append(text)
    return [_document(name, marked.within(some)) for name, some in texts.items()]


def marked_by_quarter(marked: Marked, places: Mapping[Key, int]) -> list[Part]:
    """Compare the codings of each quarter of the coders' own orders with what the others marked in the same texts, whenever they did.

    u-alpha's chance is that of the whole round, so that the mean of the quarters, weighted by the lengths of their pairable codings, is the
    u-alpha of the round. ``places`` are where codings stood in their coder's order, from 1; who has none there has no quarter.
    """
    last: dict[str, int] = {}
    for (_, coder), place in places.items():
        last[coder] = max(place, last.get(coder, 0))
    quarters: list[list[Key]] = [[] for _ in range(QUARTERS)]
    for key in marked.given:
        if key in places:
            quarters[(places[key] - 1) * QUARTERS // last[key[1]]].append(key)
    spans = marked.by(marked.active())
    whole, unlike = alphas_of(spans).u_alpha, _unlike(marked)
    apart = _apart(spans) if isinstance(whole, Estimate) else _Against({}, {})
    return [_quarter(str(at), keys, whole, apart, unlike) for at, keys in enumerate(quarters, 1)]


def _document(name: str, some: Marked) -> Part:
    coded = Counter(text for text, _ in some.given)
    return Part(
        name=name,
        units=len(some.texts),
        pairable=sum(times >= PAIR for times in coded.values()),
        codings=len(some.given),
        percent=_value(percent_agreement(some.as_wholes())),
        alpha=_value(alphas_of(some.by(some.active())).u_alpha),
    )


def _quarter(name: str, keys: list[Key], whole: Estimate | Undefined, apart: _Against, unlike: _Against) -> Part:
    texts, used = {text for text, _ in keys}, {text for text, coder in keys if (text, coder) in unlike.of}
    resting_on = Basis(units=len(texts), pairable_units=len(used), coders=PAIR, values=len(keys), missing_share=0.0)
    reason, differing = nothing_to_compare(resting_on), unlike.mean(keys)
    return Part(
        name=name,
        units=len(texts),
        pairable=len(used),
        codings=len(keys),
        percent=undefined(reason or Reason.NO_PAIRABLE_UNITS) if differing is None else 1 - differing,
        alpha=undefined(reason) if reason else _beside(whole, apart.mean(keys)),
    )


def _beside(whole: Estimate | Undefined, observed: float | None) -> float | Undefined:
    if isinstance(whole, Undefined):
        return undefined(whole.reason)
    return undefined(Reason.NO_PAIRABLE_UNITS) if observed is None or not whole.expected else 1 - observed / whole.expected


def _value(found: Estimate | Undefined) -> float | Undefined:
    return found.value if isinstance(found, Estimate) else found


def _apart(spans: Spans) -> _Against:
    """Measure for each coding how much of its text the others marked otherwise, on average."""
    place = {code: at for at, code in enumerate(spans.codes(), GAP + 1)}
    inside: dict[str, list[Span]] = defaultdict(list)
    for span in spans.spans:
        inside[span.text].append(span)
    apart: dict[Key, float] = {}
    for text, length in spans.texts.items():
        cuts, value = pieces(inside[text], length, spans.coders, place)
        width, others = np.diff(cuts).astype(np.float64), len(spans.coders) - 1
        for coder, own in zip(spans.coders, value, strict=True):
            apart[text, coder] = spans.weight(text) * float(((value != own) @ width).sum()) / others
    return _Against(apart, {key: spans.weight(key[0]) * spans.texts[key[0]] for key in apart})


def _unlike(marked: Marked) -> _Against:
    """Count for each coding the share of the others that marked anything else."""
    wholes = {key: tuple(sorted((span.start, span.end, span.code) for span in spans)) for key, spans in marked.given.items()}
    alike = Counter((text, whole) for (text, _), whole in wholes.items())
    coded = Counter(text for text, _ in wholes)
    of = {key: 1.0 if marked.weights is None else marked.weights[key[0]] for key in wholes if coded[key[0]] >= PAIR}
    return _Against({key: of[key] * (coded[key[0]] - alike[key[0], wholes[key]]) / (coded[key[0]] - 1) for key in of}, of)
