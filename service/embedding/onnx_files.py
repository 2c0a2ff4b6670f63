"""ONNX files: written from a loaded model, or taken from a model's source after a look at what they would read. Needs the extra."""

import importlib
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from service.embedding.converted import ONNX, TOKENIZER
from service.embedding.manifest import Manifest
from service.embedding.onnx_runtime import IDS, MASK, NEEDS_EXTRA
from service.errors import BadInput, Unavailable

OPSET = 18


def write(whole: Any, example: tuple[Any, Any], file: Path) -> None:
    """Write a traced module of (ids, mask), with pooling and scaling inside, its weights in the same file."""
    torch: Any = importlib.import_module("torch")
    free = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        whole,
        example,
        str(file),
        input_names=[IDS, MASK],
        output_names=["vectors"],
        dynamic_axes={IDS: free, MASK: free, "vectors": {0: "texts"}},
        opset_version=OPSET,
        dynamo=False,  # the newer exporter needs a compiler package besides and writes the weights to a second file
    )


def take(source: Path, manifest: Manifest, made: Path) -> None:
    """Copy a model's own graph and the files that hold its weights, all checked before.

    Raises
    ------
    Unavailable
        The graph reads a file that the manifest does not name.
    """
    beside = PurePosixPath(manifest.graph).parent
    for location in weight_files(source / manifest.graph):
        name = str(beside / location)
        if name not in manifest.files or location in {ONNX, TOKENIZER}:
            raise Unavailable(f"The graph {manifest.graph} reads {location}, which the manifest of {manifest.name} does not name.")
        (made / location).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, made / location)
    shutil.copyfile(source / manifest.graph, made / ONNX)


def weight_files(graph: Path) -> tuple[str, ...]:
    """The files beside a graph that it reads its weights from.

    Raises
    ------
    BadInput
        It cannot be read, or one of them lies outside the graph's folder.
    """
    if importlib.util.find_spec("onnx") is None:
        raise Unavailable(NEEDS_EXTRA)
    onnx: Any = importlib.import_module("onnx")
    broken = importlib.import_module("google.protobuf.message").DecodeError
    try:
        model = onnx.load(str(graph), load_external_data=False)
    except broken as error:
        raise BadInput(f"{graph.name} is no ONNX graph.") from error
    tensors = (*_tensors(model.graph), *(tensor for function in model.functions for tensor in _in_nodes(function)))
    found = dict.fromkeys(entry.value for tensor in tensors for entry in tensor.external_data if entry.key == "location")
    for location in found:
        path = PurePosixPath(location)
        if path.is_absolute() or ".." in path.parts or "\\" in location or ":" in location:
            raise BadInput(f"{graph.name} reads a file outside its folder ({location}) and is refused.")
    return tuple(found)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    yield from (part for sparse in graph.sparse_initializer for part in (sparse.values, sparse.indices))
    yield from _in_nodes(graph)


def _in_nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)
