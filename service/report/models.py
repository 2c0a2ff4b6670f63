"""Model coders beside a round's coders: human and model, and model and model, each a report of its own.

Human and human are the round's own figures and contain nothing of this. Human and model is alpha over stacked pairs: one unit for each
excerpt and coder who coded it blind, with two values, the coder's and the model's; intervals resample excerpts, or documents where there
are several, because the pairs of one excerpt share the model's value.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import msgspec
import polars as pl

from service.agreement.codes import code_table
from service.agreement.coefficients import Choice, Coefficient
from service.agreement.compute import estimated, sampled
from service.agreement.long import Columns
from service.agreement.percent import percent_agreement
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme as Scaled
from service.agreement.summary import Variable as Compared
from service.agreement.summary import read
from service.codebook.model import Scheme, Variable
from service.coding.model import Answer, Coding, PersonId
from service.coding.model_coders import ModelCoder, ModelCoderId, ModelCoding
from service.corpus.model import ExcerptId
from service.report.alternative import Alternative, alternative
from service.report.closed import ClosedRound, Sample
from service.report.figures import Figure, figure

COLUMNS = Columns(unit="unit", coder="coder", code="code", variable=None)
SCHEMA = {"unit": pl.String, "coder": pl.String, "code": pl.String}
STACKED = "Human and model: one pair for each excerpt and coder who coded it."
_HUMAN, _MODEL = "1 human", "2 model"

Codes = tuple[str, ...]
Row = tuple[str, str, str]


class CodeAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """One code, given or not, of two kinds of coder."""

    code: str
    percent: Figure
    alpha: Figure


class ModelAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """One model coder and the humans, or two model coders: alpha with its interval, percent, and each code. There is no verdict.

    ``pairs`` are those compared: as many as excerpts for two model coders.
    """

    coders: list[str]
    excerpts: int
    pairs: int
    percent: Figure
    alpha: Figure
    codes: list[CodeAgreement]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """On how many excerpts a model coder answered a variable, and on how many it abstained; erased ones are neither."""

    coder: str
    answered: int
    abstained: int


class ModelVariable(msgspec.Struct, frozen=True, kw_only=True):
    """One variable. Agreement of the humans is the round's own; nothing here is part of it."""

    variable: str
    scheme: str
    methods: str
    answered: list[Answered]
    human_model: list[ModelAgreement]
    model_model: list[ModelAgreement]
    alternative: list[Alternative]


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a model coder is; ``configuration`` is the digest of all of it. ``erased`` of its codings are gone."""

    name: str
    backend: str
    model: str
    revision: str
    runtime: str
    codebook: str
    settings: str
    resolved: str | None
    snapshot: int | None
    rule: str
    configuration: str
    made_at: str
    excerpts: int
    erased: int


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """The model coders of a round and their figures; ``unmarked`` are variables of spans, which no model coder answers."""

    coders: list[ModelFacts]
    variables: list[ModelVariable]
    unmarked: list[str]


def models(coders: Sequence[ModelCoder], codings: Iterable[ModelCoding], closed: ClosedRound, profile: MethodsProfile) -> Models | None:
    """Compare a closed round's model coders with its coders' blind codings, and with each other; None where there is none."""
    if not coders:
        return None
    ordered = sorted(coders, key=lambda one: (one.at, one.id))
    given = _by_coder(ordered, codings)
    variables = closed.codebook.variables
    return Models(
        coders=[_facts(one, given[one.id]) for one in ordered],
        variables=[_variable(one, ordered, given, closed, profile) for one in variables if one.scheme is not Scheme.SPANS],
        unmarked=[one.name for one in variables if one.scheme is Scheme.SPANS],
    )


def _by_coder(coders: Sequence[ModelCoder], codings: Iterable[ModelCoding]) -> dict[ModelCoderId, list[ModelCoding]]:
    found: dict[ModelCoderId, list[ModelCoding]] = {one.id: [] for one in coders}
    for coding in codings:
        found[coding.model_coder_id].append(coding)
    return found


def _facts(one: ModelCoder, codings: Sequence[ModelCoding]) -> ModelFacts:
    about = one.configuration
    return ModelFacts(
        name=about.name,
        configuration=about.digest(),
        made_at=one.at,
        excerpts=len(codings),
        erased=sum(coding.given is None for coding in codings),
        **msgspec.structs.asdict(about),
    )


def _variable(
    variable: Variable,
    coders: Sequence[ModelCoder],
    given: Mapping[ModelCoderId, Sequence[ModelCoding]],
    closed: ClosedRound,
    profile: MethodsProfile,
) -> ModelVariable:
    of_models = {one.configuration.name: _of_model(given[one.id], variable) for one in coders}
    of_humans = _of_humans(closed.blind.values(), variable, closed.coders)
    ours = _Comparing(variable, closed.sample, profile)
    by_cluster, weighted = closed.sample.clusters is not None, closed.sample.weights is not None
    return ModelVariable(
        variable=variable.name,
        scheme=variable.scheme.value,
        methods=f"{profile.sentence(ours.scheme, by_cluster=by_cluster, weighted=weighted)} {STACKED}",
        answered=[_answered(one, given[one.id], variable) for one in coders],
        human_model=[ours.with_humans(name, own, of_humans) for name, own in of_models.items()],
        model_model=[ours.of_two(one, other) for one, other in combinations(of_models.items(), 2)],
        alternative=[alternative(name, own, of_humans) for name, own in of_models.items()],
    )


def _answered(one: ModelCoder, codings: Sequence[ModelCoding], variable: Variable) -> Answered:
    there = [coding.given for coding in codings if coding.given is not None]
    answered = sum(any(answer.variable == variable.name for answer in given.answers) for given in there)
    return Answered(coder=one.configuration.name, answered=answered, abstained=len(there) - answered)


def _of_model(codings: Iterable[ModelCoding], variable: Variable) -> dict[str, Codes]:
    found = ((coding.given.excerpt, _codes(coding.given.answers, variable)) for coding in codings if coding.given is not None)
    return {excerpt: codes for excerpt, codes in found if codes is not None}


def _of_humans(blind: Iterable[Coding], variable: Variable, names: Mapping[PersonId, str]) -> dict[tuple[ExcerptId, str], Codes]:
    found = (((one.excerpt_id, names[one.person_id]), _codes(one.content.answers, variable)) for one in blind if one.content is not None)
    return dict(sorted((place, codes) for place, codes in found if codes is not None))


def _codes(answers: Iterable[Answer], variable: Variable) -> Codes | None:
    return next((answer.codes for answer in answers if answer.variable == variable.name), None)


@dataclass(frozen=True, slots=True)
class _Comparing:
    """One variable of a sample, by one profile."""

    variable: Variable
    sample: Sample
    profile: MethodsProfile

    @property
    def scheme(self) -> Scaled:
        return Scaled(self.variable.scheme.value)

    def with_humans(self, name: str, model: Mapping[str, Codes], humans: Mapping[tuple[ExcerptId, str], Codes]) -> ModelAgreement:
        shared = [(excerpt, person) for excerpt, person in humans if excerpt in model]
        rows: list[Row] = []
        for excerpt, person in shared:
            unit = f"{excerpt} {person}"
            rows += [(unit, _HUMAN, code) for code in humans[excerpt, person] or ("",)]
            rows += [(unit, _MODEL, code) for code in model[excerpt] or ("",)]
        excerpt_of = {f"{excerpt} {person}": str(excerpt) for excerpt, person in shared}
        return self._figures([name], rows, excerpt_of, by_cluster=True)

    def of_two(self, one: tuple[str, Mapping[str, Codes]], other: tuple[str, Mapping[str, Codes]]) -> ModelAgreement:
        shared = sorted(one[1].keys() & other[1].keys())
        pair = (("1", one[1]), ("2", other[1]))
        rows = [(excerpt, place, code) for excerpt in shared for place, own in pair for code in own[excerpt] or ("",)]
        return self._figures(
            [one[0], other[0]], rows, {excerpt: excerpt for excerpt in shared}, by_cluster=self.sample.clusters is not None
        )

    def _figures(self, coders: list[str], rows: list[Row], excerpt_of: Mapping[str, str], *, by_cluster: bool) -> ModelAgreement:
        metric = self.profile.metric[self.scheme]
        codes = [code.name for code in self.variable.codes]
        reading = read(
            pl.DataFrame(rows, schema=SCHEMA, orient="row"),
            Compared(name=None, scheme=self.scheme, metric=metric, codes=codes),
            columns=COLUMNS,
        )
        weights, documents = self.sample.weights, self.sample.clusters
        clusters = {unit: documents[excerpt] if documents else excerpt for unit, excerpt in excerpt_of.items()}
        ratings = sampled(
            reading.ratings,
            documents=clusters if by_cluster else None,
            weights_of_units={unit: weights[excerpt] for unit, excerpt in excerpt_of.items()} if weights else None,
        )
        how = self.profile.uncertainty(by_cluster=by_cluster)
        table = code_table(ratings, codes=reading.codes, members=reading.members, how=how)
        return ModelAgreement(
            coders=coders,
            excerpts=len(set(excerpt_of.values())),
            pairs=len(excerpt_of),
            percent=figure(percent_agreement(ratings)),
            alpha=figure(estimated(replace(reading, ratings=ratings), Choice(coefficient=Coefficient.ALPHA, metric=metric), how)),
            codes=[CodeAgreement(code=row.code, percent=figure(row.percent), alpha=figure(row.alpha)) for row in table.rows],
        )
