import asyncio
import socket
import threading
from importlib import metadata
from pathlib import Path

from service.leaktest.work import Recorder


def test_statements_files_and_calls_are_noted(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.begin()
    recorder.sql("SELECT  1\n  FROM codings", 2)
    (tmp_path / "kept").write_bytes(b"")
    with socket.socket() as phone:
        phone.setblocking(False)
        phone.connect_ex(("127.0.0.1", 9))
    recorder.encoder.encode(["a text"])
    notes = recorder.end()
    assert notes[0] == "SQL 2: SELECT 1 FROM codings"
    assert notes[1].startswith("open ('DATA/kept'")
    assert "socket.connect" in notes[2]
    assert "('127.0.0.1', 9)" in notes[2]
    assert notes[3] == "encoded 1 texts"


def test_background_work_is_nobodys(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.begin()
    background = threading.Thread(target=lambda: recorder.sql("SELECT 1", 0))
    background.start()
    background.join()
    assert recorder.end() == ()


def test_nothing_is_noted_outside_a_request_and_the_program_is_not_noted_at_all(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.sql("SELECT 1", 0)
    recorder.begin()
    Path(asyncio.__file__).read_bytes()
    assert recorder.end() == ()
    (tmp_path / "after").write_bytes(b"")
    recorder.begin()
    assert recorder.end() == ()


def test_what_the_program_says_of_itself_is_no_work(tmp_path: Path) -> None:
    """Entry points are read with the first chart, in whichever world that is."""
    recorder = Recorder(tmp_path)
    recorder.begin()
    metadata.distribution("intercoder").read_text("entry_points.txt")
    assert recorder.end() == ()
