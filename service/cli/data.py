"""A study's data in and out."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

from pathlib import Path

import rich_click as click

from service.cli.terminal import OUT, Read, opened, progress
from service.errors import BadInput


@click.command(name="import")
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
    with opened(read()) as store, progress() as bar:
        chosen = operator.study(store, study, lead)
        for file in bar.track(files, description="Importing"):
            done = operator.import_codebook(store, chosen, file) if codebook else operator.import_documents(store, chosen, file, how)
            OUT.print(done, markup=False)


@click.command()
@click.argument("round_name", metavar="ROUND")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--coder", default="", help="Export this login name's own codings; possible while the round is open.")
@click.option("--proof", is_flag=True, help="Also write proof.zip: ledger, contents and report, which `intercoder verify` checks anywhere.")
@click.pass_obj
def export(read: Read, round_name: str, folder: Path, coder: str, *, proof: bool) -> None:
    """Write a closed round (name or id) to DIR: codings.csv, excerpts.csv, codebook.json, agreement.json.

    Refused while the round is open, except for a coder's own codings.
    """
    from service.store import operator

    with opened(read()) as store:
        files = operator.export(store, round_name, coder, proof=proof)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        OUT.print(str(folder / name), markup=False)


@click.command(name="import-codings")
@click.argument("round_name", metavar="ROUND")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--coder", required=True, help="Login name of the coder whose codings these become.")
@click.option("--declared-blind", is_flag=True, required=True, help="You declare that they were made without knowing any other coder's.")
@click.pass_obj
def import_codings(read: Read, round_name: str, file: Path, coder: str, *, declared_blind: bool) -> None:
    """Bring earlier codings (.csv) into an open round (name or id), as a coder's; all rows or none.

    One row a code: excerpt (its id) or text (its exact text), variable, code; for spans also start and end. They stay
    sealed until the close, and every report says that they were imported.
    """
    from service.store import operator

    if not declared_blind:
        message = "Earlier codings are taken only with --declared-blind."
        raise BadInput(message)
    with opened(read()) as store:
        OUT.print(operator.import_codings(store, round_name, coder, file), markup=False)


COMMANDS = [import_, import_codings, export]
