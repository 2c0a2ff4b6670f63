"""The default model, converted once for all tests and kept for the next run."""

from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """Give a folder with a two-layer model of random weights that takes the first token's vector, made on the spot."""
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    base = tmp_path_factory.mktemp("base")
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer: Any = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(models / DEFAULT_MODEL / "tokenizer.json"),
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        unk_token="[UNK]",
        mask_token="[MASK]",
        model_max_length=64,
    )
    seeded: Any = torch
    seeded.manual_seed(1)
    config = transformers.BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, max_position_embeddings=64
    )
    model: Any = transformers.BertModel(config)
    model.save_pretrained(base)
    tokenizer.save_pretrained(base)
    transformer: Any = Transformer(str(base), max_seq_length=64)
    SentenceTransformer(modules=[transformer, Pooling(32, pooling_mode="cls"), Normalize()], device="cpu").save(str(folder))
    return folder
