"""The default model, converted once for all tests and kept for the next run."""

from pathlib import Path

import pytest

from service.embedding import DEFAULT_MODEL, Encoder, Manifest, open_encoder, read_manifest
from service.embedding.reference import ReferenceEncoder
from service.embedding.sources import source_folder
from tests.embedding.default_model import MODELS, converted_once
from tests.embedding.small_bert import small_bert


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


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """Give a folder with a two-layer model of random weights that takes the first token's vector, made on the spot."""
    return small_bert(tmp_path_factory, models, pooling="cls", hidden_size=32, num_attention_heads=2, intermediate_size=64)
