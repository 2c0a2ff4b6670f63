"""The leak test as a command: several modes and seeds, every result counted, nothing of the installation's own data touched."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from hypothesis import HealthCheck, Phase, configuration, given, seed, settings

from service.leaktest.cast import Cast, stage
from service.leaktest.comparison import BLIND, Trial
from service.leaktest.differences import Difference
from service.leaktest.histories import COALITION, EACH, EXAMPLE, LEA, History, Mode, Sides, histories
from service.leaktest.world import FileTemplate, Request
from service.leaktest.worlds import MEMORY, compare_each, inline, two_worlds
from service.report.leak_test import LeakTest, Tried
from service.store.session import SystemClock, stamp

WAYS: tuple[tuple[Mode, Sides], ...] = (*((mode, EACH) for mode in Mode), (Mode.CONTENT, COALITION), (Mode.WORK, COALITION))
PARTS = 8
"""After a random history one part in so many of everything is asked, the next one each time; after the example, everything."""
_UNCHECKED = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.filter_too_much)
_DRAWN = settings(database=None, deadline=None, derandomize=False, phases=[Phase.generate], suppress_health_check=_UNCHECKED)
Said = Callable[[str], None]


@dataclass
class _Found:
    difference: Difference | None = None
    failures: list[str] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)


def leak_test(*, examples: int, seeds: tuple[int, ...], said: Said) -> LeakTest:
    """Try every way, the example history first and then ``examples`` random ones for each seed; stop at the first difference."""
    began, clock = time.monotonic(), SystemClock()
    with tempfile.TemporaryDirectory(prefix="leak-test-", dir=MEMORY) as folder:
        configuration.set_hypothesis_home_dir(Path(folder) / "hypothesis")
        cast = stage(FileTemplate(Path(folder)))
        found = _Found()
        for mode, sides in WAYS:
            said(f"{mode}, seen by {', '.join(sides.b)}")
            if not _tried(cast, found, mode, sides, [h for number in seeds for h in drawn(sides, number, examples)]):
                break
        said("after the close")
        told = differing_after_close(cast)
    return LeakTest(
        version=version("intercoder"),
        ended_at=stamp(clock.now()),
        seconds=round(time.monotonic() - began, 1),
        operations=len(cast.surface.operations),
        routes=len(cast.surface.beside),
        seeds=seeds,
        tried=tuple(found.tried),
        after_close=told,
        difference=str(found.difference or ""),
        failures=tuple(found.failures[:10]),
    )


def drawn(sides: Sides, number: int, count: int) -> list[History]:
    """Draw random histories by a seed."""
    found: list[History] = []

    @seed(number)
    @settings(_DRAWN, max_examples=count)
    @given(histories(sides))
    def collect(history: History) -> None:
        found.append(history)

    collect()
    return found


def trials(mode: Mode, sides: Sides, random: Iterable[History]) -> Iterator[Trial]:
    """Give the example with everything asked by all, then random histories, after each of which one of B asks a part."""
    yield Trial(mode=mode, sides=sides, history=EXAMPLE)
    for place, history in enumerate(random):
        who = sides.b[place % len(sides.b)]
        yield Trial(mode=mode, sides=sides, history=history, askers=(who,), thin=True, share=(place % PARTS, PARTS))


def differing_after_close(cast: Cast) -> int:
    """Count the reads that differ once the lead has closed the rounds: a test that sees nothing even then sees nothing."""

    async def live() -> int:
        async with two_worlds(cast, Trial(mode=Mode.PRESENCE, history=EXAMPLE, thin=True)) as comparison:
            await comparison.begin()
            for act in comparison.trial.history:
                await comparison.act(act)
            for name in BLIND:
                await comparison.both(Request(LEA, "POST", f"/api/v1/rounds/{cast.rounds[name]}/closing", key=f"close-{name}"))
            reads = [request for who in comparison.trial.sides.b for request in comparison.asking(who).reads()]
            return sum([await comparison.tells(request) for request in reads])

    return inline(live)


def _tried(cast: Cast, found: _Found, mode: Mode, sides: Sides, random: Iterable[History]) -> bool:
    comparisons = compare_each(cast, [*trials(mode, sides, random)])
    found.failures += [failed for one in comparisons for failed in one.failed]
    found.difference = comparisons[-1].told
    requests = sum(one.asked for one in comparisons)
    found.tried.append(Tried(mode=mode.value, who=sides.b, histories=len(comparisons), requests=requests))
    return found.difference is None
