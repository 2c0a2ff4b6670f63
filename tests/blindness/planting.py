"""What a planted leak is, and what leaks are made of."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from litestar import Request
from litestar.datastructures import State
from litestar.types import Message, Receive, Send
from litestar.types import Scope as Connection

from service.app import App
from service.codebook.model import Code, Codebook
from service.coding.ledger import Verdict
from service.coding.model import PersonId, Round, RoundState
from service.coding.reveal import Revealed
from service.coding.visibility import SEES, Sight, Stance
from service.leaktest.cast import B
from service.leaktest.comparison import plain
from service.leaktest.histories import EXAMPLE, History, Mode
from service.store import Store, Transaction
from service.store.codings import Codings
from service.store.session import Session
from service.web.api import codings as codings_api

Asked = Request[Any, Any, State]
Patch = pytest.MonkeyPatch
CONTENT, PRESENCE, WORK = Mode


@dataclass(frozen=True, slots=True)
class Leak:
    """One planted leak: its channel, the mode that has to catch it, and how it is planted."""

    name: str
    channel: str
    mode: Mode
    plant: Callable[[Patch], None]
    dress: Callable[[App], App] = plain
    thin: bool = True
    """Whether the plainest form of each request finds it; the others need the whole sweep."""
    askers: tuple[str, ...] = B
    """Who of B looks: a leak that only leads can see is looked for by the lead, to save time."""
    history: History = EXAMPLE


PLANTED: list[Leak] = []
FEW = 5


def planted(
    channel: str, mode: Mode, *, thin: bool = True, askers: tuple[str, ...] = B, history: History = EXAMPLE
) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Register a leak that replaces functions."""

    def register(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        PLANTED.append(Leak(plant.__name__, channel, mode, plant, thin=thin, askers=askers, history=history))
        return plant

    return register


def dressed(
    channel: str, mode: Mode, *, thin: bool = True, askers: tuple[str, ...] = B
) -> Callable[[Callable[[App], App]], Callable[[App], App]]:
    """Register a leak that adds a route or changes what is sent."""

    def register(dress: Callable[[App], App]) -> Callable[[App], App]:
        PLANTED.append(Leak(dress.__name__, channel, mode, lambda _: None, dress, thin, askers))
        return dress

    return register


def never(*_: object) -> bool:
    """Stand in for a check that always passes."""
    return False


def count(session: Session) -> int:
    """Count everybody's codings."""
    return session.connection.exec_driver_sql("SELECT count(*) FROM codings").scalar_one()


def contents(session: Session, but: str = "") -> list[tuple[str, str, str]]:
    """Give (coder, excerpt, content) of every coding of an open round but one person's."""
    query = (
        "SELECT c.person_id, a.excerpt_id, k.content FROM codings c JOIN assignments a ON a.id = c.assignment_id"
        " JOIN ledger_contents k ON k.entry_id = c.entry_id"
        " WHERE c.round_id NOT IN (SELECT round_id FROM round_events WHERE kind = 'closed') ORDER BY c.at, c.sequence"
    )
    rows = session.connection.exec_driver_sql(query).tuples().all()
    return [(person, excerpt, given(bytes(content))) for person, excerpt, content in rows if person != but]


def given(content: bytes) -> str:
    return json.dumps(json.loads(content)["content"], sort_keys=True)


def all_contents(store: Store) -> str:
    """Give every content of open rounds in one text."""
    with store.reading() as tx:
        return json.dumps([content for _, _, content in contents(tx.session)])


def widen(patch: Patch, stance: Stance, sight: Sight) -> None:
    """Let a stance see more of an open round."""
    patch.setitem(SEES[stance], RoundState.OPEN, SEES[stance][RoundState.OPEN] | {sight, Sight.EXISTENCE})


def reveal_open(patch: Patch) -> None:
    """Take the guard off the door of what a close reveals."""

    def revealed(self: Codings, round_id: str) -> list[Revealed]:
        coders = self.rounds.get(round_id).coders
        return [Revealed(one, Verdict.BLIND) for coder in coders for one in self.own(round_id, coder)]

    patch.setattr(Codings, "revealed", revealed)


def headed(app: App, name: str, value: Callable[[Store], str]) -> App:
    """Add a header to every answer."""

    async def serve(scope: Connection, receive: Receive, send: Send) -> None:
        await with_header(app, name, value(app.store), (scope, receive, send))

    return around(app, serve)


async def with_header(app: App, name: str, value: str, connection: tuple[Connection, Receive, Send]) -> None:
    scope, receive, send = connection

    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (name.encode(), value.encode())]
        await send(message)

    await app(scope, receive, add)


def around(app: App, serve: Callable[[Connection, Receive, Send], Any]) -> App:
    return App(app.litestar, serve, app.store)  # pyright: ignore[reportArgumentType]


def change_turns(patch: Patch, change: Callable[[codings_api.AssignmentOut, list[str]], codings_api.AssignmentOut]) -> None:
    whole = codings_api.turns

    def turns(tx: Transaction, round_: Round, person: PersonId, **page: Any) -> Any:
        found = whole(tx, round_, person, **page)
        excerpt_of = {turn.id: turn.excerpt_id for turn in tx.assignments.of(round_.id, person)}
        others = contents(tx.session, person)
        items = [change(one, [given for _, excerpt, given in others if excerpt == excerpt_of[one.id]]) for one in found.items]  # pyright: ignore[reportArgumentType]
        return msgspec.structs.replace(found, items=items)

    patch.setattr(codings_api, "turns", turns)


def count_all(store: Store) -> int:
    with store.reading() as tx:
        return count(tx.session)


def changed_codes(codebook: Codebook, change: Callable[[Sequence[Code]], Sequence[Code]]) -> Codebook:
    return Codebook(variables=tuple(msgspec.structs.replace(one, codes=tuple(change(one.codes))) for one in codebook.variables))


def told_use(codebook: Codebook, used: str) -> Codebook:
    def with_use(codes: Sequence[Code]) -> list[Code]:
        return [msgspec.structs.replace(code, definition=f"used {used.count(code.name)} times") for code in codes]

    return changed_codes(codebook, with_use)
