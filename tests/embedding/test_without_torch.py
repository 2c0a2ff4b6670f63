"""What a running service imports and sends, seen from outside."""

import os
import subprocess
import sys
from pathlib import Path

from tests.embedding.default_model import MODELS

ROOT = MODELS.parent
ENCODE = """
import socket, sys
def refuse(*_): raise SystemExit("it tried to reach the network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from pathlib import Path
from service.embedding import DEFAULT_MODEL, open_encoder
print(open_encoder(Path("models"), DEFAULT_MODEL).encode(["one text"]).shape)
print(sorted({"torch", "transformers", "sentence_transformers", "openvino_telemetry.main"} & sys.modules.keys()))
"""


def run(code: str, home: Path) -> str:
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_encoding_needs_no_torch_and_reports_to_nobody(models: Path, tmp_path: Path) -> None:
    assert models.is_dir()
    assert run(ENCODE, tmp_path) == "(1, 384)\n[]\n"
    assert list(tmp_path.iterdir()) == []


def test_importing_the_room_is_cheap(tmp_path: Path) -> None:
    heavy = "{'torch', 'openvino', 'sentence_transformers', 'transformers', 'onnxruntime', 'scipy'}"
    assert run(f"import sys, service.embedding, service.suggestion; print({heavy} & sys.modules.keys())", tmp_path) == "set()\n"
