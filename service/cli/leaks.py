"""Try out what a coder can learn of the others."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

import rich_click as click

from service.cli.terminal import ERR, OUT, Read
from service.errors import BadInput

EXTRA = "The leak test needs an extra package. Install it with: pip install 'intercoder[leak-test]'"


@click.command(name="leak-test")
@click.option("--examples", default=9, show_default=True, type=click.IntRange(1, 10_000), help="Random histories a mode and seed.")
@click.option("--seed", "seeds", multiple=True, default=(1, 2, 3), show_default=True, type=click.IntRange(0), help="Seed; may be repeated.")
@click.pass_context
def leak_test(ctx: click.Context, examples: int, seeds: tuple[int, ...]) -> None:
    """Try whether a coder of an open round can learn what the others do. Exit code 1 if so.

    Two installations of this version live through the same histories, but for what the other coders do; everything that coders, a lead
    who codes and a tool can ask must answer the same. Uses databases of its own; your data is not touched. The result is kept in the data
    folder and shown to leads on the page Leak test.
    """
    from service.report.leak_test import FILE, in_words, written

    read: Read = ctx.obj
    try:
        from service.leaktest import running
    except ModuleNotFoundError as missing:
        if missing.name != "hypothesis":
            raise
        raise BadInput(EXTRA) from missing
    folder = read().data_dir
    with ERR.status("Starting two installations…") as status:
        result = running.leak_test(examples=examples, seeds=seeds, said=lambda line: status.update(f"Trying {line}…"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(written(result))
    for line in in_words(result):
        OUT.print(line, markup=False)
    ctx.exit(0 if result.silent else 1)


COMMANDS = [leak_test]
