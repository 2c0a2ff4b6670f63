"""A language model as one more method of ``benchmarks.suggestion_quality``, asked excerpt by excerpt on any OpenAI-compatible server."""

import asyncio
from dataclasses import dataclass, replace
from random import Random
from time import monotonic

import numpy as np

from service.errors import Unavailable
from service.suggestion.evaluation import Quality, quality
from service.suggestion.judging import Task
from service.suggestion.llm import Breaker, Budget, CallRow, LanguageModel
from service.suggestion.terms import Parameters

DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class Asking:
    """Which model on which server, and how many excerpts of a task are asked about."""

    url: str
    model: str
    most: int

    def sample(self, task: Task, seed: int) -> Task:
        """Keep so many excerpts, the same for every method of the table."""
        drawn = np.random.default_rng(seed).permutation(len(task.excerpts))[: self.most]
        kept: list[int] = np.sort(drawn).tolist()
        return replace(task, excerpts=tuple(task.excerpts[place] for place in kept))

    def judged(self, task: Task, seed: int) -> Quality:
        """Judge its answers; an excerpt without a usable answer counts as nothing said."""
        return asyncio.run(self._judged(task, seed))

    async def _judged(self, task: Task, seed: int) -> Quality:
        model, codes = self._server(seed), [code.name for code in task.variable.codes]
        said, unanswered = np.zeros((len(task.excerpts), len(codes))), 0
        for place, text in enumerate(task.texts):
            try:
                found = dict((await model.suggest("benchmark", task.variable, text)).shares)
            except Unavailable:
                unanswered += 1
                continue
            said[place] = [found[code] for code in codes]
        name = f"language model {self.model}" + (f", {unanswered} unanswered" if unanswered else "")
        return quality(name, codes, said, task.truth, probabilities=False, said=(said > 0).astype(np.float64))

    def _server(self, seed: int) -> LanguageModel:
        return LanguageModel(
            base_url=self.url,
            parameters=Parameters(model=self.model, seed=seed),
            key="",
            replies=_Nothing(),
            log=_unheard,
            budget=Budget(1_000_000),
            breaker=Breaker(monotonic, failures=-1_000_000),
            redact=str,
            rng=Random(seed),  # noqa: S311 - how long a retry waits
            deadline_s=DEADLINE_S,
        )


class _Nothing:
    """Keeps no reply: a benchmark asks anew."""

    def get(self, key: str) -> str | None:
        del key
        return None

    def put(self, key: str, raw: str) -> None:
        del key, raw


def _unheard(row: CallRow) -> None:
    del row
