"""One variable, analysed by a methods profile: figures, interval, codes with verdicts, coders left out, confusions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from service.agreement.codes import CodeTable, code_table
from service.agreement.coefficients import Coefficient
from service.agreement.compute import Request, compute
from service.agreement.diagnosis import Coincidences, Influence, coincidences, leave_one_coder_out
from service.agreement.estimate import Estimate, Undefined
from service.agreement.long import Columns
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme, Variable, VariableAgreement, read, summarise

COLUMNS = Columns(unit="unit", coder="coder", code="code", variable="variable")
SCHEMA = {"unit": pl.String, "coder": pl.String, "variable": pl.String, "code": pl.String}
LARGEST_MATRIX = 60
"""Codes up to which the matrix of coincidences is laid out; beyond it nobody reads one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """All of one variable. ``alpha`` is the summary's with its interval."""

    summary: VariableAgreement
    methods: str
    alpha: Estimate | Undefined
    codes: CodeTable
    without_coder: tuple[Influence, ...]
    coincidences: Coincidences | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which variable, how it was answered, and by which profile; ``documents`` makes intervals resample documents."""

    variable: str
    scheme: Scheme
    codes: Sequence[str] | None
    profile: MethodsProfile
    documents: Mapping[str, str] | None = None
    sample: Sequence[str] | None = None

    @property
    def clusters(self) -> Mapping[str, str] | None:
        """The documents, if there are several: one document has nothing to resample."""
        return self.documents if self.documents and len(set(self.documents.values())) > 1 else None


def analyse(table: pl.DataFrame, asked: Asked, *, list_at_most: int | None) -> Analysis:
    """Analyse one variable of a long table."""
    profile, clusters = asked.profile, asked.clusters
    variable = Variable(name=asked.variable, scheme=asked.scheme, metric=profile.metric[asked.scheme], codes=asked.codes)
    reading = read(table, variable, columns=COLUMNS)
    ratings = reading.ratings if clusters is None else reading.ratings.clustered(clusters)
    codes = code_table(ratings, codes=reading.codes, members=reading.members, how=profile.uncertainty(by_cluster=clusters is not None))
    with_interval = compute(table, _request(asked), columns=COLUMNS)
    return Analysis(
        summary=summarise(table, variable, columns=COLUMNS, sample=asked.sample, list_at_most=list_at_most),
        methods=with_interval.methods,
        alpha=with_interval.estimate,
        codes=codes,
        without_coder=leave_one_coder_out(reading.ratings, metric=variable.metric) if reading.sets is None else (),
        coincidences=coincidences(ratings) if reading.sets is None and len(reading.codes) <= LARGEST_MATRIX else None,
    )


def _request(asked: Asked) -> Request:
    return Request(
        variable=asked.variable,
        scheme=asked.scheme,
        codes=asked.codes,
        coefficient=Coefficient.ALPHA,
        profile=asked.profile.label,
        documents=asked.clusters,
    )
