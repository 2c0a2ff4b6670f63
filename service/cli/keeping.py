"""Look after an installation."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

from pathlib import Path

import rich_click as click

from service.cli.terminal import ERR, OUT, Read, opened, progress
from service.errors import BadInput


@click.command(name="check-store")
@click.pass_obj
def check_store(read: Read) -> None:
    """Check the database: schema, triggers, engine settings, integrity, offsets, ledger chains. Exit code 1 if anything is wrong."""
    from service.store import checking

    with opened(read(), any_schema=True) as store, progress() as bar:
        faults = checking.check(store, lambda studies: bar.track(studies, description="Studies"))
    for fault in faults:
        ERR.print(f"- {fault}", style="red", markup=False)
    if faults:
        message = f"{len(faults)} faults found. Restore the newest backup, or ask for help with this list."
        raise BadInput(message)
    OUT.print("The store is sound: schema, triggers, engine settings, integrity, offsets and ledger chains.")


@click.command()
@click.pass_obj
def retention(read: Read) -> None:
    """Erase the studies whose time has come, and say of each study how long it is kept.

    A running service does the same by itself; this is for an installation that is not running. Safe to run again.
    """
    from service.store import operator

    with opened(read()) as store:
        for line in operator.erase_due(store):
            OUT.print(line, markup=False)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--to", multiple=True, metavar="age1…", help="Encrypt to the holder of this age public key; more than once for several.")
@click.pass_obj
def backup(read: Read, file: Path, to: tuple[str, ...]) -> None:
    """Back up database and secret key to FILE, while the service runs and writes.

    Everything acknowledged before the printed moment is in it. Unless it is encrypted by --to, whoever has the file can read every text
    and sign in as anybody.
    """
    from service.store.backups import back_up

    settings = read()
    with opened(settings, any_schema=True) as store, ERR.status("Copying the database…"):
        made = back_up(settings, store, file, to=to)
    who = "only who holds its key can read it" if to else "not encrypted"
    OUT.print(f"{file}: holds everything acknowledged before {made.mark} (schema {made.schema}); {who}.", markup=False)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--identity", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The age identity of an encrypted backup.")
@click.pass_obj
def restore(read: Read, file: Path, identity: Path | None) -> None:
    """Make the installation of a backup again, in an empty data folder (with PostgreSQL: an empty database), then check it."""
    from service.store.backups import bring_back

    settings = read()
    with ERR.status("Checking and unpacking the backup…"):
        made = bring_back(settings, file, identity=identity)
    OUT.print(f"Restored what was acknowledged before {made.mark}. Next: `intercoder init`, `intercoder check-store`, start.", markup=False)


COMMANDS = [check_store, retention, backup, restore]
