"""What the benchmark computes around its measurements."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.embedding.cache import corpus_sizes
from benchmarks.embedding.goals import BARE, goals
from benchmarks.embedding.plots import draw
from benchmarks.embedding.rows import Row, fidelity, operations, spread, table
from benchmarks.embedding.runtimes import LOCKS, PEERS
from benchmarks.embedding.texts import MEAN, near_duplicate_codes, workload
from benchmarks.embedding.worker import RUNTIMES, SHARES, cached
from service.leaktest.fakes import HashEncoder


@pytest.mark.parametrize("name", ["W", "S"])
def test_a_workload_is_the_same_every_time_and_has_its_stated_mean(name: str) -> None:
    texts = workload(name, 3000, seed=1)
    assert texts == workload(name, 3000, seed=1)
    assert np.mean([len(text.split()) for text in texts]) == pytest.approx(MEAN[name], rel=0.05)


def test_the_codes_are_many_and_different() -> None:
    assert len(set(near_duplicate_codes())) == 200


def test_operations_of_one_token_are_the_linear_ones_and_its_own_attention() -> None:
    assert operations([1]) == 21_233_664 + 9_216
    assert operations([2, 2]) == 4 * 21_233_664 + 8 * 9_216


def test_fidelity_tells_a_changed_nearest_code() -> None:
    wanted = np.array([[1.0, 0.1], [0.1, 1.0], [1.0, 0.0], [0.0, 1.0]])
    found = wanted.copy()
    found[1] = [1.0, 0.2]
    told = fidelity(found, wanted, texts=2)
    assert told["agreement_top1"] == 0.5
    assert told["cosine_min"] < told["cosine_mean"] < 1
    assert fidelity(wanted, wanted, texts=2) == {"cosine_mean": pytest.approx(1), "cosine_min": pytest.approx(1), "agreement_top1": 1}


def test_noise_is_the_range_over_the_median() -> None:
    assert spread([1.0, 2.0, 4.0]) == 1.5


def test_a_row_tells_only_what_was_measured() -> None:
    row = Row(name="bulk", runtime="r", tokens_per_s=12345.0)
    assert json.loads(json.dumps(row.plain())) == {"name": "bulk", "runtime": "r", "tokens_per_s": 12345.0}
    assert table([row]).splitlines()[1].split() == ["bulk", "r", "12,345"]


def peaks(bf16: float) -> list[Row]:
    return [Row(name="machine", runtime="f32", gop_per_s=340.0), Row(name="machine", runtime="bf16", gop_per_s=bf16)]


@pytest.mark.parametrize(("bf16", "x", "reached"), [(680.0, 3.9, False), (680.0, 4.0, True), (340.0, 4.0, True), (170.0, 3.9, False)])
def test_bulk_is_wanted_four_times_as_fast_and_told_where_bf16_is_no_faster(bf16: float, x: float, *, reached: bool) -> None:
    row = Row(name="bulk", runtime="mine", workload="W", ratio_to_sentence_transformers=x)
    (told,) = goals([*peaks(bf16), row], "mine")
    assert (told.name, told.runtime, told.workload, told.x) == ("goal", "mine", "W", x)
    assert told.note.endswith(": reached" if reached else ": not reached")
    assert ("no faster than fp32" in told.note) == (bf16 <= 340.0)


def test_goals_are_of_the_runtime_that_the_service_takes_and_of_the_service() -> None:
    rows = [
        *peaks(680.0),
        Row(name="single", runtime="mine", ratio_to_sentence_transformers=4.0),
        Row(name="single", runtime="another", ratio_to_sentence_transformers=9.0),
        Row(name="service_start", runtime="ours", seconds=3.5),
        Row(name="service_start", runtime="sentence-transformers", seconds=9.0),
        Row(name="concurrent", runtime="mine", note="not measured: it ended"),
    ]
    assert [(told.runtime, told.x, told.note.rpartition(": ")[2]) for told in goals(rows, "mine")] == [
        ("mine", 0.25, "reached"),
        ("ours", 3.5, "not reached"),
    ]


@pytest.mark.parametrize(("peak", "reached"), [(617.0, "reached"), (618.0, "not reached")])
def test_memory_is_wanted_within_200_mb_of_the_bare_runtime_where_that_was_measured(peak: float, reached: str) -> None:
    mine, bare = (Row(name="bulk", runtime=name, workload="W", peak_rss_mb=mb) for name, mb in (("mine", peak), (BARE, 417.0)))
    assert not list(goals([*peaks(680.0), mine], "mine"))
    (told,) = goals([*peaks(680.0), bare, mine], "mine")
    assert (told.x, told.note.rpartition(": ")[2]) == (peak - 417.0, reached)


def test_reading_kept_vectors_is_measured_for_each_size() -> None:
    small, large = corpus_sizes([100, 1000])
    assert (small.x, large.x) == (100, 1000)
    assert (small.p50_ms or 0) > 0


def test_the_share_that_is_kept_is_not_embedded_again() -> None:
    encoder = HashEncoder()
    texts = [f"text {number}" for number in range(20)]
    found = cached(encoder.encode, texts)["ms_by_share"]
    assert list(found) == [str(share) for share in SHARES]
    assert len(encoder.asked) == len(SHARES) * len(texts)  # prefilled or not, each text once a share


def test_every_peer_has_a_lock_and_a_runtime() -> None:
    assert {path.stem for path in LOCKS.glob("*.lock")} == set(PEERS.values())
    assert set(PEERS) <= set(RUNTIMES)


def test_a_runtime_that_fails_ends_with_the_reason_whatever_threads_its_library_left() -> None:
    code = (
        "import sys, threading, time; from benchmarks.embedding import worker; sys.excepthook = worker.end_with_reason; "
        "threading.Thread(target=time.sleep, args=(600,)).start(); raise RuntimeError('the loop is taken')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "RuntimeError: the loop is taken"


def test_each_question_has_a_chart_and_the_best_runtime_stands_first(tmp_path: Path) -> None:
    rows = [
        Row(name="bulk", runtime="slow peer", workload="W", tokens_per_s=1000.0),
        Row(name="bulk", runtime="ours", workload="W", tokens_per_s=3000.0),
        Row(name="length", runtime="ours", x=4.0, p50_ms=1.0),
        Row(name="length", runtime="ours", x=8.0, p50_ms=2.0),
        Row(name="machine", runtime="f32", gop_per_s=400.0, note="no chart of its own"),
    ]
    assert [path.name for path in draw(rows, tmp_path)] == ["bulk.svg", "bulk.png", "length.svg", "length.png"]
    drawn = (tmp_path / "bulk.svg").read_text()
    assert drawn.index(">ours<") < drawn.index(">slow peer<")
    assert "tokens a second" in drawn
