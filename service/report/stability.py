"""How far coders agree with themselves: their codings of the same excerpts at several occasions."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import polars as pl

from service.agreement.diagnosis import stability
from service.agreement.long import Columns
from service.agreement.metric import Metric
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme as Scaled
from service.codebook.model import Scheme, Variable
from service.coding.model import Answer, Coding, PersonId
from service.report.figures import Figure, figure

COLUMNS = Columns(unit="unit", coder="coder", code="code", variable=None)
SCHEMA = {"unit": pl.String, "coder": pl.String, "code": pl.String, "occasion": pl.String}
_JOINED = "\u241e"  # the sign for a record separator, which no name of a code holds beside another


class StabilityFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One coder compared with themselves, for one variable; a set of codes counts as one value."""

    variable: str
    coder: str
    excerpts: int
    percent: Figure
    alpha: Figure


def stability_figures(
    repeated: Sequence[Coding], variables: Iterable[Variable], *, coders: Mapping[PersonId, str], profile: MethodsProfile
) -> list[StabilityFigures]:
    """Compare each coder's occasions, variable by variable, over codings of excerpts that were coded at several."""
    return [one for variable in variables for one in _of_variable(repeated, variable, coders, profile)] if repeated else []


def _of_variable(
    repeated: Sequence[Coding], variable: Variable, coders: Mapping[PersonId, str], profile: MethodsProfile
) -> Iterable[StabilityFigures]:
    table = pl.DataFrame(list(_rows(repeated, variable, coders)), schema=SCHEMA, orient="row")
    single = variable.scheme in {Scheme.ONE_CODE, Scheme.ORDERED_VALUE}
    scale = [code.name for code in variable.codes] if single else None
    metric = profile.metric[Scaled(variable.scheme.value)] if single else Metric.NOMINAL
    for one in stability(table, columns=COLUMNS, variable=None, occasion="occasion", scale=scale, metric=metric):
        percent, alpha = figure(one.percent), figure(one.alpha)
        yield StabilityFigures(variable=variable.name, coder=one.coder, excerpts=one.units, percent=percent, alpha=alpha)


def _rows(repeated: Sequence[Coding], variable: Variable, coders: Mapping[PersonId, str]) -> Iterable[tuple[str, str, str, str]]:
    for coding in repeated:
        for answer in coding.content.answers if coding.content else ():
            # None applies has no place on an order.
            if answer.variable == variable.name and not (variable.scheme is Scheme.ORDERED_VALUE and not answer.codes):
                yield str(coding.excerpt_id), coders[coding.person_id], _value(answer), str(coding.occasion)


def _value(answer: Answer) -> str:
    return _JOINED.join(answer.codes or sorted({span.code for span in answer.spans}))
