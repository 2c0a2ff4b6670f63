"""The default model, for the tests that go the whole way."""

from pathlib import Path

import pytest

from service.embedding import DEFAULT_MODEL, Encoder, open_encoder
from tests.embedding.default_model import converted_once


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the project's models folder with the default model converted in it."""
    return converted_once(tmp_path_factory)


@pytest.fixture(scope="session")
def encoder(models: Path) -> Encoder:
    """Give the default model on the fast runtime."""
    return open_encoder(models, DEFAULT_MODEL)
