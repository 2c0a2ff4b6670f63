"""A BERT encoder's weights as the packed kernel reads them; the layout is in packed.c. At set-up only: torch has loaded the model."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from service.embedding.manifest import Manifest

PANEL = 32
"""Columns of a panel of weights: two registers of 32-bit sums."""

WIDTH_STEP = 64
"""What a model's widths must divide by."""

CHUNK = 384
"""Inner columns that are worked through at a time: what they hold of a pass stays near the processor."""

LENGTH = 65_000.0
"""How long a column of weights is as integers; times the 32,700 of a row of numbers, with both roundings, it stays below 2³¹."""

MOST = 32_767.0

HEAD_STEP = 32
"""What the width of an attention head must divide by: a panel."""

Weights = Mapping[str, NDArray[np.float32]]


def write(model: Any, manifest: Manifest, file: Path) -> str:
    """Write a loaded model's weights for the kernel, unless it is none that the kernel computes: then say why."""
    if reason := _unfit(model, manifest):
        return reason
    config = model[0].auto_model.config
    weights = {name: tensor.detach().float().numpy() for name, tensor in model[0].auto_model.state_dict().items()}
    layers = [_layer(weights, f"encoder.layer.{at}", config.num_attention_heads) for at in range(config.num_hidden_layers)]
    sizes = (config.num_hidden_layers, config.hidden_size, config.num_attention_heads, config.intermediate_size)
    tensors = {
        "shape": np.array([*sizes, manifest.pooling == "cls"], np.int32),
        "epsilon": np.array([config.layer_norm_eps], np.float32),
        "words": weights["embeddings.word_embeddings.weight"],
        # Every token is of the first type: a text is one segment.
        "places": weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0],
        "weights": np.concatenate([part for parts, _ in layers for part in parts]),
        "numbers": np.concatenate([*_pair(weights, "embeddings.LayerNorm"), *(part for _, numbers in layers for part in numbers)]),
    }
    file.write_bytes(save(tensors))  # its own way to a file would make one that only this user can read
    return ""


def whole(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """``float32[out, in]`` as integers, and ``float32[out]`` that the integers of each row of it are to be multiplied by.

    A row is as long as ``LENGTH`` allows, or its largest number as ``MOST``.
    """
    rows = matrix.astype(np.float64)
    lengths, largest = np.linalg.norm(rows, axis=1), np.abs(rows).max(axis=1)
    scales = np.maximum(np.maximum(lengths / LENGTH, largest / MOST), np.finfo(np.float32).tiny)
    return np.rint(rows / scales[:, None]).astype(np.int16), scales.astype(np.float32)


def panels(matrix: NDArray[np.int16]) -> NDArray[np.int16]:
    """``int16[out, in]`` as ``[out / 32][in / 2][32][2]``, flat."""
    out, depth = matrix.shape
    return matrix.reshape(out // PANEL, PANEL, depth // 2, 2).transpose(0, 2, 1, 3).ravel()


def _layer(weights: Weights, name: str, heads: int) -> tuple[list[NDArray[np.int16]], list[NDArray[np.float32]]]:
    """The matrices of a layer as panels; their scales and biases, and the norms."""
    laid: list[NDArray[np.int16]] = []
    numbers: list[NDArray[np.float32]] = []
    for matrix, bias in _matrices(weights, name, heads):
        integers, scales = whole(matrix)
        laid.append(panels(integers))
        numbers += [scales, bias]
    return laid, [*numbers, *_pair(weights, f"{name}.attention.output.LayerNorm"), *_pair(weights, f"{name}.output.LayerNorm")]


def _matrices(weights: Weights, name: str, heads: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Each product's matrix and bias: head by head queries, keys and values; then out; then chunk by chunk up and down."""
    queries = [_pair(weights, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
    yield _by_heads([matrix for matrix, _ in queries], heads), _by_heads([bias for _, bias in queries], heads)
    yield _pair(weights, f"{name}.attention.output.dense")
    up, up_bias = _pair(weights, f"{name}.intermediate.dense")
    down, down_bias = _pair(weights, f"{name}.output.dense")
    for start in range(0, len(up), CHUNK):
        stop = start + CHUNK
        yield up[start:stop], up_bias[start:stop]
        yield down[:, start:stop], np.zeros_like(down_bias) if start else down_bias


def _by_heads(parts: Sequence[NDArray[np.float32]], heads: int) -> NDArray[np.float32]:
    split = [part.reshape(heads, -1, *part.shape[1:]) for part in parts]
    return np.concatenate(split, axis=1).reshape(-1, *parts[0].shape[1:])


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
    if rest or head % HEAD_STEP or config.hidden_size % WIDTH_STEP or config.intermediate_size % WIDTH_STEP:
        widths = f"{config.hidden_size}, {config.intermediate_size}, heads of {head}"
        return f"Its widths ({widths}) do not divide by {WIDTH_STEP} and {HEAD_STEP}."
    return ""
