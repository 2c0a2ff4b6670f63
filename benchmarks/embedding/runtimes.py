"""Starting a runtime in its process and its environment, and giving it orders."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from service.embedding import DEFAULT_MODEL, read_manifest
from service.embedding.converted import Engine, read_record
from service.embedding.openvino_runtime import best_precision
from service.embedding.packed import fit
from service.embedding.registry import engines_for

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("worker.py")
LOCKS = Path(__file__).with_name("peers")
CPU_TORCH = ("--extra-index-url", "https://download.pytorch.org/whl/cpu")
ON_PACKED = "ours packed int16"
QUICK = (*((ON_PACKED,) if fit() else ()), "ours openvino bf16", "ours openvino f32", "sentence-transformers")
GPU = ("sentence-transformers cuda",) if shutil.which("nvidia-smi") else ()
OWN = (*QUICK, "ours onnxruntime f32", "openvino bf16 by hand", "sentence-transformers batch 8", "sentence-transformers bf16", *GPU)
PEERS = {
    "sentence-transformers onnx": "st_onnx",
    "sentence-transformers openvino": "st_openvino",
    "onnxruntime": "onnxruntime",
    "fastembed": "fastembed",
    "infinity": "infinity",
}
"""Runtime to environment: each has a lock in ``peers/`` and an environment in the folder given by ``--peers``."""


def chosen() -> str:
    """Which of our runtimes the service takes here for a converted model."""
    models = ROOT / "models"
    if engines_for(read_record(models, read_manifest(models, DEFAULT_MODEL)))[0] is Engine.PACKED:
        return ON_PACKED
    return f"ours openvino {best_precision()}"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the published model, its ONNX export and the peers' environments are; ``failed`` says why an environment is not there."""

    model: Path
    onnx: Path
    peers: Path
    failed: dict[str, str] = field(default_factory=dict[str, str])


class Process:
    """A runtime that is loaded; ``cold_start`` is seconds from the start of its process to its first vector."""

    def __init__(self, runtime: str, folders: Folders) -> None:
        if reason := folders.failed.get(PEERS.get(runtime, "")):
            raise RuntimeError(reason)
        self.runtime = runtime
        self._folders = folders
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process; a pipe that nobody reads would stop it
        began = time.perf_counter()
        command = [str(python_of(runtime, folders)), str(WORKER), runtime, str(folders.model), str(folders.onnx)]
        environment = {**os.environ, "PYTHONPATH": "." if runtime in OWN else "", "TOKENIZERS_PARALLELISM": "true"}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True
        )
        self.versions = str(self._answer()["versions"])
        self.cold_start = time.perf_counter() - began

    def do(self, order: str, texts: list[str]) -> dict[str, Any]:
        """Give an order and wait for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": order, "texts": texts}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def again(self) -> "Process":
        """The same runtime in a new process, after this one ended."""
        return Process(self.runtime, self._folders)

    def end(self) -> None:
        """Close its input, at which it ends."""
        self._process.communicate(timeout=60)
        self._said.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._said.seek(0)
            raise RuntimeError(f"{self.runtime} ended: {self._said.read()[-1000:]}")
        return cast(dict[str, Any], json.loads(line))


def python_of(runtime: str, folders: Folders) -> Path:
    """The interpreter of a runtime's environment."""
    return folders.peers / PEERS[runtime] / "bin" / "python" if runtime in PEERS else Path(sys.executable)


def installed_mb(runtime: str, folders: Folders) -> float | None:
    """The size of a peer's environment; ours is the project's own, which holds more than this."""
    if runtime not in PEERS:
        return None
    files = (path for path in (folders.peers / PEERS[runtime]).rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files) / 1e6


def peers_folder() -> Path:
    """Where peers' environments are kept from one run to the next."""
    root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return root / "intercoder-benchmarks" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "embedding"


def prepare_peers(folders: Folders) -> None:
    """Make what is missing: each peer's environment from its lock, and the model's ONNX export by the one that has the exporter."""
    folders.peers.mkdir(parents=True, exist_ok=True)
    for peer in sorted(set(PEERS.values())):
        if reason := _prepare(folders.peers / peer, LOCKS / f"{peer}.lock"):
            folders.failed[peer] = reason
    if not (folders.onnx / "onnx" / "model.onnx").exists() and "st_onnx" not in folders.failed:
        export = "import sys, sentence_transformers as s; s.SentenceTransformer(sys.argv[1], backend='onnx').save_pretrained(sys.argv[2])"
        python = folders.peers / "st_onnx" / "bin" / "python"
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        subprocess.run([str(python), "-c", export, str(folders.model), str(folders.onnx)], env=environment, check=True, capture_output=True)


def _prepare(folder: Path, lock: Path) -> str:
    """Install a lock into an environment of its own unless it is there; the reason where that fails."""
    python = folder / "bin" / "python"
    if python.exists():
        return ""
    venv.create(folder, with_pip=False, clear=True)
    # The installer of the running interpreter, which knows this machine's mirrors; the index of torch's CPU builds only if those lack it.
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile", "--no-deps", "-r", str(lock)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        done = subprocess.run([*install, "--retries", "1", *CPU_TORCH], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder)
        return f"not installable: {(done.stderr.strip().splitlines() or ['no reason given'])[-1][:120]}"
    return ""
