"""The kernel of our own: built where it can be, the same bits in any company, the model's vectors at any width, refusals."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.embedding import DEFAULT_MODEL, Manifest, open_encoder, read_manifest
from service.embedding.commands import Told, add_folder, convert_model
from service.embedding.converted import PACKED, RECORD, Converted, Engine, Fidelity, check_converted, read_record
from service.embedding.manifest import Runtime
from service.embedding.packed import LAST_PASS, LIBRARY, PASS, Fit, Packed, cut, fit, loaded
from service.embedding.packing import MOST, PANEL, panels, whole
from service.embedding.reference import ReferenceEncoder
from service.embedding.registry import faster_first, open_packed
from service.embedding.tokens import Rows
from service.errors import Unavailable
from tests.embedding.default_model import MODELS
from tests.embedding.small_bert import READS, small_bert
from tests.embedding.texts import excerpts

runs = pytest.mark.skipif(not fit(), reason="The packed kernel is not built, or not for this processor.")
compiles = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("cc"), reason="There is no C compiler, so the kernel is left out."
)
SOURCE = Path("service/embedding/packed.c")
TILES_BY_HAND = Path(__file__).with_name("tiles_by_hand.h")
TOLD = Told(name="tiny", licence="CC0-1.0", languages=("en",))
WORDS = 1000


def rows_of(lengths: list[int], seed: int = 7) -> Rows:
    rng = np.random.default_rng(seed)
    rows = [rng.integers(1000, 1000 + WORDS, length).tolist() for length in lengths]
    return Rows(rows, np.arange(len(rows)), np.array(lengths, np.int32))


def compiled(library: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["cc", *options, "-shared", "-fPIC", "-pthread", "-o", library, SOURCE, "-lm"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def file(models: Path, manifest: Manifest) -> Path:
    return check_converted(models, manifest, Engine.PACKED) / PACKED


@pytest.fixture(scope="module")
def kernel(file: Path) -> Packed:
    return Packed(file)


@compiles
def test_it_is_built_where_a_compiler_is(tmp_path: Path) -> None:
    built = compiled(tmp_path / "packed.so", "-O1", "-Wall", "-Wextra", "-Werror")
    if platform.machine() == "x86_64":
        assert not built.returncode, built.stderr
    if not built.returncode:
        assert find_spec(LIBRARY), "it compiles, and the installation has left it out"


def test_weights_as_integers_are_off_by_half_a_step_at_most() -> None:
    matrix = np.random.default_rng(1).standard_t(3, (50, 384)).astype(np.float32)
    integers, scales = whole(matrix)
    steps = np.abs(integers - matrix.astype(np.float64) / scales[:, None])
    assert steps.max() <= 0.51
    large = (np.linalg.norm(integers.astype(np.float64), axis=1) > 64_900) | (np.abs(integers).max(axis=1) == MOST)
    assert large.all()


def test_a_row_of_zeros_stays_zeros() -> None:
    integers, scales = whole(np.zeros((1, 64), np.float32))
    assert not integers.any()
    assert np.isfinite(scales).all()


@pytest.mark.parametrize("depth", [64, 384, 768, 1536, 4096])
@pytest.mark.parametrize("kind", ["flat", "one", "normal", "heavy", "halves"])
def test_no_sum_of_products_leaves_32_bits(depth: int, kind: str) -> None:
    rng = np.random.default_rng(depth)
    row = {
        "flat": np.ones(depth),
        "one": np.eye(1, depth)[0],
        "normal": rng.normal(size=depth),
        "heavy": rng.standard_cauchy(depth),
        "halves": np.full(depth, 0.5) + np.arange(depth) % 2,  # roundings that all go the same way
    }[kind]
    numbers = np.rint(row * 32_700 / np.linalg.norm(row)).astype(np.int64)  # the worst that a text can be: the weights' own direction
    weights, _ = whole(row[None, :].astype(np.float32))
    assert np.abs(numbers).max() < 2**15
    assert np.cumsum(np.abs(numbers * weights[0])).max() < 2**31


def test_panels_hold_pairs_of_the_depth_side_by_side() -> None:
    matrix = np.arange(128 * 4, dtype=np.int16).reshape(128, 4)
    laid = panels(matrix).reshape(4, 2, PANEL, 2)
    for out in (0, 1, 31, 32, 127):
        for depth in range(4):
            assert laid[out // PANEL, depth // 2, out % PANEL, depth % 2] == matrix[out, depth]


@given(lengths=st.lists(st.integers(1, 256), min_size=1, max_size=200), threads=st.integers(1, 9))
def test_passes_hold_every_row_once_and_no_more_than_the_kernel_has_room_for(lengths: list[int], threads: int) -> None:
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    cuts = cut(starts, threads)
    assert (cuts[0], cuts[-1]) == (0, len(lengths))
    assert np.all(np.diff(cuts) > 0)
    assert np.diff(starts[cuts]).max() <= PASS + max(lengths)


@pytest.mark.parametrize(("lengths", "passes"), [([200, 20], 1), ([120, 100], 2), ([200, 100, 100], 3), ([120, 8], 1)])
def test_a_long_row_with_little_else_is_shared_by_the_threads(lengths: list[int], passes: int) -> None:
    assert len(cut(np.array([0, *np.cumsum(lengths)], np.int32), threads=2)) - 1 == passes


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_last_passes_are_small_so_that_no_thread_waits_long(threads: int) -> None:
    starts = np.arange(0, 5001, 5, dtype=np.int32)
    tokens = np.diff(starts[cut(starts, threads)])
    assert tokens[0] >= PASS
    assert np.all(np.diff(tokens) <= 0)
    assert tokens[-2] < LAST_PASS + 5


@runs
def test_a_row_of_any_length_has_the_same_bits_alone_and_in_any_company(kernel: Packed) -> None:
    lengths = [*range(1, 70), *range(250, 257), 1, 256, 3]
    read = rows_of(lengths)
    together = kernel.vectors(read)
    order = np.random.default_rng(3).permutation(len(lengths))
    mixed = kernel.vectors(Rows([read.rows[place] for place in order], read.owners, read.counts[order]))
    assert np.array_equal(mixed, together[order])
    for place, row in enumerate(read.rows):
        alone = kernel.vectors(Rows([row], np.zeros(1, np.intp), read.counts[place : place + 1]))
        assert np.array_equal(alone[0], together[place]), f"a row of {len(row)} tokens"


@runs
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_bits_depend_on_neither_company_nor_threads(file: Path, kernel: Packed, data: st.DataObject) -> None:
    read = rows_of(data.draw(st.lists(st.integers(1, 256), min_size=1, max_size=12)), seed=data.draw(st.integers(0, 99)))
    threads = data.draw(st.sampled_from([1, 2, 3, 5]))
    assert np.array_equal(Packed(file, threads=threads).vectors(read), kernel.vectors(read))


@runs
@compiles
def test_products_by_tiles_of_bytes_have_the_same_bits(file: Path, kernel: Packed, tmp_path: Path) -> None:
    library = tmp_path / "packed.so"
    assert not compiled(library, "-O3", "-ffp-contract=off", "-include", TILES_BY_HAND).returncode
    by_tiles = Packed(file, threads=2, library=loaded(library))
    for lengths in ([1, 15, 16, 17, 33, 2, 70], [19]):  # passes side by side; one that threads share
        read = rows_of(lengths)
        assert np.array_equal(by_tiles.vectors(read), kernel.vectors(read))


@runs
def test_texts_have_the_same_bits_alone_and_in_any_batch(models: Path, manifest: Manifest) -> None:
    encoder = open_packed(check_converted(models, manifest, Engine.PACKED), manifest)
    texts = excerpts(60)
    together = encoder.encode(texts)
    assert np.array_equal(encoder.encode(texts[::-1])[::-1], together)
    assert np.array_equal(np.concatenate([encoder.encode([text]) for text in texts]), together)


@runs
def test_no_rows_no_vectors(kernel: Packed) -> None:
    assert kernel.vectors(rows_of([])).shape == (0, 384)


@runs
@pytest.mark.parametrize(
    "rows",
    [[[101, 30_522, 102]], [[101, -1, 102]], [[101, 102], []], [[101] * 513]],
    ids=["no such word", "a negative word", "an empty row", "no such place"],
)
def test_rows_that_the_model_does_not_have_are_refused(kernel: Packed, rows: list[list[int]]) -> None:
    read = Rows(rows, np.arange(len(rows)), np.array([len(row) for row in rows], np.int32))
    with pytest.raises(Unavailable, match="Convert the model again"):
        kernel.vectors(read)
    assert np.isfinite(kernel.vectors(rows_of([5]))).all()


@runs
@pytest.mark.parametrize(
    ("pooling", "config"),
    [
        ("cls", {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 64}),
        ("mean", {"hidden_size": 64, "num_attention_heads": 1, "intermediate_size": 192}),
        ("mean", {"hidden_size": 192, "num_attention_heads": 2, "intermediate_size": 128, "num_hidden_layers": 1}),
        ("cls", {"hidden_size": 128, "num_attention_heads": 4, "intermediate_size": 320, "num_hidden_layers": 3}),
        ("mean", {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 832}),
    ],
    ids=["heads of 32", "one head of 64", "heads of 96", "three layers", "two whole chunks and a narrow one"],
)
def test_a_bert_encoder_of_another_width_has_the_vectors_of_sentence_transformers(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, models: Path, pooling: str, config: dict[str, Any]
) -> None:
    folder = small_bert(tmp_path_factory, models, pooling=pooling, **config)
    manifest = add_folder(tmp_path, folder, TOLD)
    record = convert_model(tmp_path, "tiny")
    assert Engine.PACKED in record.engines()
    texts = [*excerpts(30, mean=20), "", "a", "word " * READS]
    ours = open_packed(check_converted(tmp_path, manifest, Engine.PACKED), manifest).encode(texts)
    theirs = ReferenceEncoder(folder, manifest, device="cpu").encode(texts)
    assert np.sum(ours * theirs, axis=1).min() >= 0.999998


def test_a_model_that_it_does_not_compute_says_why_and_runs_on_another_engine(tiny: Path, tmp_path: Path) -> None:
    add_folder(tmp_path, tiny, TOLD)
    record = convert_model(tmp_path, "tiny")
    assert record.without == {Engine.PACKED: "Its widths (32, 64, heads of 16) do not divide by 64 and 32."}
    assert (tmp_path / "tiny" / RECORD).stat().st_mtime_ns == _again(tmp_path), "converted twice"
    assert open_encoder(tmp_path, "tiny").identity.runtime.startswith("openvino ")


def test_a_manifest_that_names_the_kernel_for_such_a_model_is_refused_with_the_reason(tiny: Path, tmp_path: Path) -> None:
    add_folder(tmp_path, tiny, msgspec.structs.replace(TOLD, runtime=Runtime.PACKED))
    convert_model(tmp_path, "tiny")
    with pytest.raises(Unavailable, match=r"does not run on packed\. Its widths .* name another runtime"):
        open_encoder(tmp_path, "tiny")


def _again(models: Path) -> int:
    convert_model(models, "tiny")
    return (models / "tiny" / RECORD).stat().st_mtime_ns


@pytest.fixture
def copied(models: Path, tmp_path: Path) -> Path:
    shutil.copy(MODELS / f"{DEFAULT_MODEL}.toml", tmp_path)
    shutil.copytree(models / DEFAULT_MODEL, tmp_path / DEFAULT_MODEL, copy_function=_linked)
    return tmp_path


def _linked(source: str, target: str) -> None:
    if source.endswith((RECORD, PACKED)):
        shutil.copyfile(source, target)
    else:
        Path(target).hardlink_to(source)


def _changed(models: Path, change: Callable[[Converted], Converted]) -> None:
    path = models / DEFAULT_MODEL / RECORD
    path.write_bytes(msgspec.json.encode(change(msgspec.json.decode(path.read_bytes(), type=Converted))))


def test_a_model_converted_before_the_kernel_was_there_runs_on_and_is_converted_at_the_next_set_up(copied: Path) -> None:
    def older(record: Converted) -> Converted:
        return msgspec.structs.replace(record, files={name: sha for name, sha in record.files.items() if name != PACKED})

    _changed(copied, older)
    (copied / DEFAULT_MODEL / PACKED).unlink()
    assert open_encoder(copied, DEFAULT_MODEL).identity.runtime.startswith("openvino ")
    assert Engine.PACKED in convert_model(copied, DEFAULT_MODEL).engines()


def test_a_model_converted_before_engines_were_timed_runs_on_and_is_timed_at_the_next_set_up(copied: Path) -> None:
    def older(record: Converted) -> Converted:
        return msgspec.structs.replace(
            record, fidelity=tuple(Fidelity(one.runtime, one.cosine_mean, one.cosine_min) for one in record.fidelity)
        )

    _changed(copied, older)
    assert open_encoder(copied, DEFAULT_MODEL).encode(["a text"]).shape == (1, 384)
    assert convert_model(copied, DEFAULT_MODEL).is_timed


def test_a_manifest_that_names_openvino_gets_it(copied: Path) -> None:
    path = copied / f"{DEFAULT_MODEL}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("\n[source]", 'runtime = "openvino"\n\n[source]'), encoding="utf-8")
    assert read_manifest(copied, DEFAULT_MODEL).runtime is Runtime.OPENVINO
    assert open_encoder(copied, DEFAULT_MODEL).identity.runtime.startswith("openvino ")


ALL, OTHERS = tuple(Engine), (Engine.OPENVINO, Engine.ONNXRUNTIME)


@pytest.mark.parametrize(
    ("found", "fits", "fastest", "first"),
    [
        (ALL, Fit.BEST, Engine.OPENVINO, Engine.PACKED),
        (ALL, Fit.RUNS, Engine.PACKED, Engine.PACKED),
        (ALL, Fit.RUNS, Engine.OPENVINO, Engine.OPENVINO),
        (ALL, Fit.RUNS, None, Engine.OPENVINO),
        ((Engine.PACKED,), Fit.RUNS, None, Engine.PACKED),
        (OTHERS, Fit.NONE, Engine.PACKED, Engine.OPENVINO),
    ],
    ids=["it fits", "it was faster", "another was faster", "converted elsewhere", "it alone is there", "not on this processor"],
)
def test_the_kernel_goes_first_where_it_fits_or_was_measured_to_be_the_fastest(
    found: tuple[Engine, ...], fits: Fit, fastest: Engine | None, first: Engine
) -> None:
    ordered = faster_first(found, fits, fastest)
    assert (ordered[0], set(ordered)) == (first, set(found))


def test_each_engine_is_timed_where_a_model_is_converted(models: Path, manifest: Manifest) -> None:
    record = read_record(models, manifest)
    assert all(one.texts_per_s > 10 for one in record.fidelity)
    assert {one.engine for one in record.fidelity} == {engine for engine in record.engines() if engine is not Engine.PACKED or fit()}
    if fit() is Fit.BEST:
        assert record.fastest() is Engine.PACKED


def test_the_fastest_is_by_the_better_of_its_precisions_and_nobody_where_none_was_timed(models: Path, manifest: Manifest) -> None:
    timed = (Fidelity("packed 2 int16", 1, 1, 50), Fidelity("openvino 1 f32", 1, 1, 20), Fidelity("openvino 1 bf16", 1, 1, 60))
    record = msgspec.structs.replace(read_record(models, manifest), fidelity=timed)
    assert record.fastest() is Engine.OPENVINO
    untimed = tuple(msgspec.structs.replace(one, texts_per_s=0.0) for one in timed)
    assert msgspec.structs.replace(record, fidelity=untimed).fastest() is None


@pytest.mark.skipif(fit() is not Fit.BEST, reason="Another engine may be faster on this processor, or the kernel is not built.")
def test_altered_weights_are_refused_with_the_reason(copied: Path) -> None:
    assert open_encoder(copied, DEFAULT_MODEL).identity.runtime.startswith("packed ")
    path = copied / DEFAULT_MODEL / PACKED
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Unavailable, match=r"packed-2\.safetensors is altered or cut short"):
        open_encoder(copied, DEFAULT_MODEL)


def test_its_weights_are_readable_by_the_user_that_serves(models: Path, manifest: Manifest) -> None:
    assert read_record(models, manifest).files[PACKED]
    folder = models / DEFAULT_MODEL
    assert (folder / PACKED).stat().st_mode == (folder / "tokenizer.json").stat().st_mode
