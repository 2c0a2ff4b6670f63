"""A model of the hub: the real client against a hub on the loopback, which answers as the hub does."""

import hashlib
import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from service.embedding import open_encoder, read_manifest
from service.embedding.manifest import SourceKind
from tests.embedding.command_line import Done, intercoder

COMMIT = "c0ffee" + "0" * 34
ASKED = f"/api/models/someone/tiny/tree/{COMMIT}"
FILES = f"/someone/tiny/resolve/{COMMIT}/"


class Hub(ThreadingHTTPServer):
    """Has one model, the files of a folder; ``broken`` is a file that it fails to give, ``paths`` what it was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.broken = folder, ""
        self.paths: list[str] = []

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        if path == "/api/models/someone/tiny":
            return 200, json.dumps({"id": "someone/tiny", "sha": COMMIT}).encode(), {}
        if path == ASKED:
            return 200, json.dumps([self._entry(file) for file in files]).encode(), {}
        if path.startswith(FILES) and not path.endswith(self.broken or "/"):
            data = (self.folder / path.removeprefix(FILES)).read_bytes()
            return 200, data, {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
        return 404, b"{}", {}

    def _entry(self, file: Path) -> dict[str, object]:
        data = file.read_bytes()
        return {"type": "file", "oid": hashlib.sha1(data).hexdigest(), "size": len(data), "path": file.relative_to(self.folder).as_posix()}  # noqa: S324 - git's


class Handler(BaseHTTPRequestHandler):
    server: Hub  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self.wfile.write(self._head())

    def do_HEAD(self) -> None:
        self._head()

    def _head(self) -> bytes:
        path = unquote(urlsplit(self.path).path)
        self.server.paths.append(path)
        status, body, headers = self.server.answer(path)
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body)), "Content-Type": "application/json"}).items():
            self.send_header(name, value)
        self.end_headers()
        return body

    def log_message(self, format: str, *_args: object) -> None:  # noqa: A002 - the name in the standard library
        """Say nothing."""


@pytest.fixture
def hub(tiny: Path) -> Generator[Hub]:
    """Give a hub that has the tiny model."""
    made = Hub(tiny)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def added(hub: Hub | None, folder: Path, repository: str = "someone/tiny") -> Done:
    where = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port if hub else 9}", "HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "0"}
    said = ("--hub", repository, "--licence", "MIT", "--language", "en")
    return intercoder(folder / "models", "models", "add", "tiny", *said, environ=where)


@pytest.fixture
def models_folder(tmp_path: Path) -> Path:
    """Give an empty models folder."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_a_model_of_the_hub_is_fetched_pinned_and_used_without_it(hub: Hub, tmp_path: Path, models_folder: Path) -> None:
    done = added(hub, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    manifest = read_manifest(models_folder, "tiny")
    assert (manifest.source.kind, manifest.source.place, manifest.source.revision) == (SourceKind.HUB, "someone/tiny", COMMIT)
    assert {path for path in hub.paths if not path.startswith(FILES)} == {"/api/models/someone/tiny", ASKED}  # and nothing besides
    assert intercoder(models_folder, "models", "convert", "tiny").returncode == 0
    ours, theirs = open_encoder(models_folder, "tiny"), intercoder(models_folder, "models", "verify", "tiny")
    assert "every file is as its manifest says" in theirs.stdout
    assert np.linalg.norm(ours.encode(["a text"])) == pytest.approx(1)
    (models_folder / "tiny.source" / "model.safetensors").write_bytes(b"other")
    assert "model.safetensors is altered" in intercoder(models_folder, "models", "verify", "tiny").stderr
    assert intercoder(models_folder, "models", "remove", "tiny").returncode == 0
    assert list(models_folder.iterdir()) == []


def test_a_fetch_that_breaks_off_leaves_nothing_and_succeeds_the_next_time(hub: Hub, tmp_path: Path, models_folder: Path) -> None:
    hub.broken = "tokenizer.json"
    done = added(hub, tmp_path)
    assert done.returncode == 1
    assert "someone/tiny could not be fetched" in done.stderr
    assert list(models_folder.iterdir()) == []
    hub.broken = ""
    assert added(hub, tmp_path).returncode == 0


def test_what_a_stopped_fetch_left_is_not_taken_for_the_models(hub: Hub, tmp_path: Path, models_folder: Path) -> None:
    (models_folder / "tiny.source").mkdir()
    (models_folder / "tiny.source" / "added_tokens.json").write_text("{}")
    assert added(hub, tmp_path).returncode == 0
    assert "added_tokens.json" not in read_manifest(models_folder, "tiny").files


def test_a_model_with_pickles_only_leaves_nothing_behind(tiny: Path, tmp_path: Path, models_folder: Path, hub: Hub) -> None:
    hub.folder = tmp_path / "pickled"
    for file in tiny.rglob("*.json"):
        (hub.folder / file.relative_to(tiny)).parent.mkdir(parents=True, exist_ok=True)
        (hub.folder / file.relative_to(tiny)).write_bytes(file.read_bytes())
    (hub.folder / "pytorch_model.bin").write_bytes((tiny / "model.safetensors").read_bytes())
    done = added(hub, tmp_path)
    assert "no safetensors weights" in done.stderr
    assert not [path for path in hub.paths if path.endswith(".bin")]
    assert list(models_folder.iterdir()) == []


def test_a_model_that_the_hub_does_not_have_is_unavailable(hub: Hub, tmp_path: Path, models_folder: Path) -> None:
    done = added(hub, tmp_path, "someone/else")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert "someone/else could not be fetched" in done.stderr
    assert list(models_folder.iterdir()) == []


def test_without_a_network_the_hub_is_unavailable(tmp_path: Path, models_folder: Path) -> None:
    done = added(None, tmp_path)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert "someone/tiny could not be fetched" in done.stderr
    assert list(models_folder.iterdir()) == []
