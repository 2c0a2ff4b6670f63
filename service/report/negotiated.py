"""Agreement after discussion, beside the blind figures and never among them: coders against resolutions, and who moved to whom.

It rests on the same codings as the blind figures. The reference of an excerpt is its resolution, or the answer on which all of its
coders (two at least) agree; an excerpt whose disagreement is not resolved has none and is counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import polars as pl

from service.agreement.coefficients import Coefficient
from service.agreement.compute import Request, compute, sampled
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme, VariableAgreement, read, summary_of
from service.agreement.summary import Variable as Asked
from service.codebook import model
from service.coding.adjudication import Adjudication, Given, Resolution, after_discussion, moves, parted, unresolved, value_of
from service.coding.model import Answer, PersonId
from service.corpus.model import ExcerptId
from service.report.closed import COLUMNS, SCHEMA, ClosedRound, Sample
from service.report.disagreement import Place
from service.report.figures import figure
from service.report.negotiation import Against, Moved, Negotiated

REFERENCE = "\0 the resolution"
"""In the place of a coder: no person's name begins with NUL."""
PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an adjudication rests on: the answers that the blind figures rest on, and the resolutions that stand."""

    given: Mapping[Place, Given]
    standing: Mapping[Place, Adjudication]

    def of(self, variable: str) -> "Outcome":
        """Keep one variable."""
        given = {place: answers for place, answers in self.given.items() if place[1] == variable}
        return Outcome(given=given, standing={place: one for place, one in self.standing.items() if place[1] == variable})

    def resolution(self, place: Place) -> Resolution | None:
        """Give what stands for an excerpt."""
        found = self.standing.get(place)
        return found.resolution if found else None

    def resolutions(self) -> list[tuple[Place, Resolution]]:
        """List what was resolved."""
        return [(place, resolution) for place in self.standing if (resolution := self.resolution(place)) is not None]


def negotiated(outcome: Outcome, closed: ClosedRound, profile: MethodsProfile) -> list[Negotiated]:
    """Compute what came of a round's adjudication for each variable that has a resolution."""
    parts = [(variable, outcome.of(variable.name)) for variable in closed.codebook.variables]
    return [_of_variable(part, _asked(variable), closed.coders, closed.sample, profile) for variable, part in parts if part.standing]


def reference(outcome: Outcome) -> dict[ExcerptId, Answer]:
    """Give the answer that an excerpt stands for: resolved, or the same by all."""
    agreed = {place[0]: next(iter(given.values())) for place, given in outcome.given.items() if len(given) >= PAIR and not parted(given)}
    return agreed | {place[0]: resolution.answer for place, resolution in outcome.resolutions()}


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    scheme: Scheme
    codes: tuple[str, ...] | None
    whole: bool

    def rows(self, excerpt: str, coder: str, answer: Answer) -> Iterable[tuple[str, str, str, str]]:
        """Write an answer as rows of the long table; spans are compared whole."""
        codes = (msgspec.json.encode(value_of(answer)).decode(),) if self.whole else answer.codes or ("",)
        return [(excerpt, coder, self.name, code) for code in codes]


def _asked(variable: model.Variable) -> _Variable:
    whole = variable.scheme is model.Scheme.SPANS
    scheme = Scheme.ONE_CODE if whole else Scheme(variable.scheme.value)
    return _Variable(variable.name, scheme, None if whole else tuple(code.name for code in variable.codes), whole)


def _of_variable(
    outcome: Outcome, variable: _Variable, coders: Mapping[PersonId, str], sample: Sample, profile: MethodsProfile
) -> Negotiated:
    resolutions = outcome.resolutions()
    after = pl.DataFrame(list(_after(outcome, variable, coders)), schema=SCHEMA, orient="row")
    asked = Asked(name=variable.name, scheme=variable.scheme, metric=profile.metric[variable.scheme], codes=variable.codes)
    alpha = compute(after, _alpha(variable, sample, profile), columns=COLUMNS)
    return Negotiated(
        variable=variable.name,
        methods=alpha.methods,
        resolved=len(resolutions),
        unresolved=len(unresolved(outcome.given, outcome.standing)),
        ways=dict(Counter(one.way for _, one in resolutions)),
        whys=dict(Counter(one.why for _, one in resolutions)),
        against=[_against(person, outcome, variable, asked, coders, sample) for person in coders],
        percent=figure(_summary(after, asked, sample).percent),
        alpha=figure(alpha.estimate),
        moved=_moved(outcome, coders),
    )


def _summary(rows: pl.DataFrame, asked: Asked, sample: Sample) -> VariableAgreement:
    reading = read(rows, asked, columns=COLUMNS)
    weighted = replace(reading, ratings=sampled(reading.ratings, documents=None, weights_of_units=sample.weights))
    return summary_of(weighted, asked, sample=None, list_at_most=0)


def _alpha(variable: _Variable, sample: Sample, profile: MethodsProfile) -> Request:
    return Request(
        variable=variable.name,
        scheme=variable.scheme,
        codes=variable.codes,
        coefficient=Coefficient.ALPHA,
        profile=profile.label,
        documents=sample.clusters,
        weights_of_units=sample.weights,
    )


def _after(outcome: Outcome, variable: _Variable, coders: Mapping[PersonId, str]) -> Iterable[tuple[str, str, str, str]]:
    for place, given in outcome.given.items():
        resolution = outcome.resolution(place)
        for person, answer in (after_discussion(resolution, given) if resolution else given).items():
            yield from variable.rows(place[0], coders[person], answer)


def _against(
    person: PersonId, outcome: Outcome, variable: _Variable, asked: Asked, coders: Mapping[PersonId, str], sample: Sample
) -> Against:
    standing = reference(outcome)
    own = {place[0]: given[person] for place, given in outcome.given.items() if person in given and place[0] in standing}
    rows = [row for excerpt, answer in own.items() for row in variable.rows(excerpt, coders[person], answer)]
    rows += [row for excerpt in own for row in variable.rows(excerpt, REFERENCE, standing[excerpt])]
    found = _summary(pl.DataFrame(rows, schema=SCHEMA, orient="row"), asked, sample)
    kappa = found.pairs[0].kappa if found.pairs else found.percent
    return Against(coder=coders[person], excerpts=len(own), percent=figure(found.percent), kappa=figure(kappa))


def _moved(outcome: Outcome, coders: Mapping[PersonId, str]) -> list[Moved]:
    found = Counter(move for place, one in outcome.resolutions() for move in moves(one, outcome.given.get(place, {})))
    told = [Moved(coder=coders[move.coder], to=coders[move.to] if move.to else None, excerpts=count) for move, count in found.items()]
    return sorted(told, key=lambda one: (-one.excerpts, one.coder, one.to or ""))


def outcome_of(given: Mapping[Place, Given], standing: Mapping[Place, Adjudication], sample: Sequence[ExcerptId]) -> Outcome:
    """Gather what an adjudication rests on, in the sample's order."""
    at = {excerpt: number for number, excerpt in enumerate(sample)}
    ordered = sorted(given, key=lambda place: at[place[0]])
    return Outcome(given={place: given[place] for place in ordered}, standing=standing)
