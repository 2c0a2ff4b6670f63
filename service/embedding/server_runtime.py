"""A model on an embeddings server (``/v1/embeddings``, as OpenAI's API reference describes it). The texts go to that address.

Servers differ in what they refuse. llama.cpp refuses an empty text, and one of more tokens than it reads, with all that was sent beside it;
infinity cuts in silence.
"""

import weakref
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from itertools import chain
from urllib.parse import SplitResult, urlsplit

import msgspec
import numpy as np

from service.embedding.encoder import Embedded, ModelIdentity, Vectors, readable
from service.embedding.manifest import Manifest, Source
from service.embedding.tokens import unit
from service.errors import Unavailable

BATCH = 32
SIDE_BY_SIDE = 4
"""Batches that are under way at a time, so that a server need not wait for the next one while an answer travels."""
LARGEST_ANSWER = 64 * 1024 * 1024
TIMEOUT = 60.0
SETTING = "INTERCODER_MODEL_SERVER_KEY"

_TOO_LONG = frozenset({400, 413, 422, 500})
"""What servers say of a text that is too long, among other things: llama.cpp 500."""
_LONGEST_TRIED = 8
"""Characters a token, from which on a text that was refused is cut further and further."""

Rows = list[list[float]]
"""A vector a text."""


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]


class Server:
    """A server and the name it knows the model by; ``key`` is sent as a bearer token and told to nobody else.

    Raises
    ------
    Unavailable
        The source's place is no address, or holds a password; the key is none that can be sent.
    """

    def __init__(self, source: Source, key: str = "") -> None:
        import httpx2  # a tenth of a second, which models that are here need not wait

        address = _address(source.place)
        headers = {"Content-Type": "application/json"}
        if key:
            if not (key.isascii() and key.isprintable()):
                raise Unavailable(f"{SETTING} holds a character that no key has.")
            headers["Authorization"] = f"Bearer {key}"
        self.name = address.netloc
        self._path, self._served = _path(address), source.upstream
        self._url = f"{address.scheme}://{address.netloc}{self._path}"
        # Whatever the environment says of proxies: the texts go to this address and no other.
        self._client = httpx2.Client(headers=headers, timeout=TIMEOUT, trust_env=False)
        weakref.finalize(self, self._client.close)

    def ask(self, texts: Sequence[str]) -> Rows:
        """A vector a text, as the server scales them.

        Raises
        ------
        Unavailable
            The server does not answer, or not with one vector for each text.
        """
        found = self.answer(texts)
        if isinstance(found, int):
            raise self.refusal(found)
        return found

    def answer(self, texts: Sequence[str]) -> Rows | int:
        """The same, or the status with which the server refused."""
        status, answer = self._post(msgspec.json.encode({"model": self._served, "input": texts, "encoding_format": "float"}))
        if status != HTTPStatus.OK:
            return status
        try:
            rows = sorted(msgspec.json.decode(answer, type=_Answer).data, key=lambda row: row.index)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(f"The embeddings server {self.name} answered something else than vectors.") from error
        if [row.index for row in rows] != list(range(len(texts))):
            raise Unavailable(f"The embeddings server {self.name} answered other vectors than were asked for.")
        return [row.embedding for row in rows]

    def refusal(self, status: int) -> Unavailable:
        """What to tell of a status; what the server says of it may quote a text."""
        return Unavailable(f"The embeddings server {self.name} answered with status {status}.{self._advice(status)}")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        import httpx2

        try:
            with self._client.stream("POST", self._url, content=body) as response:
                return response.status_code, self._bounded(response.iter_bytes())
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unavailable(f"The embeddings server {self.name} does not answer ({type(error).__name__}).") from error

    def _bounded(self, parts: Iterable[bytes]) -> bytes:
        answer = bytearray()
        for part in parts:
            answer += part
            if len(answer) > LARGEST_ANSWER:
                raise Unavailable(f"The embeddings server {self.name} answered more than {LARGEST_ANSWER // 1024 // 1024} MB.")
        return bytes(answer)

    def _advice(self, status: int) -> str:
        match status:
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                return f" Set {SETTING} to a key that it takes."
            case HTTPStatus.NOT_FOUND:
                return f" Has it {self._path} and a model {self._served!r}? Else remove the model and add it as it is there."
            case _:
                return ""


class ServerEncoder:
    """An ``Encoder`` that asks a server.

    A text that the server refuses is cut until it is taken, and told to be cut; what a server cuts itself is not known here. Tokens are
    counted as four characters each, because the tokenizer is the server's.
    """

    def __init__(self, manifest: Manifest, key: str = "") -> None:
        self._server = Server(manifest.source, key)
        self._prefix = manifest.prefix
        self.identity = ModelIdentity(manifest.name, manifest.revision, manifest.dimension, f"server {self._server.name}")
        self.max_tokens = manifest.max_tokens

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder.encode``.

        Raises
        ------
        Unavailable
            The server does not answer, or not with one vector of the right size for each text.
        """
        return self.embed(texts).vectors

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See ``Encoder.embed`` and ``encode``."""
        prepared = [self._prefix + readable(text) or " " for text in texts]
        found = list(chain.from_iterable(self._side_by_side([prepared[start : start + BATCH] for start in range(0, len(prepared), BATCH)])))
        rows, read = [row for row, _ in found], [characters for _, characters in found]
        counts = [self._tokens(len(text), characters) for text, characters in zip(prepared, read, strict=True)]
        return Embedded(self._vectors(rows), np.array(counts, np.int32), self.max_tokens)

    def _tokens(self, characters: int, read: int) -> int:
        tokens = 2 + characters // 4
        return tokens if read == characters else max(tokens, self.max_tokens + 1)

    def _side_by_side(self, batches: Sequence[Sequence[str]]) -> list[list[tuple[list[float], int]]]:
        if len(batches) <= 1:
            return [self._some(batch) for batch in batches]
        askers = ThreadPoolExecutor(SIDE_BY_SIDE)
        try:
            return list(askers.map(self._some, batches))
        finally:  # where one failed the others need not be asked
            askers.shutdown(cancel_futures=True)

    def _some(self, texts: Sequence[str]) -> list[tuple[list[float], int]]:
        """Of each text its vector, and how many characters of it were read."""
        found = self._server.answer(texts)
        if not isinstance(found, int):
            return [(row, len(text)) for row, text in zip(found, texts, strict=True)]
        if not any(self._may_be_too_long(text, found) for text in texts):
            raise self._server.refusal(found)
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> tuple[list[float], int]:
        read = text
        while isinstance(found := self._server.answer([read]), int):
            if not self._may_be_too_long(read, found):
                raise self._server.refusal(found)
            read = read[: max(self.max_tokens, min(_LONGEST_TRIED * self.max_tokens, len(read) * 3 // 4))]
        return found[0], len(read)

    def _may_be_too_long(self, text: str, status: int) -> bool:
        return status in _TOO_LONG and len(text) > self.max_tokens  # a token has a character at least

    def _vectors(self, rows: Rows) -> Vectors:
        wrong = next((len(row) for row in rows if len(row) != self.identity.dimension), None)
        if wrong is not None:
            raise Unavailable(
                f"The embeddings server {self._server.name} answers vectors of {wrong} numbers, the manifest of {self.identity.name} says "
                f"{self.identity.dimension}. Remove the model and add it with --dimension {wrong}."
            )
        found = unit(np.array(rows, np.float64).reshape(len(rows), self.identity.dimension))
        if not np.isfinite(found).all():
            raise Unavailable(f"The embeddings server {self._server.name} answered numbers that are none.")
        return found


def _address(place: str) -> SplitResult:
    refusal = Unavailable("The server's address is no http address. Give it as OpenAI's clients take it, such as http://127.0.0.1:8080/v1.")
    try:
        address = urlsplit(place)
        port = address.port
    except ValueError as error:
        raise refusal from error
    if address.scheme not in {"http", "https"} or not address.hostname or port == 0:
        raise refusal
    if "@" in address.netloc or address.query or address.fragment:
        raise Unavailable(f"The server's address holds more than an address: a password, a query or a fragment. A key is set as {SETTING}.")
    return address


def _path(address: SplitResult) -> str:
    """Where embeddings are asked for: addresses are given up to ``/v1``, as OpenAI's clients take them, or whole."""
    path = address.path.rstrip("/") or "/v1"
    return path if path.endswith("/embeddings") else f"{path}/embeddings"
