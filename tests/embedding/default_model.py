"""The default model for tests of any room: converted by the first that asks, while the others wait."""

from pathlib import Path

import pytest
from filelock import FileLock

from service.embedding.convert import ensure_default
from service.embedding.converted import FILES
from service.embedding.registry import engines

MODELS = Path(__file__).parents[2] / "models"
WEIGHTS_HERE = FILES[engines()[0]]
"""What the fastest engine on this processor reads."""


def converted_once(factory: pytest.TempPathFactory) -> Path:
    """Give the project's models folder, with the default model converted in it."""
    with FileLock(factory.getbasetemp().parent / "convert.lock"):
        ensure_default(MODELS)
    return MODELS
