"""Leaks that no answer shows: the service does other work for B when H has been there. Only NI-W finds them."""

import socket
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from service.coding.model import Coding
from service.leaktest.cast import BEA, HUGO
from service.leaktest.histories import Sent
from service.store.codings import Codings
from service.suggestion import CodeIndex
from service.web import remembered
from service.web.identity import Principal
from service.web.shelves import Shelves
from service.web.sources import Source
from service.web.suggesting import Suggesting
from tests.blindness.planting import WORK, Patch, contents, planted

LOOKED_AT_IN_TURN = tuple(Sent(who, "GET", "/api/v1/rounds/{early}/agreement") for who in (BEA, HUGO, BEA))
NOBODY_LISTENS = ("127.0.0.1", 9)


@planted("L22", WORK)
def suggestions_warmed_by_whoever_came_first(patch: Patch) -> None:
    whole = Suggesting.index

    async def index(self: Suggesting, who: Principal, source: Source) -> CodeIndex:
        return await whole(self, replace(who, person_id="everybody"), source)  # pyright: ignore[reportArgumentType]

    patch.setattr(Suggesting, "index", index)


@planted("L22", WORK, history=LOOKED_AT_IN_TURN, askers=())
def a_shelf_that_others_empty(patch: Patch) -> None:
    """Each finds only the own things on it, but there is room for one thing of all."""
    get, put = Shelves[Any].get, Shelves[Any].put

    def get_of_all(self: Shelves[Any], owner: str, key: Hashable) -> Any:
        return get(self, "everybody", (owner, key))

    def put_for_all(self: Shelves[Any], owner: str, key: Hashable, thing: Any) -> None:
        put(self, "everybody", (owner, key), thing)

    patch.setattr(remembered, "MOST", 1)
    patch.setattr(Shelves, "get", get_of_all)
    patch.setattr(Shelves, "put", put_for_all)


@planted("L22", WORK)
def suggestions_kept_in_a_file(patch: Patch) -> None:
    whole = Suggesting.index
    seen: set[tuple[int, str]] = set()

    async def index(self: Suggesting, who: Principal, source: Source) -> CodeIndex:
        kept = (id(self), source.key)
        with suppress(FileNotFoundError):
            if kept in seen:
                Path(kept[1]).read_bytes()  # noqa: ASYNC240
        seen.add(kept)
        return await whole(self, who, source)

    patch.setattr(Suggesting, "index", index)


@planted("L39", WORK)
def everybodys_rows_fetched_then_filtered(patch: Patch) -> None:
    whole = Codings.own

    def own(self: Codings, round_id: str, person_id: str, **among: Any) -> list[Coding]:
        rows = self.session.connection.exec_driver_sql("SELECT id, person_id FROM codings").all()
        mine = {coding_id for coding_id, person in rows if person == person_id}
        return [coding for coding in whole(self, round_id, person_id, **among) if coding.id in mine]

    patch.setattr(Codings, "own", own)


@planted("L39", WORK)
def a_query_more_when_others_have_coded(patch: Patch) -> None:
    whole = Codings.own

    def own(self: Codings, round_id: str, person_id: str, **among: Any) -> list[Coding]:
        mine = whole(self, round_id, person_id, **among)
        return whole(self, round_id, person_id, **among) if contents(self.session, person_id) else mine

    patch.setattr(Codings, "own", own)


@planted("L39", WORK)
def a_call_outside_for_others_codings(patch: Patch) -> None:
    whole = Codings.own

    def own(self: Codings, round_id: str, person_id: str, **among: Any) -> list[Coding]:
        if contents(self.session, person_id):
            with socket.socket() as phone, suppress(OSError):
                phone.connect(NOBODY_LISTENS)
        return whole(self, round_id, person_id, **among)

    patch.setattr(Codings, "own", own)
