"""The converted model against sentence-transformers, and against itself in other company."""

import numpy as np
import pytest
from numpy.typing import NDArray

from service.embedding import Encoder, Manifest, ReadText, Vectors
from service.embedding.converted import GRAPH, Engine, check_converted
from service.embedding.fixed_texts import FIXED_TEXTS
from service.embedding.openvino_runtime import OpenVinoGraph, Precision, bf16_is_slow
from service.embedding.packed import fit
from service.embedding.reference import ReferenceEncoder
from service.embedding.registry import open_converted, open_onnx, open_packed
from tests.embedding.default_model import MODELS
from tests.embedding.texts import excerpts

CODES = (
    "Being seen as someone with something to give",
    "A way of life other than offending",
    "Contacts with work, courses and people outside",
    "Learning what the role asks, in training and on the job",
    "A professional who listens and is reachable",
    "Help with one's own life",
    "Supervision that looks at feelings",
    "Knowing whose task it is",
    "Times and places that can change",
    "What is not shared and where the role ends",
    "Friends, family and other services around the mentor",
)
TEXTS = (*FIXED_TEXTS, *excerpts(80))


def cosines(left: Vectors, right: Vectors) -> NDArray[np.float64]:
    return np.sum(left.astype(np.float64) * right, axis=1)


@pytest.fixture(params=[Engine.PACKED, *Precision, Engine.ONNXRUNTIME])
def converted(request: pytest.FixtureRequest, models: object, manifest: Manifest) -> Encoder:
    del models  # converted by then
    if request.param is Engine.PACKED:
        if not fit():
            pytest.skip("The packed kernel is not built, or not for this processor.")
        return open_packed(check_converted(MODELS, manifest, Engine.PACKED), manifest)
    if request.param is Engine.ONNXRUNTIME:
        return open_onnx(check_converted(MODELS, manifest, Engine.ONNXRUNTIME), manifest)
    return open_converted(check_converted(MODELS, manifest), manifest, request.param)


@pytest.fixture(scope="module")
def theirs(reference: ReferenceEncoder) -> Vectors:
    return reference.encode([*TEXTS, *CODES])


def test_vectors_are_those_of_sentence_transformers(converted: Encoder, theirs: Vectors) -> None:
    assert cosines(converted.encode([*TEXTS, *CODES]), theirs).min() >= 0.9999


def test_the_nearest_code_is_that_of_sentence_transformers(converted: Encoder, theirs: Vectors) -> None:
    ours = np.argmax(converted.encode(TEXTS) @ converted.encode(CODES).T, axis=1)
    assert np.mean(ours == np.argmax(theirs[: len(TEXTS)] @ theirs[len(TEXTS) :].T, axis=1)) >= 0.99


@pytest.mark.skipif(not fit(), reason="The packed kernel is not built, or not for this processor.")
def test_the_packed_kernel_is_as_faithful_as_float32(models: object, manifest: Manifest, theirs: Vectors) -> None:
    del models
    found = open_packed(check_converted(MODELS, manifest, Engine.PACKED), manifest).encode([*TEXTS, *CODES])
    assert cosines(found, theirs).min() >= 0.999998


INTEL = "vendor_id\t: GenuineIntel\nflags\t\t: fpu avx512_bf16"
AMD = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx512_bf16"


@pytest.mark.parametrize(
    ("cpuinfo", "slow"),
    [(INTEL, True), (f"{INTEL} amx_bf16 amx_tile", False), (AMD, False), ("", False)],
    ids=["no AMX", "AMX", "AMD", "none"],
)
def test_bf16_is_left_out_where_it_is_slower_than_fp32(cpuinfo: str, slow: bool) -> None:
    assert bf16_is_slow(cpuinfo) is slow


def test_a_text_alone_and_in_any_company_is_the_same_vector(converted: Encoder) -> None:
    texts = excerpts(100)
    together = converted.encode(texts)
    backwards = converted.encode(texts[::-1])[::-1]
    alone = np.concatenate([converted.encode([text]) for text in texts])
    assert min(cosines(together, alone).min(), cosines(together, backwards).min()) >= 0.99999


def test_vectors_have_length_one(encoder: Encoder) -> None:
    vectors = encoder.encode(FIXED_TEXTS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_no_texts_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.identity.dimension)


def test_an_empty_text_and_white_space_are_the_same(encoder: Encoder) -> None:
    vectors = encoder.encode(["", " \n\t", "something"])
    assert cosines(vectors[:1], vectors[1:2]) == pytest.approx(1, abs=1e-4)
    assert cosines(vectors[:1], vectors[2:]) < 0.9


def test_a_lone_surrogate_is_read_as_a_replacement_character(encoder: Encoder) -> None:
    vectors = encoder.encode(["word \ud800 word", "word \ufffd word"])
    assert cosines(vectors[:1], vectors[1:]) == pytest.approx(1, abs=1e-4)


def test_tokens_are_counted_as_sentence_transformers_counts_them(encoder: Encoder, reference: ReferenceEncoder) -> None:
    assert encoder.embed(FIXED_TEXTS).tokens.tolist() == reference.embed(FIXED_TEXTS).tokens.tolist()


def test_a_text_longer_than_the_model_reads_is_told_and_read_to_there(encoder: Encoder) -> None:
    words = ["trust"] * (encoder.max_tokens - 2)
    fits, longer = " ".join(words), " ".join([*words, *["banana"] * 300])
    embedded = encoder.embed([fits, longer])
    assert embedded.read() == (ReadText(256, truncated=False), ReadText(556, truncated=True))
    vectors = embedded.vectors
    assert cosines(vectors[:1], vectors[1:]) == pytest.approx(1, abs=1e-4)


def test_whoever_stops_in_the_middle_leaves_the_next_one_a_whole_machine(models: object, manifest: Manifest) -> None:
    del models
    folder = check_converted(MODELS, manifest)
    graph = OpenVinoGraph(folder / GRAPH, Precision.FP32)
    ids = np.ones((2, 16), np.int64)
    for _ in range(4):
        passes = graph.several((ids, ids) for _ in range(9))
        next(passes)
        passes.close()
    alone = graph.one(ids, ids).copy()
    assert all(np.allclose(vectors, alone, atol=1e-6) for vectors in graph.several((ids, ids) for _ in range(9)))
