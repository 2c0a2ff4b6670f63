"""Two worlds side by side: both applications started on copies of one template, and compared."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from service.leaktest.cast import Cast
from service.leaktest.comparison import Comparison, Told, Trial, plain
from service.leaktest.surface import surface_of
from service.leaktest.world import running

T = TypeVar("T")
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
"""Where the worlds' databases stand: thousands of small durable writes, of which nothing outlives the comparison."""


@asynccontextmanager
async def two_worlds(cast: Cast, trial: Trial) -> AsyncGenerator[Comparison]:
    """Start both worlds from the same template."""
    with tempfile.TemporaryDirectory(prefix="two-worlds-", dir=MEMORY) as folder:
        one, two = (running(Path(folder) / name, cast.template, cast.secrets, trial.dress) for name in ("first", "second"))
        async with one as first, two as second:
            surface = cast.surface if trial.dress is plain else surface_of(first.app)
            yield Comparison(cast, trial, (first, second), surface)


class Here(ThreadPoolExecutor):
    """Runs a handler where it is called: requests come one after the other, and changing threads is a quarter of the time."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done = Future[T]()
        done.set_result(fn(*args, **kwargs))
        return done


def compare(cast: Cast, trial: Trial) -> Comparison:
    """Live through a history in two worlds; ``told`` is where B could tell them apart, if anywhere."""

    async def run() -> Comparison:
        asyncio.get_running_loop().set_default_executor(Here())
        async with two_worlds(cast, trial) as comparison:
            try:
                await comparison.lived()
            except Told as told:
                comparison.told = told.difference
            return comparison

    return asyncio.run(run())
