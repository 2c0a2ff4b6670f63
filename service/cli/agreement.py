"""Agreement of a file, without a database."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

from pathlib import Path
from typing import Any

import rich_click as click

from service.cli.terminal import OUT

LAYOUTS = ["long", "wide", "recal", "kalpha"]
METRICS = ["nominal", "ordinal", "interval", "ratio"]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--metric", type=click.Choice(METRICS), help="How far apart two codes are; nominal for codes without an order.")
@click.option("--profile", help="A versioned methods profile that names every choice, such as standard-1: intervals and verdicts too.")
@click.option("--coefficient", "coefficients", multiple=True, help="Only this coefficient, by name (docs/agreement.md); may be repeated.")
@click.option("--variable", help="Only this variable.")
@click.option(
    "--codebook", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The codebook (.csv, .json): scheme and order."
)
@click.option("--excerpts", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The excerpts.csv, for variables of spans.")
@click.option("--several", is_flag=True, help="A coder may give a unit several codes (else two are an error).")
@click.option("--layout", default="long", show_default=True, type=click.Choice(LAYOUTS), help="How the file lies.")
@click.option("--empty", type=click.Choice(["missing", "none"]), help="An empty code: missing, or none applies (the rule of long files).")
@click.option("--coders-per-variable", type=click.IntRange(2), help="In a recal file of several variables: columns each has.")
@click.option("--cluster", help="Column of a long file that names each unit's document; intervals then resample documents.")
@click.option("--weights", help="Agreement weights of kappas: identity, linear, quadratic, ….")
@click.option("--interval", help="Method of the interval: analytic, jackknife, 'bootstrap, BCa', ….")
@click.option("--level", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Level of the interval, such as .95.")
@click.option("--replicates", type=click.IntRange(1), help="Replicates of a bootstrap.")
@click.option("--seed", type=click.IntRange(0), help="Seed of a bootstrap.")
@click.option("--format", "form", default="table", show_default=True, type=click.Choice(["table", "json", "csv"]), help="What is printed.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json: nothing rounded.")
def agree(file: Path, form: str, *, codebook: Path | None, excerpts: Path | None, as_json: bool, **asked: Any) -> None:
    """Compute agreement from a CSV of long rows: unit, coder[, variable], code.

    Needs no database and no network. An empty code is *none applies*; a missing row is a gap.
    Give a `--metric` for an overview, or a `--profile` for intervals and a verdict for each code. A `--codebook` says
    which variables take several codes or values of an order, and which order that is.
    """
    from service.report.offline import Format, agreement_of_file, question, written

    described, texts = (None if path is None else (path.name, path.read_bytes()) for path in (codebook, excerpts))
    found = agreement_of_file(file.name, file.read_bytes(), question(asked | {"codebook": described, "excerpts": texts}))
    OUT.print(written(found, Format.JSON if as_json else Format(form)), markup=False)


COMMANDS = [agree]
