"""The fast runtime: a converted graph on OpenVINO, without torch."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from service.embedding.encoder import Vectors
from service.embedding.padded import Ids
from service.errors import Unavailable


class Precision(StrEnum):
    """In what the products are computed; the vectors are float32 either way."""

    BF16 = "bf16"
    FP32 = "f32"


class OpenVinoGraph:
    """One compiled graph with one infer request, on the processor."""

    def __init__(self, xml: Path, precision: Precision) -> None:
        core = silent_openvino().Core()
        try:
            compiled = core.compile_model(xml, "CPU", _options(precision))
        except RuntimeError as error:
            raise Unavailable(f"The model file {xml.name} cannot be read: {str(error).splitlines()[0]}") from error
        self._request = compiled.create_infer_request()

    def __call__(self, ids: Ids, mask: Ids, /) -> Vectors:
        """One pass. The answer is valid until the next pass: copy what is kept."""
        self._request.infer([ids, mask], share_inputs=True, share_outputs=True)
        return np.asarray(self._request.get_output_tensor(0).data)


def silent_openvino() -> Any:
    """Import OpenVINO without its telemetry: nothing leaves the machine.

    Importing ``openvino`` reports the import to its maker unless the telemetry package cannot be imported; a None in ``sys.modules`` makes
    every later import of it an ImportError, which OpenVINO takes as *not installed*.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType]
    import openvino

    return openvino


def best_precision() -> Precision:
    """Bf16 where the processor multiplies it natively, else fp32."""
    able: list[str] = silent_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return Precision.BF16 if "BF16" in able else Precision.FP32


def runtime_name(precision: Precision) -> str:
    """What a suggestion says computed its vectors."""
    return f"openvino {silent_openvino().__version__.split('-')[0]} {precision}"


def _options(precision: Precision) -> dict[str, str | int]:
    # Left unset, the precision silently becomes bf16 wherever the processor has it.
    return {
        "INFERENCE_PRECISION_HINT": precision.value,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": cores(),
    }


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
