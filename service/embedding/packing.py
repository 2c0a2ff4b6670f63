"""A BERT encoder's weights as the packed kernel reads them; the layout is in packed.c. At set-up only: torch has loaded the model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from service.embedding.manifest import Manifest

PANEL = 64
"""Columns of a panel of weights: four registers of float32."""

HEAD_STEP = 32
"""What the width of an attention head must divide by: a register of bfloat16."""

Weights = Mapping[str, NDArray[np.float32]]


def write(model: Any, manifest: Manifest, file: Path) -> str:
    """Write a loaded model's weights for the kernel, unless it is none that the kernel computes: then say why."""
    if reason := _unfit(model, manifest):
        return reason
    config = model[0].auto_model.config
    weights = {name: tensor.detach().float().numpy() for name, tensor in model[0].auto_model.state_dict().items()}
    layers = [_layer(weights, f"encoder.layer.{at}") for at in range(config.num_hidden_layers)]
    sizes = (config.num_hidden_layers, config.hidden_size, config.num_attention_heads, config.intermediate_size)
    tensors = {
        "shape": np.array([*sizes, manifest.pooling == "cls"], np.int32),
        "epsilon": np.array([config.layer_norm_eps], np.float32),
        "words": weights["embeddings.word_embeddings.weight"],
        # Every token is of the first type: a text is one segment.
        "places": weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0],
        "weights": np.concatenate([panels(matrix) for matrices, _ in layers for matrix in matrices]),
        "numbers": np.concatenate([*_pair(weights, "embeddings.LayerNorm"), *(part for _, numbers in layers for part in numbers)]),
    }
    file.write_bytes(save(tensors))  # its own way to a file would make one that only this user can read
    return ""


def panels(matrix: NDArray[np.float32]) -> NDArray[np.uint16]:
    """``float32[out, in]`` as bfloat16 ``[out / 64][in / 2][64][2]``, flat."""
    out, depth = matrix.shape
    return bfloat16(matrix.reshape(out // PANEL, PANEL, depth // 2, 2).transpose(0, 2, 1, 3)).ravel()


def bfloat16(numbers: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper halves of float32 numbers, rounded to nearest, ties to even."""
    bits = np.ascontiguousarray(numbers).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _layer(weights: Weights, name: str) -> tuple[tuple[NDArray[np.float32], ...], tuple[NDArray[np.float32], ...]]:
    """The four matrices of a layer, and its biases and norms."""
    queries, keys, values = (f"{name}.attention.self.{part}" for part in ("query", "key", "value"))
    products = (f"{name}.attention.output.dense", f"{name}.intermediate.dense", f"{name}.output.dense")
    joint = np.concatenate([weights[f"{part}.weight"] for part in (queries, keys, values)])
    return (
        (joint, *(weights[f"{part}.weight"] for part in products)),
        (
            *(weights[f"{part}.bias"] for part in (queries, keys, values, *products)),
            *_pair(weights, f"{name}.attention.output.LayerNorm"),
            *_pair(weights, f"{name}.output.LayerNorm"),
        ),
    )


def _pair(weights: Weights, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _unfit(model: Any, manifest: Manifest) -> str:
    """Why the kernel does not compute this model; nothing when it does."""
    parts = [type(part).__name__ for part in model]
    if parts not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) or manifest.pooling not in {"mean", "cls"}:
        return f"It is made of {', '.join(parts)} with pooling by {manifest.pooling}."
    config = model[0].auto_model.config
    if type(model[0].auto_model).__name__ != "BertModel" or config.hidden_act != "gelu" or config.is_decoder:
        return f"It is a {type(model[0].auto_model).__name__} with {config.hidden_act}, and no BERT encoder with gelu."
    if getattr(config, "position_embedding_type", "absolute") != "absolute" or manifest.max_tokens > config.max_position_embeddings:
        return "Its positions are not absolute, or fewer than the tokens it reads."
    head, rest = divmod(config.hidden_size, config.num_attention_heads)
    if rest or head % HEAD_STEP or config.hidden_size % PANEL or config.intermediate_size % PANEL:
        return f"Its widths ({config.hidden_size}, {config.intermediate_size}, heads of {head}) do not divide by {PANEL} and {HEAD_STEP}."
    return ""
