"""Which excerpts of a round the coders part on, the widest first: the order of the adjudication queue."""

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import polars as pl

from service.agreement.diagnosis import unit_disagreement
from service.agreement.long import Columns, one_code_ratings
from service.agreement.metric import Metric
from service.codebook.model import Codebook, Scheme, Variable
from service.coding.adjudication import Given, parted, value_of
from service.coding.model import Answer
from service.corpus.model import ExcerptId

Place = tuple[ExcerptId, str]
"""An excerpt and a variable: what is resolved."""

_SCHEMA = {"unit": pl.String, "coder": pl.String, "code": pl.String}


def widest_first(given: Mapping[Place, Given], codebook: Codebook, sample: Sequence[ExcerptId]) -> list[tuple[Place, float]]:
    """Order what the coders part on, variable by variable: by the mean difference over pairs of coders, then by the sample's order.

    Codes of an order differ by the ordinal metric; sets of codes and sets of spans are the same or not.
    """
    at = {excerpt: place for place, excerpt in enumerate(sample)}
    found = [
        (number, place, apart)
        for number, variable in enumerate(codebook.variables)
        for place, apart in _apart(given, variable).items()
        if apart > 0
    ]
    ordered = sorted(found, key=lambda one: (one[0], -one[2], at[one[1][0]]))
    return [(place, apart) for _, place, apart in ordered]


def _apart(given: Mapping[Place, Given], variable: Variable) -> dict[Place, float]:
    ordered = variable.scheme is Scheme.ORDERED_VALUE
    # None-applies has no place on an ordered scale; an excerpt on which only that differs counts as the widest of all.
    rows = [row for row in _rows(given, variable) if row[2] or not ordered]
    measured = _measured(rows, [code.name for code in variable.codes] if ordered else None)
    widest = max(measured.values(), default=1.0) or 1.0
    return {
        (excerpt, name): measured.get(excerpt, 0.0) or (widest if parted(answers) else 0.0)
        for (excerpt, name), answers in given.items()
        if name == variable.name
    }


def _measured(rows: list[tuple[str, str, str]], scale: list[str] | None) -> dict[str, float]:
    if not rows:
        return {}
    ratings = one_code_ratings(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), columns=Columns(), variable=None, scale=scale)
    apart = unit_disagreement(ratings, metric=Metric.ORDINAL if scale else Metric.NOMINAL)
    return {unit: float(value) for unit, value in zip(ratings.units.to_list(), apart, strict=True) if not math.isnan(value)}


def _rows(given: Mapping[Place, Given], variable: Variable) -> Iterable[tuple[str, str, str]]:
    for (excerpt, name), answers in given.items():
        if name == variable.name:
            for person, answer in answers.items():
                yield str(excerpt), str(person), _label(answer, variable.scheme)


def _label(answer: Answer, scheme: Scheme) -> str:
    if scheme in {Scheme.ONE_CODE, Scheme.ORDERED_VALUE}:
        return next(iter(answer.codes), "")
    return msgspec.json.encode(value_of(answer)).decode()
