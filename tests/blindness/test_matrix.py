import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from service.coding.model import RoundState
from service.coding.visibility import Sight, Stance, sees
from service.leaktest.cast import BEA, CLEO, ELI, HUGO, Cast
from service.leaktest.comparison import Comparison, Trial
from service.leaktest.histories import EXAMPLE, Mode
from service.leaktest.surface import NOTHING
from service.leaktest.world import Answer, Request
from service.leaktest.worlds import two_worlds
from tests.blindness.matrix import CALLERS, STATES, observed, table

STANCES = {
    "coder": Stance.CODER,
    "elsewhere": Stance.STRANGER,
    "lead": Stance.LEAD,
    "coding-lead": Stance.CODING_LEAD,
    "adjudicator": Stance.ADJUDICATOR,
    "coding-adj": Stance.CODING_ADJUDICATOR,
    "observer": Stance.OBSERVER,
    "machine": Stance.MACHINE,
    "ex-member": Stance.STRANGER,
}
SIGHTS = {
    "getRound": {Sight.EXISTENCE},
    "getRoundCodebook": {Sight.EXISTENCE},
    "listAssignments": {Sight.OWN},
    "getProgress": {Sight.OWN},
    "listOwnCodings": {Sight.OWN},
    "getCompletion": {Sight.COMPLETION},
    "listCodings": {Sight.CODINGS},
    "getAgreement": {Sight.RESULTS},
    "whatIfMerged": {Sight.RESULTS},
    "getLedger": {Sight.LEDGER, Sight.OWN},
    "getProof": {Sight.LEDGER},
    "getReceipt": {Sight.OWN},
    "getQueue": {Sight.QUEUE},
    "listResolutions": {Sight.QUEUE},
    "listModelCoders": {Sight.MODEL_CODERS},
}
"""What one needs to see for a read of a round; one of them is enough."""


def test_every_operation_has_a_row(cast: Cast) -> None:
    assert set(table()) == {operation.id for operation in cast.surface.operations}


def test_every_cell_is_as_the_matrix_says(cast: Cast) -> None:
    rows = asyncio.run(observed(cast))
    wanted = table()
    wrong = {
        f"{operation} as {caller}": (cells[caller], wanted.get(operation, {}).get(caller))
        for operation, cells in rows.items()
        for caller in CALLERS
        if cells[caller] != wanted.get(operation, {}).get(caller)
    }
    assert wrong == {}


@pytest.mark.parametrize("operation", SIGHTS)
def test_reads_of_a_round_follow_from_who_sees_what(operation: str) -> None:
    for caller, stance in STANCES.items():
        wanted = [200 if any(sees(stance, state, sight) for sight in SIGHTS[operation]) else 404 for state in STATES]
        assert table()[operation][caller] == wanted, caller


def test_every_read_of_a_round_is_derived(cast: Cast) -> None:
    reads = {one.id for one in cast.surface.operations if one.method == "GET" and one.path.startswith("/api/v1/rounds/{round_id}")}
    assert reads == set(SIGHTS)


def test_nobody_gets_in() -> None:
    open_to_all = {operation for operation, cells in table().items() if cells["nobody"] != [401] * len(STATES)}
    assert open_to_all == {"livez", "readyz"}


def test_the_states_are_all_there_are() -> None:
    assert set(STATES) == set(RoundState)


@pytest.mark.parametrize("who", [BEA, CLEO, "cleo-tool", "zoe", ELI])
def test_what_is_anothers_answers_like_what_is_not_there(who: str, cast: Cast) -> None:
    async def run() -> list[str]:
        async with two_worlds(cast, Trial(mode=Mode.CONTENT, history=EXAMPLE, thin=who not in {BEA, CLEO})) as comparison:
            await comparison.begin()
            for act in EXAMPLE[:12]:
                await comparison.act(act)
            return [str(request) for request in _asked(comparison, who) if await _differs(comparison, request, _foreign(comparison, who))]

    assert asyncio.run(run()) == []


def _asked(comparison: Comparison, who: str) -> Iterable[Request]:
    asking = comparison.asking(who)
    foreign = _foreign(comparison, who)
    for request in [*asking.reads(), *asking.pages(), *asking.writes(), *asking.posts()]:
        if any(one in request.path or one.encode() in request.body for one in foreign):
            yield request


async def _differs(comparison: Comparison, request: Request, foreign: list[str]) -> bool:
    twin = request
    for one in foreign:
        twin = replace(twin, path=twin.path.replace(one, NOTHING), body=twin.body.replace(one.encode(), NOTHING.encode()))
    world = comparison.worlds[0]
    comparison.moment += 1
    theirs, none = await world.ask(request, comparison.moment), await world.ask(replace(twin, key=f"{twin.key}-twin"), comparison.moment)
    return _without_echo(comparison.masked(theirs, 0), foreign) != _without_echo(comparison.masked(none, 0), foreign)


def _without_echo(answer: Answer, foreign: list[str]) -> Answer:
    """Give an answer in which the id that was asked for stands for any."""
    whole = repr(answer)
    for one in foreign:
        whole = whole.replace(one, NOTHING)
    return replace(answer, headers=(), body=whole.encode())


def _foreign(comparison: Comparison, who: str) -> list[str]:
    """Give ids of things that are there, and of which this caller may not know."""
    cast = comparison.cast
    person = who.removesuffix("-tool")
    turns = [one for (_, coder), own in comparison.turns.items() if coder != person for one in own]
    found = [*turns, *comparison.ids_of_h, cast.tokens[f"{HUGO}-spare"], cast.people["zoe"]]
    outside = [cast.studies["theirs"], cast.documents["abroad"], cast.codebooks["theirs"]]
    inside = [cast.studies["ours"], cast.documents["coded"], cast.documents["spare"], cast.codebooks["ours"]]
    hidden = {BEA: ("near", "parallel", "draft"), CLEO: (), "cleo-tool": ("main", "assisted", "parallel", "draft")}.get(
        who, tuple(cast.rounds)
    )
    return [*found, *(cast.rounds[name] for name in hidden), *(outside if person in {BEA, CLEO} else inside)]
