"""A closed round as figures are computed from it: what the close revealed and what had been drawn, gathered once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from service.agreement.long import Columns
from service.codebook.model import Codebook, Scheme
from service.coding.draw import Drawn, weights_of
from service.coding.model import Coding, PersonId
from service.coding.reveal import Revealed, blind_codings
from service.corpus.model import ExcerptId
from service.report.marked import SpanRow, span_rows

COLUMNS = Columns(unit="unit", coder="coder", code="code", variable="variable")
SCHEMA = {"unit": pl.String, "coder": pl.String, "variable": pl.String, "code": pl.String}

Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The excerpts that were drawn, in the round's order.

    ``documents`` names each excerpt's document, ``lengths`` are in code points and measure spans, ``weights`` are 1/inclusion probability,
    None where all are the same.
    """

    documents: Mapping[str, str]
    lengths: Mapping[str, int]
    weights: Mapping[str, float] | None = None

    @classmethod
    def of(cls, drawn: Sequence[tuple[str, str, int, float]]) -> "Sample":
        """Gather excerpts, each with its document, its length and its inclusion probability."""
        weights = weights_of([Drawn(ExcerptId(excerpt), probability) for excerpt, _, _, probability in drawn])
        return cls(
            documents={excerpt: document for excerpt, document, _, _ in drawn},
            lengths={excerpt: length for excerpt, _, length, _ in drawn},
            weights=None if weights is None else {str(excerpt): weight for excerpt, weight in weights.items()},
        )

    @property
    def clusters(self) -> Mapping[str, str] | None:
        """What intervals resample in place of excerpts, if anything."""
        return clusters(self.documents)


@dataclass(frozen=True, kw_only=True)
class ClosedRound:
    """A closed round's codings with their verdicts, the revision they were coded by, its coders' names, and its sample."""

    revealed: Sequence[Revealed]
    codebook: Codebook
    coders: Mapping[PersonId, str]
    sample: Sample

    @cached_property
    def blind(self) -> dict[tuple[PersonId, ExcerptId], Coding]:
        """The codings that coefficients are computed on."""
        return blind_codings(self.revealed)

    @cached_property
    def table(self) -> pl.DataFrame:
        """The blind codings as long rows."""
        return long_table(self.blind.values(), self.coders)

    @cached_property
    def spans(self) -> Sequence[SpanRow]:
        """What the blind codings marked; nothing where no variable is of spans."""
        marking = any(variable.scheme is Scheme.SPANS for variable in self.codebook.variables)
        return tuple(span_rows(self.blind.values(), self.coders)) if marking else ()


def long_table(codings: Iterable[Coding], coders: Mapping[PersonId, str]) -> pl.DataFrame:
    """Make the long rows ``unit, coder, variable, code``; an empty code is none-applies, a skip has no row."""
    columns = list(zip(*_rows_of(codings, coders), strict=True)) or [()] * len(SCHEMA)
    return pl.DataFrame(dict(zip(SCHEMA, columns, strict=True)), schema=SCHEMA)


def _rows_of(codings: Iterable[Coding], coders: Mapping[PersonId, str]) -> Iterable[Row]:
    for coding in codings:
        if coding.content is not None:
            for answer in coding.content.answers:
                for code in answer.codes or sorted({span.code for span in answer.spans}) or ("",):
                    yield str(coding.excerpt_id), coders[coding.person_id], answer.variable, code


def clusters(documents: Mapping[str, str]) -> Mapping[str, str] | None:
    """Give the documents to resample, if there are several: one document has nothing to resample."""
    return documents if len(set(documents.values())) > 1 else None
