"""The one place that speaks to a language model: any OpenAI-compatible server, within a deadline, a budget and a circuit breaker.

A call is kept under a digest of everything that made it (model, parameters, instructions, prompt, schema), so that a run can be repeated
without the server, bit for bit. What is logged of a call holds no content.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from math import ceil
from random import Random
from time import monotonic
from typing import Any, Protocol

import httpx2
import msgspec

from service.codebook.model import Variable
from service.errors import BadInput, TooMany, Unavailable
from service.suggestion.prompting import Question, Said, Unusable, answer, cleaned, question, shares
from service.suggestion.terms import Parameters

MOST_BYTES = 1_000_000
"""Of one reply; a longer one is broken off."""

RETRIES = 2
FAILURES = 5
REST_S = 30.0
DAY_S = 86_400.0
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class Outcome(StrEnum):
    """How a call went."""

    ANSWERED = "answered"
    REPLAYED = "replayed"
    UNUSABLE = "unusable"
    FAILED = "failed"
    LATE = "late"


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it is logged: no excerpt, no code, no answer."""

    model: str
    parameters: str
    key: str
    outcome: Outcome
    reason: str = ""
    milliseconds: int = 0
    tokens_sent: int = 0
    tokens_received: int = 0


class Replies(Protocol):
    """Raw answers by the digest of what was asked."""

    def get(self, key: str) -> str | None:
        """Give a kept answer."""
        ...

    def put(self, key: str, raw: str) -> None:
        """Keep an answer that was of use."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """The words of a reply, and the tokens that the server says it counted."""

    raw: str
    tokens_sent: int = 0
    tokens_received: int = 0


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """What a language model says of one variable: the share of its samples for each code, best first, then in the codebook's order.

    ``basis`` names what a share is; ``parameters`` is the digest of what pinned the model.
    """

    variable: str
    shares: tuple[tuple[str, float], ...]
    basis: str
    model: str
    parameters: str
    said: tuple[Said, ...]


@dataclass
class Breaker:
    """Stops asking a server that failed ``FAILURES`` times in a row, for ``REST_S`` seconds; then one call may try."""

    clock: Callable[[], float]
    failures: int = 0
    since: float = 0.0

    def check(self) -> None:
        """Refuse while it is open."""
        if self.failures >= FAILURES and self.clock() - self.since < REST_S:
            raise Unavailable("The language model failed several times in a row and is left alone for half a minute.")

    def note(self, *, ok: bool) -> None:
        """Count a call."""
        self.failures = 0 if ok else self.failures + 1
        self.since = self.clock()


@dataclass
class Budget:
    """How many calls one principal may make in a day, which begins with the first one; ``clock`` gives seconds that never go back."""

    most: int
    clock: Callable[[], float] = monotonic
    used: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])

    def take(self, principal: str) -> None:
        """Take one call, or refuse and say when the next day begins."""
        now = self.clock()
        began, calls = self.used.get(principal, (now, 0))
        if now - began >= DAY_S:
            began, calls = now, 0
        if calls >= self.most:
            left = ceil(began + DAY_S - now)
            raise TooMany(f"Your budget of {self.most} calls of the language model a day is used up.", retry_after=left)
        self.used[principal] = (began, calls + 1)


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A model on a server. ``redact`` is applied to every text before it leaves; where it raises, nothing is sent.

    ``offline`` answers from what was kept and sends nothing.
    """

    base_url: str
    parameters: Parameters
    key: str
    replies: Replies
    log: Callable[[CallRow], None]
    budget: Budget
    breaker: Breaker
    redact: Callable[[str], str]
    rng: Random
    deadline_s: float = 20.0
    offline: bool = False

    async def suggest(self, principal: str, variable: Variable, text: str) -> Suggested:
        """Ask about one variable of one excerpt, as often as there are samples.

        Raises
        ------
        Unavailable
            No usable answer came in time, or the breaker is open; nothing was kept.
        TooMany
            The principal's budget is used up.
        """
        if self.parameters.samples > 1 and self.parameters.temperature <= 0:
            raise BadInput("Samples of one model at temperature 0 are one answer again and again. Set a temperature, or ask once.")
        asked = self._question(variable, text)  # what fails here keeps everything here
        said = [await self._sample(principal, variable, text, asked, sample) for sample in range(self.parameters.samples)]
        found = shares(said, variable)
        ranked = sorted(found.items(), key=lambda one: -one[1])
        basis = "one answer" if len(said) == 1 else f"self-consistency of {len(said)} samples of one model; no agreement between coders"
        return Suggested(
            variable=variable.name,
            shares=tuple(ranked),
            basis=basis,
            model=self.parameters.model,
            parameters=self.parameters.digest(),
            said=tuple(said),
        )

    def _question(self, variable: Variable, text: str) -> Question:
        """Word the question, redacted after signs that cannot be seen are out, for those could hide a word from redaction."""
        asked = question(variable, self.redact(cleaned(text)))
        return msgspec.structs.replace(asked, instructions=self.redact(asked.instructions))

    async def _sample(self, principal: str, variable: Variable, text: str, asked: Question, sample: int) -> Said:
        key = hashlib.sha256(msgspec.json.encode((self.parameters, sample, asked))).hexdigest()
        if (kept := await asyncio.to_thread(self.replies.get, key)) is not None:
            await self._note(key, Outcome.REPLAYED)
            return answer(kept, variable, text)
        if self.offline:
            raise Unavailable("No answer to this very question was kept, and offline nothing is sent.")
        self.breaker.check()
        self.budget.take(principal)
        await asyncio.to_thread(import_module, "pydantic_ai.models.openai")  # seconds, the first time; they are not the server's
        began = monotonic()
        try:
            async with asyncio.timeout(self.deadline_s):
                received = await self._asked(asked, sample, key, began)
            said = answer(received.raw, variable, text)
        except TimeoutError as error:
            await self._failed(key, Outcome.LATE, f"no answer within {self.deadline_s:g} s", began)
            raise Unavailable(f"The language model did not answer within {self.deadline_s:g} seconds.") from error
        except Unusable as error:
            await self._failed(key, Outcome.UNUSABLE, str(error), began)
            raise Unavailable(f"The language model's answer cannot be used: {error}.") from error
        self.breaker.note(ok=True)
        tokens = {"tokens_sent": received.tokens_sent, "tokens_received": received.tokens_received}
        await self._note(key, Outcome.ANSWERED, milliseconds=_since(began), **tokens)
        await asyncio.to_thread(self.replies.put, key, received.raw)
        return said

    async def _asked(self, asked: Question, sample: int, key: str, began: float) -> Received:
        for attempt in range(RETRIES + 1):
            try:
                return await self._request(asked, self.parameters.seed + sample)
            except _Again as error:
                if attempt == RETRIES:
                    await self._failed(key, Outcome.FAILED, str(error), began)
                    raise Unavailable(f"The language model's server failed: {error}.") from error
                await asyncio.sleep(max(error.after, 0.1 * 2**attempt * (0.5 + self.rng.random())))
            except _Refused as error:
                await self._failed(key, Outcome.FAILED, str(error), began)
                raise Unavailable(f"The language model's server refused: {error}.") from error
        raise AssertionError

    async def _request(self, asked: Question, seed: int) -> Received:
        from pydantic_ai import ModelSettings
        from pydantic_ai.direct import model_request
        from pydantic_ai.exceptions import AgentRunError, ModelHTTPError
        from pydantic_ai.messages import ModelRequest, SystemPromptPart, TextPart, UserPromptPart
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.output import OutputObjectDefinition
        from pydantic_ai.providers.openai import OpenAIProvider

        pinned = ModelSettings(temperature=self.parameters.temperature, seed=seed, max_tokens=self.parameters.max_tokens, max_retries=0)
        form = ModelRequestParameters(
            output_mode="native", output_object=OutputObjectDefinition(json_schema=asked.schema, name="coding", strict=True)
        )
        parts = [SystemPromptPart(content=asked.instructions), UserPromptPart(content=asked.prompt)]
        async with httpx2.AsyncClient(transport=Capped(), timeout=self.deadline_s, trust_env=False) as client:
            model = OpenAIChatModel(
                self.parameters.model, provider=OpenAIProvider(base_url=self.base_url, api_key=self.key or "none", http_client=client)
            )
            try:
                reply = await model_request(model, [ModelRequest(parts=parts)], model_settings=pinned, model_request_parameters=form)
            except ModelHTTPError as error:
                if error.status_code in _AGAIN:
                    raise _Again(f"status {error.status_code}", _seconds((error.headers or {}).get("retry-after", ""))) from error
                raise _Refused(f"status {error.status_code}") from error
            except AgentRunError as error:
                raise _Again(type(error).__name__, 0.0) from error
            except (httpx2.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
                raise _Again(type(error).__name__, 0.0) from error
        raw = "".join(part.content for part in reply.parts if isinstance(part, TextPart))
        return Received(raw, reply.usage.input_tokens, reply.usage.output_tokens)

    async def _failed(self, key: str, outcome: Outcome, reason: str, began: float) -> None:
        self.breaker.note(ok=False)
        await self._note(key, outcome, reason=reason, milliseconds=_since(began))

    async def _note(self, key: str, outcome: Outcome, **more: Any) -> None:
        row = CallRow(model=self.parameters.model, parameters=self.parameters.digest(), key=key, outcome=outcome, **more)
        await asyncio.to_thread(self.log, row)


class _Again(Exception):
    """A failure after which asking again may help, ``after`` so many seconds."""

    def __init__(self, why: str, after: float) -> None:
        super().__init__(why)
        self.after = after


class _Refused(Exception):
    """A failure after which it does not."""


class Capped(httpx2.AsyncHTTPTransport):
    """Breaks a reply off that is longer than ``MOST_BYTES``."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and count what comes back."""
        response = await super().handle_async_request(request)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream)
        return response


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, whole: httpx2.AsyncByteStream) -> None:
        self._whole = whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give chunks until there are too many."""
        seen = 0
        async for chunk in self._whole:
            seen += len(chunk)
            if seen > MOST_BYTES:
                message = "the reply is too long"
                raise httpx2.ReadError(message)
            yield chunk

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._whole.aclose()


def _since(began: float) -> int:
    return round((monotonic() - began) * 1000)


def _seconds(header: str) -> float:
    return float(header) if header.isascii() and header.isdecimal() and len(header) < 6 else 0.0  # noqa: PLR2004
