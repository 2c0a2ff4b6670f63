"""What the operations share: the idempotency key, names, pages of lists."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import HeaderParameter, QueryParameter

from service.coding.ledger import canonical
from service.store import Transaction
from service.web.identity import Principal

Item = TypeVar("Item")

IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Any unique text, such as a uuid4. The same key with the same request does nothing twice; with another it is refused.",
    ),
]
After = Annotated[int, QueryParameter(ge=-1, le=2_147_483_647, description="The position after which the page begins.")]
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many at most.")]
# (?![\s\S]) is the end of the text; $ would let one line end follow.
Name = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?![\s\S])")
]


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A part of a list; ``next`` is the ``after`` of the following part, null at the end."""

    items: list[Item]
    next: int | None


def body_of(*parts: object) -> bytes:
    """Give the bytes that tell one request from another under the same key."""
    return canonical(list(parts))


def once(tx: Transaction, who: Principal, operation: str, key: str, body: bytes, act: Callable[[], Sequence[str]]) -> list[str]:
    """Carry out an act unless this key did it before; give the ids it made, now or then."""
    made, _ = tx.requests.once(who.key, operation, key, body, lambda: msgspec.json.encode(list(act())).decode())
    return msgspec.json.decode(made, type=list[str])
