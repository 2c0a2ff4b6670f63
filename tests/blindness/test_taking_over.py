"""Whoever takes over a leaver's set, and everybody else of B, gets the same bytes whatever the leaver did or whether at all."""

import asyncio
import json

import pytest

from service.leaktest.cast import BEA, CODES, HANA, HUGO, LEA, Cast
from service.leaktest.comparison import Trial
from service.leaktest.histories import H_WORD, Asked, Coded, Given, HandedIn, History, Mode, Sent
from service.leaktest.world import Request
from service.leaktest.worlds import two_worlds


def taken_over(cast: Cast, round_: str, leaver: str, person: str) -> Sent:
    """Let somebody take over, as the lead."""
    body = json.dumps({"leaver_id": cast.people[leaver], "person_id": cast.people[person]}).encode()
    return Sent(LEA, "POST", f"/api/v1/rounds/{{{round_}}}/replacements", body)


def given_by(coder: str, round_: str, *turns: int) -> History:
    """Let one of H give one thing in the first world and another, or nothing, in the second."""
    return tuple(Coded(coder, round_, turn, Given((CODES[turn % 3],), "warm", H_WORD), Given((), "cold", "numbat")) for turn in turns)


@pytest.mark.parametrize("mode", [Mode.CONTENT, Mode.PRESENCE])
def test_nobody_learns_what_a_leaver_did(cast: Cast, mode: Mode) -> None:
    """B takes over from one of H in one round, and another takes over from one of H in a round of B's own."""
    history: History = (
        *given_by(HANA, "parallel", 0, 1),
        HandedIn(HANA, "parallel"),
        *given_by(HANA, "main", 0, 1, 2),
        taken_over(cast, "parallel", HANA, BEA),
        taken_over(cast, "main", HANA, "nora"),
        *given_by(HUGO, "parallel", 0),
        *given_by(HANA, "main", 3),
        Asked(BEA, writes=False, place=11),
    )

    async def run() -> tuple[int, list[str]]:
        async with two_worlds(cast, Trial(mode=mode, history=history, thin=True)) as comparison:
            await comparison.begin()
            for act in history:
                await comparison.act(act)
            turns, _ = await comparison.same(Request(BEA, "GET", f"/api/v1/rounds/{cast.rounds['parallel']}/assignments"))
            await comparison.sweep(BEA)
            return len(json.loads(turns.body)["items"]), comparison.failed

    assert asyncio.run(run()) == (2, [])
