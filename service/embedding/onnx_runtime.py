"""The runtime for where OpenVINO has no build, and for models that come as ONNX: onnxruntime in float32, an optional extra."""

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.embedding.encoder import Vectors
from service.embedding.openvino_runtime import cores
from service.embedding.padded import Ids
from service.embedding.tokens import unit
from service.errors import Unavailable

IDS, MASK, TYPES = "input_ids", "attention_mask", "token_type_ids"
NEEDS_EXTRA = 'The onnxruntime runtime is not installed. Run `pip install "intercoder[onnx]"`.'
Pool = Callable[[NDArray[np.float32], Ids], NDArray[np.floating]]


def runtime_name() -> str:
    """What a suggestion says computed its vectors."""
    return f"onnxruntime {_library().__version__} f32"


class OnnxGraph:
    """An ONNX graph in one session on the processor.

    A graph of our own making answers unit vectors; one from elsewhere may answer one vector a token, which are pooled as its model wants.
    """

    def __init__(self, file: Path, pooling: str) -> None:
        runtime = _library()
        try:
            self._session = runtime.InferenceSession(str(file), _options(runtime), providers=["CPUExecutionProvider"])
        except _refusals() as error:
            raise Unavailable(f"The model file {file.name} cannot be read: {str(error).splitlines()[0]}") from error
        self._inputs = [given.name for given in self._session.get_inputs()]
        if unknown := set(self._inputs) - {IDS, MASK, TYPES}:
            raise Unavailable(f"The model file {file.name} asks for inputs that no text has: {', '.join(sorted(unknown))}")
        self._output = _output(self._session)
        self._pool = POOLS.get(pooling)
        self.threads = cores()

    def several(self, passes: Iterable[tuple[Ids, Ids]]) -> Iterator[Vectors]:
        """Pass after pass: a session uses all cores for one."""
        return (self.one(*given) for given in passes)

    def one(self, ids: Ids, mask: Ids, /) -> Vectors:
        """One pass."""
        given = {IDS: ids, MASK: mask, TYPES: np.zeros_like(ids)}
        found: NDArray[np.float32] = self._session.run([self._output], {name: given[name] for name in self._inputs})[0]
        if found.ndim == 2:  # noqa: PLR2004 - one vector a text
            return unit(found)
        if self._pool is None:
            raise Unavailable("The model answers one vector a token, and its manifest names no pooling that is known for those.")
        return unit(self._pool(found, mask))


def mean(states: NDArray[np.float32], mask: Ids) -> NDArray[np.floating]:
    """The mean of the tokens' vectors, padding left out."""
    return np.einsum("bwd,bw->bd", states, mask.astype(np.float32)) / mask.sum(axis=1, keepdims=True)


def first(states: NDArray[np.float32], mask: Ids) -> NDArray[np.floating]:
    """The first token's vector."""
    del mask
    return states[:, 0]


def last(states: NDArray[np.float32], mask: Ids) -> NDArray[np.floating]:
    """The vector of the last token that is no padding."""
    return states[np.arange(len(states)), mask.sum(axis=1) - 1]


def largest(states: NDArray[np.float32], mask: Ids) -> NDArray[np.floating]:
    """The largest of each number over the tokens, padding left out."""
    return np.where(mask[:, :, None] > 0, states, -np.inf).max(axis=1)


POOLS: Mapping[str, Pool] = {"mean": mean, "cls": first, "lasttoken": last, "max": largest}
"""By the names that sentence-transformers gives them."""


def _library() -> Any:
    if importlib.util.find_spec("onnxruntime") is None:
        raise Unavailable(NEEDS_EXTRA)
    return importlib.import_module("onnxruntime")


def _options(runtime: Any) -> Any:
    runtime.disable_telemetry_events()  # it sends something on Windows only; nothing leaves the machine
    options = runtime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return options


def _refusals() -> tuple[type[Exception], ...]:
    """What onnxruntime raises for a file that it cannot use; its exceptions have no common base of their own."""
    state = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    kinds = (kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))
    return tuple(kinds)


def _output(session: Any) -> str:
    """The output to read: a vector a text where there is one, else the first, which by custom is a vector a token."""
    outputs = [(given.name, len(given.shape)) for given in session.get_outputs()]
    named = [name for name, axes in outputs if name in {"vectors", "sentence_embedding"} and axes == 2]  # noqa: PLR2004
    return (named or [outputs[0][0]])[0]
