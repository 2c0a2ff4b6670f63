"""A manifest for a model folder in sentence-transformers' layout, read from its own configuration files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from service.embedding import onnx_files
from service.embedding.manifest import LongTexts, Manifest, Runtime, Source, sha256_of
from service.errors import BadInput

READ = (".json", ".txt", ".model", ".safetensors")
"""What is read of a model; pickles, code, and other builds of the same weights are left."""

_OTHER_BUILDS = ("onnx", "openvino", "coreml", "gguf")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What no file of a model says, and the person who adds it must."""

    name: str
    licence: str
    languages: tuple[str, ...]
    prefix: str = ""
    long_texts: LongTexts = LongTexts.CUT
    onnx: str = ""
    runtime: Runtime = Runtime.CONVERTED

    @property
    def runs_on(self) -> Runtime:
        """The runtime of the manifest: a graph that comes as ONNX runs on onnxruntime."""
        return Runtime.ONNXRUNTIME if self.onnx else self.runtime


def inspect(folder: Path, source: Source, told: Told) -> Manifest:
    """The manifest of the model in a folder.

    Raises
    ------
    BadInput
        It is no sentence-transformers folder, or has neither safetensors weights nor the ONNX graph that was named.
    """
    read = {*_readable_files(folder), *_graph_files(folder, told.onnx)}
    files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(read)}
    if not told.onnx and not any(name.endswith(".safetensors") for name in files):
        raise BadInput("The folder has no safetensors weights; pickled weights (.bin, .pt) can run code when read and are refused.")
    if "modules.json" not in files or "tokenizer.json" not in files:
        raise BadInput("The folder is no sentence-transformers model: it needs modules.json and tokenizer.json.")
    modules = _modules(folder)
    return Manifest(
        name=told.name,
        licence=told.licence,
        languages=told.languages,
        dimension=_dimension(modules),
        max_tokens=_max_tokens(folder),
        pooling=_pooling(modules),
        long_texts=told.long_texts,
        source=source,
        files=files,
        prefix=told.prefix,
        graph=told.onnx,
        runtime=told.runs_on,
    )


def as_toml(manifest: Manifest) -> str:
    """The text of a manifest file."""
    plain: dict[str, Any] = msgspec.to_builtins(manifest)
    tables = {key: plain.pop(key) for key in ("source", "files")}
    lines = [_line(key, value) for key, value in plain.items()]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(_line(_quoted(key) if name == "files" else key, value) for key, value in table.items() if value != "")]
    return "\n".join(lines) + "\n"


def _line(key: str, value: str | int | list[str]) -> str:
    if isinstance(value, list):
        return f"{key} = [{', '.join(map(_quoted, value))}]"
    return f"{key} = {value if isinstance(value, int) else _quoted(value)}"


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def _readable_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and path.suffix in READ and parts[0] not in _OTHER_BUILDS and not any(part.startswith(".") for part in parts):
            yield path


def _graph_files(folder: Path, graph: str) -> Iterator[Path]:
    """The named ONNX graph and what it reads its weights from."""
    if not graph:
        return
    file = folder / graph
    if not file.is_file() or not file.resolve().is_relative_to(folder.resolve()) or file.suffix != ".onnx":
        raise BadInput(f"{graph} is no .onnx file in the model's folder.")
    yield file
    for location in onnx_files.weight_files(file):
        if not (file.parent / location).is_file():
            raise BadInput(f"{graph} reads {location}, which is not there.")
        yield file.parent / location


def _modules(folder: Path) -> list[dict[str, Any]]:
    """The configuration of each step of the model, in order, with its kind."""
    steps: list[dict[str, Any]] = _json(folder / "modules.json")
    return [{"kind": step["type"].rsplit(".", 1)[-1], **_json(folder / step["path"] / "config.json")} for step in steps]


def _json(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes()) if path.is_file() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"The model's {path.name} cannot be read: {error}") from error


def _dimension(modules: list[dict[str, Any]]) -> int:
    keys = ("out_features", "embedding_dimension", "word_embedding_dimension", "hidden_size")
    found = [module[key] for module in modules for key in keys if isinstance(module.get(key), int)]
    if not found:
        raise BadInput("The model's configuration says no dimension.")
    return found[-1]


def _max_tokens(folder: Path) -> int:
    files = (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length"))
    found = [_json(folder / name).get(key) for name, key in files]
    most = _json(folder / "config.json").get("max_position_embeddings")
    return min(value for value in (*found, most, 1 << 20) if isinstance(value, int) and value > 0)


def _pooling(modules: list[dict[str, Any]]) -> str:
    for module in modules:
        if module["kind"] == "Pooling":
            flags = (key for key, value in module.items() if key.startswith("pooling_mode_") and value is True)
            return module.get("pooling_mode") or next(flags).removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
    return "none"
