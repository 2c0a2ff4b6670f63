"""Nominal alpha by nltk, its own preparation of the rows included: ``python run_nltk.py FILE``."""

# pyright: basic, reportMissingImports=false

import array
import ast
import json
import sys
from pathlib import Path
from time import perf_counter

from nltk.metrics.agreement import AnnotationTask


def matrix(path):
    """Read an int16 .npy file without numpy, which nltk does not bring."""
    with Path(path).open("rb") as file:
        file.seek(8)
        header = ast.literal_eval(file.read(int.from_bytes(file.read(2), "little")).decode("latin1"))
        values = array.array("h")
        values.frombytes(file.read())
    coders, units = header["shape"]
    return [values[at * units : (at + 1) * units] for at in range(coders)]


rows = [(coder, unit, code) for coder, codes in enumerate(matrix(sys.argv[1])) for unit, code in enumerate(codes) if code >= 0]
start = perf_counter()
value = AnnotationTask(data=rows).alpha()
status = Path("/proc/self/status").read_text(encoding="ascii")
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024  # of this program alone, not of what started it
print(json.dumps({"seconds": perf_counter() - start, "value": value, "peak_rss_mb": peak}))
