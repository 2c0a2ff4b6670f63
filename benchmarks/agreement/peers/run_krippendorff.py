"""Nominal alpha by the krippendorff package: ``python run_krippendorff.py FILE``."""

# pyright: basic, reportMissingImports=false

import json
import sys
from pathlib import Path
from time import perf_counter

import krippendorff
import numpy as np

given = np.load(sys.argv[1]).astype(np.float64)
given[given < 0] = np.nan
start = perf_counter()
value = krippendorff.alpha(reliability_data=given, level_of_measurement="nominal")
status = Path("/proc/self/status").read_text(encoding="ascii")
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024  # of this program alone, not of what started it
print(json.dumps({"seconds": perf_counter() - start, "value": float(value), "peak_rss_mb": peak}))
