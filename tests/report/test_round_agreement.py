"""A round's report: which codings enter its figures, and how they are written down."""

import polars as pl
import pytest
from msgspec.structs import replace

from service.agreement.estimate import Reason
from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.ledger import Verdict
from service.coding.model import Answer, AssignmentId, Coding, CodingId, Content, PersonId, Provenance, RoundId
from service.coding.reveal import Revealed
from service.corpus.model import ExcerptId
from service.report.agreement import RoundAgreement, round_agreement
from service.report.closed import ClosedRound, Sample, long_table

ANNA, BEN = PersonId("anna"), PersonId("ben")
CODERS = {ANNA: "Anna", BEN: "Ben"}
TONE = Variable(name="tone", scheme=Scheme.ONE_CODE, codes=(Code(name="good"), Code(name="bad")))
TOPICS = Variable(name="topics", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="work"), Code(name="home")))


def test_two_coders_by_hand() -> None:
    # 10 excerpts: both good 4, both bad 3, they differ on 3: p_o .7; good is given 5 and 6 times, so p_e = .5 and kappa .4.
    pairs = [("good", "good")] * 4 + [("bad", "bad")] * 3 + [("good", "bad")] + [("bad", "good")] * 2
    [tone] = _agreement([*both(pairs)], 10).variables
    assert tone.percent.value == pytest.approx(0.7)
    assert tone.pairs[0].kappa.value == pytest.approx(0.4)
    assert tone.pairs[0].coders == ["Anna", "Ben"]
    assert (tone.excerpts, tone.excerpts_used, tone.disagreeing) == (10, 10, 3)


def test_only_the_last_blind_coding_enters_the_figures() -> None:
    first = _coding(ANNA, 0, "good", sequence=1)
    corrected = _coding(ANNA, 0, "bad", sequence=2)
    assisted = Revealed(replace(corrected.coding, id=CodingId("later"), sequence=5), Verdict.ASSISTED)
    peer = Revealed(replace(_coding(BEN, 0, "bad", sequence=3).coding, id=CodingId("peer")), Verdict.PEER_EXPOSED)
    found = _agreement([first, corrected, assisted, _coding(BEN, 0, "bad", sequence=1), peer], 1)
    assert (found.codings, found.assisted, found.peer_exposed) == (2, 1, 1)
    assert found.variables[0].percent.value == 1


def test_skipped_erased_and_uncoded_excerpts_are_counted_and_not_used() -> None:
    skipped = _coding(ANNA, 0, "", sequence=1)
    skipped = Revealed(replace(skipped.coding, content=Content(skip="torn page")), Verdict.BLIND)
    erased = Revealed(replace(_coding(BEN, 1, "good", sequence=1).coding, content=None), Verdict.BLIND)
    found = _agreement([skipped, erased, *both([("good", "bad")], begin=2)], 5)
    assert (found.skipped, found.erased) == (1, 1)
    assert found.variables[0].excerpts_used == 1
    assert sum(left.excerpts for left in found.variables[0].dropped) == 4


def test_none_applies_is_a_coding_and_not_a_gap() -> None:
    [tone] = _agreement([*both([("", ""), ("good", "good"), ("", "good")])], 3).variables
    assert tone.excerpts_used == 3
    assert tone.percent.value == pytest.approx(2 / 3)
    assert tone.disagreements[0].codings[0].codes == []


def test_undefined_is_null_with_its_reason() -> None:
    [tone] = _agreement([*both([("good", "good")] * 3)], 3).variables
    assert tone.alpha.value is None
    assert tone.alpha.undefined is Reason.NO_VARIATION
    assert tone.alpha.sentence is not None
    assert tone.percent.value == 1


def test_several_codes_are_one_set_and_a_binary_alpha_for_each_code() -> None:
    answers = [("work home", "work"), ("", "home"), ("work", "work"), ("home", "home")]
    codings = [
        _coding(person, place, codes, sequence=place + 1, variable="topics")
        for place, pair in enumerate(answers)
        for person, codes in zip((ANNA, BEN), pair, strict=True)
    ]
    [topics] = _agreement(codings, 4, Codebook(variables=(TOPICS,))).variables
    by_code = {code.code: code for code in topics.codes}
    # work: 1 1 | 0 0 | 1 1 | 0 0, all alike; home: 1 0 | 0 1 | 0 0 | 1 1, o_01 = o_10 = 2, n = 8, n_1 = 4: alpha 1 - 7·2/16.
    assert by_code["work"].alpha.value == pytest.approx(1)
    assert by_code["home"].alpha.value == pytest.approx(1 - 7 * 2 / 16)
    assert topics.percent.value == pytest.approx(0.5)


def test_ordered_values_are_compared_by_their_order_in_the_codebook() -> None:
    # Codings (ANNA, BEN): low-low, low-middle, high-high, middle-high; the alphabet would put high before low.
    # n: low 3, middle 2, high 3. Ordinal distances: d(low, middle) = (3/2 + 2/2)^2 = 6.25 = d(middle, high), d(low, high) = 5^2 = 25.
    # D_o = (6.25 + 6.25) * 2 / 8 = 3.125; D_e = 2 * (3*2*6.25 + 2*3*6.25 + 3*3*25) / (8*7) = 10.7142857.
    mood = Variable(name="tone", scheme=Scheme.ORDERED_VALUE, codes=(Code(name="low"), Code(name="middle"), Code(name="high")))
    pairs = [("low", "low"), ("low", "middle"), ("high", "high"), ("middle", "high")]
    [found] = _agreement([*both(pairs)], 4, Codebook(variables=(mood,))).variables
    assert (found.scheme, found.metric) == ("ordered_value", "ordinal")
    assert found.alpha.value == pytest.approx(1 - 3.125 / (600 / 56))
    assert found.percent.value == pytest.approx(0.5)


def test_none_applies_has_no_place_in_an_order_and_is_said_to_be_left_out() -> None:
    mood = Variable(name="tone", scheme=Scheme.ORDERED_VALUE, codes=(Code(name="low"), Code(name="high")))
    [found] = _agreement([*both([("low", "low"), ("high", ""), ("high", "high")])], 3, Codebook(variables=(mood,))).variables
    assert found.excerpts_used == 2
    assert [left.why for left in found.dropped] == [
        "coded by one coder only",
        "none applies, by at least one coder, which has no place in an order",
    ]


def test_a_several_codes_coding_is_as_many_rows() -> None:
    table = long_table([_coding(ANNA, 0, "work home", sequence=1, variable="topics").coding], CODERS)
    assert table.rows() == [("0", "Anna", "topics", "work"), ("0", "Anna", "topics", "home")]
    assert table.schema == dict.fromkeys(("unit", "coder", "variable", "code"), pl.String)


def _agreement(revealed: list[Revealed], excerpts: int, codebook: Codebook = Codebook(variables=(TONE,))) -> RoundAgreement:  # noqa: B008
    documents = {str(place): "one document" for place in range(excerpts)}
    sample = Sample(documents=documents, lengths=dict.fromkeys(documents, 10))
    closed = ClosedRound(revealed=revealed, codebook=codebook, coders=CODERS, sample=sample)
    return round_agreement(closed, profile=STANDARD_1, list_at_most=None)


def both(pairs: list[tuple[str, str]], begin: int = 0) -> list[Revealed]:
    return [
        _coding(person, place, code, sequence=place + 1)
        for place, pair in enumerate(pairs, begin)
        for person, code in zip((ANNA, BEN), pair, strict=True)
    ]


def _coding(person: PersonId, excerpt: int, codes: str, *, sequence: int, variable: str = "tone") -> Revealed:
    answer = Answer(variable=variable, codes=tuple(codes.split()))
    coding = Coding(
        id=CodingId(f"{person}{excerpt}{sequence}"),
        round_id=RoundId("round"),
        person_id=person,
        assignment_id=AssignmentId(f"{person}{excerpt}"),
        excerpt_id=ExcerptId(str(excerpt)),
        occasion=1,
        sequence=sequence,
        at="2026-01-05T09:00:00.000000Z",
        supersedes=None,
        provenance=Provenance.IN_SERVICE,
        content=Content(answers=(answer,)),
    )
    return Revealed(coding, Verdict.BLIND)
