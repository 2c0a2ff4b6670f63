"""The work that one request makes the service do: SQL statements with their rows, texts encoded, files opened, calls outside.

Opened files and calls are heard from Python's own audit events; the program's own files do not count, because a module or a
template that is read once is read for whoever comes first.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from threading import get_ident

import service
from service.embedding import Vectors
from service.leaktest.fakes import HashEncoder

Work = tuple[str, ...]
HEARD = frozenset(
    {"open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate"}
    | {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn", "os.exec"}
)
_PLACES = (sys.prefix, sys.base_prefix, *service.__path__, *(Path(place).parent / "intercoder.egg-info" for place in service.__path__))
PROGRAM = tuple({str(path) for place in _PLACES for path in (Path(place), Path(place).resolve())})


class Recorder:
    """Notes the work of one world between ``begin`` and ``end``, on the thread that began."""

    def __init__(self, folder: Path) -> None:
        self.encoder = NotedEncoder(self)
        self._folder = str(folder)
        self._thread = 0
        self._notes: list[str] = []

    def begin(self) -> None:
        """Begin to note."""
        _hear_files_and_calls()
        self._notes, self._thread = [], get_ident()
        _LISTENING.append(self)

    def end(self) -> Work:
        """Give what was noted."""
        self._thread = 0
        _LISTENING.remove(self)
        return tuple(self._notes)

    def sql(self, statement: str, rows: int) -> None:
        """Note a statement or a fetch; background work runs on other threads and is nobody's request."""
        if get_ident() == self._thread:
            self._notes.append(f"SQL {rows}: {' '.join(statement.split())}")

    def encoded(self, texts: Sequence[str]) -> None:
        """Note texts that the model was asked for, on whichever thread it runs."""
        if self._thread:
            self._notes.append(f"encoded {len(texts)} texts")

    def heard(self, event: str, about: tuple[object, ...]) -> None:
        """Note an audit event of this thread."""
        place = str(about[0] if about else "")
        if get_ident() == self._thread and not place.startswith(PROGRAM) and place not in sys.path:
            self._notes.append(f"{event} {about[:2]}".replace(self._folder, "DATA"))


class NotedEncoder(HashEncoder):
    """The encoder of a world, which tells what it was asked."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Note and encode."""
        self._recorder.encoded(texts)
        return super().encode(texts)


_LISTENING: list[Recorder] = []
_HOOKED: list[bool] = []


def _hear_files_and_calls() -> None:
    """Hook into the interpreter once; a hook cannot be taken away, and costs next to nothing while nobody listens."""
    if not _HOOKED:
        _HOOKED.append(True)
        sys.addaudithook(_heard)


def _heard(event: str, about: tuple[object, ...]) -> None:
    if _LISTENING and event in HEARD:
        for recorder in _LISTENING:
            recorder.heard(event, about)
