"""``intercoder agree``: the agreement of a file of codings, without a database."""

import io

import msgspec
import polars as pl
from rich.console import Console
from rich.table import Table

from service.agreement.long import variables
from service.agreement.metric import Metric
from service.agreement.summary import Scheme, Variable, summarise
from service.errors import NotFound
from service.exchange.codings import CodingOptions, read_codings
from service.report.agreement import COLUMNS
from service.report.figures import Figure, VariableFigures, variable_figures

_SCHEMA = {"unit": pl.String, "coder": pl.String, "variable": pl.String, "code": pl.String}


def agreement_of_file(name: str, data: bytes, *, metric: str, variable: str | None, several: bool) -> list[VariableFigures]:
    """Compute every variable's agreement, or one's."""
    rows = [(row.unit, row.coder, row.variable, row.code) for row in read_codings(name, data, CodingOptions())]
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    present = variables(table, columns=COLUMNS)
    if variable is not None and variable not in present:
        message = f"{name} has no variable {variable}. It has: {', '.join(present)}."
        raise NotFound(message)
    scheme = Scheme.SEVERAL_CODES if several else Scheme.ONE_CODE
    asked = [Variable(name=one, scheme=scheme, metric=Metric(metric), codes=None) for one in present if variable in {None, one}]
    return [variable_figures(summarise(table, one, columns=COLUMNS, list_at_most=0)) for one in asked]


def to_json(found: list[VariableFigures]) -> str:
    """Write the figures as JSON, nothing rounded."""
    return msgspec.json.format(msgspec.json.encode(found)).decode()


def as_text(found: list[VariableFigures]) -> str:
    """Write the figures as tables for a terminal, rounded to four places."""
    out = io.StringIO()
    console = Console(file=out, width=100)
    for one in found:
        console.print(_table(one))
        for left in one.dropped:
            console.print(f"  not used: {left.excerpts} units {left.why}")
        for figure in (one.percent, one.alpha):
            if figure.sentence:
                console.print(f"  {figure.sentence}")
    return out.getvalue().rstrip()


def _table(one: VariableFigures) -> Table:
    table = Table(title=f"{one.variable}: {one.excerpts_used} of {one.excerpts} units used", title_justify="left", box=None)
    for heading in ("figure", "value", "units"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    table.add_row("percent agreement", shown(one.percent), str(one.percent.pairable_units))
    table.add_row(f"Krippendorff's alpha ({one.metric})", shown(one.alpha), str(one.alpha.pairable_units))
    for pair in one.pairs:
        table.add_row(f"Cohen's kappa, {pair.coders[0]} and {pair.coders[1]}", shown(pair.kappa), str(pair.units))
    return table


def shown(figure: Figure) -> str:
    """Show a figure rounded to four places, or a dash where there is none."""
    return "-" if figure.value is None else f"{figure.value:.4f}"
