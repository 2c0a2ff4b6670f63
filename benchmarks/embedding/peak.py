"""The machine's limit in 16-bit integer products, which torch does not multiply: the kernel's instruction alone, on every core at once."""

import ctypes
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from service.embedding.openvino_runtime import cores
from service.embedding.packed import fit

SOURCE = Path(__file__).with_suffix(".c")


def int16_peak() -> float:
    """In 1e9 operations a second; 0 where the kernel does not run. Needs a C compiler, ``cc``, as the kernel does."""
    if not fit():
        return 0
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "peak.so"
        subprocess.run(["cc", "-O2", "-mavx512f", "-shared", "-fPIC", "-o", library, SOURCE], check=True)  # noqa: S607 - any compiler will do
        measured: Any = ctypes.CDLL(str(library)).int16_peak
        measured.restype = ctypes.c_double
        with ThreadPoolExecutor(cores()) as team:
            return sum(rate.result() for rate in [team.submit(measured) for _ in range(cores())])
