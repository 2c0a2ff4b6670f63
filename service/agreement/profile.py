"""Versioned methods profiles: every choice of method under one name that is printed with the result and never changes."""

from dataclasses import dataclass

from service.agreement.coefficients import Choice, Coefficient
from service.agreement.interval import Method, Uncertainty
from service.agreement.metric import Metric
from service.agreement.summary import Scheme
from service.agreement.weights import Weights
from service.errors import BadInput

WEIGHED = "Each excerpt weighs 1/its probability of being drawn."


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodsProfile:
    """A named set of choices. A change of any of them is a new version: a report made under the old name stays reproducible."""

    name: str
    version: int
    metric: dict[Scheme, Metric]
    weights: dict[Scheme, Weights]
    method: Method
    level: float
    replicates: int
    seed: int

    @property
    def label(self) -> str:
        """Give name and version as they are asked for and printed: ``standard-1``."""
        return f"{self.name}-{self.version}"

    def choice(self, coefficient: Coefficient, scheme: Scheme) -> Choice:
        """Give a coefficient the metric and weights of this profile."""
        return Choice(coefficient=coefficient, metric=self.metric[scheme], weights=self.weights[scheme])

    def uncertainty(self, *, by_cluster: bool) -> Uncertainty:
        """Give the interval of this profile; over documents wherever they are known."""
        return Uncertainty(method=self.method, level=self.level, by_cluster=by_cluster, replicates=self.replicates, seed=self.seed)

    def sentence(self, scheme: Scheme, *, by_cluster: bool, weighted: bool = False) -> str:
        """Say the choices in words, for print beside a result; ``weighted`` if excerpts weigh 1/inclusion probability."""
        what = "documents" if by_cluster else "excerpts"
        return (
            f"Methods profile {self.label}: {self.metric[scheme].value} metric, {self.weights[scheme].value} weights, "
            f"{self.level:.0%} interval by {self.method.value} over {what}, {self.replicates} replicates, seed {self.seed}."
            + (f" {WEIGHED}" if weighted else "")
        )


STANDARD_1 = MethodsProfile(
    name="standard",
    version=1,
    metric={Scheme.ONE_CODE: Metric.NOMINAL, Scheme.SEVERAL_CODES: Metric.MASI, Scheme.ORDERED_VALUE: Metric.ORDINAL},
    weights={Scheme.ONE_CODE: Weights.IDENTITY, Scheme.SEVERAL_CODES: Weights.IDENTITY, Scheme.ORDERED_VALUE: Weights.QUADRATIC},
    method=Method.EXPANDED_BCA,
    level=0.95,
    replicates=2_000,
    seed=20110125,
)

PROFILES = {profile.label: profile for profile in (STANDARD_1,)}


def profile_named(label: str) -> MethodsProfile:
    """Find a profile by name and version; there is no default and no newest."""
    if label not in PROFILES:
        raise BadInput(f"There is no methods profile “{label}”. There are: {', '.join(PROFILES)}.")
    return PROFILES[label]
