"""Codes ranked by what their texts say: order, ties, evidence, and the same bits in any batch."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.embedding import Vectors
from service.errors import Unavailable
from service.leaktest.fakes import HashEncoder
from service.suggestion import FIXED, CodeIndex, Configuration, Resolved, Suggestion, TextKind, build_index, codebook_digest, texts_of
from service.suggestion.similarity import exact, similarities
from service.suggestion.variable import IndexedCode, IndexedVariable, Scored, centroids, themes_of

CODEBOOK = Codebook(
    variables=(
        Variable(
            name="theme",
            scheme=Scheme.SEVERAL_CODES,
            codes=(
                Code(name="Support", definition="somebody who listens", example="my mentor was there for me"),
                Code(
                    name="Boundaries", parent="Support", definition="where the role ends", exclude_when="somebody who listens after hours"
                ),
                Code(name="Training", definition="courses and learning on the job", include_when="skills are learnt"),
            ),
        ),
        Variable(name="tone", scheme=Scheme.ONE_CODE, codes=(Code(name="warm"), Code(name="cold"))),
    )
)
ENCODER = HashEncoder()


def index(codebook: Codebook = CODEBOOK, resolved: tuple[Resolved, ...] = (), configuration: Configuration = FIXED) -> CodeIndex:
    texts = texts_of(codebook, resolved)
    return build_index(codebook, texts, ENCODER.encode([text.text for text in texts]), ENCODER.identity, configuration)


def ranked(*texts: str, top: int = 5) -> tuple[Suggestion, ...]:
    return index().rank(ENCODER.encode(texts), top=top)


def unit_rows(rows: int, seed: int) -> Vectors:
    found = np.random.default_rng(seed).normal(size=(rows, 64)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_every_text_of_a_code_is_to_be_embedded_and_blank_ones_are_not() -> None:
    assert [(text.code, text.kind.value) for text in texts_of(CODEBOOK)] == [
        ("Support", "name"),
        ("Support", "definition"),
        ("Support", "example"),
        ("Boundaries", "name"),
        ("Boundaries", "definition"),
        ("Boundaries", "exclude_when"),
        ("Training", "name"),
        ("Training", "definition"),
        ("Training", "include_when"),
        ("warm", "name"),
        ("cold", "name"),
    ]


def test_the_code_whose_definition_was_said_comes_first() -> None:
    for code in CODEBOOK.variables[0].codes:
        assert ranked(code.definition)[0].variables[0].codes[0].code == code.name


def test_every_variable_is_ranked_by_its_own_codes() -> None:
    [one] = ranked("a warm word")
    assert [(ranking.variable, {code.code for code in ranking.codes}) for ranking in one.variables] == [
        ("theme", {"Support", "Boundaries", "Training"}),
        ("tone", {"warm", "cold"}),
    ]


def test_only_the_best_are_told() -> None:
    [one] = ranked("somebody who listens", top=1)
    assert [len(ranking.codes) for ranking in one.variables] == [1, 1]


def test_scores_fall() -> None:
    for one in ranked("my mentor", "the role ends", "learning skills"):
        for ranking in one.variables:
            scores = [code.score for code in ranking.codes]
            assert scores == sorted(scores, reverse=True)


def test_evidence_is_each_kind_of_text_with_its_cosine() -> None:
    [one] = ranked("somebody who listens")
    best = one.variables[0].codes[0]
    assert [(evidence.kind.value, evidence.text) for evidence in best.evidence] == [
        ("name", "Support"),
        ("definition", "somebody who listens"),
        ("example", "my mentor was there for me"),
    ]
    assert best.evidence[1].similarity == pytest.approx(1, abs=1e-6)


def test_the_score_is_the_weighted_mean_of_what_speaks_for_the_code() -> None:
    [one] = ranked("somebody who listens")
    best = one.variables[0].codes[0]
    name, definition, example = (evidence.similarity for evidence in best.evidence)
    assert best.score == pytest.approx((1 * name + 2 * definition + 1 * example) / 4, abs=1e-12)


def test_a_text_that_excludes_lowers_and_only_when_it_is_nearer() -> None:
    lenient = msgspec.structs.replace(FIXED, speaks_against={})
    excerpts = ENCODER.encode(["somebody who listens after hours", "where the role ends"])
    with_it, without = (
        [next(code.score for code in one.variables[0].codes if code.code == "Boundaries") for one in made.rank(excerpts, top=5)]
        for made in (index(), index(configuration=lenient))
    )
    assert with_it[0] < without[0]
    assert with_it[1] == without[1]


def test_a_resolved_excerpt_speaks_for_its_codes() -> None:
    resolved = (Resolved("theme", ("Training", "Support"), "quite other words"), Resolved("theme", ("gone",), "quite other words"))
    before, after = (
        made.rank(ENCODER.encode(["quite other words"]), top=5)[0].variables[0] for made in (index(), index(resolved=resolved))
    )
    assert {code.code: code.score for code in after.codes}["Training"] > {code.code: code.score for code in before.codes}["Training"]
    assert after.codes[0].evidence[-1].kind is TextKind.RESOLVED
    assert after.codes[-1].code == "Boundaries"


def test_of_many_resolved_excerpts_the_nearest_is_the_evidence() -> None:
    resolved = tuple(Resolved("theme", ("Training",), text) for text in ("one thing", "another thing entirely", "third"))
    [one] = index(resolved=resolved).rank(ENCODER.encode(["another thing entirely"]), top=1)
    assert one.variables[0].codes[0].evidence[-1].text == "another thing entirely"


def test_equal_scores_keep_the_codebooks_order() -> None:
    names = ("b", "a", "d", "c")
    codes = tuple(Code(name=name, definition="the same words") for name in names)
    configuration = Configuration(speaks_for={TextKind.DEFINITION: 1.0}, speaks_against={})
    made = index(Codebook(variables=(Variable(name="v", scheme=Scheme.ONE_CODE, codes=codes),)), configuration=configuration)
    assert [code.code for code in made.rank(ENCODER.encode(["words"]), top=4)[0].variables[0].codes] == list(names)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_one_excerpt_gets_the_same_bits_in_any_batch(seed: int, others: int) -> None:
    excerpts = unit_rows(others + 1, seed)
    together = index().rank(excerpts, top=5)
    assert index().rank(excerpts[:1], top=5) == together[:1]
    assert index().rank(excerpts[::-1], top=5) == together[::-1]


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_products_are_exact_in_any_order_of_adding(seed: int) -> None:
    left, right = exact(unit_rows(3, seed)), exact(unit_rows(5, seed + 1))
    order = np.random.default_rng(seed).permutation(left.shape[1])
    assert similarities(left, right).tobytes() == similarities(left[:, order], right[:, order]).tobytes()
    assert similarities(left, right).tobytes() == np.array([[sum((a * b).tolist()) for b in right] for a in left]).tobytes()


def test_rounding_moves_a_cosine_by_less_than_a_millionth() -> None:
    left, right = unit_rows(50, 1), unit_rows(50, 2)
    truth = left.astype(np.float64) @ right.T.astype(np.float64)
    assert np.abs(similarities(exact(left), exact(right)) - truth).max() < 1e-6


def test_vectors_of_another_model_are_refused() -> None:
    with pytest.raises(Unavailable, match="32 and 64 dimensions"):
        index().rank(HashEncoder(dimension=32).encode(["a"]), top=5)


def test_nothing_to_rank_nothing_ranked() -> None:
    assert ranked() == ()


def test_a_suggestion_says_what_made_it() -> None:
    [one] = ranked("a")
    assert one.made_by.model == "hash"
    assert one.made_by.revision == "1"
    assert one.made_by.runtime == "hash of words"
    assert one.made_by.codebook == codebook_digest(CODEBOOK)
    assert one.made_by.configuration == FIXED.digest()


def test_another_configuration_has_another_digest_and_an_equal_one_the_same() -> None:
    same = Configuration(speaks_for=dict(reversed(FIXED.speaks_for.items())), speaks_against=FIXED.speaks_against)
    other = msgspec.structs.replace(FIXED, speaks_against={})
    assert same.digest() == FIXED.digest()
    assert other.digest() != FIXED.digest()


def test_another_codebook_has_another_digest() -> None:
    reworded = Codebook(variables=(CODEBOOK.variables[1],))
    assert codebook_digest(reworded) != codebook_digest(CODEBOOK)


def test_a_suggestion_is_ready_for_json() -> None:
    [one] = ranked("a")
    assert msgspec.json.decode(msgspec.json.encode(one), type=Suggestion) == one


DEEP = (Code(name="a"), Code(name="a1", parent="a"), Code(name="b"), Code(name="a11", parent="a1"), Code(name="b1", parent="b"))


def themes(scheme: Scheme, scores: list[float], chances: list[float] | None) -> list[tuple[str, float, float | None]]:
    codes = tuple(IndexedCode(code.name, ()) for code in DEEP)
    variable = IndexedVariable("v", scheme, codes, centroids(exact(unit_rows(1, seed=1)), ()), themes_of(DEEP))
    scored = Scored(np.array([scores]), None if chances is None else np.array([chances]))
    return [(theme.theme, theme.score, theme.probability) for theme in variable.told_themes(scored, 0)]


def test_a_theme_has_what_its_sub_themes_have_together() -> None:
    assert themes_of(DEEP) == ((0, 1, 3), (1, 3), (2, 4))
    scores, chances = [0.1, 0.2, 0.4, 0.3, 0.5], [0.1, 0.2, 0.3, 0.15, 0.25]
    assert themes(Scheme.ONE_CODE, scores, chances) == [
        ("b", 0.5, pytest.approx(0.55)),
        ("a", 0.3, pytest.approx(0.45)),
        ("a1", 0.3, pytest.approx(0.35)),
    ]
    assert themes(Scheme.SEVERAL_CODES, scores, chances) == [("b", 0.5, 0.3), ("a", 0.3, 0.2), ("a1", 0.3, 0.2)]
    assert [probability for *_, probability in themes(Scheme.ONE_CODE, scores, None)] == [None, None, None]


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=5))
def test_no_theme_is_below_a_sub_theme(scores: list[float]) -> None:
    found = {theme: score for theme, score, _ in themes(Scheme.SEVERAL_CODES, scores, None)}
    of_code = {code.name: score for code, score in zip(DEEP, scores, strict=True)}
    for code in DEEP:
        if code.parent is not None:
            assert found[code.parent] >= of_code[code.name]
            assert found[code.parent] >= found.get(code.name, -2.0)


def test_a_suggestion_tells_its_themes() -> None:
    [found] = ranked("somebody who listens")
    theme, tone = found.variables
    assert [one.theme for one in theme.themes] == ["Support"]
    assert theme.themes[0].score == max(code.score for code in theme.codes if code.code in {"Support", "Boundaries"})
    assert tone.themes == ()
