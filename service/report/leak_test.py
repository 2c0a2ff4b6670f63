"""What a leak test found, as it is kept beside the installation's data and shown to leads."""

import msgspec

FILE = "leak-test.json"
"""The last result's name in the data folder."""


class Tried(msgspec.Struct, frozen=True):
    """One way of trying: how the other coders' acts differed, who looked, and how much was asked."""

    mode: str
    who: tuple[str, ...]
    histories: int
    requests: int


class LeakTest(msgspec.Struct, frozen=True):
    """A leak test: what was walked and what was found. ``difference`` is empty where no request told the worlds apart."""

    version: str
    ended_at: str
    seconds: float
    operations: int
    routes: int
    seeds: tuple[int, ...]
    tried: tuple[Tried, ...]
    after_close: int
    """How many reads differed once the rounds were closed, as they must."""
    difference: str
    failures: tuple[str, ...]

    @property
    def silent(self) -> bool:
        """Say whether nothing leaked, nothing failed, and the test could have seen a leak."""
        return not self.difference and not self.failures and self.after_close > 0


def written(result: LeakTest) -> bytes:
    """Write a result down."""
    return msgspec.json.format(msgspec.json.encode(result), indent=1)


def read(data: bytes) -> LeakTest | None:
    """Read a result; None if it is no result of this version's form."""
    try:
        return msgspec.json.decode(data, type=LeakTest)
    except msgspec.MsgspecError:
        return None


def in_words(result: LeakTest) -> list[str]:
    """Say it in sentences, one a line."""
    walked = f"Walked: {result.operations} operations and {result.routes} routes beside them, seeds {_listed(result.seeds)}."
    tried = [_of_one(one) for one in result.tried]
    if result.difference:
        return [walked, *tried, "A coder can tell what the others do:", result.difference]
    failed = [f"Failed while it was asked: {one}" for one in result.failures]
    return [walked, *tried, _control(result.after_close), *failed, *(["No difference."] if result.silent else [])]


def _of_one(tried: Tried) -> str:
    return f"{tried.mode}, seen by {_listed(tried.who)}: {tried.histories} histories, {tried.requests:,} requests in each world."


def _control(differing: int) -> str:
    if differing:
        return f"Control: after the close {differing} reads differ, as they must."
    return "Control failed: nothing differed after the close, so the test could not have seen a leak."


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(map(str, values))
