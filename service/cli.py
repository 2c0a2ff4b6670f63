"""``intercoder …``: what an operator does on the machine itself. Litestar is imported by ``serve`` and ``demo`` only."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.errors import BadInput, Refusal
from service.settings import Settings
from service.store import Store
from service.store.opening import open_store

OUT = Console(soft_wrap=True, highlight=False)
ERR = Console(stderr=True, soft_wrap=True, highlight=False)
REFUSED = 1
LAYOUTS = ["long", "wide", "recal", "kalpha"]
METRICS = ["nominal", "ordinal", "interval", "ratio"]

click.rich_click.TEXT_MARKUP = "markdown"
click.rich_click.COMMAND_GROUPS = {
    "intercoder": [
        {"name": "Run it", "commands": ["demo", "init", "serve"]},
        {"name": "A study's data", "commands": ["import", "export", "agree"]},
        {"name": "Look after it", "commands": ["token", "check-store"]},
    ]
}


class Refusing(click.RichGroup):
    """A group whose commands answer a refusal with one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            ERR.print(f"intercoder: {refusal.detail}", style="red", markup=False)
            sys.exit(REFUSED)


@click.group(cls=Refusing, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="intercoder")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Give a qualitative study a second, third, n-th coder.

    Coders code blind; out comes agreement with everything needed to check it. Start with `intercoder demo`.
    """
    ctx.obj = lambda: Settings.from_environ(os.environ)


Read = Callable[[], Settings]
"""Reads the settings from the environment when a command needs them, so that --help works without."""


@main.command()
@click.pass_obj
def init(read: Read) -> None:
    """Make the data folder, bring the database up to date, and convert and check the model.

    Safe to run again: it changes only what is not there or not up to date. Prints the one-time set-up link of a new installation.
    """
    from service.embedding.convert import ensure_default

    settings = read()
    with _store(settings, migrate=True):
        OUT.print(f"Database ready: {_where(settings)}", markup=False)
    with ERR.status("Converting and checking the model (about 15 s the first time)…"):
        ensure_default(settings.models_dir)
    OUT.print(f"Model ready: {settings.model}", markup=False)
    _print_set_up_link(settings)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on. Anything but this machine needs TLS.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--public-url", default="", help="Where others reach the service; links are built from it.")
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TLS certificate (PEM).")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The certificate's private key (PEM).")
@click.option("--plain-http", is_flag=True, help="Listen on a public address without TLS all the same.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
@click.pass_obj
def serve(read: Read, **options: Any) -> None:
    """Serve the pages and the API. Listens on this machine only unless told otherwise."""
    from service.web.server import Listening, run

    settings = read()
    listening = Listening(**options)
    settings = listening.settings(settings)
    with _store(settings, migrate=True):
        pass
    _print_set_up_link(settings)
    OUT.print(f"Intercoder: {settings.public_url}   (stop: Ctrl+C)", markup=False)
    run(settings, listening)


@main.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--delete", is_flag=True, help="Delete the demo study instead of serving it.")
@click.pass_obj
def demo(read: Read, *, port: int, delete: bool) -> None:
    """Serve with a demo study: interviews on peer mentoring, a closed round of simulated coders, an open one to try.

    Prints a one-time link for the demo's lead and two coders. Everything stays on this machine.
    """
    from service.demo.seeding import delete_demo, ensure_demo
    from service.web.links import Addresses
    from service.web.server import Listening, run

    listening = Listening(port=port)
    settings = replace(listening.settings(read()), log_level="WARNING")
    with _store(settings, migrate=True) as store:
        if delete:
            OUT.print("The demo study is deleted." if delete_demo(store) else "There is no demo study.")
            return
        links = ensure_demo(store)
    addresses = Addresses(settings.public_url)
    OUT.print(f"\nIntercoder with its demo study: {settings.public_url}", markup=False)
    OUT.print("One-time links (each lets one person set a password; open the coders' in another browser or a private window):")
    for name, secret in links.items():
        OUT.print(f"  {name:<13} {addresses.link(secret)}", markup=False)
    OUT.print("Stop: Ctrl+C. Delete the demo study: intercoder demo --delete\n")
    run(settings, listening)


@main.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--study", required=True, help="The study's name or id.")
@click.option("--lead", default="", help="Make the study if it is not there, with this login name as its lead.")
@click.option("--codebook", is_flag=True, help="The files are codebooks (.csv, .json), not documents.")
@click.option("--text-column", default="text", show_default=True, help="Column or key of the excerpt's text (.csv, .jsonl).")
@click.option("--document-column", default=None, help="Column or key that names the document; without it the file is one document.")
@click.option("--label-column", default=None, help="Column or key of the excerpt's label, such as the speaker.")
@click.option("--whole", is_flag=True, help="A plain text is one excerpt (else: one a paragraph).")
@click.pass_obj
def import_(read: Read, files: tuple[Path, ...], study: str, lead: str, *, codebook: bool, whole: bool, **columns: str | None) -> None:
    """Import documents (.txt, .md, .csv, .jsonl) or codebooks (.csv, .json) into a study.

    A file is taken whole or not at all; the same content again changes nothing.
    """
    from service.exchange.documents import DocumentOptions, Segmentation
    from service.store import operator

    how = DocumentOptions(**columns, segmentation=Segmentation.WHOLE if whole else Segmentation.PARAGRAPHS)  # pyright: ignore[reportArgumentType]
    with _store(read()) as store, _progress() as bar:
        chosen = operator.study(store, study, lead)
        for file in bar.track(files, description="Importing"):
            done = operator.import_codebook(store, chosen, file) if codebook else operator.import_documents(store, chosen, file, how)
            OUT.print(done, markup=False)


@main.command()
@click.argument("round_name", metavar="ROUND")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--coder", default="", help="Export this login name's own codings; possible while the round is open.")
@click.pass_obj
def export(read: Read, round_name: str, folder: Path, coder: str) -> None:
    """Write a closed round (name or id) to DIR: codings.csv, excerpts.csv, codebook.json, agreement.json.

    Refused while the round is open, except for a coder's own codings.
    """
    from service.store import operator

    with _store(read()) as store:
        files = operator.export(store, round_name, coder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        OUT.print(str(folder / name), markup=False)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--metric", type=click.Choice(METRICS), help="How far apart two codes are; nominal for codes without an order.")
@click.option("--profile", help="A versioned methods profile that names every choice, such as standard-1: intervals and verdicts too.")
@click.option("--coefficient", "coefficients", multiple=True, help="Only this coefficient, by name (docs/agreement.md); may be repeated.")
@click.option("--variable", help="Only this variable.")
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
def agree(file: Path, form: str, *, as_json: bool, **asked: Any) -> None:
    """Compute agreement from a CSV of long rows: unit, coder[, variable], code.

    Needs no database and no network. An empty code is *none applies*; a missing row is a gap.
    Give a `--metric` for an overview, or a `--profile` for intervals and a verdict for each code.
    """
    from service.report.offline import Format, agreement_of_file, question, written

    found = agreement_of_file(file.name, file.read_bytes(), question(asked))
    OUT.print(written(found, Format.JSON if as_json else Format(form)), markup=False)


@main.group(cls=Refusing)
def token() -> None:
    """Make, list and revoke API tokens."""


@token.command(name="create")
@click.option("--login", required=True, help="Whose token: a login name.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(["manage", "code", "suggest", "results"]))
@click.option("--study", default="", help="Tie the token to this study (name or id); needed for --machine.")
@click.option("--machine", is_flag=True, help="A tool's own token (scopes suggest and results) instead of one that acts for the person.")
@click.option("--name", default="made on the command line", show_default=True, help="What the token is for.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long it works.")
@click.pass_obj
def token_create(read: Read, *, days: int, **asked: Any) -> None:
    """Make a token and print its secret, once."""
    from service.store import operator

    with _store(read()) as store:
        OUT.print(operator.create_token(store, life=timedelta(days=days), **asked), markup=False)


@token.command(name="list")
@click.option("--login", required=True, help="Whose tokens: a login name.")
@click.pass_obj
def token_list(read: Read, login: str) -> None:
    """List a person's tokens."""
    from service.store import operator

    with _store(read()) as store:
        for line in operator.list_tokens(store, login):
            OUT.print(line, markup=False)


@token.command(name="revoke")
@click.option("--login", required=True, help="Whose token: a login name.")
@click.argument("token_id")
@click.pass_obj
def token_revoke(read: Read, login: str, token_id: str) -> None:
    """Revoke a token; it stops working at once."""
    from service.store import operator

    with _store(read()) as store:
        operator.revoke_token(store, login, token_id)
    OUT.print("Revoked.")


@main.command(name="check-store")
@click.pass_obj
def check_store(read: Read) -> None:
    """Check the database: schema, triggers, engine settings, integrity, offsets, ledger chains. Exit code 1 if anything is wrong."""
    from service.store import checking

    with _store(read()) as store, _progress() as bar:
        faults = checking.check(store, lambda studies: bar.track(studies, description="Studies"))
    for fault in faults:
        ERR.print(f"- {fault}", style="red", markup=False)
    if faults:
        message = f"{len(faults)} faults found. Restore the newest backup, or ask for help with this list."
        raise BadInput(message)
    OUT.print("The store is sound: schema, triggers, engine settings, integrity, offsets and ledger chains.")


@contextmanager
def _store(settings: Settings, *, migrate: bool = False) -> Generator[Store]:
    store = open_store(settings)
    try:
        if migrate:
            store.migrate()
        yield store
    finally:
        store.close()


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal)


def _where(settings: Settings) -> str:
    return settings.database if settings.database.startswith("sqlite") else "PostgreSQL"


def _print_set_up_link(settings: Settings) -> None:
    from service.store.operator import set_up_secret
    from service.web.links import LOCAL_URL, Addresses

    with _store(settings) as store:
        secret = set_up_secret(store)
    if secret:
        OUT.print("Nobody has signed in here yet. Open this one-time link to become the lead:")
        OUT.print(f"  {Addresses(settings.public_url or LOCAL_URL).link(secret)}", markup=False)


if __name__ == "__main__":
    main()
