"""Krippendorff's alpha with its analytic interval by irrCAC: ``python run_irrcac.py FILE``."""

# pyright: basic, reportMissingImports=false

import json
import resource
import sys
import warnings
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
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": perf_counter() - start, "value": float(value), "peak_rss_mb": peak}))
