"""One runtime in a process of its own: orders come in as JSON lines, answers go out as JSON lines.

It runs in the peers' environments too, so it imports nothing of the project but where the runtime is ours.

``python worker.py RUNTIME MODEL_FOLDER ONNX_FOLDER``: the first line it prints comes after its first vector.
"""

import asyncio
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Any

import numpy as np

Encode = Callable[[list[str]], Any]
CALLERS = 32
TICK = 0.005
SHARES = (0, 0.25, 0.5, 0.75, 0.9, 1)
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ours(precision: str) -> Encode:
    from service.embedding import DEFAULT_MODEL, read_manifest
    from service.embedding.converted import check_converted
    from service.embedding.openvino_runtime import Precision
    from service.embedding.registry import open_converted

    models = Path("models")
    manifest = read_manifest(models, DEFAULT_MODEL)
    return open_converted(check_converted(models, manifest), manifest, Precision(precision)).encode


def ours_packed() -> Encode:
    from service.embedding import DEFAULT_MODEL, read_manifest
    from service.embedding.converted import Engine, check_converted
    from service.embedding.registry import open_packed

    models = Path("models")
    manifest = read_manifest(models, DEFAULT_MODEL)
    return open_packed(check_converted(models, manifest, Engine.PACKED), manifest).encode


def ours_onnx() -> Encode:
    from service.embedding import DEFAULT_MODEL, read_manifest
    from service.embedding.converted import Engine, check_converted
    from service.embedding.registry import open_onnx

    models = Path("models")
    manifest = read_manifest(models, DEFAULT_MODEL)
    return open_onnx(check_converted(models, manifest, Engine.ONNXRUNTIME), manifest).encode


def openvino_by_hand() -> Encode:
    """The same converted graph as one uses it by hand: what the encoder around it adds, in time and memory, is the difference to this."""
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType] - it would report this import
    library: Any = importlib.import_module("openvino")
    options = {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"}
    request = library.Core().compile_model("models/all-MiniLM-L6-v2/model.xml", "CPU", options).create_infer_request()
    turn = Lock()  # one request at a time is all that a request object takes

    def infer(ids: Any, mask: Any) -> Any:
        with turn:
            return request.infer([ids, mask])[0].copy()

    return _by_hand("models/all-MiniLM-L6-v2/tokenizer.json", infer)


def sentence_transformers(folder: str, batch: int, backend: str, device: str = "cpu") -> Encode:
    os.environ["HF_HUB_OFFLINE"] = "1"
    library: Any = importlib.import_module("sentence_transformers")
    options = {} if backend == "torch" else {"backend": backend}
    model = library.SentenceTransformer(folder, device=device, **options)
    return lambda texts: model.encode(texts, batch_size=batch, show_progress_bar=False, normalize_embeddings=True)


def sentence_transformers_bf16(folder: str) -> Encode:
    os.environ["HF_HUB_OFFLINE"] = "1"
    torch: Any = importlib.import_module("torch")
    library: Any = importlib.import_module("sentence_transformers")
    model = library.SentenceTransformer(folder, device="cpu", model_kwargs={"torch_dtype": torch.bfloat16})
    return lambda texts: model.encode(texts, convert_to_tensor=True, show_progress_bar=False, normalize_embeddings=True).float().numpy()


def onnxruntime(onnx: str) -> Encode:
    """The published graph as one uses it by hand: then mean and scale."""
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = CORES
    session = runtime.InferenceSession(f"{onnx}/onnx/model.onnx", options, providers=["CPUExecutionProvider"])
    names = {given.name for given in session.get_inputs()}

    def run(ids: Any, mask: Any) -> Any:
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = session.run(None, {name: feed[name] for name in names})[0]
        sums = (states * mask[:, :, None]).sum(axis=1)
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)

    return _by_hand(f"{onnx}/tokenizer.json", run)


def _by_hand(file: str, run: Callable[[Any, Any], Any]) -> Encode:
    """Tokenise, sort, batches of 32 padded to their longest."""
    tokenizers: Any = importlib.import_module("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(file)
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)

    def some(rows: list[list[int]]) -> Any:
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        mask = np.zeros_like(ids)
        for line, row in enumerate(rows):
            ids[line, : len(row)], mask[line, : len(row)] = row, 1
        return run(ids, mask)

    def encode(texts: list[str]) -> Any:
        rows = [one.ids for one in tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda place: -len(rows[place]))
        found = np.empty((len(rows), 384), np.float32)
        for start in range(0, len(order), 32):
            places = order[start : start + 32]
            found[places] = some([rows[place] for place in places])
        return found

    return encode


def fastembed(onnx: str) -> Encode:
    library: Any = importlib.import_module("fastembed")
    description: Any = importlib.import_module("fastembed.common.model_description")
    library.TextEmbedding.add_custom_model(
        model="benchmark/minilm",
        pooling=description.PoolingType.MEAN,
        normalization=True,
        sources=description.ModelSource(hf="benchmark/minilm"),
        dim=384,
        model_file="onnx/model.onnx",
    )
    model = library.TextEmbedding("benchmark/minilm", specific_model_path=onnx, threads=CORES)
    return lambda texts: np.stack(list(model.embed(texts)))


def infinity(folder: str) -> Encode:
    """Its engine in process, without HTTP, on a loop with a thread of its own: callers side by side share its batches."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    library: Any = importlib.import_module("infinity_emb")
    engine = library.AsyncEmbeddingEngine.from_args(library.EngineArgs(model_name_or_path=folder, engine="torch", device="cpu"))
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(engine.astart(), loop).result()
    return lambda texts: np.stack(asyncio.run_coroutine_threadsafe(engine.embed(sentences=texts), loop).result()[0])


RUNTIMES: dict[str, Callable[[str, str], Encode]] = {
    "ours packed int16": lambda _folder, _onnx: ours_packed(),
    "ours openvino bf16": lambda _folder, _onnx: ours("bf16"),
    "ours openvino f32": lambda _folder, _onnx: ours("f32"),
    "ours onnxruntime f32": lambda _folder, _onnx: ours_onnx(),
    "openvino bf16 by hand": lambda _folder, _onnx: openvino_by_hand(),
    "sentence-transformers": lambda folder, _onnx: sentence_transformers(folder, 32, "torch"),
    "sentence-transformers cuda": lambda folder, _onnx: sentence_transformers(folder, 256, "torch", "cuda"),
    "sentence-transformers batch 8": lambda folder, _onnx: sentence_transformers(folder, 8, "torch"),
    "sentence-transformers bf16": lambda folder, _onnx: sentence_transformers_bf16(folder),
    "sentence-transformers onnx": lambda _folder, onnx: sentence_transformers(onnx, 32, "onnx"),
    "sentence-transformers openvino": lambda folder, _onnx: sentence_transformers(folder, 32, "openvino"),
    "onnxruntime": lambda _folder, onnx: onnxruntime(onnx),
    "fastembed": lambda _folder, onnx: fastembed(onnx),
    "infinity": lambda folder, _onnx: infinity(folder),
}
LIBRARIES = (
    "openvino",
    "torch",
    "sentence-transformers",
    "transformers",
    "onnxruntime",
    "optimum",
    "fastembed",
    "infinity-emb",
    "tokenizers",
)


def bulk(encode: Encode, texts: list[str]) -> dict[str, Any]:
    began = time.perf_counter()
    encode(texts)
    return {"seconds": time.perf_counter() - began}


def single(encode: Encode, texts: list[str]) -> dict[str, Any]:
    return {"ms": [1000 * bulk(encode, [text])["seconds"] for text in texts]}


def concurrent(encode: Encode, texts: list[str]) -> dict[str, Any]:
    """32 callers, one text at a time each; ours by its service, which puts machine traffic together, the others by threads."""
    with ThreadPoolExecutor(CALLERS) as callers:
        ask = _through_service(encode) if RUNTIME.startswith("ours") else _directly(encode)
        began = time.perf_counter()
        times = list(callers.map(_timed, [ask] * len(texts), texts))
        return {"seconds": time.perf_counter() - began, "ms": times}


def _directly(encode: Encode) -> Callable[[str], Any]:
    return lambda text: encode([text])


def _timed(ask: Callable[[str], Any], text: str) -> float:
    began = time.perf_counter()
    ask(text)
    return 1000 * (time.perf_counter() - began)


SERVICES: list[Any] = []


def _through_service(encode: Encode) -> Callable[[str], Any]:
    from service.embedding import EncoderService, Limits, Traffic

    if not SERVICES:
        owner: Any = encode
        service = EncoderService(lambda: owner.__self__, Limits())
        service.start()
        SERVICES.append(service)
    return lambda text: SERVICES[0].submit([text], Traffic.MACHINE).result()


def interference(encode: Encode, texts: list[str]) -> dict[str, Any]:
    """One caller, one text at a time, first alone and then while a bulk job runs through the same service.

    Both once before, unmeasured: a runtime prepares each new shape of a pass once in its life.
    """
    ask = _through_service(encode)
    _beside_bulk(ask, texts[:100])
    idle = [_timed(ask, text) for text in texts[:100]]
    busy, ended = _beside_bulk(ask, texts * 3)
    return {"idle_ms": idle, "busy_ms": busy, "bulk_ended_first": ended}


def _beside_bulk(ask: Callable[[str], object], texts: list[str]) -> tuple[list[float], bool]:
    with ThreadPoolExecutor(1) as background:
        job = background.submit(SERVICES[0].bulk().encode, texts)
        busy = [_timed(ask, text) for text in texts[:100]]
        ended = job.done()
        job.result()
    return busy, ended


def lag(encode: Encode, texts: list[str]) -> dict[str, Any]:
    """How late an event loop wakes while a bulk job runs and 8 callers ask through it: what everyone else on that loop would wait."""
    _through_service(encode)
    return {"ms": asyncio.run(_lags(texts))}


async def _lags(texts: list[str]) -> list[float]:
    from service.embedding import Traffic

    service = SERVICES[0]
    bulk_job = asyncio.create_task(asyncio.to_thread(service.bulk().encode, texts * 3))
    late: list[float] = []

    async def ask(some: list[str]) -> None:
        for text in some:
            await service.encode([text], traffic=Traffic.MACHINE, deadline=60)

    callers = asyncio.gather(*(ask(texts[start : start + 40]) for start in range(8)))
    while not (callers.done() and bulk_job.done()):
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        late.append(1000 * (time.perf_counter() - began - TICK))
    await callers
    return late


def cached(encode: Encode, texts: list[str]) -> dict[str, Any]:
    """What a text costs when some share of them has its vector in memory already."""
    from service.embedding import MemoryVectors, embed_missing, vectors_of

    owner: Any = encode
    found: dict[str, float] = {}
    for share in SHARES:
        store = MemoryVectors(capacity=len(texts))
        embed_missing(owner.__self__, store, texts[: round(share * len(texts))])
        began = time.perf_counter()
        vectors_of(owner.__self__, store, texts)
        found[str(share)] = 1000 * (time.perf_counter() - began) / len(texts)
    return {"ms_by_share": found}


def vectors(encode: Encode, texts: list[str]) -> dict[str, Any]:
    return {"vectors": np.asarray(encode(texts), np.float32).round(8).tolist()}


def counts(encode: Encode, texts: list[str]) -> dict[str, Any]:
    owner: Any = encode
    return {"tokens": np.minimum(owner.__self__.reader.read(texts).counts, 256).tolist()}


def peak(encode: Encode, texts: list[str]) -> dict[str, Any]:
    """The machine's own limit, by torch: the best of some large products, in 1e9 operations a second, and the bandwidth of a large copy."""
    del encode, texts
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(CORES)
    found = {
        name: _best_product(torch, getattr(torch, kind), size)
        for name, kind, size in (("f32", "float32", 1024), ("bf16", "bfloat16", 2048))
    }
    block = np.ones(64 * 1024 * 1024 // 8)
    seconds = min(_copy(block) for _ in range(5))
    return {**found, "int8": _best_int8(torch), "copy_gb_per_s": 2 * block.nbytes / seconds / 1e9}


def _best_product(torch: Any, kind: Any, size: int) -> float:
    left, right = (torch.randn(size, size).to(kind) for _ in range(2))
    return max(_rate(lambda: left @ right, size) for _ in range(12))


def _best_int8(torch: Any) -> float:
    left, right = (torch.randint(-9, 9, (2048, 2048), dtype=torch.int8) for _ in range(2))
    product: Any = getattr(torch, "_int_mm")  # noqa: B009 - torch offers no public name for it
    return max(_rate(lambda: product(left, right), 2048) for _ in range(4))


def _rate(product: Callable[[], Any], size: int) -> float:
    began = time.perf_counter()
    product()
    return 2 * size**3 / (time.perf_counter() - began) / 1e9


def _copy(block: Any) -> float:
    began = time.perf_counter()
    block.copy()
    return time.perf_counter() - began


ORDERS: dict[str, Callable[[Encode, list[str]], dict[str, Any]]] = {
    "bulk": bulk,
    "single": single,
    "concurrent": concurrent,
    "interference": interference,
    "lag": lag,
    "cached": cached,
    "vectors": vectors,
    "counts": counts,
    "peak": peak,
}


def rss_mb() -> float:
    """Peak resident memory of this process."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024 if sys.platform == "linux" else most / 1024 / 1024


def versions() -> str:
    found: list[str] = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def main() -> None:
    encode = RUNTIMES[RUNTIME](*sys.argv[2:4])
    encode(["the first text"])
    say({"ready": True, "versions": versions()})
    for line in sys.stdin:
        order = json.loads(line)
        say({**ORDERS[order["do"]](encode, order["texts"]), "rss_mb": rss_mb()})


def say(answer: dict[str, Any]) -> None:
    ANSWERS.write(json.dumps(answer) + "\n")
    ANSWERS.flush()


def end_with_reason(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the error, and end: threads that a library left would keep a failed process, and whoever waits for it, for ever."""
    sys.__excepthook__(kind, error, trace)
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    RUNTIME = sys.argv[1]
    ANSWERS = sys.stdout
    sys.stdout = sys.stderr  # libraries print
    sys.excepthook = end_with_reason
    main()
    os._exit(0)  # as there: without waiting for a library's threads
