"""The default model for tests of any room: converted by the first that asks, while the others wait."""

from pathlib import Path

import pytest
from filelock import FileLock

from service.embedding import DEFAULT_MODEL, read_manifest
from service.embedding.convert import ensure_default
from service.embedding.converted import FILES, read_record
from service.embedding.registry import engines_for

MODELS = Path(__file__).parents[2] / "models"


def converted_once(factory: pytest.TempPathFactory) -> Path:
    """Give the project's models folder, with the default model converted in it."""
    with FileLock(factory.getbasetemp().parent / "convert.lock"):
        ensure_default(MODELS)
    return MODELS


def weights_here(models: Path) -> tuple[str, ...]:
    """Name the files that the fastest engine on this processor reads."""
    return FILES[engines_for(read_record(models, read_manifest(models, DEFAULT_MODEL)))[0]]
