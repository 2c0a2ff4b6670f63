"""Look after an installation."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

import rich_click as click

from service.cli.terminal import ERR, OUT, Read, opened, progress
from service.errors import BadInput


@click.command(name="check-store")
@click.pass_obj
def check_store(read: Read) -> None:
    """Check the database: schema, triggers, engine settings, integrity, offsets, ledger chains. Exit code 1 if anything is wrong."""
    from service.store import checking

    with opened(read()) as store, progress() as bar:
        faults = checking.check(store, lambda studies: bar.track(studies, description="Studies"))
    for fault in faults:
        ERR.print(f"- {fault}", style="red", markup=False)
    if faults:
        message = f"{len(faults)} faults found. Restore the newest backup, or ask for help with this list."
        raise BadInput(message)
    OUT.print("The store is sound: schema, triggers, engine settings, integrity, offsets and ledger chains.")


COMMANDS = [check_store]
