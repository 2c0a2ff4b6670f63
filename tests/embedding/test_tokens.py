"""Long texts: cut and told, or read in windows to their end."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.embedding import DEFAULT_MODEL, Manifest, read_manifest
from service.embedding.converted import TOKENIZER
from service.embedding.manifest import LongTexts
from service.embedding.openvino_runtime import Precision
from service.embedding.registry import open_converted
from service.embedding.sources import source_folder
from service.embedding.tokens import TokenReader
from tests.embedding.default_model import MODELS

MANIFEST = read_manifest(MODELS, DEFAULT_MODEL)
FILE = source_folder(MODELS, MANIFEST) / TOKENIZER
SHORT = 16
FIRST, LAST = 101, 102
"""The special tokens around a text, which this tokenizer names so."""


def reader(long_texts: LongTexts) -> TokenReader:
    return TokenReader(FILE, msgspec.structs.replace(MANIFEST, max_tokens=SHORT, long_texts=long_texts))


CUT, WINDOWS = reader(LongTexts.CUT), reader(LongTexts.WINDOWS)
counting = st.integers(0, 100).map(lambda count: " ".join(str(number % 10) for number in range(count)))


@settings(deadline=None)
@given(st.lists(counting, max_size=5))
def test_cut_rows_are_the_beginnings_of_the_texts(texts: list[str]) -> None:
    read = CUT.read(texts)
    assert read.owners.tolist() == list(range(len(texts)))
    assert read.counts.tolist() == [len(text.split()) + 2 for text in texts]
    assert read.lengths.tolist() == [min(SHORT, count) for count in read.counts.tolist()]
    assert all(row[0] == FIRST and row[-1] == LAST for row in read.rows)


@settings(deadline=None)
@given(counting)
def test_windows_hold_every_word_in_order_and_share_a_quarter(text: str) -> None:
    [*rows] = WINDOWS.read([text]).rows
    words = CUT_NONE.read([text]).rows[0][1:-1]
    room, step = SHORT - 2, SHORT - 2 - (SHORT - 2) // 4
    assert [row[1:-1] for row in rows] == [words[start : start + room] for start in range(0, max(1, len(words) - room + step), step)]
    assert all(row[0] == FIRST and row[-1] == LAST and len(row) <= SHORT for row in rows)


CUT_NONE = TokenReader(FILE, msgspec.structs.replace(MANIFEST, max_tokens=10_000))


@pytest.fixture(scope="module")
def folder(models: Path) -> Path:
    return models / DEFAULT_MODEL


def test_windows_belong_to_their_text_and_pool_to_one_unit_vector(folder: Path) -> None:
    windows = open_converted(folder, changed(LongTexts.WINDOWS), Precision.FP32)
    cut = open_converted(folder, changed(LongTexts.CUT), Precision.FP32)
    texts = ["trust " * 400, "short", "trust " * 300 + "a ripe banana on the table " * 20]
    read, beginning = windows.encode(texts), cut.encode(texts)
    assert [one.truncated for one in windows.embed(texts).read()] == [False, False, False]
    assert [one.truncated for one in cut.embed(texts).read()] == [True, False, True]
    assert np.linalg.norm(read, axis=1) == pytest.approx(1, abs=1e-5)
    assert float(beginning[0] @ beginning[2]) > 0.9999
    assert float(read[0] @ read[2]) < 0.95
    assert read[1] == pytest.approx(beginning[1], abs=1e-4)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("  two words\n", "two words"),
        ("two\u00a0\t\r\n words", "two words"),
        ("Caf\u00e9", "cafe\u0301"),
        ("\u00c9T\u00c9", "ete"),
        ("\u4f60\u597d", "\u4f60 \u597d"),
        ("a\u0000b\ufffdc\u00add", "abcd"),
        ("\ud800 x", "\ufffd x"),
    ],
)
def test_spellings_that_the_default_model_reads_alike(text: str, like: str) -> None:
    assert CUT.read([text]).rows == CUT.read([like]).rows


@pytest.mark.parametrize(("text", "unlike"), [("\ufb01ne", "fine"), ("\uff41", "a"), ("\u2460", "1"), ("stra\u00dfe", "strasse")])
def test_compatibility_forms_are_not_folded(text: str, unlike: str) -> None:
    assert CUT.read([text]).rows != CUT.read([unlike]).rows


def changed(long_texts: LongTexts) -> Manifest:
    return msgspec.structs.replace(MANIFEST, long_texts=long_texts)
