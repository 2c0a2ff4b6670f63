"""What every command needs: the two outputs, refusals in one line, the store opened and closed."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.errors import Refusal
from service.settings import Settings
from service.store import Store
from service.store.opening import open_store

OUT = Console(soft_wrap=True, highlight=False)
ERR = Console(stderr=True, soft_wrap=True, highlight=False)
REFUSED = 1

Read = Callable[[], Settings]
"""Reads the settings from the environment when a command needs them, so that --help works without."""


class Refusing(click.RichGroup):
    """A group whose commands answer a refusal with one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            ERR.print(f"intercoder: {refusal.detail}", style="red", markup=False)
            sys.exit(REFUSED)


@contextmanager
def opened(settings: Settings, *, migrate: bool = False, any_schema: bool = False) -> Generator[Store]:
    """Open the installation's store and close it whatever happens.

    Its schema has to be this version's, unless it is brought up to date first, or the command is there for a database of any version.
    """
    store = open_store(settings)
    try:
        if migrate:
            store.migrate()
        elif not any_schema:
            store.check_schema()
        yield store
    finally:
        store.close()


def progress() -> Progress:
    """Show progress where a person looks on, and nothing in a file or pipe."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal)
