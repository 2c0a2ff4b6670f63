"""Nominal alpha by the krippendorff package: ``python run_krippendorff.py FILE``."""

# pyright: basic, reportMissingImports=false

import json
import resource
import sys
from time import perf_counter

import krippendorff
import numpy as np

given = np.load(sys.argv[1]).astype(np.float64)
given[given < 0] = np.nan
start = perf_counter()
value = krippendorff.alpha(reliability_data=given, level_of_measurement="nominal")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": perf_counter() - start, "value": float(value), "peak_rss_mb": peak}))
