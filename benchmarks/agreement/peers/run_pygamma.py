"""Gamma with 30 random continua by pygamma-agreement: ``python run_pygamma.py FILE``."""

# pyright: basic, reportMissingImports=false

import json
import logging
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from pygamma_agreement import CombinedCategoricalDissimilarity, Continuum

logging.disable(logging.WARNING)
continuum = Continuum.from_csv(Path(sys.argv[1]))
dissimilarity = CombinedCategoricalDissimilarity(delta_empty=1, alpha=1, beta=1)
continuum.get_best_alignment(dissimilarity)  # compiles; not counted
np.random.seed(1)  # noqa: NPY002, TID251 - the peer draws from it
start = perf_counter()
found = continuum.compute_gamma(dissimilarity, n_samples=30)
seconds = perf_counter() - start
status = Path("/proc/self/status").read_text(encoding="ascii")
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024  # of this program alone, not of what started it
print(json.dumps({"seconds": seconds, "value": float(found.best_alignment.disorder), "peak_rss_mb": peak}))
