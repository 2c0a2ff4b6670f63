"""``intercoder embed`` is killed in the middle: run again, it does the rest and repeats one batch at most."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.embedding.vectors import BATCH
from tests.embedding.default_model import converted_once
from tests.installation import KEY

TEXTS = 6_000
COMMAND = [sys.executable, "-m", "service.cli"]


def test_a_killed_embed_goes_on_where_it_was(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    models = converted_once(tmp_path_factory)
    settings = {"INTERCODER_DATA_DIR": str(tmp_path), "INTERCODER_SECRET_KEY": KEY, "INTERCODER_MODELS_DIR": str(models)}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")} | settings
    (tmp_path / "many.txt").write_text("\n\n".join(f"Excerpt {number} on what a mentor said." for number in range(TEXTS)))
    _run(environ, "init")
    _run(environ, "import", tmp_path / "many.txt", "--study", "Many", "--lead", "lead@example.org")
    killed = subprocess.Popen([*COMMAND, "embed"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while killed.poll() is None and _vectors(tmp_path) < 2 * BATCH:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    kept = _vectors(tmp_path)
    assert 2 * BATCH <= kept < TEXTS, "it was killed in the middle"
    assert f"Embedded {TEXTS - kept} texts" in _run(environ, "embed")
    assert _vectors(tmp_path) == TEXTS


def _run(environ: dict[str, str], *arguments: object) -> str:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=300).stdout


def _vectors(folder: Path) -> int:
    [file] = folder.glob("*.sqlite")
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
    finally:
        connection.close()
