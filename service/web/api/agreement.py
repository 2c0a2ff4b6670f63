"""Agreement of a closed round, computed on the frozen set each time it is asked for."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec.structs import replace

from service.agreement.coefficients import Coefficient
from service.agreement.interval import Method
from service.agreement.metric import Metric
from service.agreement.profile import profile_named
from service.agreement.weights import Weights
from service.coding.visibility import Sight
from service.errors import BadInput
from service.report.agreement import RoundReport
from service.report.asked import Choices
from service.report.merging import Merged
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.identity import Principal
from service.web.openapi import READS, refusals
from service.web.remembered import Remembered

STANDARD = "standard-1"
Listed = Annotated[int, QueryParameter(ge=0, le=100_000, description="How many disagreeing excerpts to list for each variable.")]
Profile = Annotated[str, QueryParameter(description="The versioned methods profile that names every choice; printed with the figures.")]
Variable = Annotated[str | None, QueryParameter(description="The variable that `coefficient` is asked of.")]
Level = Annotated[float | None, QueryParameter(gt=0, lt=1, description="Level of the interval, such as .95.")]
Replicates = Annotated[int | None, QueryParameter(ge=1, le=10_000, description="Replicates of a bootstrap.")]
Seed = Annotated[int | None, QueryParameter(ge=0, le=2_147_483_647, description="Seed of a bootstrap.")]


@get("/rounds/{round_id:uuid}/agreement", responses=refusals(*READS), sync_to_thread=True, operation_id="getAgreement")
def get_agreement(  # noqa: PLR0913, PLR0917
    round_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    remembered: NamedDependency[Remembered],
    profile: Profile = STANDARD,
    disagreements: Listed = 100,
    variable: Variable = None,
    coefficient: FromQuery[Coefficient | None] = None,
    metric: FromQuery[Metric | None] = None,
    weights: FromQuery[Weights | None] = None,
    interval: FromQuery[Method | None] = None,
    level: Level = None,
    replicates: Replicates = None,
    seed: Seed = None,
    cluster: FromQuery[bool] = False,  # noqa: FBT002
) -> RoundReport:
    """Give a closed round's agreement for each variable. While the round is open, this answers like a round that does not exist.

    The report is made by a methods profile. `asked` holds one coefficient more if `variable` and `coefficient` are given: by the choices
    given, or by the profile if there are none; with `cluster` its interval resamples documents.
    """
    made = any(choice is not None for choice in (metric, weights, interval, level, replicates, seed))
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        shows_codings = access.may_see(tx, who, round_, Sight.CODINGS)
        names = access.names(tx, who, round_)
        listed = disagreements if shows_codings else 0
        report = remembered.report((tx, who, round_), profile=profile_named(profile), names=names, listed=listed)
        if coefficient is None:
            return report
        if variable is None:
            message = "Name the variable that the coefficient is asked of."
            raise BadInput(message)
        choices = Choices(
            coefficient=coefficient,
            profile=None if made else profile,
            metric=metric,
            weights=weights,
            interval=interval,
            level=level,
            replicates=replicates,
            seed=seed,
        )
        return replace(report, asked=[tx.reports.ask(round_, variable, choices, by_document=cluster)])


@get("/rounds/{round_id:uuid}/agreement/merge", responses=refusals(*READS), sync_to_thread=True, operation_id="whatIfMerged")
def what_if_merged(  # noqa: PLR0913, PLR0917
    round_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    variable: Annotated[str | None, QueryParameter(description="The variable both codes are of; else the first.")] = None,
    first: Annotated[str | None, QueryParameter(description="The code that stays; else the variable's first.")] = None,
    second: Annotated[str | None, QueryParameter(description="The code that would be taken for it; else the second.")] = None,
    profile: Profile = STANDARD,
) -> Merged:
    """Give alpha of a closed round as it is, and as if two codes were one. Nothing is changed."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.RESULTS, Scope.RESULTS)
        variables = tx.codebooks.revision(round_.revision_id).codebook.variables
        chosen = next((one for one in variables if one.name == variable), variables[0]) if variable else variables[0]
        names = [code.name for code in chosen.codes]
        pair = (first or names[0], second or names[-1 if len(names) == 1 else 1])
        return tx.reports.merged(round_, variable or chosen.name, pair, profile=profile_named(profile))


router = Router("/", route_handlers=[get_agreement, what_if_merged], tags=["Agreement"])
