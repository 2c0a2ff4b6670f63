"""Random valid input: small ratings with gaps, sets, spans, in every shape that people can bring."""

from collections.abc import Sequence

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from service.agreement.long import SetRatings
from service.agreement.ratings import Ratings, ratings_from_matrix
from service.agreement.spans import Span, Spans, spans_of
from tests.agreement.data import set_ratings

MANY = settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SOME = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def matrices(draw: st.DrawFn, *, coders: tuple[int, int] = (1, 5), codes: tuple[int, int] = (1, 5)) -> tuple[np.ndarray, int]:
    """A coders x units matrix of places, -1 for a gap, and the number of declared codes."""
    m, q = draw(st.integers(*coders)), draw(st.integers(*codes))
    units = draw(st.integers(0, 8))
    cells = draw(st.lists(st.integers(-1, q - 1), min_size=m * units, max_size=m * units))
    return np.array(cells, np.int32).reshape(m, units), q


@st.composite
def ratings(draw: st.DrawFn, *, coders: tuple[int, int] = (1, 5), codes: tuple[int, int] = (1, 5), weighted: bool = True) -> Ratings:
    """Ratings whose codes are numbers or words, with or without weights, in documents or not."""
    values, q = draw(matrices(coders=coders, codes=codes))
    scale = draw(st.sampled_from([[str(k * k) for k in range(q)], [f"code {chr(97 + k)}" for k in range(q)]]))
    found = ratings_from_matrix(values, scale=scale)
    units = values.shape[1]
    if units and weighted and draw(st.booleans()):
        found = found.weighted(draw(st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=units, max_size=units)))
    if units and draw(st.booleans()):
        found = found.clustered([f"document {at // 2}" for at in range(units)])
    return found


@st.composite
def sets(draw: st.DrawFn) -> SetRatings:
    """Sets of up to three codes, empty ones too."""
    cells = st.one_of(st.none(), st.lists(st.sampled_from("abc"), max_size=3, unique=True))
    rows = [[f"u{u}", f"c{c}", draw(cells)] for u in range(draw(st.integers(0, 5))) for c in range(draw(st.integers(1, 3)))]
    return set_ratings(rows)


@st.composite
def spans(draw: st.DrawFn, *, coders: Sequence[str] = ("a", "b", "c")) -> Spans:
    """Spans that do not overlap within a coder, some coders silent, over one or two texts."""
    texts = {"t1": 20, "t2": 15} if draw(st.booleans()) else {"t1": 20}
    used = coders[: draw(st.integers(1, len(coders)))]
    made: list[Span] = []
    for text, length in texts.items():
        for coder in used:
            cuts = sorted(draw(st.sets(st.integers(0, length), max_size=6)))
            pairs = zip(cuts[::2], cuts[1::2], strict=False)
            made += [Span(text, coder, start, end, draw(st.sampled_from("xy"))) for start, end in pairs]
    return spans_of(made, texts=texts, coders=used)
