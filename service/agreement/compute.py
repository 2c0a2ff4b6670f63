"""One request, one result: what the API and the command line ask for, and the versioned JSON that they answer with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from service.agreement.coefficients import Choice, Coefficient, estimate, with_interval
from service.agreement.estimate import Estimate, Undefined
from service.agreement.interval import Method, Uncertainty, interval
from service.agreement.long import Columns
from service.agreement.metric import Metric
from service.agreement.profile import WEIGHED, profile_named
from service.agreement.ratings import Ratings, documents_of
from service.agreement.sets import set_alpha, set_moments
from service.agreement.summary import Reading, Scheme, Variable, read
from service.agreement.weights import Weights
from service.errors import BadInput

SCHEMA = 1
"""Version of the shape of ``Result``: it grows when a field changes its meaning or goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. A profile names every choice; without one each choice that the coefficient needs must be made.

    ``documents`` maps units to documents and ``weights_of_units`` units to 1/inclusion probability, where there are any.
    """

    variable: str | None
    scheme: Scheme
    codes: Sequence[str] | None
    coefficient: Coefficient
    profile: str | None = None
    metric: Metric | None = None
    weights: Weights | None = None
    interval: Method | None = None
    level: float | None = None
    replicates: int | None = None
    seed: int | None = None
    by_cluster: bool | None = None
    documents: Mapping[str, str] | None = None
    weights_of_units: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is answered, nothing rounded. ``profile`` is the sentence of the profile, or the choices made one by one."""

    schema: int
    variable: str | None
    scheme: Scheme
    coefficient: Coefficient
    methods: str
    codes: tuple[str, ...]
    coders: tuple[str, ...]
    estimate: Estimate | Undefined


def compute(table: pl.DataFrame, request: Request, *, columns: Columns) -> Result:
    """Compute one coefficient of one variable.

    Raises
    ------
    BadInput
        For rows that cannot be read (naming the row), for a choice that is missing or does not fit the scheme.
    """
    if request.profile is not None and (request.metric or request.weights or request.interval):
        raise BadInput("A methods profile already names metric, weights and interval: give the profile or the choices, not both.")
    by_cluster = request.documents is not None if request.by_cluster is None else request.by_cluster
    choice, how, said = _chosen(request, by_cluster=by_cluster)
    # Weights other than identity need an order as the ordinal metric does.
    unweighted = choice.coefficient is Coefficient.ALPHA or choice.weights in {None, Weights.IDENTITY}
    metric = choice.metric or (Metric.NOMINAL if unweighted else Metric.ORDINAL)
    asked = Variable(name=request.variable, scheme=request.scheme, metric=metric, codes=request.codes)
    reading = read(table, asked, columns=columns)
    reading = replace(reading, ratings=sampled(reading.ratings, documents=request.documents, weights_of_units=request.weights_of_units))
    return Result(
        schema=SCHEMA,
        variable=request.variable,
        scheme=request.scheme,
        coefficient=request.coefficient,
        methods=said if reading.ratings.weights is None else f"{said} {WEIGHED}",
        codes=reading.codes,
        coders=reading.ratings.coders,
        estimate=estimated(reading, choice, how),
    )


def rows_of(result: Result) -> list[dict[str, str | float | int | None]]:
    """Lay a result out as one flat row, for CSV and terminal tables."""
    found = result.estimate
    limits = found.interval if isinstance(found, Estimate) and not isinstance(found.interval, Undefined) else None
    return [
        {
            "variable": result.variable,
            "coefficient": result.coefficient.value,
            "value": found.value,
            "reason": found.reason.value if isinstance(found, Undefined) else None,
            "low": limits.low if limits else None,
            "high": limits.high if limits else None,
            "level": limits.level if limits else None,
            "at_least_667": limits.at_least_667 if limits else None,
            "at_least_800": limits.at_least_800 if limits else None,
            "units": found.basis.units if found.basis else None,
            "pairable_units": found.basis.pairable_units if found.basis else None,
            "coders": found.basis.coders if found.basis else None,
            "methods": result.methods,
        }
    ]


def _chosen(request: Request, *, by_cluster: bool) -> tuple[Choice, Uncertainty | None, str]:
    if request.profile is not None:
        profile = profile_named(request.profile)
        choice = profile.choice(request.coefficient, request.scheme)
        return choice, profile.uncertainty(by_cluster=by_cluster), profile.sentence(request.scheme, by_cluster=by_cluster)
    choice = Choice(coefficient=request.coefficient, metric=request.metric, weights=request.weights)
    return choice, _uncertainty(request, by_cluster=by_cluster), _said(request, by_cluster=by_cluster)


def _uncertainty(request: Request, *, by_cluster: bool) -> Uncertainty | None:
    if request.interval is None:
        return None
    if request.level is None:
        raise BadInput("An interval needs a level, such as .95.")
    return Uncertainty(
        method=request.interval, level=request.level, by_cluster=by_cluster, replicates=request.replicates, seed=request.seed
    )


def _said(request: Request, *, by_cluster: bool) -> str:
    parts: list[str] = []
    if request.metric is not None:
        parts.append(f"{request.metric.value} metric")
    if request.weights is not None:
        parts.append(f"{request.weights.value} weights")
    if request.interval is not None:
        parts.append(f"{request.level:.0%} interval by {request.interval.value} over {'documents' if by_cluster else 'excerpts'}")
        parts += [f"{n} {what}" for n, what in ((request.replicates, "replicates"), (request.seed, "as seed")) if n is not None]
    return f"Chosen one by one: {', '.join(parts) or 'no options'}."


def sampled(ratings: Ratings, *, documents: Mapping[str, str] | None, weights_of_units: Mapping[str, float] | None) -> Ratings:
    """Attach documents and weights; a unit that has none is refused, never given a default."""
    units = ratings.units.to_list()
    for given, what in ((documents, "document"), (weights_of_units, "weight")):
        if given is not None and (left := sum(unit not in given for unit in units)):
            raise BadInput(f"{left} of {len(units)} units have no {what}.")
    if documents is not None:
        ratings = ratings.clustered(documents)
    if weights_of_units is not None and units:
        ratings = ratings.weighted([weights_of_units[unit] for unit in units])
    return ratings


def estimated(reading: Reading, choice: Choice, how: Uncertainty | None) -> Estimate | Undefined:
    """Compute a coefficient of what was read, with its interval if one is asked for.

    A several-codes variable has alpha over sets by its own metric; every other coefficient takes the sets as nominal codes.
    """
    if reading.sets is None or choice.coefficient is not Coefficient.ALPHA or choice.metric is None:
        return estimate(reading.ratings, choice) if how is None else with_interval(reading.ratings, choice, how)
    sets = replace(reading.sets, ratings=reading.ratings)
    found = set_alpha(sets, metric=choice.metric)
    if how is None or isinstance(found, Undefined):
        return found
    totals = set_moments(sets, metric=choice.metric)
    if how.by_cluster:
        totals = totals.clustered(documents_of(reading.ratings))
    return replace(found, interval=interval(found.value, totals, how))
