"""Peers in locked environments of their own, driven as subprocesses; what cannot be installed says why."""

import hashlib
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE / "peers"
NAMES = {"krippendorff": "krippendorff", "irrcac": "irrcac", "nltk": "nltk", "pygamma": "pygamma-agreement"}


@dataclass(frozen=True, slots=True)
class Environment:
    """A peer's interpreter and version, or the reason why there is none."""

    peer: str
    python: Path | None
    why_not: str | None = None


def environment(peer: str, *, seconds: float) -> Environment:
    """Find the peer's environment, or make it within so many seconds; it is named after its lock, so a new lock is a new one."""
    lock = PEERS / f"{peer}.txt"
    folder = _cache() / f"{peer}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    label = f"{NAMES[peer]} {_version(lock, NAMES[peer])}"
    if (folder / "ready").exists():
        return Environment(label, python)
    if not seconds:
        return Environment(label, None, "not installed yet: run once without --quick")
    venv.create(folder, with_pip=False, clear=True)
    # The installer of the running interpreter, so that the peer's environment holds nothing but its lock.
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"]
    install = [*pip, "--no-deps", "--require-hashes", "-r", str(lock)]
    try:
        subprocess.run(install, check=True, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return Environment(label, None, f"not installed within {seconds:.0f} s")
    except subprocess.CalledProcessError as failed:
        return Environment(label, None, f"not installable: {(failed.stderr.strip().splitlines() or ['no reason given'])[-1][:120]}")
    (folder / "ready").touch()
    return Environment(label, python)


def _cache() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return root / "intercoder-benchmarks" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def _version(lock: Path, package: str) -> str:
    line = next(line for line in lock.read_text(encoding="utf-8").splitlines() if line.startswith(f"{package}=="))
    return line.split()[0].removeprefix(f"{package}==")
