"""The two-world test: the same events of B and of people outside H, different events of H; B must get the same bytes.

What the second world's H does differently is the history's matter. Here both worlds live through it side by side, B looks
in between, sparsely (looking at everything would warm the caches and hide a shared one), and at everything at the end:
reads, pages, writes, H's own requests sent again, reads once more.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from service.app import App
from service.coding.model import Arm, RoundState
from service.leaktest.cast import BEA, BOOK_HINTS, CLEO, CODES, LEA, TOOL, Cast
from service.leaktest.differences import Difference, Told, difference_of_work, is_for_all, masked
from service.leaktest.histories import (
    BEFORE,
    EACH,
    H_WORD,
    Act,
    Asked,
    Brought,
    Coded,
    HandedIn,
    Helped,
    History,
    LetGoAndBack,
    Mode,
    Sent,
    Sides,
    brought,
    by_h,
    coded,
    helped,
    prologue,
)
from service.leaktest.surface import NOTHING, Asking, Surface, ends_things
from service.leaktest.world import Answer, Request, World

Dress = Callable[[App], App]
Share = tuple[int, int]
WHOLE: Share = (0, 1)
"""Which part of the sweep is asked: the n-th of so many."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LOOKED_AT = ("main", "assisted", "pilot", "early", "near", "parallel", "draft")
REFUSED, FAILED = 300, 500
NUMBERED = {
    "number": ["1", "9"],
    "variable": ["0", "1"],
    "code": ["0", "9"],
    "theme": ["light"],
    "drawn": ["codes"],
    "kind": ["csv"],
    "secret": ["x"],
    "file_path": ["x"],
    "path": ["x"],
}
"""Parts of addresses that are no ids."""
BLIND = ("main", "assisted")
_OPENED = ("main", "assisted", "parallel")


def plain(app: App) -> App:
    """Leave the application as it is."""
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried: a history, in which way and for whom, and how much is asked at its end."""

    mode: Mode
    history: History
    sides: Sides = EACH
    askers: Sequence[str] = ()
    """Who of B asks at the end; without names, all."""
    thin: bool = False
    """Whether only the plainest form of each request is asked."""
    share: Share = WHOLE
    dress: Dress = plain


@dataclass
class Comparison:
    """Two worlds that live through one history."""

    cast: Cast
    trial: Trial
    worlds: tuple[World, World]
    surface: Surface
    log: set[tuple[str, str]] = field(default_factory=set)
    asked: int = 0
    moment: int = 100
    turns: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    asked_by_h: list[Request] = field(default_factory=list)
    ids_of_h: list[str] = field(default_factory=list)
    in_one_world: set[str] = field(default_factory=set)
    """Ids that H's acts may have made or ended in one world only."""
    told: Difference | None = None
    failed: list[str] = field(default_factory=list)
    answered: dict[str, set[int]] = field(default_factory=dict)
    seals: tuple[list[bytes], list[bytes]] = ((), ())  # pyright: ignore[reportAssignmentType]

    async def lived(self) -> None:
        """Live through the history, then let some or all of B ask for everything. The comparison has begun."""
        for act in self.trial.history:
            await self.act(act)
        for who in self.trial.askers or self.trial.sides.b:
            await self.sweep(who)

    def begun_like(self, other: "Comparison") -> None:
        """Take up where another comparison of this mode and these sides had begun; the worlds are put back to that."""
        self.moment, self.seals = other.moment, other.seals
        self.turns, self.in_one_world = deepcopy(other.turns), {*other.in_one_world}
        self.asked_by_h, self.ids_of_h = [*other.asked_by_h], [*other.ids_of_h]

    async def begin(self) -> None:
        """Let the rounds be coded that close early, close them, open the others."""
        theirs = "theirs"  # a study of one of H alone
        self.in_one_world = {self.cast.studies[theirs], self.cast.codebooks[theirs], self.cast.documents["abroad"]}
        for name in BEFORE:
            self._learn_turns(name)
        for act in prologue():
            await self.act(act)
        for name, act in [("pilot", "closing"), ("near", "closing"), *((name, "opening") for name in _OPENED)]:
            await self._led(Request(LEA, "POST", f"/api/v1/rounds/{self.cast.rounds[name]}/{act}", key=f"{name}-{act}"))
        for name in _OPENED:
            self._learn_turns(name)
        self._learn_seals()

    async def act(self, act: Act) -> None:
        """Live through one act in both worlds; H's differ."""
        if by_h(act, self.trial.sides):
            first = self._request(act, second=False)
            second = self._request(act, second=True) if self.trial.mode is Mode.CONTENT else None
            await self._of_h(first, second)
        elif isinstance(act, LetGoAndBack):
            await self._let_go_and_back(act)
        elif request := self._request(act, second=False):
            await (self.both(request) if request.who.startswith(LEA) else self.same(request))

    async def sweep(self, who: str) -> None:
        """Ask for everything as one of B."""
        asking = self.asking(who)
        for request in self._of_share(asking.reads()):
            await self.same(request)
        forms = [] if who == TOOL else await self._pages(asking)
        posts = () if self.trial.thin or who == TOOL else asking.posts()
        writes = [*self._of_share(asking.writes()), *self._replays(who), *self._of_share([*forms, *posts])]
        for request in sorted(self._allowed(writes), key=ends_things):
            await self.same(request)
        for request in self._of_share(asking.again()):
            await self.same(request)

    async def _pages(self, asking: Asking) -> list[Request]:
        shown: dict[str, bytes] = {}
        for request in self._of_share(asking.pages()):
            first, _ = await self.same(request)
            if (b"content-type", b"text/html; charset=utf-8") in first.headers:
                shown[request.path] = first.body
        return list(asking.sent_forms(shown))

    async def same(self, request: Request) -> tuple[Answer, Answer]:
        """Ask both worlds the same thing as one of B, and refuse any difference."""
        self.log.add((request.who, request.operation))
        self.asked += 1
        first, second = await self.both(request, watched=self.trial.mode is Mode.WORK)
        self.answered.setdefault(request.operation, set()).add(first.status)
        if first.status >= FAILED:
            self.failed.append(f"{request} {first}")
        if self.masked(first, 0) != self.masked(second, 1):
            self._learn_seals()
            if self.masked(first, 0) != self.masked(second, 1):
                raise Told(Difference(request, first, second))
        if self.trial.mode is Mode.WORK and not (self._names_what_one_world_lacks(request) or is_for_all(request)):
            self._same_work(request)
        return first, second

    async def tells(self, request: Request) -> bool:
        """Say whether the worlds answer this differently."""
        try:
            await self.same(request)
        except Told:
            return True
        return False

    def _same_work(self, request: Request) -> None:
        if found := difference_of_work(request, *(world.work for world in self.worlds)):
            raise Told(found)

    def _names_what_one_world_lacks(self, request: Request) -> bool:
        """Say whether looking something up has to find a row more in one world: by an id that H knows, and B is never given."""
        return any(one in request.path or one in request.query or one.encode() in request.body for one in self.in_one_world)

    async def both(self, request: Request, *, watched: bool = False) -> tuple[Answer, Answer]:
        """Ask both worlds the same thing at the same moment."""
        self.moment += 1
        first, second = [await (world.watched if watched else world.ask)(request, self.moment) for world in self.worlds]
        if request.media.startswith("multipart"):
            await asyncio.gather(*(world.settled() for world in self.worlds))
        return first, second

    def asking(self, who: str) -> Asking:
        """Say what there is to ask for one principal: own ids first, then H's real ones, then one of nothing."""
        person = who.removesuffix("@page").removesuffix("-tool")
        other = self.trial.sides.h[0] if person not in self.trial.sides.h else BEA
        partners = [name for name in self.trial.sides.people_of_b if name != person]
        rounds, cast = self.cast.rounds, self.cast
        turns = [
            *self._turn("assisted", person, 0),
            *self._turn("main", person, 0),
            *self._turn("main", other, 0),
            *(turn for name in partners for turn in self._turn("main", name, 0)),
            *self._turn("assisted", other, 0),
        ]
        pool = {
            "study_id": [cast.studies["ours"], cast.studies["theirs"], NOTHING],
            "round_id": [*(rounds[name] for name in (LOOKED_AT[:4] if self.trial.thin else LOOKED_AT)), NOTHING],
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
        near = {"round_id": 2, "assignment_id": 4} if self.trial.thin else {"assignment_id": 2}
        focus = {name: ids[: near.get(name, 1)] for name, ids in pool.items()}
        hints = {**BOOK_HINTS, "login": [f"new-{person}", f"{other}@example.org"]}
        return Asking(
            self.surface, pool, focus, hints, ["Novelty", H_WORD, CODES[0], cast.people[other]], who, thin=self.trial.thin or who == TOOL
        )

    def _request(self, act: Act, *, second: bool) -> Request | None:
        rounds, found = self.cast.rounds, None
        match act:
            case Coded():
                found = self._coded(act, second=second)
            case Brought():
                found = brought(act, self.cast.people, rounds, f"brought-{self.moment}", second=second)
            case HandedIn():
                key = f"hand-in-{self.moment}"
                found = Request(act.by, "POST", f"/api/v1/rounds/{rounds[act.round]}/hand-in", key=key, operation="handIn")
            case Helped():
                found = helped(act, self.turns, rounds, f"helped-{self.moment}")
            case Sent():
                found = act.request(rounds, f"sent-{self.moment}")
            case Asked():
                found = self._asked(act)
            case LetGoAndBack():
                pass
        return found

    def _asked(self, act: Asked) -> Request:
        asking = self.asking(act.by)
        requests = list(self._allowed(asking.writes() if act.writes else [*asking.reads(), *asking.pages()]))
        request = requests[act.place % len(requests)]
        return replace(request, key=f"asked-{self.moment}") if act.writes else request

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
            if request and answer and answer.status < REFUSED:
                self.in_one_world.update(_ids(answer) if request.method == "POST" else (), _ended(request))

    async def _let_go_and_back(self, act: LetGoAndBack) -> None:
        people = f"/api/v1/studies/{self.cast.studies['ours']}/people"
        await self._led(Request(LEA, "DELETE", f"{people}/{self.cast.people[act.who]}", key=f"go-{self.moment}"))
        body = json.dumps({"login": f"{act.who}@example.org", "name": act.who.title(), "role": act.role}).encode()
        await self._led(Request(LEA, "POST", people, body=body, media="application/json", key=f"back-{self.moment}"))

    async def _led(self, request: Request) -> None:
        for answer in await self.both(request):
            if answer.status >= REFUSED:
                message = f"The history cannot go on: {request} {answer}"
                raise RuntimeError(message)

    def _allowed(self, requests: Iterable[Request]) -> Iterable[Request]:
        return (request for request in requests if not self._declassifies(request))

    def _declassifies(self, request: Request) -> bool:
        if self.cast.tokens.get(request.who.partition("@")[0], " ") in request.path or self.cast.tokens[TOOL] in request.path:
            return True  # whoever revokes the token in use gets nothing any more
        if request.path.endswith("/closing"):
            return request.who.partition("@")[0] in self._leads() and any(self.cast.rounds[name] in request.path for name in BLIND)
        return request.path.endswith("/hand-in") and self.trial.mode is not Mode.CONTENT and self._h_has_handed_in()

    def _h_has_handed_in(self) -> bool:
        return any(request.path.endswith("/hand-in") for request in self.asked_by_h)

    def _leads(self) -> set[str]:
        return {LEA, CLEO, *(act.who for act in self.trial.history if isinstance(act, LetGoAndBack) and act.role == "lead")}

    def _of_share(self, requests: Iterable[Request]) -> Iterable[Request]:
        place, of = self.trial.share
        return (request for number, request in enumerate(requests) if number % of == place)

    def _replays(self, who: str) -> Iterable[Request]:
        return [*self._allowed(replace(request, who=who) for request in self.asked_by_h[-12:])]

    def _turn(self, round_: str, person: str, *places: int) -> list[str]:
        own = self.turns.get((round_, person), [])
        return [own[place] for place in places if place < len(own)]

    def _learn_turns(self, name: str) -> None:
        with self.worlds[0].app.store.reading() as tx:
            # Where suggestions are randomised, a turn comes first that is shown one at once.
            for turn in sorted(tx.assignments.of(self.cast.rounds[name]), key=lambda turn: turn.arm is not Arm.BEFORE):
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
        return masked(answer, self.seals[place])


def _ended(request: Request) -> list[str]:
    """Give the id that a request puts an end to, if it does."""
    ends = request.method == "DELETE" or request.path.endswith("/deletion")
    return _UUID.findall(request.path)[-1:] if ends else []


def _ids(answer: Answer) -> list[str]:
    return re.findall(r'"id":"([0-9a-f-]{36})"', answer.body.decode(errors="replace"))
