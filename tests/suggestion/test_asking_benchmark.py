"""The benchmark's row of a language model: what it says counts, what it does not answer counts as nothing said."""

import asyncio
import json

from benchmarks.asking import Asking
from service.codebook.model import Codebook
from service.suggestion.evaluation import Quality
from service.suggestion.judging import Task
from tests.suggestion.stub import Body, saying, serving
from tests.suggestion.test_llm import ONE

HOMES, WORKS = [f"The flat has {count} rooms." for count in range(6)], [f"The shift is {count} hours." for count in range(2)]
EXCERPTS = tuple((text, (code,)) for texts, code in ((HOMES, "home"), (WORKS, "work")) for text in texts)
TASK = Task("topic", Codebook(variables=(ONE,)), ONE, EXCERPTS)


def answer(body: Body) -> str:
    """Know a home by its rooms, take 5 rooms for work, and say nothing of use about 3."""
    asked = body["messages"][-1]["content"]
    if "3 rooms" in asked:
        return "{}"
    return json.dumps({"rationale": "It says so.", "quote": "", "code": "c1" if "rooms" in asked and "5 rooms" not in asked else "c2"})


async def judged() -> Quality:
    async with serving(saying(answer)) as stub:
        return await asyncio.to_thread(Asking(stub.url, "stub", 100).judged, TASK, 1)


def test_right_wrong_and_unanswered() -> None:
    found = asyncio.run(judged())
    home, work = found.codes
    assert found.method == "language model stub, 1 unanswered"
    assert (home.resolved, home.said, home.right) == (6, 4, 4)
    assert (work.resolved, work.said, work.right) == (2, 3, 2)


def test_every_method_is_judged_on_the_same_few() -> None:
    asking = Asking("http://127.0.0.1:1/v1", "stub", 3)
    assert len(asking.sample(TASK, 1).excerpts) == 3
    assert asking.sample(TASK, 1) == asking.sample(TASK, 1)
    assert set(asking.sample(TASK, 1).excerpts) < set(EXCERPTS)
