"""A real server for tests: the command line's own way of serving, as a process of its own on a free loopback port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.installation import KEY, MODELS

STARTS_WITHIN_S = 60.0


class Server:
    """One server process; ``kill`` ends it as a power cut would, ``start`` begins again on the same data."""

    def __init__(self, folder: Path, *, environ: Mapping[str, str] | None = None, models: Path = MODELS) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")},
            "INTERCODER_DATA_DIR": str(folder),
            "INTERCODER_MODELS_DIR": str(models),
            "INTERCODER_SECRET_KEY": KEY,
            **(environ or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [sys.executable, "-m", "service.cli", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environ, stdout=log, stderr=log, start_new_session=True)
        ends = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            if time.monotonic() > ends or self._process.poll() is not None:
                message = f"the server did not start: {self.log.read_text()[-2000:]}"
                raise AssertionError(message)
            time.sleep(0.05)

    def kill(self) -> None:
        """End every process of it at once, with nothing tidied up."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def process_ids(self) -> list[int]:
        """Name its running processes, the oldest first, for whoever wants to look on or interfere."""
        group = self._process.pid if self._process else 0
        running = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return sorted(process for process in running if _group_of(process) == group)

    def stop(self) -> None:
        """End it as an operator does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def interrupt(self) -> None:
        """Press Ctrl+C: every process of it is told, as a terminal does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGINT)

    def ended(self, within: float) -> bool:
        """Wait for it to end by itself; say whether it did within so many seconds."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            return False
        self._process = None
        return True

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/livez", timeout=1).is_success
        except httpx.TransportError:
            return False


def _group_of(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return -1


@contextmanager
def serving(folder: Path, *, environ: Mapping[str, str] | None = None, models: Path = MODELS) -> Generator[Server]:
    """Run a server on this data folder until the block ends."""
    server = Server(folder, environ=environ, models=models)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
