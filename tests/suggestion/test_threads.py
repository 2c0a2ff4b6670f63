import subprocess
import sys

AFTER_A_PRODUCT = """
import time

import service
import numpy as np

grid = np.ones((100, 384)) @ np.ones((384, 100))
before = time.process_time()
time.sleep(0.2)
print(time.process_time() - before)
"""


def test_nothing_spins_after_a_product() -> None:
    """Threads that wait for the next product must not take the processors from the model meanwhile."""
    spent = subprocess.run([sys.executable, "-c", AFTER_A_PRODUCT], check=True, capture_output=True, text=True).stdout
    assert float(spent) < 0.01
