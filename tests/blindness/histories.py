"""What happens before B looks: acts of everybody, each the same in both worlds but those of H."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hypothesis import strategies as st

from tests.blindness.cast import BEA, CLEO, CODES, HANA, HUGO, HUGO_TOOL, LEA, THEME, B, H
from tests.blindness.world import Request

PROLOGUE = (("pilot", H), ("near", H))
CODED = ("main", "assisted", "parallel")
H_WORD = "quokka"


class Mode(StrEnum):
    """How the second world's H differs: by what they give, or by not being there."""

    CONTENT = "NI-C"
    PRESENCE = "NI-P"


@dataclass(frozen=True, slots=True)
class Given:
    """What one coding holds."""

    codes: tuple[str, ...] = ()
    tone: str = "warm"
    word: str = ""
    skipped: bool = False

    def body(self, turn: str) -> bytes:
        """Write the request's body for a turn."""
        answers = [{"variable": THEME, "codes": self.codes}, {"variable": "tone", "codes": [self.tone]}]
        given = {"skip": f"unclear {self.word}"} if self.skipped else {"answers": answers, "memo": self.word, "confidence": 2}
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
class HandedIn:
    """Somebody locks their codings."""

    by: str
    round: str


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


Act = Coded | HandedIn | Asked | Sent | LetGoAndBack
History = tuple[Act, ...]
Turns = Mapping[tuple[str, str], Sequence[str]]


def by_h(act: Act) -> bool:
    """Say whether an act is H's."""
    return not isinstance(act, LetGoAndBack) and act.by in {*H, HUGO_TOOL}


def coded(act: Coded, turns: Turns, rounds: Mapping[str, str], key: str, *, second: bool) -> Request | None:
    """Write the request of a coding; None where its coder has no turn in the round."""
    own = turns.get((act.round, act.by))
    if not own:
        return None
    given = act.second if second and by_h(act) else act.first
    path = f"/api/v1/rounds/{rounds[act.round]}/codings"
    return Request(
        act.by, "POST", path, body=given.body(own[act.turn % len(own)]), media="application/json", key=key, operation="submitCodings"
    )


def prologue(mode: Mode, *, second: bool) -> Iterator[Coded]:
    """Give H's codings of the rounds that close before the history begins."""
    if second and mode is Mode.PRESENCE:
        return
    for round_, coders in PROLOGUE:
        for coder in coders:
            for turn in range(3):
                yield Coded(coder, round_, turn, Given((CODES[turn],), word=H_WORD), Given(tuple(CODES[:turn]), "cold"))


GIVENS = st.builds(
    Given,
    codes=st.lists(st.sampled_from(CODES), unique=True, max_size=3).map(tuple),
    tone=st.sampled_from(["warm", "cold"]),
    word=st.sampled_from(["", H_WORD, "numbat"]),
    skipped=st.booleans(),
)
_TURNS = st.integers(0, 5)
_PLACES = st.integers(0, 999)
_H = st.sampled_from(H)
ACTS_OF_H = st.one_of(
    st.builds(Coded, by=_H, round=st.sampled_from(CODED), turn=_TURNS, first=GIVENS, second=GIVENS),
    st.builds(Coded, by=_H, round=st.sampled_from(CODED), turn=_TURNS, first=GIVENS, second=GIVENS),
    st.builds(HandedIn, by=_H, round=st.sampled_from(CODED)),
    st.builds(Asked, by=st.sampled_from([*H, HUGO_TOOL]), writes=st.booleans(), place=_PLACES),
)
_SAME = GIVENS.flatmap(
    lambda given: st.builds(
        Coded, by=st.sampled_from([BEA, CLEO]), round=st.sampled_from(CODED[:2]), turn=_TURNS, first=st.just(given), second=st.just(given)
    )
)
ACTS_OF_OTHERS = st.one_of(
    _SAME,
    st.builds(Asked, by=st.sampled_from(B), writes=st.just(False), place=_PLACES),
    st.builds(Asked, by=st.just(LEA), writes=st.booleans(), place=_PLACES),
    st.builds(LetGoAndBack, who=st.sampled_from([BEA, CLEO]), role=st.sampled_from(["coder", "lead"])),
)
HISTORIES = st.lists(st.one_of(ACTS_OF_H, ACTS_OF_H, ACTS_OF_OTHERS), min_size=4, max_size=14).map(tuple)

EXAMPLE: History = (
    *(
        Coded(coder, "main", turn, Given((CODES[turn % 3],), "warm", H_WORD), Given((CODES[2 - turn % 3],), "cold", "numbat"))
        for coder in H
        for turn in range(5)
    ),
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
