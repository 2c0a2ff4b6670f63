"""A language model's server that behaves badly in every way: a refusal in time, the budget kept, nothing kept that is no answer."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import msgspec
import pytest

from service.codebook.model import Code, Scheme, Variable
from service.errors import BadInput, TooMany, Unavailable
from service.suggestion.llm import REST_S, Breaker, Budget, CallRow, LanguageModel, Outcome, Parameters, Suggested
from tests.suggestion.stub import Behave, Body, Stub, dripping, hanging, http, reply, saying, sending, serving

ONE = Variable(name="topic", scheme=Scheme.ONE_CODE, codes=(Code(name="home", definition="where one lives"), Code(name="work")))
SEVERAL = Variable(name="needs", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="time"), Code(name="trust")))
TEXT = "The landlord took the key and the rent."
GOOD = json.dumps({"rationale": "It is about a dwelling.", "quote": "took the key", "code": "c1"})
BOTH = json.dumps({"rationale": "Both.", "quote": "", "c1": True, "c2": False})


@dataclass
class Kept:
    """Replies in memory."""

    replies: dict[str, str] = field(default_factory=dict[str, str])

    def get(self, key: str) -> str | None:
        return self.replies.get(key)

    def put(self, key: str, raw: str) -> None:
        self.replies[key] = raw


@dataclass
class Desk:
    """A language model with everything around it in reach."""

    now: float = 0.0
    kept: Kept = field(default_factory=Kept)
    rows: list[CallRow] = field(default_factory=list[CallRow])
    budget: Budget = field(default_factory=lambda: Budget(100))
    parameters: Parameters = field(default_factory=lambda: Parameters(model="stub"))
    redact: Callable[[str], str] = str
    deadline_s: float = 6.0

    def __post_init__(self) -> None:
        self.breaker = Breaker(lambda: self.now)

    def model(self, url: str) -> LanguageModel:
        return LanguageModel(
            base_url=url,
            parameters=self.parameters,
            key="",
            replies=self.kept,
            log=self.rows.append,
            budget=self.budget,
            breaker=self.breaker,
            redact=self.redact,
            rng=Random(1),
            deadline_s=self.deadline_s,
        )

    def outcomes(self) -> list[Outcome]:
        return [row.outcome for row in self.rows]


def asked(desk: Desk, behave: Behave, variable: Variable = ONE, *, times: int = 1, text: str = TEXT) -> tuple[list[Suggested], Stub]:
    """Ask so many times and give the answers."""

    async def ask() -> tuple[list[Suggested], Stub]:
        async with serving(behave) as stub:
            model = desk.model(stub.url)
            return [await model.suggest("person:1", variable, text) for _ in range(times)], stub

    return run(ask())


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_one_code_with_a_quote_that_occurs() -> None:
    [found], stub = asked(desk := Desk(), saying(GOOD))
    assert found.shares == (("home", 1.0), ("work", 0.0))
    assert found.basis == "one answer"
    assert found.said[0].quote == "took the key"
    [body] = stub.asked
    assert (body["temperature"], body["seed"], body["model"]) == (0.0, 1, "stub")
    form = body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["properties"]["code"]["enum"] == ["c1", "c2", "none"]
    assert desk.outcomes() == [Outcome.ANSWERED]


def test_several_codes_have_a_yes_or_no_each() -> None:
    [found], stub = asked(Desk(), saying(BOTH), SEVERAL)
    assert found.shares == (("time", 1.0), ("trust", 0.0))
    schema = stub.asked[0]["response_format"]["json_schema"]["schema"]
    assert [schema["properties"][key]["type"] for key in ("c1", "c2")] == ["boolean", "boolean"]
    assert schema["additionalProperties"] is False


def test_a_quote_that_does_not_occur_is_not_kept() -> None:
    [found], _ = asked(Desk(), saying(GOOD.replace("took the key", "gave the key")))
    assert found.said[0].quote is None
    assert found.said[0].rationale == "It is about a dwelling."


def test_the_same_question_is_answered_offline_and_bit_for_bit() -> None:
    desk = Desk()
    first, stub = asked(desk, saying(GOOD), times=2)
    assert msgspec.json.encode(first[0]) == msgspec.json.encode(first[1])
    assert len(stub.asked) == 1
    again = run(desk.model("http://127.0.0.1:9/v1").suggest("person:2", ONE, TEXT))
    assert again == first[0]
    assert desk.outcomes() == [Outcome.ANSWERED, Outcome.REPLAYED, Outcome.REPLAYED]


@pytest.mark.parametrize("other", [{"model": "b"}, {"seed": 2}, {"temperature": 0.5}, {"max_tokens": 9}])
def test_another_parameter_is_another_model(other: dict[str, Any]) -> None:
    desk = Desk()
    asked(desk, saying(GOOD))
    changed = replace(desk, parameters=msgspec.structs.replace(desk.parameters, **other))
    _, stub = asked(changed, saying(GOOD))
    assert len(stub.asked) == 1
    assert changed.parameters.digest() != desk.parameters.digest()


def test_samples_are_self_consistency_and_named_so() -> None:
    given = iter(["c1", "c2", "c1", "c1"])
    desk = Desk(parameters=Parameters(model="stub", temperature=0.7, samples=4))
    [found], stub = asked(desk, saying(lambda _: GOOD.replace('"c1"', f'"{next(given)}"')))
    assert found.shares == (("home", 0.75), ("work", 0.25))
    assert found.basis == "self-consistency of 4 samples of one model; no agreement between coders"
    assert [body["seed"] for body in stub.asked] == [1, 2, 3, 4]


def test_samples_at_temperature_nought_are_refused() -> None:
    with pytest.raises(BadInput, match="Set a temperature"):
        asked(Desk(parameters=Parameters(model="stub", samples=3)), saying(GOOD))


JUNK = {
    "half JSON": '{"rationale": "x", "quo',
    "HTML": "<html><body>busy</body></html>",
    "wrong schema": '{"answer": "home"}',
    "unknown code": GOOD.replace('"c1"', '"c9"'),
    "a name for a key": GOOD.replace('"c1"', '"home"'),
    "a key twice": GOOD[:-1] + ', "code": "c2"}',
    "a key more": GOOD[:-1] + ', "more": 1}',
    "a list": "[1]",
    "a number for text": GOOD.replace('"took the key"', "7"),
    "nothing": "",
}


@pytest.mark.parametrize("content", JUNK.values(), ids=JUNK.keys())
def test_what_is_no_answer_is_refused_and_not_kept(content: str) -> None:
    desk = Desk()
    with pytest.raises(Unavailable):
        asked(desk, saying(content))
    assert desk.kept.replies == {}
    assert set(desk.outcomes()) <= {Outcome.UNUSABLE, Outcome.FAILED}


def test_a_word_for_yes_or_no_is_refused() -> None:
    with pytest.raises(Unavailable, match="neither true nor false"):
        asked(Desk(), saying(BOTH.replace("true", '"yes"')), SEVERAL)


BAD = {
    "500": http(b'{"error": "x"}', status="500 Internal Server Error"),
    "429": http(b'{"error": "x"}', status="429 Too Many Requests", more="Retry-After: 0\r\n"),
    "429 for an hour": http(b'{"error": "x"}', status="429 Too Many Requests", more="Retry-After: 3600\r\n"),
    "401": http(b'{"error": "x"}', status="401 Unauthorized"),
    "HTML": http(b"<html>busy</html>", media="text/html"),
    "JSON of another kind": http(b"[1, 2]"),
    "half JSON": http(reply(GOOD)[:60]),
    "cut short": http(reply(GOOD))[:-40],
    "50 MB": http(reply("x" * 50_000_000)),
    "no HTTP": b"\x00\x01\x02 hello\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_a_bad_server_is_a_refusal_in_time(data: bytes) -> None:
    desk = Desk()
    began = asyncio.run(_timed(desk, sending(data)))
    assert began < desk.deadline_s + 1.5
    assert desk.kept.replies == {}
    assert len(desk.rows) == 1
    assert desk.rows[0].outcome in {Outcome.FAILED, Outcome.UNUSABLE, Outcome.LATE}


@pytest.mark.parametrize("behave", [hanging, dripping])
def test_a_slow_server_is_left_at_the_deadline(behave: Behave) -> None:
    desk = Desk(deadline_s=0.6)
    assert asyncio.run(_timed(desk, behave)) < 2.1
    assert desk.outcomes() == [Outcome.LATE]


def test_nobody_there_is_a_refusal() -> None:
    desk = Desk()
    with pytest.raises(Unavailable, match="failed"):
        run(desk.model("http://127.0.0.1:9/v1").suggest("person:1", ONE, TEXT))


async def _timed(desk: Desk, behave: Behave) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with serving(behave) as stub:
        with pytest.raises(Unavailable):
            await desk.model(stub.url).suggest("person:1", ONE, TEXT)
        return loop.time() - began


def test_a_server_that_recovers_is_asked_again() -> None:
    given = iter([http(b"{}", status="503 Service Unavailable"), http(reply(GOOD))])

    async def behave(_: Stub, __: Body, writer: asyncio.StreamWriter) -> None:
        writer.write(next(given))

    [found], stub = asked(Desk(), behave)
    assert found.shares[0] == ("home", 1.0)
    assert len(stub.asked) == 2


def test_after_five_failures_it_is_left_alone_and_tried_again_later() -> None:
    async def fail() -> None:
        async with serving(sending(http(b"{}", status="401 Unauthorized"))) as stub:
            model = desk.model(stub.url)
            for _ in range(7):
                with pytest.raises(Unavailable):
                    await model.suggest("person:1", ONE, TEXT)
            assert len(stub.asked) == 5
            desk.now += REST_S + 1
            with pytest.raises(Unavailable):
                await model.suggest("person:1", ONE, TEXT)
            assert len(stub.asked) == 6

    desk = Desk()
    run(fail())


def test_the_budget_is_each_principals_own_and_replays_are_free() -> None:
    desk = Desk(budget=Budget(1))
    asked(desk, saying(GOOD), times=3)
    with pytest.raises(TooMany, match="budget of 1 call"):
        asked(desk, saying(GOOD), text="Another text.")

    async def another() -> Suggested:
        async with serving(saying(GOOD)) as stub:
            return await desk.model(stub.url).suggest("person:2", ONE, "Another text.")

    assert run(another()).shares[0][0] == "home"


def test_only_the_redacted_text_leaves() -> None:
    desk = Desk(redact=lambda text: text.replace("landlord", "[person]"))
    _, stub = asked(desk, saying(GOOD))
    sent = json.dumps(stub.asked)
    assert "[person]" in sent
    assert "landlord" not in sent


def test_redaction_that_fails_keeps_everything_here() -> None:
    def fails(_: str) -> str:
        raise RuntimeError("no")

    async def ask() -> int:
        async with serving(saying(GOOD)) as stub:
            with pytest.raises(RuntimeError):
                await Desk(redact=fails).model(stub.url).suggest("person:1", ONE, TEXT)
            return len(stub.asked)

    assert run(ask()) == 0


def test_a_log_row_holds_no_content() -> None:
    desk = Desk()
    asked(desk, saying(GOOD))
    with pytest.raises(Unavailable):
        asked(desk, saying(JUNK["unknown code"]), text="A second text about rent.")
    written = msgspec.json.encode(desk.rows).decode()
    assert not any(word in written for word in ("landlord", " rent", "home", "dwelling"))
    assert len(desk.rows) == 2
