"""Krippendorff's alpha with its analytic interval by irrCAC: ``python run_irrcac.py FILE``."""

# pyright: basic, reportMissingImports=false

import json
import sys
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from irrCAC.raw import CAC

warnings.filterwarnings("ignore")
given = np.load(sys.argv[1]).astype(np.float64)
given[given < 0] = np.nan
frame = pd.DataFrame(given.T)
start = perf_counter()
value = CAC(frame).krippendorff()["est"]["coefficient_value"]
status = Path("/proc/self/status").read_text(encoding="ascii")
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024  # of this program alone, not of what started it
print(json.dumps({"seconds": perf_counter() - start, "value": float(value), "peak_rss_mb": peak}))
