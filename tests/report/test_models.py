"""Figures of model coders: by hand, by a naive computation of another kind, and with what must not be in them."""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations, product

import pytest
from msgspec.structs import replace

from service.agreement.alttest import AltTest
from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.ledger import Verdict
from service.coding.model import Answer, AssignmentId, Coding, CodingId, Content, PersonId, Provenance, RoundId
from service.coding.model_coders import Configuration, Given, ModelCoder, ModelCoderId, ModelCoding
from service.coding.reveal import Revealed
from service.corpus.model import ExcerptId
from service.report.alternative import MODEL, TOO_FEW_HUMANS, TOO_FEW_UNITS, alternative
from service.report.closed import ClosedRound, Sample
from service.report.models import ModelAgreement, Models, ModelVariable, models

Codes = tuple[str, ...]
Rows = Sequence[Codes | None]
AT = "2027-01-01T00:00:00.000000Z"
TONE = Variable(name="tone", scheme=Scheme.ONE_CODE, codes=(Code(name="x"), Code(name="y"), Code(name="z")))
TOPICS = Variable(name="topics", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="x"), Code(name="y"), Code(name="z")))
LEVEL = Variable(name="level", scheme=Scheme.ORDERED_VALUE, codes=(Code(name="x"), Code(name="y"), Code(name="z")))
MARKED = Variable(name="marked", scheme=Scheme.SPANS, codes=(Code(name="x"),))
FIRST = Configuration(
    backend="embeddings",
    model="hash",
    revision="1",
    runtime="hash of words",
    codebook="c",
    settings="s",
    resolved=None,
    snapshot=1,
    rule="model coder 1",
)
SECOND = replace(FIRST, settings="t")


def human(name: str, excerpt: int, codes: Codes, variable: Variable) -> Coding:
    return Coding(
        id=CodingId(f"{name}{excerpt}"),
        round_id=RoundId("r"),
        person_id=PersonId(name),
        assignment_id=AssignmentId(f"{name}{excerpt}"),
        excerpt_id=ExcerptId(f"e{excerpt:03}"),
        occasion=1,
        sequence=excerpt + 1,
        at=AT,
        supersedes=None,
        provenance=Provenance.IN_SERVICE,
        content=Content(answers=(Answer(variable=variable.name, codes=codes),)),
    )


def compared(
    variable: Variable,
    humans: Mapping[str, Rows],
    *coded: Rows,
    documents: Callable[[int], str] = lambda _: "d",
    weights: Mapping[str, float] | None = None,
    erased: int = 0,
) -> Models:
    """Compare; ``None`` is a gap, or where a model abstained. The first model's last ``erased`` codings are gone."""
    makes = (FIRST, SECOND)
    coders = [ModelCoder(id=ModelCoderId(f"m{at}"), round_id=RoundId("r"), at=AT, configuration=makes[at]) for at in range(len(coded))]
    given = [
        ModelCoding(
            model_coder_id=ModelCoderId(f"m{at}"),
            sequence=place + 2,
            at=AT,
            given=None
            if at == 0 and place >= len(rows) - erased
            else Given(f"e{place:03}", () if codes is None else (Answer(variable=variable.name, codes=codes),)),
        )
        for at, rows in enumerate(coded)
        for place, codes in enumerate(rows)
    ]
    blind = [human(name, at, codes, variable) for name, rows in humans.items() for at, codes in enumerate(rows) if codes is not None]
    many = max(len(rows) for rows in (*humans.values(), *coded))
    of = {f"e{at:03}": documents(at) for at in range(many)}
    closed = ClosedRound(
        revealed=[Revealed(one, Verdict.BLIND) for one in blind],
        codebook=Codebook(variables=(variable, MARKED)),
        coders={PersonId(name): name.title() for name in humans},
        sample=Sample(documents=of, lengths=dict.fromkeys(of, 10), weights=weights),
    )
    found = models(coders, given, closed, STANDARD_1)
    assert found is not None
    return found


def singles(text: str) -> Rows:
    """Read one code a letter; a dot is a gap, a dash says that none applies."""
    return [None if sign == "." else () if sign == "-" else (sign,) for sign in text]


def only(found: Models) -> ModelVariable:
    [variable] = found.variables
    return variable


def test_human_and_model_by_hand() -> None:
    # Eight pairs, six alike: D_o 2/8. Sixteen values, eight of each: D_e 2*8*8/(16*15). Alpha 1 - .25/.5333 = .53125.
    found = only(compared(TONE, {"ann": singles("xxyx"), "ben": singles("xyyy")}, singles("xxyy")))
    [ours] = found.human_model
    assert (ours.coders, ours.excerpts, ours.pairs) == ([FIRST.name], 4, 8)
    assert ours.percent.value == 0.75
    assert ours.alpha.value == pytest.approx(0.53125)
    by_code = {one.code: one for one in ours.codes}
    assert by_code["x"].alpha.value == pytest.approx(0.53125)
    assert by_code["x"].percent.value == 0.75
    assert by_code["z"].alpha.value is None
    assert found.model_model == []


def test_two_models_by_hand_and_apart_from_the_humans() -> None:
    # Four excerpts, three alike; x x y y and x x y x: five x, three y of eight values: D_e 2*5*3/(8*7).
    found = only(compared(TONE, {"ann": singles("yyyy")}, singles("xxyy"), singles("xxyx")))
    [two] = found.model_model
    assert (two.coders, two.excerpts, two.pairs) == ([FIRST.name, SECOND.name], 4, 4)
    assert two.alpha.value == pytest.approx(1 - 0.25 / (30 / 56))
    assert [one.coders for one in found.human_model] == [[FIRST.name], [SECOND.name]]


def test_what_only_one_side_gave_is_not_compared_and_abstentions_are_counted() -> None:
    whole = compared(TONE, {"ann": singles("xy.x"), "ben": singles("x.yx")}, singles("x.yx"), erased=1)
    [ours] = only(whole).human_model
    assert (ours.excerpts, ours.pairs) == (2, 3)  # the first by both, the third by one; the second is missing, the fourth erased
    [answered] = only(whole).answered
    assert (answered.answered, answered.abstained) == (2, 1)
    assert (whole.coders[0].excerpts, whole.coders[0].erased) == (4, 1)
    assert whole.unmarked == ["marked"]


def test_none_applies_is_compared_like_a_code() -> None:
    [ours] = only(compared(TONE, {"ann": singles("x-xx")}, singles("x-x-"))).human_model
    assert (ours.pairs, ours.percent.value) == (4, 0.75)
    assert "" in {one.code for one in ours.codes}


def test_an_order_has_no_place_for_none_applies() -> None:
    [ours] = only(compared(LEVEL, {"ann": singles("xyz-zyx")}, singles("xyzzz-x"))).human_model
    assert (ours.pairs, ours.alpha.pairable_units) == (7, 5)


def naive(pairs: Sequence[tuple[Codes, Codes]], distance: Callable[[Codes, Codes], float]) -> float:
    """Alpha from its definition: all pairs of values within a unit against all pairs of values."""
    values = [value for pair in pairs for value in pair]
    observed = sum(distance(*pair) for pair in pairs) / len(pairs)
    apart = [distance(one, other) for one, other in permutations(values, 2)]
    return 1 - observed / (sum(apart) / len(apart))


def masi(one: Codes, other: Codes) -> float:
    a, b = set(one), set(other)
    if not a | b:
        return 0.0
    monotonicity = 1.0 if a == b else 2 / 3 if a < b or b < a else 1 / 3 if a & b else 0.0
    return 1 - len(a & b) / len(a | b) * monotonicity


def nominal(one: Codes, other: Codes) -> float:
    return float(one != other)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("variable", "distance"), [(TONE, nominal), (TOPICS, masi)], ids=["one code", "several codes"])
def test_a_naive_computation_gives_the_same(variable: Variable, distance: Callable[[Codes, Codes], float], seed: int) -> None:
    rng = random.Random(seed)
    sets: list[Codes] = [("x",), ("y",), ("z",)] if variable is TONE else [(), ("x",), ("y",), ("x", "y"), ("y", "z")]

    def rows() -> list[Codes | None]:
        return [None if rng.random() < 0.2 else rng.choice(sets) for _ in range(25)]

    humans, coded = {"ann": rows(), "ben": rows(), "cleo": rows()}, rows()
    [ours] = only(compared(variable, humans, coded)).human_model
    pairs = [(given, coded[at]) for own in humans.values() for at, given in enumerate(own)]
    both = [(given, said) for given, said in pairs if given is not None and said is not None]
    assert ours.pairs == len(both)
    assert ours.alpha.value == pytest.approx(naive(both, distance))
    for one in ours.codes:
        yes_or_no = [
            (tuple("y" for code in given if code == one.code), tuple("y" for code in said if code == one.code)) for given, said in both
        ]
        assert one.alpha.value == pytest.approx(naive(yes_or_no, nominal)), one.code


def width(found: ModelAgreement) -> float:
    assert found.alpha.interval is not None
    return found.alpha.interval.high - found.alpha.interval.low


def test_intervals_resample_excerpts_because_their_pairs_share_the_models_value() -> None:
    rng = random.Random(3)
    own: Rows = [(rng.choice("xyz"),) for _ in range(60)]
    said: Rows = [given if rng.random() < 0.7 else (rng.choice("xyz"),) for given in own]
    [alone] = only(compared(TONE, {"ann": own}, said)).human_model
    [four] = only(compared(TONE, dict.fromkeys(("ann", "ben", "cleo", "dan"), own), said)).human_model
    assert alone.alpha.interval is not None
    assert four.alpha.interval is not None
    assert four.alpha.interval.clusters == alone.alpha.interval.clusters == 60
    assert width(four) == pytest.approx(width(alone), rel=0.05)  # resampling pairs would halve it


def test_intervals_resample_documents_where_there_are_several() -> None:
    rng = random.Random(4)
    own: Rows = [(rng.choice("xyz"),) for _ in range(40)]
    said: Rows = [given if rng.random() < 0.7 else (rng.choice("xyz"),) for given in own]
    found = only(compared(TONE, {"ann": own}, said, said[::-1], documents=lambda at: f"d{at % 8}"))
    limits = [one.alpha.interval for one in (*found.human_model, *found.model_model)]
    assert [one.clusters for one in limits if one] == [8, 8, 8]
    assert "over documents" in found.methods


def test_excerpts_weigh_one_over_their_probability() -> None:
    plain, weighed = (
        only(compared(TONE, {"ann": singles("xxyy"), "ben": singles("xxyx")}, singles("xyyy"), weights=weights)).human_model[0]
        for weights in (None, {"e000": 1.0, "e001": 3.0, "e002": 1.0, "e003": 1.0})
    )
    assert plain.percent.value == 5 / 8
    assert weighed.percent.value == pytest.approx((2 + 0 + 2 + 1) / (2 * (1 + 3 + 1 + 1)))


def test_without_a_model_coder_there_is_nothing() -> None:
    given = [Revealed(human("ann", 0, ("x",), TONE), Verdict.BLIND)]
    sample = Sample(documents={"e000": "d"}, lengths={"e000": 10})
    closed = ClosedRound(revealed=given, codebook=Codebook(variables=(TONE,)), coders={PersonId("ann"): "Ann"}, sample=sample)
    assert models([], [], closed, STANDARD_1) is None


def test_another_value_of_anything_is_another_configuration_with_another_name() -> None:
    fields = FIRST.__struct_fields__
    others = [replace(FIRST, **{name: 7 if name == "snapshot" else "other"}) for name in fields]
    assert len({one.digest() for one in (FIRST, *others)}) == len(fields) + 1
    assert len({one.name for one in (FIRST, *others)}) == len(fields) + 1
    assert FIRST.name == f"hash, configuration {FIRST.digest()[:8]}"


# ---- the alternative-annotator test ----

HUMANS: tuple[str, ...] = ("ann", "ben", "cleo")


def given(texts: Mapping[str, str]) -> dict[tuple[ExcerptId, str], Codes]:
    return {(ExcerptId(f"e{at}"), name): (sign,) for name, text in texts.items() for at, sign in enumerate(text)}


def test_the_alternative_annotator_test_by_hand() -> None:
    # The model gives what all give; each coder leaves the others on one excerpt of four.
    texts = {"ann": "yxxx", "ben": "xyxx", "cleo": "xxyx"}
    found = alternative(
        "m", {f"e{at}": ("x",) for at in range(4)}, given(texts), settings=AltTest(epsilon=0.15, false_discovery=0.05, minimum_units=4)
    )
    assert found.why is None
    # Ann is wrong on the first, where both others gave x. On the second and third one other gave x and one y: model 1 of 2, Ann the same.
    assert [(one.coder, one.excerpts, one.model, one.human) for one in found.humans] == [(name, 4, 1.0, 0.75) for name in HUMANS]
    # Human less model -1, 0, 0, 0: t = (-.25 - .15)/.25 with 3 degrees of freedom; the largest of three equal p must be under .05/1.833.
    assert [one.p for one in found.humans] == pytest.approx([0.104] * 3, abs=5e-4)
    assert (found.winning_rate, found.passes, found.advantage_probability) == (0.0, False, 1.0)
    assert found.power is not None
    assert "3 humans and 30 units" in found.power


def test_the_test_needs_three_coders_and_thirty_excerpts_and_says_so() -> None:
    many: dict[str, str] = dict.fromkeys(HUMANS, "x" * 40)
    said = {f"e{at}": ("x",) for at in range(40)}
    two = alternative("m", said, given({name: many[name] for name in HUMANS[:2]}))
    assert (two.why, two.winning_rate, two.power) == (TOO_FEW_HUMANS, None, None)
    few = alternative("m", {f"e{at}": ("x",) for at in range(29)}, given(many))
    assert few.why == TOO_FEW_UNITS
    whole = alternative("m", said, given(many))
    assert (whole.why, whole.winning_rate, whole.epsilon, whole.false_discovery) == (None, 1.0, 0.15, 0.05)


def test_sets_are_tested_whole_and_nobody_is_called_like_the_model() -> None:
    humans = {(ExcerptId(f"e{at}"), name): ("b", "a") for at, name in product(range(30), HUMANS)}
    alike = alternative("m", {f"e{at}": ("a", "b") for at in range(30)}, humans)
    part = alternative("m", {f"e{at}": ("a",) for at in range(30)}, humans)
    assert [alike.advantage_probability, part.advantage_probability] == [1.0, 0.0]
    assert MODEL.startswith("\0")
