"""The two-world test: the same events of B and of people outside H, different events of H; B must get the same bytes.

What the second world's H does differently is the history's matter. Here both worlds live through it side by side, B looks
in between, sparsely (looking at everything would warm the caches and hide a shared one), and at everything at the end:
reads, pages, writes, H's own requests sent again, reads once more.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from service.app import App
from service.coding.model import RoundState
from tests.blindness.cast import BEA, BOOK_HINTS, CLEO, CODES, HUGO, LEA, TOOL, B, Cast
from tests.blindness.histories import (
    H_WORD,
    Act,
    Asked,
    Coded,
    HandedIn,
    History,
    LetGoAndBack,
    Mode,
    Sent,
    by_h,
    coded,
    prologue,
)
from tests.blindness.surface import NOTHING, Asking, Surface, ends_things, surface_of
from tests.blindness.world import Answer, Request, World, running

T = TypeVar("T")
Dress = Callable[[App], App]


def plain(app: App) -> App:
    """Leave the application as it is."""
    return app


MASKED_HEADERS = {b"x-request-id": "a fresh uuid4 for each request, so that a person can name it to the operator"}
"""Headers that may differ, each with its reason."""
RENAMED = {
    "seal": "the seal of a closed round digests salted commitments: random to whoever lacks the salts",
    "form seed": "the form that plans a round proposes a random seed",
    "form key": "a page's form carries a fresh uuid4, so that sending it twice does nothing twice",
}
"""Values that are random by construction and therefore compared by the place they stand in only."""
DECLASSIFIERS = {
    "closing": "a lead who codes and closes the round ends the blind phase for all",
    "hand-in": "a coder who has handed in sees who else has",
}
"""What B may do that ends or narrows the property; left out of the sweep where it would."""

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
"""Where the worlds' databases stand: thousands of small durable writes, of which nothing outlives the comparison."""

_FORM_KEY = re.compile(rb'(name="key" value=")[0-9a-f-]{36}"')
_FORM_SEED = re.compile(rb'(name="seed" [^>]*value=")\d+"')
LOOKED_AT = ("main", "assisted", "pilot", "early", "near", "parallel", "draft")
FAILED = 500
NUMBERED = {
    "number": ["1", "9"],
    "variable": ["0", "1"],
    "code": ["0", "9"],
    "theme": ["light"],
    "kind": ["csv"],
    "secret": ["x"],
    "file_path": ["x"],
    "path": ["x"],
}
"""Parts of addresses that are no ids."""
BLIND = ("main", "assisted")
_OPENED = ("main", "assisted", "parallel")


@dataclass(frozen=True, slots=True)
class Difference:
    """What B could tell the worlds apart by."""

    request: Request
    first: Answer
    second: Answer

    def __str__(self) -> str:
        return f"{self.request}\n   first: {self.first}\n  second: {self.second}"


class Told(Exception):
    """The worlds answered B differently."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


@dataclass
class Comparison:
    """Two worlds that live through one history."""

    cast: Cast
    mode: Mode
    history: History
    worlds: tuple[World, World]
    thin: bool
    surface: Surface
    log: set[tuple[str, str]] = field(default_factory=set)
    moment: int = 100
    turns: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    asked_by_h: list[Request] = field(default_factory=list)
    ids_of_h: list[str] = field(default_factory=list)
    told: Difference | None = None
    failed: list[str] = field(default_factory=list)
    answered: dict[str, set[int]] = field(default_factory=dict)
    seals: tuple[list[bytes], list[bytes]] = ((), ())  # pyright: ignore[reportAssignmentType]

    async def lived(self, askers: Sequence[str]) -> None:
        """Live through the history, then let the askers, some or all of B, ask for everything."""
        await self.begin()
        for act in self.history:
            await self.act(act)
        for who in askers:
            await self.sweep(who)

    async def begin(self) -> None:
        """Let H code the rounds that close early, close them, open the others."""
        for name in ("pilot", "near"):
            self._learn_turns(name)
        firsts = list(prologue(self.mode, second=False))
        seconds = {(act.by, act.round, act.turn) for act in prologue(self.mode, second=True)}
        for act in firsts:
            await self._of_h(
                self._coded(act, second=False), self._coded(act, second=True) if (act.by, act.round, act.turn) in seconds else None
            )
        for name, act in [("pilot", "closing"), ("near", "closing"), *((name, "opening") for name in _OPENED)]:
            await self._led(Request(LEA, "POST", f"/api/v1/rounds/{self.cast.rounds[name]}/{act}", key=f"{name}-{act}"))
        for name in _OPENED:
            self._learn_turns(name)
        self._learn_seals()

    async def act(self, act: Act) -> None:
        """Live through one act in both worlds; H's differ."""
        if by_h(act):
            first = self._request(act, second=False)
            second = None if self.mode is Mode.PRESENCE else self._request(act, second=True)
            await self._of_h(first, second)
        elif isinstance(act, LetGoAndBack):
            await self._let_go_and_back(act)
        elif request := self._request(act, second=False):
            await (self.both(request) if request.who.startswith(LEA) else self.same(request))

    async def sweep(self, who: str) -> None:
        """Ask for everything as one of B."""
        asking = self.asking(who)
        for request in asking.reads():
            await self.same(request)
        forms = [] if who == TOOL else await self._pages(asking)
        posts = () if self.thin or who == TOOL else asking.posts()
        for request in sorted(self._allowed([*asking.writes(), *self._replays(who), *forms, *posts]), key=ends_things):
            await self.same(request)
        for request in asking.again():
            await self.same(request)

    async def _pages(self, asking: Asking) -> list[Request]:
        shown: dict[str, bytes] = {}
        for request in asking.pages():
            first, _ = await self.same(request)
            if (b"content-type", b"text/html; charset=utf-8") in first.headers:
                shown[request.path] = first.body
        return list(asking.sent_forms(shown))

    async def same(self, request: Request) -> tuple[Answer, Answer]:
        """Ask both worlds the same thing as one of B, and refuse any difference."""
        self.log.add((request.who, request.operation))
        first, second = await self.both(request)
        self.answered.setdefault(request.operation, set()).add(first.status)
        if first.status >= FAILED:
            self.failed.append(f"{request} {first}")
        if self.masked(first, 0) == self.masked(second, 1):
            return first, second
        self._learn_seals()
        if self.masked(first, 0) != self.masked(second, 1):
            raise Told(Difference(request, first, second))
        return first, second

    async def both(self, request: Request) -> tuple[Answer, Answer]:
        """Ask both worlds the same thing at the same moment."""
        self.moment += 1
        first, second = [await world.ask(request, self.moment) for world in self.worlds]
        if request.media.startswith("multipart"):
            await asyncio.gather(*(world.settled() for world in self.worlds))
        return first, second

    def asking(self, who: str) -> Asking:
        """Say what there is to ask for one principal: own ids first, then H's real ones, then one of nothing."""
        person = who.removesuffix("@page").removesuffix("-tool")
        other = HUGO if person != HUGO else BEA
        rounds, cast = self.cast.rounds, self.cast
        turns = [
            *self._turn("assisted", person, 0),
            *self._turn("main", person, 0),
            *self._turn("main", other, 0),
            *self._turn("assisted", other, 0),
        ]
        pool = {
            "study_id": [cast.studies["ours"], cast.studies["theirs"], NOTHING],
            "round_id": [*(rounds[name] for name in (LOOKED_AT[:4] if self.thin else LOOKED_AT)), NOTHING],
            "assignment_id": [*turns, NOTHING],
            "document_id": [cast.documents["spare"], cast.documents["coded"], cast.documents["abroad"], NOTHING],
            "codebook_id": [cast.codebooks["ours"], cast.codebooks["theirs"], NOTHING],
            "person_id": [cast.people[other], cast.people[person], NOTHING],
            "token_id": [cast.tokens[f"{person}-spare"], cast.tokens[f"{other}-spare"], NOTHING],
            "excerpt_id": [cast.excerpts[-1], cast.excerpts[0]],
            "coding_id": [*self.ids_of_h[-3:], NOTHING],
            **NUMBERED,
            "any": [rounds["main"], *self.ids_of_h[-2:], NOTHING],
        }
        near = {"round_id": 2, "assignment_id": 4} if self.thin else {"assignment_id": 2}
        focus = {name: ids[: near.get(name, 1)] for name, ids in pool.items()}
        hints = {**BOOK_HINTS, "login": [f"new-{person}", f"{other}@example.org"]}
        return Asking(
            self.surface, pool, focus, hints, ["Novelty", H_WORD, CODES[0], cast.people[other]], who, thin=self.thin or who == TOOL
        )

    def _request(self, act: Act, *, second: bool) -> Request | None:
        if isinstance(act, Coded):
            return self._coded(act, second=second)
        if isinstance(act, HandedIn):
            key = f"hand-in-{self.moment}"
            return Request(act.by, "POST", f"/api/v1/rounds/{self.cast.rounds[act.round]}/hand-in", key=key, operation="handIn")
        if isinstance(act, Sent):
            return act.request(self.cast.rounds, f"sent-{self.moment}")
        if isinstance(act, Asked):
            asking = self.asking(act.by)
            requests = list(self._allowed(asking.writes() if act.writes else [*asking.reads(), *asking.pages()]))
            request = requests[act.place % len(requests)]
            return replace(request, key=f"asked-{self.moment}") if act.writes else request
        return None

    def _coded(self, act: Coded, *, second: bool) -> Request | None:
        return coded(act, self.turns, self.cast.rounds, f"coded-{self.moment}", second=second)

    async def _of_h(self, first: Request | None, second: Request | None) -> None:
        self.moment += 1
        for world, request in zip(self.worlds, (first, second), strict=True):
            answer = await world.ask(request, self.moment) if request else None
            if request and answer and request.media.startswith("multipart"):
                await world.settled()
            if world is self.worlds[0] and request and answer and request.method == "POST":
                self.asked_by_h.append(request)
                self.ids_of_h.extend(_ids(answer))

    async def _let_go_and_back(self, act: LetGoAndBack) -> None:
        people = f"/api/v1/studies/{self.cast.studies['ours']}/people"
        await self._led(Request(LEA, "DELETE", f"{people}/{self.cast.people[act.who]}", key=f"go-{self.moment}"))
        body = json.dumps({"login": f"{act.who}@example.org", "name": act.who.title(), "role": act.role}).encode()
        await self._led(Request(LEA, "POST", people, body=body, media="application/json", key=f"back-{self.moment}"))

    async def _led(self, request: Request) -> None:
        for answer in await self.both(request):
            assert answer.status < 300, f"{request} {answer}"

    def _allowed(self, requests: Iterable[Request]) -> Iterable[Request]:
        return (request for request in requests if not self._declassifies(request))

    def _declassifies(self, request: Request) -> bool:
        if self.cast.tokens.get(request.who.partition("@")[0], " ") in request.path or self.cast.tokens[TOOL] in request.path:
            return True  # whoever revokes the token in use gets nothing any more
        if request.path.endswith("/closing"):
            return request.who.partition("@")[0] in self._leads() and any(self.cast.rounds[name] in request.path for name in BLIND)
        return request.path.endswith("/hand-in") and self.mode is Mode.PRESENCE and self._h_has_handed_in()

    def _h_has_handed_in(self) -> bool:
        return any(request.path.endswith("/hand-in") for request in self.asked_by_h)

    def _leads(self) -> set[str]:
        return {LEA, CLEO, *(act.who for act in self.history if isinstance(act, LetGoAndBack) and act.role == "lead")}

    def _replays(self, who: str) -> Iterable[Request]:
        return [*self._allowed(replace(request, who=who) for request in self.asked_by_h[-12:])]

    def _turn(self, round_: str, person: str, *places: int) -> list[str]:
        own = self.turns.get((round_, person), [])
        return [own[place] for place in places if place < len(own)]

    def _learn_turns(self, name: str) -> None:
        with self.worlds[0].app.store.reading() as tx:
            for turn in tx.rounds.assignments(self.cast.rounds[name]):
                person = next(one for one, known in self.cast.people.items() if known == turn.person_id)
                self.turns.setdefault((name, person), []).append(turn.id)

    def _learn_seals(self) -> None:
        found: list[list[bytes]] = []
        for world in self.worlds:
            with world.app.store.reading() as tx:
                rounds = tx.rounds.of_study(self.cast.studies["ours"])
                found.append([one.seal.encode() for one in rounds if one.state is RoundState.CLOSED and one.seal])
        self.seals = (found[0], found[1])

    def masked(self, answer: Answer, place: int) -> Answer:
        """Give what is compared of an answer of the first or second world."""
        body = _FORM_KEY.sub(rb'\1"', answer.body)
        for number, seal in enumerate(self.seals[place]):
            body = body.replace(seal, f"seal-{number}".encode())
        unseeded = _FORM_SEED.sub(rb'\1"', body)
        hidden = {*MASKED_HEADERS, b"content-length"} if unseeded != body else {*MASKED_HEADERS}
        return Answer(answer.status, tuple(one for one in answer.headers if one[0].lower() not in hidden), unseeded)


@asynccontextmanager
async def two_worlds(cast: Cast, mode: Mode, history: History, dress: Dress, *, thin: bool) -> AsyncGenerator[Comparison]:
    """Start both worlds from the same template."""
    with tempfile.TemporaryDirectory(prefix="two-worlds-", dir=MEMORY) as folder:
        places = [Path(folder) / name for name in ("first", "second")]
        async with running(places[0], cast.folder, cast.secrets, dress) as one, running(places[1], cast.folder, cast.secrets, dress) as two:
            yield Comparison(cast, mode, history, (one, two), thin, cast.surface if dress is plain else surface_of(one.app))


class Here(ThreadPoolExecutor):
    """Runs a handler where it is called: requests come one after the other, and changing threads is a quarter of the time."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done = Future[T]()
        done.set_result(fn(*args, **kwargs))
        return done


def compare(cast: Cast, mode: Mode, history: History, dress: Dress = plain, *, thin: bool = False, askers: Sequence[str] = B) -> Comparison:
    """Live through a history in two worlds; ``told`` is where B could tell them apart, if anywhere."""

    async def run() -> Comparison:
        asyncio.get_running_loop().set_default_executor(Here())
        async with two_worlds(cast, mode, history, dress, thin=thin) as comparison:
            try:
                await comparison.lived(askers)
            except Told as told:
                comparison.told = told.difference
            return comparison

    return asyncio.run(run())


def _ids(answer: Answer) -> list[str]:
    return re.findall(r'"id":"([0-9a-f-]{36})"', answer.body.decode(errors="replace"))
