"""Turn a model's published weights into the graph that the fast runtime reads. The one place that needs torch; run once, at set-up.

``python -m service.embedding.convert [models folder] [name]``
"""

import logging
import os
import shutil
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from service.embedding.converted import GRAPH, TOKENIZER, Converted, Fidelity, check_converted, read_record, write_record
from service.embedding.encoder import Vectors
from service.embedding.fixed_texts import FIXED_TEXTS
from service.embedding.manifest import Manifest, read_manifest
from service.embedding.openvino_runtime import Precision, best_precision, silent_openvino
from service.embedding.reference import ReferenceEncoder
from service.embedding.registry import DEFAULT_MODEL, open_converted
from service.embedding.sources import stage
from service.errors import Unavailable


def ensure_default(models: Path) -> Converted:
    """Convert the default model unless a converted one with the right hashes is there."""
    return ensure(models, read_manifest(models, DEFAULT_MODEL))


def ensure(models: Path, manifest: Manifest) -> Converted:
    """Convert a model unless a converted one with the right hashes is there."""
    try:
        check_converted(models, manifest)
    except Unavailable:
        return convert(models, manifest)
    return read_record(models, manifest)


def convert(models: Path, manifest: Manifest) -> Converted:
    """Convert a model and measure it against sentence-transformers; the new files appear at once or not at all.

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
        reference = ReferenceEncoder(source, manifest, device="cpu")
        _check_dimension(reference, manifest)
        _write_graph(reference.model, made / GRAPH)
        shutil.copyfile(source / TOKENIZER, made / TOKENIZER)
        write_record(made, manifest, _made_by(), _fidelity(reference, made, manifest))
        _put_in_place(made, models / manifest.name, Path(work) / "old")
    return read_record(models, manifest)


def _check_dimension(reference: ReferenceEncoder, manifest: Manifest) -> None:
    found = reference.encode(["one"]).shape[1]
    if found != manifest.dimension:
        raise Unavailable(f"The model {manifest.name} has {found} dimensions; its manifest says {manifest.dimension}.")


def _write_graph(model: Any, xml: Path) -> None:
    import torch

    ids = torch.randint(5, 50, (2, 7))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    openvino = silent_openvino()
    free = openvino.PartialShape([-1, -1])
    inputs = [("input_ids", free, openvino.Type.i64), ("attention_mask", free, openvino.Type.i64)]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of each branch on a shape; the measured fidelity is the check
        graph = openvino.convert_model(_whole_model(model), example_input={"input_ids": ids, "attention_mask": mask}, input=inputs)
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


def _fidelity(reference: ReferenceEncoder, folder: Path, manifest: Manifest) -> tuple[Fidelity, ...]:
    wanted = reference.encode(FIXED_TEXTS)
    return tuple(_compare(wanted, folder, manifest, precision) for precision in dict.fromkeys((Precision.FP32, best_precision())))


def _compare(wanted: Vectors, folder: Path, manifest: Manifest, precision: Precision) -> Fidelity:
    encoder = open_converted(folder, manifest, precision)
    cosines = np.sum(wanted.astype(np.float64) * encoder.encode(FIXED_TEXTS), axis=1)
    return Fidelity(encoder.identity.runtime, round(float(cosines.mean()), 7), round(float(cosines.min()), 7))


def _made_by() -> str:
    return ", ".join(f"{name} {version(name)}" for name in ("openvino", "torch", "transformers", "sentence-transformers"))


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
