"""One coefficient asked for by name, with every choice of method made by the asker or by a named profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from service.agreement.coefficients import Coefficient
from service.agreement.compute import SCHEMA, Request, Result
from service.agreement.interval import Method
from service.agreement.metric import Metric
from service.agreement.summary import Scheme
from service.agreement.weights import Weights
from service.report.figures import Figure, figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What to compute and how. A profile names every choice; without one each choice that the coefficient needs is made here."""

    coefficient: Coefficient
    profile: str | None = None
    metric: Metric | None = None
    weights: Weights | None = None
    interval: Method | None = None
    level: float | None = None
    replicates: int | None = None
    seed: int | None = None

    def request(
        self,
        variable: str,
        scheme: Scheme,
        codes: Sequence[str] | None,
        documents: Mapping[str, str] | None,
        weights_of_units: Mapping[str, float] | None = None,
    ) -> Request:
        """Ask the agreement room for one variable; with documents, intervals resample documents."""
        return Request(
            variable=variable,
            scheme=scheme,
            codes=codes,
            documents=documents,
            weights_of_units=weights_of_units,
            coefficient=self.coefficient,
            profile=self.profile,
            metric=self.metric,
            weights=self.weights,
            interval=self.interval,
            level=self.level,
            replicates=self.replicates,
            seed=self.seed,
        )


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer; ``schema`` is the version of this shape, ``methods`` every choice in words."""

    schema: int
    variable: str | None
    scheme: str
    coefficient: str
    methods: str
    coders: list[str]
    codes: list[str]
    figure: Figure


def computed(result: Result) -> Computed:
    """Write down a result."""
    return Computed(
        schema=SCHEMA,
        variable=result.variable,
        scheme=result.scheme.value,
        coefficient=result.coefficient.value,
        methods=result.methods,
        coders=list(result.coders),
        codes=list(result.codes),
        figure=figure(result.estimate),
    )
