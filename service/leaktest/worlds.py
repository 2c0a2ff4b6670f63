"""Two worlds side by side: both applications started on copies of one template, and compared."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from service.leaktest.cast import Cast
from service.leaktest.comparison import Comparison, Dress, Trial, plain
from service.leaktest.differences import Told
from service.leaktest.surface import surface_of
from service.leaktest.world import Template, World, running

T = TypeVar("T")
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
"""Where the worlds' databases stand: thousands of small durable writes, of which nothing outlives the comparison."""


@asynccontextmanager
async def side_by_side(cast: Cast, dress: Dress) -> AsyncGenerator[tuple[World, World]]:
    """Start both worlds from the same template."""
    with tempfile.TemporaryDirectory(prefix="two-worlds-", dir=MEMORY) as folder:
        one, two = (running(Path(folder) / name, cast.template, cast.secrets, dress) for name in ("first", "second"))
        async with one as first, two as second:
            yield first, second


@asynccontextmanager
async def two_worlds(cast: Cast, trial: Trial) -> AsyncGenerator[Comparison]:
    """Start both worlds for one trial."""
    async with side_by_side(cast, trial.dress) as worlds:
        yield Comparison(cast, trial, worlds, cast.surface if trial.dress is plain else surface_of(worlds[0].app))


class Here(ThreadPoolExecutor):
    """Runs a handler where it is called: requests come one after the other, and changing threads is a quarter of the time."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done = Future[T]()
        done.set_result(fn(*args, **kwargs))
        return done


def inline(live: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run something with every handler on this thread."""

    async def run() -> T:
        asyncio.get_running_loop().set_default_executor(Here())
        return await live()

    return asyncio.run(run())


def compare(cast: Cast, trial: Trial) -> Comparison:
    """Live through a history in two new worlds; ``told`` is where B could tell them apart, if anywhere."""

    async def live() -> Comparison:
        async with two_worlds(cast, trial) as comparison:
            await comparison.begin()
            return await _lived(comparison)

    return inline(live)


def compare_each(cast: Cast, trials: Sequence[Trial]) -> list[Comparison]:
    """Live through one history after the other, until one tells the worlds apart; all in one mode, with the same sides.

    The worlds begin once and are put back to that in between, which is much quicker than new worlds. What the applications remember
    outlives a trial, in both worlds alike.
    """

    async def live() -> list[Comparison]:
        found: list[Comparison] = []
        async with side_by_side(cast, plain) as worlds:
            begun, templates = await _begun(cast, trials[0], worlds)
            for trial in trials:
                for world, template in zip(worlds, templates, strict=True):
                    template.put_back(world.app.store)
                found.append(Comparison(cast, trial, worlds, cast.surface))
                found[-1].begun_like(begun)
                if (await _lived(found[-1])).told:
                    break
        return found

    return inline(live)


async def _begun(cast: Cast, trial: Trial, worlds: tuple[World, World]) -> tuple[Comparison, list[Template]]:
    begun = Comparison(cast, trial, worlds, cast.surface)
    await begun.begin()
    return begun, [cast.template.kept(world.app.store, world.folder / "begun") for world in worlds]


async def _lived(comparison: Comparison) -> Comparison:
    try:
        await comparison.lived()
    except Told as told:
        comparison.told = told.difference
    return comparison
