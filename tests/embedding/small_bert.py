"""A sentence-transformers model of random weights, made on the spot: of any width, for what the default model does not have."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from service.embedding import DEFAULT_MODEL

READS = 64


def small_bert(factory: pytest.TempPathFactory, models: Path, *, pooling: str, **config: Any) -> Path:
    """Give its folder: two layers unless told otherwise, the default model's tokenizer, ``READS`` tokens."""
    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    library: Any = importlib.import_module("sentence_transformers")
    parts: Any = importlib.import_module("sentence_transformers.sentence_transformer.modules")

    base = factory.mktemp("base")
    folder = factory.mktemp("small")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(models / DEFAULT_MODEL / "tokenizer.json"),
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        unk_token="[UNK]",
        mask_token="[MASK]",
        model_max_length=READS,
    )
    torch.manual_seed(1)
    told = {"num_hidden_layers": 2, "max_position_embeddings": READS, **config}
    transformers.BertModel(transformers.BertConfig(**told)).save_pretrained(base)
    tokenizer.save_pretrained(base)
    transformer = parts.Transformer(str(base), max_seq_length=READS)
    modules = [transformer, parts.Pooling(told["hidden_size"], pooling_mode=pooling), parts.Normalize()]
    library.SentenceTransformer(modules=modules, device="cpu").save(str(folder))
    return folder
