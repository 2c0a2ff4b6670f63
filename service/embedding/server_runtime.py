"""A model on an embeddings server (``/v1/embeddings``, as TEI, vLLM, llama.cpp and infinity answer). The texts go to that address."""

from collections.abc import Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

import msgspec
import numpy as np

from service.embedding.encoder import Embedded, ModelIdentity, Vectors, readable
from service.embedding.manifest import Manifest
from service.embedding.tokens import unit
from service.errors import Unavailable

BATCH = 32
LARGEST_ANSWER = 64 * 1024 * 1024
TIMEOUT = 60.0


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]


class ServerEncoder:
    """An ``Encoder`` that asks a server. The server cuts what is too long for it; ``embed`` estimates four characters a token."""

    def __init__(self, manifest: Manifest) -> None:
        self._address = urlsplit(manifest.source.place)
        if self._address.scheme not in {"http", "https"} or not self._address.hostname:
            raise Unavailable(f"The manifest of {manifest.name} names no http address: {manifest.source.place}")
        self._served = manifest.source.upstream
        self._prefix = manifest.prefix
        self.identity = ModelIdentity(manifest.name, manifest.revision, manifest.dimension, f"server {self._address.netloc}")
        self.max_tokens = manifest.max_tokens

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder.encode``.

        Raises
        ------
        Unavailable
            The server does not answer, or not with one vector of the right size for each text.
        """
        prepared = [self._prefix + readable(text) for text in texts]
        parts = [self._ask(prepared[start : start + BATCH]) for start in range(0, len(prepared), BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, self.identity.dimension), np.float32)

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See ``Encoder.embed``."""
        return Embedded(self.encode(texts), np.array([2 + len(text) // 4 for text in texts], np.int32), self.max_tokens)

    def _ask(self, texts: list[str]) -> Vectors:
        body = msgspec.json.encode({"model": self._served, "input": texts, "encoding_format": "float"})
        connection = _connection(self._address)
        try:
            connection.request("POST", f"{self._address.path.rstrip('/')}/v1/embeddings", body, {"Content-Type": "application/json"})
            answer = _read(connection.getresponse())
        except (OSError, HTTPException) as error:
            raise Unavailable(f"The embeddings server {self._address.netloc} does not answer ({type(error).__name__}).") from error
        finally:
            connection.close()
        return self._vectors(answer, len(texts))

    def _vectors(self, answer: bytes, count: int) -> Vectors:
        try:
            rows = sorted(msgspec.json.decode(answer, type=_Answer).data, key=lambda row: row.index)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(f"The embeddings server {self._address.netloc} answered something else than vectors.") from error
        if [row.index for row in rows] != list(range(count)) or any(len(row.embedding) != self.identity.dimension for row in rows):
            raise Unavailable(f"The embeddings server {self._address.netloc} answered other vectors than were asked for.")
        found = unit(np.array([row.embedding for row in rows], np.float64))
        if not np.isfinite(found).all():
            raise Unavailable(f"The embeddings server {self._address.netloc} answered numbers that are none.")
        return found


def _connection(address: SplitResult) -> HTTPConnection:
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    return kind(address.hostname or "", address.port, timeout=TIMEOUT)


def _read(response: HTTPResponse) -> bytes:
    answer = response.read(LARGEST_ANSWER + 1)
    if response.status != HTTPStatus.OK or len(answer) > LARGEST_ANSWER:
        raise HTTPException(f"status {response.status}")
    return answer
