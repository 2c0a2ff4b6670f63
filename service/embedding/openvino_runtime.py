"""The fast runtime: a converted graph on OpenVINO, without torch."""

import os
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from service.embedding.encoder import Vectors
from service.embedding.padded import Ids
from service.errors import Unavailable

MOST_STREAMS = 4


class Precision(StrEnum):
    """In what the products are computed; the vectors are float32 either way."""

    BF16 = "bf16"
    FP32 = "f32"


class OpenVinoGraph:
    """A graph on the processor: compiled for one pass on all cores, and, when several are first asked for, for passes side by side.

    Side by side, each pass keeps to its share of the cores and waits for no other: 8 to 14 % more texts a second than pass after pass, and
    a third less of the processors' time while other threads are at work.
    """

    def __init__(self, xml: Path, precision: Precision) -> None:
        self._xml = xml
        self._precision = precision
        self._request = self._compiled(_alone(precision)).create_infer_request()
        self._side_by_side: list[Any] = []
        self.threads = max(1, cores() // _streams())

    def one(self, ids: Ids, mask: Ids, /) -> Vectors:
        """One pass. The answer is valid until the next pass: copy what is kept."""
        self._request.infer([ids, mask], share_inputs=True, share_outputs=True)
        return np.asarray(self._request.get_output_tensor(0).data)

    def several(self, passes: Iterable[tuple[Ids, Ids]]) -> Generator[Vectors]:
        """Passes side by side, answers in their order, each valid until the next is asked for."""
        free, busy = deque(self._requests()), deque[tuple[Any, tuple[Ids, Ids]]]()
        try:
            for given in passes:
                if not free:
                    yield from _answer(busy, free)
                request = free.popleft()
                request.start_async(list(given), share_inputs=True)
                busy.append((request, given))  # the arrays must live until the pass is over
            while busy:
                yield from _answer(busy, free)
        finally:  # whoever asks next gets these requests
            for request, _ in busy:
                with suppress(RuntimeError):
                    request.wait()

    def _requests(self) -> list[Any]:
        if not self._side_by_side:
            compiled = self._compiled(_beside(self._precision))
            # More requests than passes at a time, so that the next one begins without waiting for Python.
            self._side_by_side = [compiled.create_infer_request() for _ in range(_streams() + 2)]
        return self._side_by_side

    def _compiled(self, options: dict[str, str | int]) -> Any:
        try:
            return silent_openvino().Core().compile_model(self._xml, "CPU", options)
        except RuntimeError as error:
            raise Unavailable(f"The model file {self._xml.name} cannot be read: {str(error).splitlines()[0]}") from error


def _answer(busy: deque[tuple[Any, tuple[Ids, Ids]]], free: deque[Any]) -> Iterator[Vectors]:
    request, _ = busy.popleft()
    request.wait()
    yield np.asarray(request.get_output_tensor(0).data)
    free.append(request)


def silent_openvino() -> Any:
    """Import OpenVINO without its telemetry: nothing leaves the machine.

    Importing ``openvino`` reports the import to its maker unless the telemetry package cannot be imported; a None in ``sys.modules`` makes
    every later import of it an ImportError, which OpenVINO takes as *not installed*.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType]
    import openvino

    return openvino


def best_precision() -> Precision:
    """Bf16 where the processor multiplies it natively and faster than fp32, else fp32."""
    able: list[str] = silent_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return Precision.BF16 if "BF16" in able and not bf16_is_slow(_cpuinfo()) else Precision.FP32


def bf16_is_slow(cpuinfo: str) -> bool:
    """Whether a processor has bf16 and is slower in it, by the text of ``/proc/cpuinfo``.

    Intel's vector units make half as many products a second in bf16 as in fp32 (86 of 169 x 10⁹ operations/s on a core of a Xeon whose AMX
    was hidden); only its AMX is faster. AMD's make twice as many.
    """
    return "GenuineIntel" in cpuinfo and "amx_bf16" not in cpuinfo


def _cpuinfo() -> str:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8") if file.exists() else ""


def runtime_name(precision: Precision) -> str:
    """What a suggestion says computed its vectors."""
    return f"openvino {silent_openvino().__version__.split('-')[0]} {precision}"


def _alone(precision: Precision) -> dict[str, str | int]:
    # Left unset, the precision silently becomes bf16 wherever the processor has it.
    return {
        "INFERENCE_PRECISION_HINT": precision.value,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": cores(),
    }


def _beside(precision: Precision) -> dict[str, str | int]:
    return _alone(precision) | {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": _streams()}


def _streams() -> int:
    # Beyond a few, the last passes of a small batch would leave most cores idle.
    return min(cores(), MOST_STREAMS)


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
