"""Check an exported round, without a database."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

from pathlib import Path

import rich_click as click

from service.cli.terminal import OUT

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@click.option("--receipt", "receipts", multiple=True, type=FILE, help="A coder's receipt to compare with the chain; may be repeated.")
def verify(file: Path, receipts: tuple[Path, ...]) -> None:
    """Verify an exported round (proof.zip): chains, contents, seal, verdicts, and every figure made anew.

    Needs no database and no network. Says what was erased. The first break is named, with exit code 1.
    """
    from service.report.verification import read_and_verify, read_receipt

    kept = [read_receipt(one.name, one.read_bytes()) for one in receipts]
    for line in read_and_verify(file.name, file.read_bytes(), kept):
        OUT.print(f"✓ {line}", markup=False)
    OUT.print("The proof holds.")


COMMANDS = [verify]
