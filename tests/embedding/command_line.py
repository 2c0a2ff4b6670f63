"""The command line on a models folder, as a process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.embedding.default_model import MODELS

Done = subprocess.CompletedProcess[str]


def intercoder(models: Path, *arguments: object, environ: dict[str, str] | None = None) -> Done:
    """Run a command to its end."""
    settings = {"INTERCODER_MODELS_DIR": str(models), "INTERCODER_DATA_DIR": str(models / "data")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")}
    command = [sys.executable, "-m", "service.cli", *map(str, arguments)]
    told = kept | settings | (environ or {})
    return subprocess.run(command, env=told, cwd=MODELS.parent, capture_output=True, text=True, check=False, timeout=300)
