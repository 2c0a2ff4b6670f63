"""Turn a model's published weights into the graph that the fast runtime reads. The one place that needs torch; run once, at set-up.

``python -m service.embedding.convert [models folder] [name]``
"""

import logging
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from service.embedding import onnx_files, onnx_runtime, packed, packing
from service.embedding.converted import (
    GRAPH,
    ONNX,
    PACKED,
    TOKENIZER,
    Converted,
    Engine,
    Fidelity,
    check_converted,
    read_record,
    write_record,
)
from service.embedding.encoder import Encoder, Vectors
from service.embedding.fixed_texts import FIXED_TEXTS
from service.embedding.manifest import LongTexts, Manifest, Runtime, read_manifest
from service.embedding.openvino_runtime import Precision, best_precision, silent_openvino
from service.embedding.reference import ReferenceEncoder
from service.embedding.registry import DEFAULT_MODEL, engines, open_converted, open_onnx, open_packed
from service.embedding.sources import stage
from service.errors import Unavailable


def ensure_default(models: Path) -> Converted:
    """Convert the default model unless a converted one with the right hashes is there."""
    return ensure(models, read_manifest(models, DEFAULT_MODEL))


def ensure(models: Path, manifest: Manifest) -> Converted:
    """Convert a model unless it is converted with the right hashes for every engine that is wanted and can run it, and each was timed."""
    try:
        record = read_record(models, manifest)
        for engine in _wanted(manifest):
            if engine not in record.without:
                check_converted(models, manifest, engine)
    except Unavailable:
        return convert(models, manifest)
    return record if record.is_timed else convert(models, manifest)


def convert(models: Path, manifest: Manifest) -> Converted:
    """Convert a model and measure it against sentence-transformers; the new files appear at once or not at all.

    A model that comes as an ONNX graph is taken as it is; without safetensors beside it there is nothing to measure it against.

    Raises
    ------
    Unavailable
        A source file is missing or altered, or the model is not what its manifest says.
    """
    with tempfile.TemporaryDirectory(dir=models, prefix=f".{manifest.name}-") as work:
        source, made = Path(work) / "source", Path(work) / manifest.name
        source.mkdir()
        made.mkdir()
        stage(models, manifest, source)
        shutil.copyfile(source / TOKENIZER, made / TOKENIZER)
        reference = None if _graph_alone(manifest) else ReferenceEncoder(source, manifest, device="cpu")
        if manifest.graph:
            onnx_files.take(source, manifest, made)
        without: dict[Engine, str] = {}
        if reference is not None:
            _check_dimension(reference, manifest)
            _write_graphs(reference.model, manifest, made)
            without = _write_packed(reference.model, manifest, made)
        write_record(made, manifest, _made_by(), _fidelity(reference, made, manifest), without)
        _put_in_place(made, models / manifest.name, Path(work) / "old")
    return read_record(models, manifest)


def _wanted(manifest: Manifest) -> tuple[Engine, ...]:
    """The engines to convert for: the one that the manifest names, or every installed one.

    The packed kernel is among them whatever this processor is: an image may be made on one machine and serve on another.
    """
    match manifest.runtime:
        case Runtime.PACKED | Runtime.OPENVINO | Runtime.ONNXRUNTIME:
            return (Engine(manifest.runtime),)
        case _:
            return tuple(dict.fromkeys((Engine.PACKED, *engines())))


def _graph_alone(manifest: Manifest) -> bool:
    return bool(manifest.graph) and not any(name.endswith(".safetensors") for name in manifest.files)


def _check_dimension(encoder: Encoder, manifest: Manifest) -> None:
    found = encoder.encode(["one"]).shape[1]
    if found != manifest.dimension:
        raise Unavailable(f"The model {manifest.name} has {found} dimensions; its manifest says {manifest.dimension}.")


def _write_graphs(model: Any, manifest: Manifest, made: Path) -> None:
    import torch

    ids = torch.randint(5, 50, (2, 7))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    whole = _whole_model(model)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of each branch on a shape; the measured fidelity is the check
        if Engine.OPENVINO in _wanted(manifest):
            _write_openvino(whole, {onnx_runtime.IDS: ids, onnx_runtime.MASK: mask}, made / GRAPH)
        if Engine.ONNXRUNTIME in _wanted(manifest) and not manifest.graph:
            onnx_files.write(whole, (ids, mask), made / ONNX)


def _write_packed(model: Any, manifest: Manifest, made: Path) -> dict[Engine, str]:
    """Write what the kernel reads, if it is wanted; why it cannot run this model, if it cannot."""
    if Engine.PACKED not in _wanted(manifest):
        return {}
    reason = packing.write(model, manifest, made / PACKED)
    return {Engine.PACKED: reason} if reason else {}


def _write_openvino(whole: Any, example: dict[str, Any], xml: Path) -> None:
    openvino = silent_openvino()
    free = openvino.PartialShape([-1, -1])
    graph = openvino.convert_model(whole, example_input=example, input=[(name, free, openvino.Type.i64) for name in example])
    openvino.save_model(graph, str(xml), compress_to_fp16=False)


def _whole_model(model: Any) -> Any:
    """Transformer, pooling and scaling to unit length as one module of (ids, mask)."""
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": torch.zeros_like(input_ids)}
            return torch.nn.functional.normalize(self.inner(features)["sentence_embedding"], p=2, dim=1)

    return Whole().eval()


def _fidelity(reference: ReferenceEncoder | None, folder: Path, manifest: Manifest) -> tuple[Fidelity, ...]:
    # The reference cuts long texts, so windows are left out of the comparison.
    opened = list(_opened(folder, msgspec.structs.replace(manifest, long_texts=LongTexts.CUT)))
    for encoder in opened:
        _check_dimension(encoder, manifest)
    if reference is None:
        return ()
    wanted = reference.encode(FIXED_TEXTS)
    return tuple(_compare(wanted, encoder) for encoder in opened)


def _opened(folder: Path, manifest: Manifest) -> Iterator[Encoder]:
    if (folder / PACKED).is_file() and packed.fit():
        yield open_packed(folder, manifest)
    if (folder / GRAPH).is_file():
        for precision in dict.fromkeys((Precision.FP32, best_precision())):
            yield open_converted(folder, manifest, precision)
    if (folder / ONNX).is_file():
        yield open_onnx(folder, manifest)


def _compare(wanted: Vectors, encoder: Encoder) -> Fidelity:
    cosines = np.sum(wanted.astype(np.float64) * encoder.encode(FIXED_TEXTS), axis=1)
    speed = len(FIXED_TEXTS) / min(_seconds(encoder) for _ in range(3))
    return Fidelity(encoder.identity.runtime, round(float(cosines.mean()), 7), round(float(cosines.min()), 7), round(speed, 1))


def _seconds(encoder: Encoder) -> float:
    began = time.perf_counter()
    encoder.encode(FIXED_TEXTS)
    return time.perf_counter() - began


def _made_by() -> str:
    names = ("openvino", "onnxruntime", "torch", "transformers", "sentence-transformers")
    return ", ".join(f"{name} {version(name)}" for name in names if find_spec(name.replace("-", "_")) is not None)


def _put_in_place(made: Path, target: Path, old: Path) -> None:
    if target.exists():
        target.replace(old)
    made.replace(target)


def main(arguments: list[str]) -> None:
    """Convert one model, the default unless another is named."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    models = Path(arguments[0]) if arguments else Path("models")
    name = arguments[1] if len(arguments) > 1 else DEFAULT_MODEL
    try:
        record = ensure(models, read_manifest(models, name))
    except Unavailable as refusal:
        sys.exit(refusal.detail)
    for line in record.fidelity:
        logging.getLogger(__name__).info("%s by %s: cosine mean %s, min %s", name, line.runtime, line.cosine_mean, line.cosine_min)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    main(sys.argv[1:])
