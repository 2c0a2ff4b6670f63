"""The default model, converted once for all tests and kept for the next run."""

from pathlib import Path

import pytest

from service.embedding import DEFAULT_MODEL, Encoder, Manifest, open_encoder, read_manifest
from service.embedding.reference import ReferenceEncoder
from service.embedding.sources import source_folder
from tests.embedding.default_model import MODELS, converted_once


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the project's models folder with the default model converted in it."""
    return converted_once(tmp_path_factory)


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
    return ReferenceEncoder(source_folder(MODELS, manifest), manifest, device="cpu")
