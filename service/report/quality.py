"""The quality report of suggestions: what is read from excerpts, a table, and a plot of quality and calibration."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from service.codebook.model import Codebook
from service.exchange.names import safe_file_name
from service.exchange.rows import read_table
from service.suggestion import Resolved
from service.suggestion.evaluation import CodeQuality, Quality
from service.suggestion.judging import OURS, best_is_ours

WIDTH = 320


class VariableQuality(msgspec.Struct, frozen=True):
    """Every method on one variable; ``ours_is_best`` by macro-F1."""

    variable: str
    excerpts: int
    codes: int
    model: str
    model_revision: str
    seed: int
    ours_is_best: bool
    methods: tuple[Quality, ...]


def read_resolved(name: str, data: bytes, codebook: Codebook, *, text: str, variable: str, code: str) -> tuple[Resolved, ...]:
    """Read long rows: one row an excerpt and code; without a column that names variables all are of the codebook's first one."""
    table = read_table(safe_file_name(name), data)
    places = (table.place_of(text), table.place_of(code))
    of = table.header.index(variable) if variable in table.header else None
    rows = [(codebook.variables[0].name if of is None else row.cells[of], row.cells[places[1]], row.cells[places[0]]) for row in table.rows]
    return tuple(Resolved(named, (given,), said) for named, given, said in rows if given and said.strip())


def as_text(found: VariableQuality) -> str:
    """Write the table: every method, then each code as the best of ours has it."""
    lines = [f"{found.variable}: {found.excerpts} excerpts, {found.codes} codes; model {found.model}, seed {found.seed}"]
    lines += [_line(one) for one in found.methods]
    if not found.ours_is_best:
        lines.append("  -> a baseline is better here")
    best = max((one for one in found.methods if one.method in OURS), key=lambda one: one.macro_f1)
    lines += [f"  by code, {best.method}:", *(_code(one) for one in best.codes if one.resolved or one.said)]
    return "\n".join(lines)


def told(variable: str, methods: Sequence[Quality], *, model: str, model_revision: str, seed: int) -> VariableQuality:
    """Put a variable's figures together."""
    first = methods[0]
    return VariableQuality(variable, first.excerpts, len(first.codes), model, model_revision, seed, best_is_ours(methods), tuple(methods))


def plot(found: Iterable[VariableQuality]) -> str:
    """Draw macro-F1 of every method, and beside it how far the fitted probabilities can be believed; as SVG."""
    import altair as alt
    import vl_convert

    drawn: Any = alt.vconcat(*(_row(alt, one) for one in found))
    return vl_convert.vegalite_to_svg(drawn.to_json())


def _line(one: Quality) -> str:
    calibration = "" if one.calibration_error is None else f"  calibration error {one.calibration_error:.3f}  Brier {one.brier:.3f}"
    return f"  {one.method:24} macro-F1 {one.macro_f1:.3f}  top-1 {one.top1:.3f}  top-3 {one.top3:.3f}{calibration}"


def _code(one: CodeQuality) -> str:
    shown = [f"{name} {'–' if value is None else f'{value:.3f}'}" for name, value in (("precision", one.precision), ("recall", one.recall))]
    return f"    {one.code}: {'  '.join(shown)}  of {one.resolved}"


def _row(alt: Any, found: VariableQuality) -> Any:
    bars = [{"method": one.method, "macro-F1": one.macro_f1} for one in found.methods]
    left = (
        alt.Chart(alt.Data(values=bars), title=found.variable, width=WIDTH)
        .mark_bar()
        .encode(
            x=alt.X("macro-F1:Q", scale=alt.Scale(domain=[0, 1])), y=alt.Y("method:N", sort=None, title=None), color=alt.value("#2a343f")
        )
    )
    bins = [msgspec.to_builtins(one) for method in found.methods for one in method.bins]
    if not bins:
        return left
    square = alt.Scale(domain=[0, 1])
    line = alt.Chart(alt.Data(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(strokeDash=[4, 4], color="#6d747c")
    points = alt.Chart(alt.Data(values=bins), title="said and right", width=WIDTH // 2, height=WIDTH // 2)
    points = points.mark_point(filled=True, color="#2a343f")
    x = alt.X("confidence:Q", scale=square, title="mean probability")
    told_as = points.encode(x=x, y=alt.Y("right:Q", scale=square, title="share right"), size=alt.Size("count:Q", legend=None))
    return alt.hconcat(left, line.encode(x="x:Q", y="y:Q") + told_as)
