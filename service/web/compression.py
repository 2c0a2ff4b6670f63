"""Answers made small: what is read, of the kinds that shrink.

Only answers to GET. Who sends text and sees the answer's length could otherwise guess, send by send, what else stands in it; what is read
shows no text of the address (but where to go after signing in, on a page that holds nothing else), and the texts of others in it are frozen
while a round is open. What shows a secret once (a link, a token), or a text that was just sent, answers a POST.
"""

import re

from litestar.config.compression import CompressionConfig
from litestar.datastructures import Headers
from litestar.middleware.compression import CompressionMiddleware
from litestar.types import HTTPResponseStartEvent, Message, Receive, Scope, Send

SHRINKS = ("text/", "application/json", "application/vnd.oai.openapi+json", "image/svg+xml")
LEAST_BYTES = 500
REFUSED = 300
LEVEL = 6
_UNWANTED = re.compile(r"gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)")  # the framework asks only whether the word is there


class Compressing(CompressionMiddleware):
    """The framework's own, for reads, by the kind of answer; an answer that comes in pieces is put together, so that it has a length."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and not _UNWANTED.search(Headers.from_scope(scope).get("accept-encoding", ""))
        ):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def create_compression_send_wrapper(self, send: Send, compression_encoding: str, scope: Scope) -> Send:
        """Give the framework's wrapper the whole of what shrinks, and pass the rest by it."""
        return _Whole(send, super().create_compression_send_wrapper(send, compression_encoding, scope))


COMPRESSION = CompressionConfig(backend="gzip", minimum_size=LEAST_BYTES, gzip_compress_level=LEVEL, middleware_class=Compressing)


class _Whole:
    def __init__(self, plain: Send, compressed: Send) -> None:
        self._plain = plain
        self._compressed = compressed
        self._start: Message | None = None
        self._pieces: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        """Pass an answer on, or keep what there is of it until it is whole."""
        if message["type"] == "http.response.start" and _shrinks(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._plain(message)
        else:
            self._pieces.append(message["body"])
            if not message.get("more_body"):
                await self._compressed(self._start)
                await self._compressed({"type": "http.response.body", "body": b"".join(self._pieces), "more_body": False})


def _shrinks(start: HTTPResponseStartEvent) -> bool:
    """Say whether it is of a kind that shrinks, and no refusal: one may name what it refuses."""
    return start["status"] < REFUSED and Headers(start["headers"]).get("content-type", "").startswith(SHRINKS)
