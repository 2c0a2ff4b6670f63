"""``intercoder agree``: the agreement of a file of codings, without a database."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import polars as pl
from rich.console import Console
from rich.table import Table

from service.agreement.coefficients import Coefficient
from service.agreement.compute import compute
from service.agreement.dashboard import Asked, dashboard
from service.agreement.interval import Method
from service.agreement.layouts import Empty, Layout, read_layout
from service.agreement.long import variables
from service.agreement.metric import Metric
from service.agreement.profile import profile_named
from service.agreement.summary import Scheme, Variable, summarise
from service.agreement.weights import Weights
from service.codebook.model import Codebook
from service.codebook.model import Scheme as CodebookScheme
from service.codebook.model import Variable as CodebookVariable
from service.errors import BadInput, NotFound
from service.exchange.cells import restored
from service.exchange.codebooks import read_codebook
from service.exchange.codings import CodingOptions, read_codings
from service.exchange.tables import write_table
from service.report.asked import Choices, Computed, computed
from service.report.closed import COLUMNS, SCHEMA, clusters
from service.report.figures import Figure, MarkedCodeFigures, Overview, VariableFigures, overview, variable_figures
from service.report.offline_spans import span_figures


class Format(StrEnum):
    """How the figures are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked on the command line; every choice of method is the asker's own or the profile's."""

    layout: Layout = Layout.LONG
    empty: Empty | None = None
    coders_per_variable: int | None = None
    cluster: str | None = None
    variable: str | None = None
    several: bool = False
    codebook: Codebook | None = None
    excerpts: tuple[str, bytes] | None = None
    profile: str | None = None
    coefficients: Sequence[Coefficient] = ()
    metric: Metric | None = None
    weights: Weights | None = None
    interval: Method | None = None
    level: float | None = None
    replicates: int | None = None
    seed: int | None = None

    def described(self, variable: str) -> CodebookVariable | None:
        """Give the variable as the codebook describes it, if one was given."""
        if self.codebook is None:
            return None
        if (found := self.codebook.variable(variable)) is None:
            message = f"The codebook has no variable {variable}."
            raise NotFound(message)
        return found

    def scheme(self, variable: str) -> Scheme:
        """How a variable is answered: by the codebook, or by the word of the asker."""
        if (described := self.described(variable)) is not None:
            if described.scheme is CodebookScheme.SPANS:
                message = f"{variable} takes spans: its coefficients come all together, so ask for none by name."
                raise BadInput(message)
            return Scheme(described.scheme.value)
        return Scheme.SEVERAL_CODES if self.several else Scheme.ONE_CODE

    def spans(self) -> bool:
        """Say whether some variable takes spans, so that columns start and end are offsets."""
        return self.codebook is not None and any(one.scheme is CodebookScheme.SPANS for one in self.codebook.variables)

    def codes(self, variable: str) -> list[str] | None:
        """Name the codes in the codebook's order; without a codebook those that were used are taken."""
        described = self.described(variable)
        return None if described is None else [code.name for code in described.codes]

    def parents(self, variable: str) -> dict[str, str]:
        """Name the parent of each code that has one."""
        described = self.described(variable)
        return {code.name: code.parent for code in described.codes if code.parent} if described else {}

    def choices(self, coefficient: Coefficient) -> Choices:
        """The choices of method for one coefficient."""
        same = ("profile", "metric", "weights", "interval", "level", "replicates", "seed")
        return Choices(coefficient=coefficient, **{name: getattr(self, name) for name in same})


def question(given: Mapping[str, Any]) -> Question:
    """Read the words of the command line; a word that names nothing is refused with those there are."""
    read: dict[str, Any] = {name: _READ[name](value) if name in _READ and value is not None else value for name, value in given.items()}
    return Question(**read)


def _word(kind: type[StrEnum]) -> Callable[[str], Any]:
    def read(word: str) -> Any:
        if word not in {one.value for one in kind}:
            message = f"There is no {word}. There are: {', '.join(one.value for one in kind)}."
            raise BadInput(message)
        return kind(word)

    return read


def _words(kind: type[StrEnum]) -> Callable[[Sequence[str]], Any]:
    return lambda words: tuple(_word(kind)(word) for word in words)


_READ: dict[str, Callable[[Any], Any]] = {
    "layout": _word(Layout),
    "empty": _word(Empty),
    "coefficients": _words(Coefficient),
    "metric": _word(Metric),
    "weights": _word(Weights),
    "interval": _word(Method),
    "codebook": lambda file: read_codebook(*file),
}


def agreement_of_file(name: str, data: bytes, asked: Question) -> Sequence[Overview] | Sequence[Computed]:
    """Compute what was asked of a file: an overview by a metric, all figures by a profile, or coefficients by name."""
    table = _table(name, data, asked)
    documents = _documents(data, asked)
    present = variables(table, columns=COLUMNS)
    if asked.variable is not None and asked.variable not in present:
        message = f"{name} has no variable {asked.variable}. It has: {', '.join(present)}."
        raise NotFound(message)
    chosen = [one for one in present if asked.variable in {None, one}]
    if asked.coefficients:
        requests = [
            asked.choices(name).request(one, asked.scheme(one), asked.codes(one), documents)
            for one in chosen
            for name in asked.coefficients
        ]
        return [computed(compute(table, request, columns=COLUMNS)) for request in requests]
    return [
        span_figures(name, data, described, asked.excerpts, asked.profile)
        if (described := asked.described(one)) is not None and described.scheme is CodebookScheme.SPANS
        else _figures(table, one, asked, documents)
        for one in chosen
    ]


def written(found: Sequence[Overview] | Sequence[Computed], form: Format) -> str:
    """Write figures for a terminal (rounded to four places), or as JSON or CSV (nothing rounded)."""
    match form:
        case Format.JSON:
            return msgspec.json.format(msgspec.json.encode(found)).decode()
        case Format.CSV:
            return write_table(_CSV, [row for one in found for row in _rows(one)]).decode().rstrip()
        case Format.TABLE:
            return _tables(found)


def shown(figure: Figure) -> str:
    """Show a figure rounded to four places, or a dash where there is none."""
    return "-" if figure.value is None else f"{figure.value:.4f}"


def _table(name: str, data: bytes, asked: Question) -> pl.DataFrame:
    if asked.layout is Layout.LONG and asked.empty is None:
        rows = [(row.unit, row.coder, row.variable, row.code) for row in read_codings(name, data, CodingOptions(spans=asked.spans()))]
        return pl.DataFrame(rows, schema=SCHEMA, orient="row")
    table = read_layout(data, asked.layout, empty=asked.empty, coders_per_variable=asked.coders_per_variable)
    table = table if "variable" in table.columns else table.with_columns(variable=pl.lit("code"))
    guarded = [column for column in SCHEMA if column in table.columns]
    return table.with_columns(pl.col(guarded).map_elements(restored, return_dtype=pl.String))


def _documents(data: bytes, asked: Question) -> dict[str, str] | None:
    if asked.cluster is None:
        return None
    table = read_layout(data, Layout.LONG, empty=None) if asked.layout is Layout.LONG else None
    if table is None or asked.cluster not in table.columns:
        message = f"--cluster names a column of a long file that says which document a unit is from; there is no column {asked.cluster}."
        raise BadInput(message)
    return {restored(unit): document for unit, document in table.select("unit", asked.cluster).iter_rows()}


def _figures(table: pl.DataFrame, variable: str, asked: Question, documents: dict[str, str] | None) -> Overview:
    if asked.profile is not None:
        by = Asked(
            name=variable,
            scheme=asked.scheme(variable),
            codes=asked.codes(variable),
            profile=profile_named(asked.profile),
            documents=clusters(documents or {}),
            parents=asked.parents(variable),
            list_at_most=0,
        )
        return variable_figures(dashboard(table, by, columns=COLUMNS))
    if asked.metric is None:
        message = "Name a --metric (nominal for codes without an order), or a --profile such as standard-1 that names every choice."
        raise BadInput(message)
    by_metric = Variable(name=variable, scheme=asked.scheme(variable), metric=asked.metric, codes=asked.codes(variable))
    return overview(summarise(table, by_metric, columns=COLUMNS, list_at_most=0))


_CSV = ("variable", "figure", "of", "value", "low", "high", "at_least_667", "at_least_800", "units", "why_undefined", "methods")


def _rows(one: Overview | Computed) -> list[list[str | float | int | None]]:
    if isinstance(one, Computed):
        return [_row(one.variable or "", one.coefficient, "", one.figure, one.methods)]
    methods = one.methods if isinstance(one, VariableFigures) else f"{one.metric} metric"
    rows = [_row(one.variable, name, "", found, methods) for name, found in _wholes(one)]
    rows += [_row(one.variable, "cohen_kappa", " and ".join(pair.coders), pair.kappa, methods) for pair in one.pairs]
    if isinstance(one, VariableFigures):
        rows += [_row(one.variable, "alpha of a code", code.code, code.alpha, methods) for code in (*one.codes, *_marked(one))]
    return rows


def _row(variable: str, name: str, of: str, found: Figure, methods: str) -> list[str | float | int | None]:
    limits = found.interval
    ends = [limits.low, limits.high, limits.at_least_667, limits.at_least_800] if limits else [None] * 4
    return [variable, name, of, found.value, *ends, found.pairable_units, found.undefined, methods]


def _wholes(one: Overview) -> list[tuple[str, Figure]]:
    if isinstance(one, VariableFigures):
        return [*one.coefficients.items()]
    return [("percent_agreement", one.percent), ("percent_all_agree", one.all_agree), ("krippendorff_alpha", one.alpha)]


def _tables(found: Sequence[Overview] | Sequence[Computed]) -> str:
    out = io.StringIO()
    console = Console(file=out, width=110)
    for one in found:
        console.print(_coefficient(one) if isinstance(one, Computed) else _variable(one))
        for note in _notes(one):
            console.print(f"  {note}", soft_wrap=True)
    return out.getvalue().rstrip()


def _notes(one: Overview | Computed) -> list[str]:
    if isinstance(one, Computed):
        return [one.methods, *([one.figure.sentence] if one.figure.sentence else [])]
    notes = [f"not used: {left.excerpts} units {left.why}" for left in one.dropped]
    notes += [found.sentence for found in (one.percent, one.alpha) if found.sentence]
    return notes + ([one.methods, f"Verdicts: {one.verdict_rule}"] if isinstance(one, VariableFigures) else [])


def _variable(one: Overview) -> Table:
    table = _headed(f"{one.variable}: {one.excerpts_used} of {one.excerpts} units used")
    _add(table, "percent agreement", one.percent)
    _add(table, f"Krippendorff's alpha ({one.metric})", one.alpha)
    for pair in one.pairs:
        _add(table, f"Cohen's kappa, {pair.coders[0]} and {pair.coders[1]}", pair.kappa)
    if isinstance(one, VariableFigures):
        for code in (*one.codes, *_marked(one)):
            _add(table, f"alpha of {code.code or 'none applies'}", code.alpha, code.verdict)
        for name, found in one.coefficients.items() if one.marked else ():
            _add(table, name.replace("_", " "), found)
    return table


def _marked(one: VariableFigures) -> list[MarkedCodeFigures]:
    return one.marked.codes if one.marked else []


def _coefficient(one: Computed) -> Table:
    table = _headed(str(one.variable))
    _add(table, one.coefficient, one.figure)
    return table


def _headed(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("figure", "value", "interval", "P(>=.667)", "P(>=.800)", "units", "verdict"):
        table.add_column(heading, justify="left" if heading in {"figure", "verdict"} else "right")
    return table


def _add(table: Table, name: str, found: Figure, verdict: str = "") -> None:
    limits = found.interval
    interval = f"{limits.low:.3f} to {limits.high:.3f}" if limits else ""
    thresholds = (f"{limits.at_least_667:.2f}", f"{limits.at_least_800:.2f}") if limits else ("", "")
    table.add_row(name, shown(found), interval, *thresholds, str(found.pairable_units), verdict)
