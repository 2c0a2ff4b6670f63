"""onnxruntime: chosen by the manifest or where OpenVINO is not, a graph of one's own, and what a graph may not read."""

import shutil
import warnings
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx as onnx_package
import pytest

from service.embedding import DEFAULT_MODEL, open_encoder, read_manifest
from service.embedding.commands import add_folder, convert_model, verify_model
from service.embedding.converted import ONNX, TOKENIZER, Engine
from service.embedding.inspection import Told, as_toml
from service.embedding.manifest import Manifest, Runtime
from service.embedding.onnx_files import weight_files
from service.embedding.onnx_runtime import POOLS, OnnxGraph
from service.embedding.reference import ReferenceEncoder
from service.embedding.registry import engine_of
from service.errors import BadInput, Unavailable
from tests.embedding.texts import excerpts

GRAPH = "onnx/model.onnx"
onnx: Any = onnx_package  # its helpers have no types
TOLD = Told(name="tiny", licence="GPL-3.0-or-later", languages=("en",), onnx=GRAPH)


@pytest.fixture(scope="module")
def states(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the tiny model's folder with an ONNX graph in it that answers one vector a token, as graphs on the hub do."""
    import torch
    from sentence_transformers import SentenceTransformer

    folder = tmp_path_factory.mktemp("states") / "tiny"
    shutil.copytree(tiny, folder)
    (folder / "onnx").mkdir()
    inner: Any = SentenceTransformer(str(tiny), device="cpu")[0]

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            given = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
            return self.inner(given)["token_embeddings"]

    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.randint(5, 50, (2, 7))
    free = {0: "b", 1: "w"}
    exporter: Any = torch.onnx
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter is the older one, and says of each branch on a shape that it traced one
        exporter.export(
            States().eval(),
            (ids, torch.ones_like(ids), torch.zeros_like(ids)),
            str(folder / GRAPH),
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes=dict.fromkeys([*names, "last_hidden_state"], free),
            opset_version=18,
            dynamo=False,
        )
    return folder


def keep_weights_at(graph: Path, location: str) -> None:
    """Let the graph read its largest tensors from a file of that name."""
    model = onnx.load(str(graph))
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) > 1024:
            onnx.external_data_helper.set_external_data(tensor, location)
    onnx.save(model, str(graph))


def test_the_manifest_chooses_onnxruntime_and_the_identity_says_so(models: Path, tmp_path: Path) -> None:
    manifest = read_manifest(models, DEFAULT_MODEL)
    shutil.copytree(models / DEFAULT_MODEL, tmp_path / DEFAULT_MODEL)
    (tmp_path / f"{DEFAULT_MODEL}.toml").write_text(as_toml(msgspec.structs.replace(manifest, runtime=Runtime.ONNXRUNTIME)))
    encoder, usual = open_encoder(tmp_path, DEFAULT_MODEL), open_encoder(models, DEFAULT_MODEL)
    assert encoder.identity.runtime.startswith("onnxruntime ")
    assert usual.identity.runtime.startswith(("packed ", "openvino "))
    assert encoder.identity.revision == usual.identity.revision
    assert verify_model(tmp_path, DEFAULT_MODEL).runtime is Runtime.ONNXRUNTIME


@pytest.mark.parametrize(
    ("runtime", "usable", "chosen"),
    [
        (Runtime.CONVERTED, tuple(Engine), Engine.PACKED),
        (Runtime.CONVERTED, (Engine.OPENVINO, Engine.ONNXRUNTIME), Engine.OPENVINO),
        (Runtime.CONVERTED, (Engine.ONNXRUNTIME,), Engine.ONNXRUNTIME),
        (Runtime.CONVERTED, (), Engine.ONNXRUNTIME),
        (Runtime.PACKED, (Engine.OPENVINO,), Engine.PACKED),
        (Runtime.OPENVINO, tuple(Engine), Engine.OPENVINO),
        (Runtime.ONNXRUNTIME, tuple(Engine), Engine.ONNXRUNTIME),
    ],
)
def test_the_fastest_engine_runs_what_it_can_unless_the_manifest_names_one(
    manifest: Manifest, runtime: Runtime, usable: tuple[Engine, ...], chosen: Engine
) -> None:
    assert engine_of(msgspec.structs.replace(manifest, runtime=runtime), usable) is chosen


def test_a_graph_that_a_model_brings_is_pooled_and_measured(states: Path, tmp_path: Path) -> None:
    manifest = add_folder(tmp_path, states, TOLD)
    assert (manifest.graph, manifest.runtime, manifest.pooling) == (GRAPH, Runtime.ONNXRUNTIME, "cls")
    [measured] = convert_model(tmp_path, "tiny").fidelity
    assert measured.runtime.startswith("onnxruntime ")
    assert measured.cosine_min >= 0.99999
    texts = excerpts(9, mean=12)
    theirs = ReferenceEncoder(states, manifest, device="cpu").encode(texts)
    assert open_encoder(tmp_path, "tiny").encode(texts) == pytest.approx(theirs, abs=1e-5)


def test_a_graph_without_other_weights_is_taken_unmeasured(states: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(states, alone, ignore=shutil.ignore_patterns("*.safetensors"))
    (tmp_path / "models").mkdir()
    add_folder(tmp_path / "models", alone, TOLD)
    assert convert_model(tmp_path / "models", "tiny").fidelity == ()
    assert open_encoder(tmp_path / "models", "tiny").encode(["a"]).shape == (1, 32)


def test_weights_beside_the_graph_are_hashed_and_read(states: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(states, folder)
    keep_weights_at(folder / GRAPH, "model.onnx_data")
    (tmp_path / "models").mkdir()
    manifest = add_folder(tmp_path / "models", folder, TOLD)
    assert "onnx/model.onnx_data" in manifest.files
    convert_model(tmp_path / "models", "tiny")
    before = open_encoder(tmp_path / "models", "tiny").encode(["some words"])
    assert np.linalg.norm(before) == pytest.approx(1, abs=1e-5)
    kept = tmp_path / "models" / "tiny" / "model.onnx_data"
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(Unavailable, match=r"model\.onnx_data is altered or cut short"):
        open_encoder(tmp_path / "models", "tiny")


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "a/../../b", "..\\secret", "file:///etc/passwd"])
def test_a_graph_that_reads_outside_its_folder_is_refused(states: Path, tmp_path: Path, location: str) -> None:
    graph = tmp_path / "model.onnx"
    model = onnx.load(str(states / GRAPH))
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    graph.write_bytes(model.SerializeToString())
    with pytest.raises(BadInput, match="outside its folder"):
        weight_files(graph)


def test_a_graph_hidden_in_a_branch_is_looked_at_too(tmp_path: Path) -> None:
    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [1], [1.0])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    inner = onnx.helper.make_graph([onnx.helper.make_node("Constant", [], ["w"], value=tensor)], "inner", [], [])
    node = onnx.helper.make_node("If", ["c"], ["o"], then_branch=inner, else_branch=inner)
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "outer", [], []))
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BadInput, match="outside its folder"):
        weight_files(tmp_path / "model.onnx")


def test_weights_that_the_manifest_does_not_name_are_refused(states: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(states, folder)
    keep_weights_at(folder / GRAPH, "model.onnx_data")
    (tmp_path / "models").mkdir()
    manifest = add_folder(tmp_path / "models", folder, TOLD)
    files = {name: sha256 for name, sha256 in manifest.files.items() if name != "onnx/model.onnx_data"}
    (tmp_path / "models" / "tiny.toml").write_text(as_toml(msgspec.structs.replace(manifest, files=files)))
    with pytest.raises(Unavailable, match="does not name"):
        convert_model(tmp_path / "models", "tiny")


@pytest.mark.parametrize(
    ("graph", "said"), [("onnx/other.onnx", "no .onnx file"), ("config.json", "no .onnx file"), ("../outside.onnx", "no .onnx file")]
)
def test_a_graph_that_is_not_there_is_refused(states: Path, tmp_path: Path, graph: str, said: str) -> None:
    (states.parent / "outside.onnx").write_bytes(b"")
    with pytest.raises(BadInput, match=said):
        add_folder(tmp_path, states, msgspec.structs.replace(TOLD, onnx=graph))


def test_bytes_that_are_no_graph_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\xff\xff\xff not a graph")
    with pytest.raises(BadInput, match="no ONNX graph"):
        weight_files(tmp_path / "model.onnx")
    with pytest.raises(Unavailable, match="cannot be read"):
        OnnxGraph(tmp_path / "model.onnx", "mean")


def test_a_manifest_names_its_graph_among_its_files(states: Path, tmp_path: Path) -> None:
    manifest = add_folder(tmp_path, states, TOLD)
    (tmp_path / "tiny.toml").write_text(as_toml(msgspec.structs.replace(manifest, graph="onnx/other.onnx")))
    with pytest.raises(Unavailable, match="among its files"):
        read_manifest(tmp_path, "tiny")


def test_a_model_that_was_converted_without_onnxruntime_says_so(models: Path, tmp_path: Path) -> None:
    manifest = msgspec.structs.replace(read_manifest(models, DEFAULT_MODEL), runtime=Runtime.ONNXRUNTIME)
    shutil.copytree(models / DEFAULT_MODEL, tmp_path / DEFAULT_MODEL)
    (tmp_path / f"{DEFAULT_MODEL}.toml").write_text(as_toml(manifest))
    record = tmp_path / DEFAULT_MODEL / "converted.json"
    plain = msgspec.json.decode(record.read_bytes())
    del plain["files"][ONNX]
    record.write_bytes(msgspec.json.encode(plain))
    with pytest.raises(Unavailable, match="not converted for onnxruntime"):
        open_encoder(tmp_path, DEFAULT_MODEL)
    assert TOKENIZER in plain["files"]


STATES = np.array([[[1.0, 2.0], [3.0, -4.0], [9.0, 9.0]], [[5.0, 6.0], [7.0, 8.0], [0.0, 1.0]]], np.float32)
MASK = np.array([[1, 1, 0], [1, 1, 1]])


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("mean", [[2, -1], [4, 5]]), ("cls", [[1, 2], [5, 6]]), ("lasttoken", [[3, -4], [0, 1]]), ("max", [[3, 2], [7, 8]])],
)
def test_pooling_leaves_padding_out(name: str, wanted: list[list[float]]) -> None:
    assert POOLS[name](STATES, MASK).tolist() == wanted
