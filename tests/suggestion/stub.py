"""A language model's server that behaves as it is told: well, obedient to whoever speaks, or badly in every way."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

Body = dict[str, Any]
Behave = Callable[["Stub", Body, asyncio.StreamWriter], Any]


@dataclass
class Stub:
    """What it was asked, request by request, and how it behaves."""

    behave: Behave
    asked: list[Body] = field(default_factory=list[Body])
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(next(line.split(":")[1] for line in head.splitlines() if line.startswith("content-length")))
            body: Body = json.loads(await reader.readexactly(length))
            self.asked.append(body)
            await self.behave(self, body, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(behave: Behave) -> AsyncGenerator[Stub]:
    """Serve on the loopback until the block ends."""
    stub = Stub(behave)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield stub
    finally:
        server.close()


def reply(content: str) -> bytes:
    """Wrap an answer as a chat completion."""
    message = {"role": "assistant", "content": content}
    whole = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "stub",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    return json.dumps(whole).encode()


def http(body: bytes, *, status: str = "200 OK", media: str = "application/json", more: str = "") -> bytes:
    """Write a whole response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + body


def saying(content: str | Callable[[Body], str]) -> Behave:
    """Answer this, or what is made of the request."""

    async def behave(_: Stub, body: Body, writer: asyncio.StreamWriter) -> None:
        writer.write(http(reply(content if isinstance(content, str) else content(body))))

    return behave


def sending(data: bytes) -> Behave:
    """Send these bytes."""

    async def behave(_: Stub, __: Body, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return behave


async def hanging(_: Stub, __: Body, ___: asyncio.StreamWriter) -> None:
    """Say nothing."""
    await asyncio.sleep(60)


async def dripping(_: Stub, __: Body, writer: asyncio.StreamWriter) -> None:
    """Send one byte after the other, slowly."""
    for byte in http(reply("x" * 500)):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


@contextmanager
def served(behave: Behave) -> Generator[Stub]:
    """Serve from a thread of its own, for applications that run on another loop; ``behave`` of the stub may be changed meanwhile."""
    ready, ending = Event(), Event()
    found: list[Stub] = []

    async def run() -> None:
        async with serving(behave) as stub:
            found.append(stub)
            ready.set()
            await asyncio.to_thread(ending.wait)

    thread = Thread(target=lambda: asyncio.run(run()))
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        ending.set()
        thread.join()
