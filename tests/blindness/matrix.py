"""Who may do what in which state: the authorisation matrix as it is, asked of a running application.

``matrix.txt`` is the matrix as it should be: a row an operation, a column a caller, five statuses a cell: while the round is
a draft, open, closed, reopened, archived. ``python -m tests.blindness.matrix`` writes it anew; a change of it is read line by
line like code.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

from service.coding.model import RoundState
from service.leaktest.cast import ABEL, ADA, BEA, BOOK_HINTS, CLEO, ELI, HANA, HUGO, LEA, OLAF, Cast, stage
from service.leaktest.comparison import plain
from service.leaktest.surface import NOTHING, Asking, file_form
from service.leaktest.world import FileTemplate, Request, World, running
from service.store.engine import copy, make_engine

TABLE = Path(__file__).parent / "matrix.txt"
CALLERS = {
    "nobody": "",
    "coder": BEA,
    "elsewhere": "zoe",
    "lead": LEA,
    "coding-lead": CLEO,
    "adjudicator": ADA,
    "coding-adj": ABEL,
    "observer": OLAF,
    "machine": "lea-tool",
    "ex-member": ELI,
}
"""Columns: a coder of the round, a coder of another study, the lead, a lead who codes in it, an adjudicator who does not code and one
who does, an observer, a tool, a removed coder."""
_CLOSED = ("opening", "closing")
STATES = {
    RoundState.DRAFT: (),
    RoundState.OPEN: ("opening",),
    RoundState.CLOSED: _CLOSED,
    RoundState.REOPENED: (*_CLOSED, "reopening"),
    RoundState.ARCHIVED: (*_CLOSED, "archiving"),
}
REASON = b'{"reason": "A slip."}'
Cells = dict[str, list[int]]


async def observed(cast: Cast) -> dict[str, Cells]:
    """Ask every operation as every caller in every state; the database is put back after each write that succeeded."""
    rows: dict[str, Cells] = {}
    for acts in STATES.values():
        async with _in_state(cast, acts) as (world, kept):
            for caller, who in CALLERS.items():
                for request in plainest(cast, world, who):
                    answer = await world.ask(request, 500)
                    rows.setdefault(request.operation, {}).setdefault(caller, []).append(answer.status)
                    if request.method != "GET" and answer.status < 300:
                        await world.settled()
                        put_back(world, kept)
    return rows


def plainest(cast: Cast, world: World, who: str) -> Iterable[Request]:
    """Give the plainest valid request of each operation, about the round in question."""
    person = who if who in cast.people else LEA
    with world.app.store.reading() as tx:
        turns = [turn.id for turn in tx.assignments.of(cast.rounds["main"], cast.people[person])]
    ids = {
        "study_id": [cast.studies["ours"]],
        "round_id": [cast.rounds["main"]],
        "assignment_id": [turns[0] if turns else NOTHING],
        "document_id": [cast.documents["coded"]],
        "codebook_id": [cast.codebooks["ours"]],
        "person_id": [cast.people[HANA]],
        "token_id": [cast.tokens[f"{person}-spare"]],
        "excerpt_id": [cast.excerpts[0]],
        "any": [NOTHING],
    }
    hints = {**BOOK_HINTS, "login": ["new"], "coders": [[cast.people[HUGO], cast.people[BEA]]]}
    asking = Asking(cast.surface, ids, dict(ids), hints, ["text", "text"], who, thin=True)
    for request in [*asking.again(), *asking.writes()]:
        yield _with_codebook(request, cast)


def put_back(world: World, kept: Path) -> None:
    """Put the database back to what it was."""
    source = make_engine(f"sqlite:///{kept}")
    with closing(source.raw_connection()) as old, closing(world.app.store.engine.raw_connection()) as new:
        old.driver_connection.backup(new.driver_connection)  # pyright: ignore[reportOptionalMemberAccess]
    source.dispose()


def written(rows: dict[str, Cells]) -> str:
    """Write the matrix as text."""
    wide = 4 * len(STATES) + 1
    head = ["operation".ljust(24), *(caller.ljust(wide) for caller in CALLERS)]
    lines = [
        [name.ljust(24), *(" ".join(map(str, cells[caller])).ljust(wide) for caller in CALLERS)] for name, cells in sorted(rows.items())
    ]
    return "".join(f"{' '.join(line).rstrip()}\n" for line in [head, *lines])


def table() -> dict[str, Cells]:
    """Read the matrix as it should be."""
    lines = [line.split() for line in TABLE.read_text().splitlines()[1:]]
    many = len(STATES)
    return {
        line[0]: {caller: [int(cell) for cell in line[1 + many * place : 1 + many * (place + 1)]] for place, caller in enumerate(CALLERS)}
        for line in lines
    }


@asynccontextmanager
async def _in_state(cast: Cast, acts: tuple[str, ...]) -> AsyncGenerator[tuple[World, Path]]:
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        async with running(Path(folder) / "world", cast.template, cast.secrets, plain) as world:
            done = [("pilot", "closing"), ("near", "closing"), *(("main", act) for act in acts)]
            for moment, (name, act) in enumerate(done):
                path = f"/api/v1/rounds/{cast.rounds[name]}/{act}"
                body = REASON if act == "reopening" else b""
                request = Request(LEA, "POST", path, body=body, media="application/json" if body else "", key=f"{name}-{act}")
                answer = await world.ask(request, 300 + moment)
                assert answer.status < 300, answer
            kept = Path(folder) / "kept"
            copy(world.app.store.engine, kept)
            yield world, kept


def _with_codebook(request: Request, cast: Cast) -> Request:
    """Give the two operations that take a codebook one of the kind they take."""
    if request.operation in {"suggest", "streamSuggestions"}:
        body = f'{{"texts": ["a text"], "codebook_id": "{cast.codebooks["ours"]}"}}'.encode()
        return replace(request, body=body)
    return replace(request, body=file_form({}, "book.json")) if request.operation == "importCodebook" else request


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        TABLE.write_text(written(asyncio.run(observed(stage(FileTemplate(Path(made)))))))
