"""All that a lead reads of one variable, by one methods profile: the figures, the codes, the coders, the kinds of disagreement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from service.agreement.codes import CodeTable, code_table
from service.agreement.coefficients import Choice, Coefficient
from service.agreement.compute import estimated
from service.agreement.diagnosis import Influence, leave_one_coder_out
from service.agreement.estimate import Estimate, Undefined
from service.agreement.kinds import Split, split_codings
from service.agreement.long import Columns
from service.agreement.metric import Metric
from service.agreement.overall import overall
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme, Variable, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the dashboard is of. ``documents`` maps units to documents (None resamples units), ``parents`` codes to their parents."""

    name: str | None
    scheme: Scheme
    codes: Sequence[str] | None
    profile: MethodsProfile
    documents: Mapping[str, str] | None
    parents: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """``overall`` has every coefficient, alpha with its interval; ``methods`` is to be printed with all of it."""

    variable: str | None
    scheme: Scheme
    methods: str
    overall: dict[Coefficient, Estimate | Undefined]
    codes: CodeTable
    without_coder: tuple[Influence, ...]
    kinds: Split


def dashboard(table: pl.DataFrame, asked: Asked, *, columns: Columns) -> Dashboard:
    """Compute the whole dashboard of one variable; the sets of a several-codes variable count as nominal codes outside alpha."""
    metric, weights = asked.profile.metric[asked.scheme], asked.profile.weights[asked.scheme]
    reading = read(table, Variable(name=asked.name, scheme=asked.scheme, metric=metric, codes=asked.codes), columns=columns)
    ratings = reading.ratings if asked.documents is None else reading.ratings.clustered(asked.documents)
    how = asked.profile.uncertainty(by_cluster=asked.documents is not None)
    single = metric if reading.sets is None else Metric.NOMINAL
    alpha = estimated(replace(reading, ratings=ratings), Choice(coefficient=Coefficient.ALPHA, metric=metric), how)
    return Dashboard(
        variable=asked.name,
        scheme=asked.scheme,
        methods=asked.profile.sentence(asked.scheme, by_cluster=asked.documents is not None),
        overall=overall(ratings, metric=single, weights=weights) | {Coefficient.ALPHA: alpha},
        codes=code_table(ratings, codes=reading.codes, members=reading.members, how=how),
        without_coder=leave_one_coder_out(ratings, metric=single),
        kinds=split_codings(ratings, members=reading.members, parents=asked.parents),
    )
