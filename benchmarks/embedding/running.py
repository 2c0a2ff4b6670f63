"""The service with one of two models, running on a free loopback port for as long as it is measured."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from benchmarks.embedding.runtimes import ROOT
from service.coding.visibility import Role
from service.embedding import DEFAULT_MODEL, read_manifest
from service.embedding.inspection import as_toml
from service.embedding.manifest import Runtime
from service.settings import Settings
from service.store import Store
from service.store.credentials import Scope, TokenKind

SECRET = "benchmark-only-0123456789abcdef0123456789ab"  # noqa: S105 - of a data folder that lives for one run
OTHER = "on-sentence-transformers"


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and a machine token for it; ``began`` is when its process was started, ``process`` its id."""

    port: int
    token: str
    began: float
    process: int


def memory(process: int) -> tuple[float, bool]:
    """Peak resident megabytes of a process with its children, and whether torch is in any of them."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    found = [memory(int(child)) for child in children]
    peak = next(line for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    own = "libtorch" in Path(f"/proc/{process}/maps").read_text(encoding="utf-8")
    return int(peak.split()[1]) / 1024 + sum(memory for memory, _ in found), own or any(torch for _, torch in found)


@contextmanager
def serving(model: str, processors: int = 0) -> Generator[Service, None, None]:
    """The service with this model, in a data folder of its own, until the block ends, on so many processors (0: every one)."""
    with tempfile.TemporaryDirectory() as folder:
        models = _models(Path(folder))
        token = _token(Path(folder))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")} | {
            "INTERCODER_DATA_DIR": folder,
            "INTERCODER_MODELS_DIR": str(models),
            "INTERCODER_MODEL": model,
            "INTERCODER_SECRET_KEY": SECRET,
            "INTERCODER_LOG_LEVEL": "WARNING",
            "INTERCODER_SUGGESTIONS_PER_MINUTE": "1000000",
        }
        command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
        allowed = sorted(os.sched_getaffinity(0))
        began = time.perf_counter()
        with _only(allowed[:processors] or allowed):
            server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield Service(port, token, began, server.pid)
        finally:
            server.terminate()
            server.wait(timeout=60)


@contextmanager
def _only(processors: Sequence[int]) -> Generator[None, None, None]:
    """What is started within the block may use these processors only; this process may use all of its own again afterwards."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    yield
    os.sched_setaffinity(0, before)


def _wait(port: int) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the service did not start")


def _models(folder: Path) -> Path:
    """The project's models and one more: the default on sentence-transformers."""
    models = folder / "models"
    models.mkdir()
    manifest = read_manifest(ROOT / "models", DEFAULT_MODEL)
    shutil.copy(ROOT / "models" / f"{DEFAULT_MODEL}.toml", models)
    (models / DEFAULT_MODEL).symlink_to(ROOT / "models" / DEFAULT_MODEL)
    other = msgspec.structs.replace(manifest, name=OTHER, runtime=Runtime.SENTENCE_TRANSFORMERS)
    (models / f"{OTHER}.toml").write_text(as_toml(other), encoding="utf-8")
    return models


def _token(folder: Path) -> str:
    store = Store(Settings(data_dir=folder).database, SECRET.encode())
    store.migrate()
    with store.writing() as tx:
        lead = tx.people.add(login="lead", name="Lead", may_lead=True)
        study = tx.corpus.add_study("Benchmark", lead)
        tx.people.join(study, lead, Role.LEAD)
        _, secret = tx.tokens.issue(
            kind=TokenKind.MACHINE, name="benchmark", scopes=(Scope.SUGGEST,), person_id=lead, study_id=study, life=timedelta(days=1)
        )
    store.close()
    return secret
