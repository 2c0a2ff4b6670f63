"""The long run: hundreds of random histories for each mode, after each of which one of B asks a part of everything."""

from collections.abc import Iterator

from service.leaktest.cast import Cast
from service.leaktest.comparison import Trial
from service.leaktest.histories import COALITION, EACH, Mode, Sides
from service.leaktest.running import drawn
from service.leaktest.worlds import compare_each

EXAMPLES = 200
PARTS = 24
WAYS = {
    "NI-C": ((Mode.CONTENT, EACH),),
    "NI-P and NI-W": ((Mode.WORK, EACH),),
    "coalition": ((Mode.CONTENT, COALITION), (Mode.WORK, COALITION)),
}
"""What is tried how often altogether; NI-W compares the answers that NI-P does, after the same histories, and the work besides."""


def faults_on_many(cast: Cast, way: str, examples: int = EXAMPLES) -> list[str]:
    """Live through so many histories; list what differs, what fails, and what was never asked although there was time for it."""
    asked: set[str] = set()
    faults: list[str] = []
    for mode, sides in WAYS[way]:
        found = compare_each(cast, [*_trials(mode, sides, examples // len(WAYS[way]))])
        faults += [str(one.told) for one in found if one.told] + [failed for one in found for failed in one.failed]
        asked |= {operation for one in found for _, operation in one.log}
    never = {operation.id for operation in cast.surface.operations} - asked if examples >= EXAMPLES else set[str]()
    return [*faults, *(f"never asked: {operation}" for operation in sorted(never))]


def _trials(mode: Mode, sides: Sides, count: int) -> Iterator[Trial]:
    for place, history in enumerate(drawn(sides, 2026, count)):
        who = sides.b[place % len(sides.b)]
        yield Trial(mode=mode, sides=sides, history=history, askers=(who,), thin=True, share=(place % PARTS, PARTS))
