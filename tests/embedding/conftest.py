"""The default model, converted once for all tests and kept for the next run."""

from pathlib import Path

import pytest
from filelock import FileLock

from service.embedding import DEFAULT_MODEL, Encoder, Manifest, open_encoder, read_manifest
from service.embedding.convert import ensure_default
from service.embedding.reference import ReferenceEncoder
from service.embedding.sources import source_folder

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the project's models folder with the default model converted in it."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "convert.lock"):
        ensure_default(MODELS)
    return MODELS


@pytest.fixture(scope="session")
def encoder(models: Path) -> Encoder:
    """Give the default model on the fast runtime."""
    return open_encoder(models, DEFAULT_MODEL)


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    """Give the default model's manifest."""
    return read_manifest(MODELS, DEFAULT_MODEL)


@pytest.fixture(scope="session")
def reference(manifest: Manifest) -> ReferenceEncoder:
    """Give the default model by sentence-transformers."""
    return ReferenceEncoder(source_folder(manifest.source), manifest, device="cpu")
