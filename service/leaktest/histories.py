"""What happens before B looks: acts of everybody, each the same in both worlds but those of H."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hypothesis import strategies as st

from service.leaktest.cast import BEA, CLEO, CODES, HANA, HUGO, HUGO_TOOL, LEA, MARK, PASSAGE, THEME, TOOL
from service.leaktest.surface import BOUNDARY, CODINGS
from service.leaktest.surface import CODED as TEXT
from service.leaktest.world import Request

BEFORE = ("pilot", "near")
"""Rounds that two coders code and the lead closes before a history begins."""
ASSISTED = "assisted"
CODED = ("main", ASSISTED, "parallel")
H_WORD = "quokka"


class Mode(StrEnum):
    """How the second world's H differs: it gives other content; it does nothing; it does nothing, and the work is compared as well."""

    CONTENT = "NI-C"
    PRESENCE = "NI-P"
    WORK = "NI-W"


@dataclass(frozen=True, slots=True)
class Sides:
    """B, the people who look and may put together what they see; and H, whose acts differ between the worlds."""

    b: tuple[str, ...]
    h: tuple[str, ...]

    @property
    def people_of_b(self) -> tuple[str, ...]:
        """Give B without their tools."""
        return tuple(name for name in self.b if name != TOOL)

    @property
    def askers_of_h(self) -> tuple[str, ...]:
        """Give H and their tool."""
        return (*self.h, HUGO_TOOL) if HUGO in self.h else self.h


EACH = Sides((BEA, CLEO, TOOL), (HUGO, HANA))
"""A coder, a lead who codes and that lead's tool look; two coders differ."""
COALITION = Sides((BEA, HANA), (HUGO,))
"""Two coders put together what they see, of whom one shares more rounds with the third."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one coding holds."""

    codes: tuple[str, ...] = ()
    tone: str = "warm"
    word: str = ""
    skipped: bool = False
    marked: int = 0
    """How many of the text's first characters are marked as a span."""

    def body(self, turn: str) -> bytes:
        """Write the request's body for a turn."""
        spans = [{"start": 0, "end": self.marked, "code": MARK}] if self.marked else []
        answers = [
            {"variable": THEME, "codes": self.codes},
            {"variable": "tone", "codes": [self.tone]},
            {"variable": PASSAGE, "spans": spans},
        ]
        given = (
            {"skip": f"unclear {self.word}"}
            if self.skipped
            else {"answers": answers, "memo": self.word, "confidence": 2, "flag": bool(self.word)}
        )
        return json.dumps({"codings": [{"assignment_id": turn} | given]}).encode()


@dataclass(frozen=True, slots=True)
class Coded:
    """Somebody codes a turn; H gives ``first`` in the first world and ``second`` in the other."""

    by: str
    round: str
    turn: int
    first: Given
    second: Given


@dataclass(frozen=True, slots=True)
class Brought:
    """The lead brings earlier codings of one text into the main round as somebody's; of H ``first`` or, in the other world, ``second``."""

    coder: str
    text: int
    first: str
    second: str

    def body(self, coder: str, code: str) -> bytes:
        """Write the form with a file of one row."""
        head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
        fields = "".join(f'{head}"{name}"\r\n\r\n{value}\r\n' for name, value in (("coder", coder), ("declared_blind", "yes")))
        rows = f"text,variable,code\n{TEXT.format(n=self.text)},{THEME},{code}\n"
        file = f'{head}"file"; filename="{CODINGS}"\r\nContent-Type: text/csv\r\n\r\n{rows}\r\n--{BOUNDARY}--\r\n'
        return (fields + file).encode()


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Somebody locks their codings."""

    by: str
    round: str


@dataclass(frozen=True, slots=True)
class Helped:
    """Somebody asks for the suggestion of a turn of the round that shows them."""

    by: str
    turn: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asks something of the whole surface; ``place`` counts through what there is to ask."""

    by: str
    writes: bool
    place: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Somebody sends exactly this; a round's name in braces stands for its id."""

    by: str
    method: str
    path: str
    body: bytes = b""

    def request(self, rounds: Mapping[str, str], key: str) -> Request:
        """Write the request."""
        path = self.path
        for name, round_id in rounds.items():
            path = path.replace(f"{{{name}}}", round_id)
        return Request(self.by, self.method, path, body=self.body, media="application/json" if self.body else "", key=key)


@dataclass(frozen=True, slots=True)
class LetGoAndBack:
    """The lead takes somebody out of the study and invites them again."""

    who: str
    role: str


Act = Coded | Brought | HandedIn | Helped | Asked | Sent | LetGoAndBack
History = tuple[Act, ...]
Turns = Mapping[tuple[str, str], Sequence[str]]


def by_h(act: Act, sides: Sides) -> bool:
    """Say whether an act is H's."""
    if isinstance(act, Brought):
        return act.coder in sides.h
    return not isinstance(act, LetGoAndBack) and act.by in sides.askers_of_h


def coded(act: Coded, turns: Turns, rounds: Mapping[str, str], key: str, *, second: bool) -> Request | None:
    """Write the request of a coding; None where its coder has no turn in the round."""
    own = turns.get((act.round, act.by))
    if not own:
        return None
    given = act.second if second else act.first
    path = f"/api/v1/rounds/{rounds[act.round]}/codings"
    return Request(
        act.by, "POST", path, body=given.body(own[act.turn % len(own)]), media="application/json", key=key, operation="submitCodings"
    )


def brought(act: Brought, people: Mapping[str, str], rounds: Mapping[str, str], key: str, *, second: bool) -> Request:
    """Write the request of an import."""
    path = f"/api/v1/rounds/{rounds['main']}/imported-codings"
    body = act.body(people[act.coder], act.second if second else act.first)
    return Request(LEA, "POST", path, body=body, media=f"multipart/form-data; boundary={BOUNDARY}", key=key, operation="importCodings")


def helped(act: Helped, turns: Turns, rounds: Mapping[str, str], key: str) -> Request | None:
    """Write the request for a suggestion; None where the person has no turn in the round."""
    own = turns.get((ASSISTED, act.by))
    path = f"/api/v1/rounds/{rounds[ASSISTED]}/assignments/{own[act.turn % len(own)]}/suggestions" if own else ""
    return Request(act.by, "POST", path, key=key, operation="suggestForAssignment") if own else None


def prologue() -> Iterator[Coded]:
    """Give the codings of the rounds that close before the history begins."""
    for round_ in BEFORE:
        for coder in (HUGO, HANA):
            for turn in range(3):
                yield Coded(coder, round_, turn, Given((CODES[turn],), word=H_WORD), Given(tuple(CODES[:turn]), "cold"))


GIVENS = st.builds(
    Given,
    codes=st.lists(st.sampled_from(CODES), unique=True, max_size=3).map(tuple),
    tone=st.sampled_from(["warm", "cold"]),
    word=st.sampled_from(["", H_WORD, "numbat"]),
    skipped=st.booleans(),
    marked=st.integers(0, 9),
)
_TURNS = st.integers(0, 5)
_PLACES = st.integers(0, 999)


def histories(sides: Sides, *, longest: int = 14) -> st.SearchStrategy[History]:
    """Give random histories; two acts of three are H's."""
    mine, others = _acts_of_h(sides), _acts_of_others(sides)
    return st.lists(st.one_of(mine, mine, others), min_size=4, max_size=longest).map(tuple)


def _acts_of_h(sides: Sides) -> st.SearchStrategy[Act]:
    one_of_h = st.sampled_from(sides.h)
    coding = st.builds(Coded, by=one_of_h, round=st.sampled_from(CODED), turn=_TURNS, first=GIVENS, second=GIVENS)
    return st.one_of(
        coding,
        coding,
        st.builds(HandedIn, by=one_of_h, round=st.sampled_from(CODED)),
        st.builds(Helped, by=one_of_h, turn=_TURNS),
        st.builds(Asked, by=st.sampled_from(sides.askers_of_h), writes=st.booleans(), place=_PLACES),
        st.builds(Brought, coder=one_of_h, text=_TURNS, first=st.sampled_from(CODES), second=st.sampled_from(CODES)),
    )


def _acts_of_others(sides: Sides) -> st.SearchStrategy[Act]:
    def same(given: Given) -> st.SearchStrategy[Act]:
        coder, round_ = st.sampled_from(sides.people_of_b), st.sampled_from(CODED[:2])
        return st.builds(Coded, by=coder, round=round_, turn=_TURNS, first=st.just(given), second=st.just(given))

    return st.one_of(
        GIVENS.flatmap(same),
        st.builds(Helped, by=st.sampled_from(sides.people_of_b), turn=_TURNS),
        st.builds(Asked, by=st.sampled_from(sides.b), writes=st.sampled_from([False]), place=_PLACES),
        st.builds(Asked, by=st.just(LEA), writes=st.booleans(), place=_PLACES),
        st.builds(LetGoAndBack, who=st.sampled_from([BEA, CLEO]), role=st.sampled_from(["coder", "lead"])),
    )


EXAMPLE: History = (
    *(
        Coded(
            coder,
            "main",
            turn,
            Given((CODES[turn % 3],), "warm", H_WORD, marked=turn),
            Given((CODES[2 - turn % 3],), "cold", "numbat", marked=9 - turn),
        )
        for coder in (HUGO, HANA)
        for turn in range(5)
    ),
    Brought(HANA, 5, CODES[0], CODES[1]),
    Helped(HUGO, 0),
    Helped(HUGO, 1),
    Helped(HUGO, 2),
    Sent(HUGO, "GET", "/api/v1/rounds/{main}/own-codings"),
    Sent(HUGO, "POST", "/api/v1/tokens", json.dumps({"name": H_WORD, "kind": "person", "scopes": ["code"]}).encode()),
    Coded(BEA, "main", 0, Given((CODES[0],)), Given((CODES[0],))),
    Coded(CLEO, "main", 0, Given((CODES[1],)), Given((CODES[1],))),
    Asked(BEA, writes=False, place=40),
    LetGoAndBack(CLEO, "lead"),
    Coded(HANA, "assisted", 0, Given((CODES[0],)), Given((CODES[1],), "cold")),
    Coded(HUGO, "assisted", 1, Given(skipped=True, word=H_WORD), Given((CODES[2],))),
    Coded(HUGO, "parallel", 0, Given((CODES[0],), "warm", H_WORD), Given((), "cold")),
    Coded(HUGO, "main", 0, Given((CODES[1],), "warm", H_WORD), Given((CODES[0], CODES[2]), "cold", H_WORD)),
    Asked(HUGO, writes=True, place=6),
    Asked(HUGO_TOOL, writes=False, place=3),
)
"""A history with one of everything, for the planted leaks."""
