"""All that a lead reads of one variable, by one methods profile: the figures, the codes, the coders, the kinds of disagreement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from service.agreement.codes import CodeTable, code_table
from service.agreement.coefficients import Choice, Coefficient
from service.agreement.compute import estimated, sampled
from service.agreement.diagnosis import Coincidences, Influence, coincidences, leave_one_coder_out
from service.agreement.estimate import Estimate, Undefined
from service.agreement.kinds import Split, split_codings
from service.agreement.long import Columns
from service.agreement.metric import Metric
from service.agreement.overall import overall
from service.agreement.pair_intervals import with_intervals
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme, Variable, VariableAgreement, read, summary_of

LARGEST_MATRIX = 60
"""Codes up to which the matrix of coincidences is laid out; beyond it nobody reads one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the dashboard is of.

    ``documents`` maps units to documents (None resamples units), ``weights_of_units`` units to 1/inclusion probability, ``parents``
    codes to their parents; ``sample`` names all units that were to be coded, and ``list_at_most`` how many disagreements are listed.
    """

    name: str | None
    scheme: Scheme
    codes: Sequence[str] | None
    profile: MethodsProfile
    documents: Mapping[str, str] | None = None
    weights_of_units: Mapping[str, float] | None = None
    parents: Mapping[str, str]
    sample: Sequence[str] | None = None
    list_at_most: int | None = None

    @property
    def variable(self) -> Variable:
        """The variable with the profile's metric."""
        return Variable(name=self.name, scheme=self.scheme, metric=self.profile.metric[self.scheme], codes=self.codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """``overall`` has every coefficient, alpha with its interval; ``methods`` is to be printed with all of it."""

    variable: str | None
    scheme: Scheme
    methods: str
    summary: VariableAgreement
    overall: dict[Coefficient, Estimate | Undefined]
    codes: CodeTable
    without_coder: tuple[Influence, ...]
    coincidences: Coincidences | None
    kinds: Split


def dashboard(table: pl.DataFrame, asked: Asked, *, columns: Columns) -> Dashboard:
    """Compute the whole dashboard of one variable; the sets of a several-codes variable count as nominal codes outside alpha."""
    profile, variable, by_cluster = asked.profile, asked.variable, asked.documents is not None
    reading = read(table, variable, columns=columns)
    ratings = sampled(reading.ratings, documents=asked.documents, weights_of_units=asked.weights_of_units)
    reading = replace(reading, ratings=ratings)
    how = profile.uncertainty(by_cluster=by_cluster)
    single = variable.metric if reading.sets is None else Metric.NOMINAL
    alpha = estimated(reading, Choice(coefficient=Coefficient.ALPHA, metric=variable.metric), how)
    summary = summary_of(reading, variable, sample=asked.sample, list_at_most=asked.list_at_most)
    return Dashboard(
        variable=asked.name,
        scheme=asked.scheme,
        methods=profile.sentence(asked.scheme, by_cluster=by_cluster, weighted=ratings.weights is not None),
        summary=replace(summary, alpha=alpha, pairs=with_intervals(reading, summary.pairs, level=profile.level, by_cluster=by_cluster)),
        overall=overall(ratings, metric=single, weights=profile.weights[asked.scheme]) | {Coefficient.ALPHA: alpha},
        codes=code_table(ratings, codes=reading.codes, members=reading.members, how=how),
        without_coder=leave_one_coder_out(ratings, metric=single) if reading.sets is None else (),
        coincidences=coincidences(ratings) if reading.sets is None and len(reading.codes) <= LARGEST_MATRIX else None,
        kinds=split_codings(ratings, members=reading.members, parents=asked.parents),
    )
