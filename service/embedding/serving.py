"""One loaded model for everyone who asks: one thread, one bounded queue, and never the event loop's time."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate, islice, takewhile
from threading import Condition, Thread
from types import TracebackType
from typing import Self

import numpy as np

from service.embedding.encoder import Embedded, Encoder, ModelIdentity, Vectors
from service.errors import Refusal, Unavailable


class Traffic(StrEnum):
    """Who asks. A person's texts share a pass with that request's only; machine traffic may share with other machine traffic."""

    PERSON = "person"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Loading:
    """The model is being read; requests wait for it until their deadline."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The model answers."""

    identity: ModelIdentity


@dataclass(frozen=True, slots=True)
class Failed:
    """The model cannot be used; the rest of the service can."""

    reason: str


State = Loading | Ready | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``waiting`` texts in the queue before new ones are refused; ``together`` texts of machine traffic in one go.

    Bulk work goes in slices of ``slice`` characters, of ``small_slice`` while others ask (within the last ``recent`` seconds), so that they
    wait for a small slice at most; the queue is first come, first served, so that bulk work goes on too. However short a text is, it counts
    as ``shortest`` characters, about the tokens that the narrowest pass computes for it.
    """

    waiting: int = 4096
    together: int = 64
    slice: int = 16_384
    small_slice: int = 128
    shortest: int = 64
    recent: float = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    texts: Sequence[str]
    traffic: Traffic
    answer: Future[Embedded] = field(default_factory=Future[Embedded])


class EncoderService:
    """An encoder that loads in the background and answers from its own thread. Build one in the lifespan; ``start`` and ``stop`` it."""

    def __init__(self, load: Callable[[], Encoder], limits: Limits) -> None:
        self._load = load
        self._limits = limits
        self._changed = Condition()
        self._jobs: deque[_Job] = deque()
        self._state: State = Failed("The model has not been started.")
        self._encoder: Encoder | None = None
        self._running = False
        self._last_asked = -limits.recent

    def start(self) -> None:
        """Begin to load, and return at once. After a failure it tries again; while it runs nothing changes."""
        with self._changed:
            if self._running:
                return
            self._running = True
            self._state = Loading()
        Thread(target=self._work, name="encoder", daemon=True).start()

    def stop(self) -> None:
        """Refuse what waits, and end after the pass that runs."""
        with self._changed:
            self._running = False
            self._state = Failed("The service is stopping.")
            self._changed.notify_all()

    def state(self) -> State:
        """For ``/readyz``."""
        return self._state

    def identity(self) -> ModelIdentity:
        """Which model answers.

        Raises
        ------
        Unavailable
            It is not loaded.
        """
        return self._loaded().identity

    async def encode(self, texts: Sequence[str], *, traffic: Traffic, deadline: float) -> Vectors:
        """Embed as ``embed`` does, without what was read of the texts."""
        return (await self.embed(texts, traffic=traffic, deadline=deadline)).vectors

    async def embed(self, texts: Sequence[str], *, traffic: Traffic, deadline: float) -> Embedded:
        """Embed without blocking the event loop; a caller that is cancelled leaves the queue.

        Parameters
        ----------
        deadline
            Seconds to wait, for the model to be loaded too.

        Raises
        ------
        Unavailable
            The model failed to load, the queue is full, or the deadline passed; the reason is in the detail.
        """
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self.submit(texts, traffic)), deadline)
        except TimeoutError as error:
            raise Unavailable(self._why_late(deadline)) from error

    async def ready(self, deadline: float) -> None:
        """Wait until the model is loaded; raises ``Unavailable`` as ``encode`` does."""
        if not isinstance(self._state, Ready):
            await self.encode([], traffic=Traffic.PERSON, deadline=deadline)

    def submit(self, texts: Sequence[str], traffic: Traffic) -> Future[Embedded]:
        """Queue texts. The answer may be cancelled while it waits."""
        with self._changed:
            if isinstance(self._state, Failed):
                raise Unavailable(self._state.reason)
            if self._jobs and sum(len(job.texts) for job in self._jobs if not job.answer.cancelled()) + len(texts) > self._limits.waiting:
                raise Unavailable("The model has more texts waiting than it takes. Try again in a few seconds.")
            self._last_asked = time.monotonic()
            return self._queue(_Job(texts, traffic))

    def bulk(self) -> Encoder:
        """The encoder for background work, in a thread of its own: whole texts lists, done in slices between what others ask.

        Raises
        ------
        Unavailable
            It is not loaded.
        """
        return _Bulk(self, self._loaded().identity, self._loaded().max_tokens)

    def slice_of(self, lengths: Iterable[int]) -> int:
        """How many texts of bulk work, of so many characters each, go at once just now: one at least."""
        asked_lately = time.monotonic() - self._last_asked < self._limits.recent
        room = self._limits.small_slice if asked_lately else self._limits.slice
        totals = accumulate(max(length, self._limits.shortest) for length in lengths)
        return 1 + sum(1 for _ in takewhile(lambda total: total <= room, islice(totals, 1, None)))

    def slice_of_bulk(self, texts: Sequence[str]) -> Embedded:
        """One slice of bulk work: waits in the queue like everyone, but is never refused for its length."""
        with self._changed:
            if isinstance(self._state, Failed):
                raise Unavailable(self._state.reason)
            answer = self._queue(_Job(texts, Traffic.PERSON))
        return answer.result()

    def _queue(self, job: _Job) -> Future[Embedded]:
        self._jobs.append(job)
        self._changed.notify_all()
        return job.answer

    def _loaded(self) -> Encoder:
        if isinstance(self._state, Failed):
            raise Unavailable(self._state.reason)
        if self._encoder is None:
            raise Unavailable("The model is still loading. Try again in a moment.")
        return self._encoder

    def _why_late(self, deadline: float) -> str:
        what = "still loading" if isinstance(self._state, Loading) else "busy"
        return f"The model is {what}: no answer within {deadline:g} s. Try again in a moment."

    def _work(self) -> None:
        with _Outcome(self._fail):
            self._encoder = self._load()
            with self._changed:
                self._state = Ready(self._encoder.identity) if self._running else self._state
            while jobs := self._take():
                _answer(self._encoder, jobs)
        self._refuse_waiting()

    def _take(self) -> list[_Job]:
        """The next jobs to do together; none when the service stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or not self._running)
            if not self._running:
                return []
            return self._mates(self._jobs.popleft())

    def _mates(self, first: _Job) -> list[_Job]:
        mates = [first]
        room = self._limits.together - len(first.texts)
        if first.traffic is Traffic.MACHINE:
            for job in list(self._jobs):
                if job.traffic is Traffic.MACHINE and len(job.texts) <= room:
                    room -= len(job.texts)
                    mates.append(job)
                    self._jobs.remove(job)
        return mates

    def _fail(self, error: BaseException) -> None:
        reason = error.detail if isinstance(error, Refusal) else f"The model could not be loaded ({type(error).__name__})."
        with self._changed:
            self._running = False
            self._state = Failed(reason)

    def _refuse_waiting(self) -> None:
        with self._changed:
            waiting, self._jobs = self._jobs, deque()
            reason = self._state.reason if isinstance(self._state, Failed) else "The service is stopping."
        for job in waiting:
            if job.answer.set_running_or_notify_cancel():
                job.answer.set_exception(Unavailable(reason))


class _Bulk:
    """An ``Encoder`` whose work goes through the queue in slices, similar lengths together."""

    def __init__(self, service: EncoderService, identity: ModelIdentity, max_tokens: int) -> None:
        self._service = service
        self.identity = identity
        self.max_tokens = max_tokens

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self.embed(texts).vectors

    def embed(self, texts: Sequence[str]) -> Embedded:
        found = Embedded(np.empty((len(texts), self.identity.dimension), np.float32), np.empty(len(texts), np.int32), self.max_tokens)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        while order:
            count = self._service.slice_of(len(texts[place]) for place in order)
            places, order = order[:count], order[count:]
            part = self._service.slice_of_bulk([texts[place] for place in places])
            found.vectors[places], found.tokens[places] = part.vectors, part.tokens
        return found


class _Outcome:
    """Hands what is raised inside to ``tell`` and goes on: the outermost handler of the encoder's thread."""

    def __init__(self, tell: Callable[[BaseException], None]) -> None:
        self._tell = tell

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is not None:
            self._tell(error)
        return error is not None


def _answer(encoder: Encoder, jobs: Sequence[_Job]) -> None:
    """Do jobs in one go; when that fails, each alone, so that one bad text fails alone."""
    wanted = [job for job in jobs if job.answer.running() or job.answer.set_running_or_notify_cancel()]
    if not wanted:
        return
    with _Outcome(lambda error: _answer_apart(encoder, wanted, error)):
        embedded = encoder.embed([text for job in wanted for text in job.texts])
        start = 0
        for job in wanted:
            job.answer.set_result(embedded.part(start, start + len(job.texts)))
            start += len(job.texts)


def _answer_apart(encoder: Encoder, jobs: Sequence[_Job], error: BaseException) -> None:
    if len(jobs) == 1:
        jobs[0].answer.set_exception(error)
        return
    for job in jobs:
        _answer(encoder, [job])
