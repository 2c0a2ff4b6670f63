"""Set up and serve."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

from dataclasses import replace
from pathlib import Path
from typing import Any

import rich_click as click

from service.cli.terminal import ERR, OUT, Read, opened
from service.settings import Settings


@click.command()
@click.pass_obj
def init(read: Read) -> None:
    """Make the data folder, bring the database up to date, and convert and check the model.

    Safe to run again: it changes only what is not there or not up to date. Prints the one-time set-up link of a new installation.
    """
    from service.embedding.convert import ensure_default

    settings = read()
    with opened(settings, migrate=True):
        OUT.print(f"Database ready: {_where(settings)}", markup=False)
    with ERR.status("Converting and checking the model (about 15 s the first time)…"):
        ensure_default(settings.models_dir)
    OUT.print(f"Model ready: {settings.model}", markup=False)
    _print_set_up_link(settings)


@click.command()
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
    with opened(settings, migrate=True):
        pass
    _print_set_up_link(settings)
    OUT.print(f"Intercoder: {settings.public_url}   (stop: Ctrl+C)", markup=False)
    run(settings, listening)


@click.command()
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
    with opened(settings, migrate=True) as store:
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


def _where(settings: Settings) -> str:
    return settings.database if settings.database.startswith("sqlite") else "PostgreSQL"


def _print_set_up_link(settings: Settings) -> None:
    from service.store.operator import set_up_secret
    from service.web.links import LOCAL_URL, Addresses

    with opened(settings) as store:
        secret = set_up_secret(store)
    if secret:
        OUT.print("Nobody has signed in here yet. Open this one-time link to become the lead:")
        OUT.print(f"  {Addresses(settings.public_url or LOCAL_URL).link(secret)}", markup=False)


COMMANDS = [init, serve, demo]
