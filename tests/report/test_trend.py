"""Rounds beside each other: each number is the round's own, and a code keeps its line under whatever name it had."""

import msgspec
import pytest

from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.codebook.operations import Edit, Merge, Rename, Step
from service.coding.ledger import Verdict
from service.coding.model import Answer, AssignmentId, Coding, CodingId, Content, PersonId, Provenance, RoundId, RoundKind
from service.coding.reveal import Revealed
from service.corpus.model import ExcerptId
from service.report.agreement import RoundReport, round_agreement
from service.report.closed import ClosedRound, Sample
from service.report.trend import trend

ANN, BEN = PersonId("ann"), PersonId("ben")


def book(*codes: str) -> Codebook:
    return Codebook(variables=(Variable(name="tone", scheme=Scheme.ONE_CODE, codes=tuple(Code(name=code) for code in codes)),))


def coded(person: PersonId, number: int, code: str) -> Revealed:
    coding = Coding(
        id=CodingId(f"{person}{number}"),
        round_id=RoundId("r"),
        person_id=person,
        assignment_id=AssignmentId("a"),
        excerpt_id=ExcerptId(f"e{number:02}"),
        occasion=1,
        sequence=number + 1,
        at="",
        supersedes=None,
        provenance=Provenance.IN_SERVICE,
        content=Content(answers=(Answer(variable="tone", codes=(code,)),)),
    )
    return Revealed(coding, Verdict.BLIND)


def report(name: str, revision: int, codebook: Codebook, pairs: list[tuple[str, str]]) -> RoundReport:
    revealed = [coded(person, number, code) for number, pair in enumerate(pairs) for person, code in zip((ANN, BEN), pair, strict=True)]
    documents = {f"e{number:02}": "document" for number in range(len(pairs))}
    sample = Sample(documents=documents, lengths=dict.fromkeys(documents, 10))
    closed = ClosedRound(revealed=revealed, codebook=codebook, coders={ANN: "Ann", BEN: "Ben"}, sample=sample)
    figures = round_agreement(closed, profile=STANDARD_1, list_at_most=0)
    return RoundReport(
        round_id=name,
        name=name,
        kind=RoundKind.RELIABILITY,
        codebook_revision=revision,
        sample_method="chosen",
        sample_seed=1,
        draw="",
        design="",
        opened_at=None,
        closed_at=None,
        seal=None,
        provenance=[],
        unblinded=[],
        agreement=figures,
    )


FIRST, SECOND, THIRD = book("good", "bad", "dull"), book("fine", "bad", "dull"), book("fine", "bad")
STEPS = [
    Step(number=1, codebook=book("good"), edit=Edit.MEANING),
    Step(number=2, codebook=FIRST, edit=Edit.MEANING),
    Step(number=3, codebook=SECOND, edit=Edit.MINOR, operations=(Rename(variable="tone", code="good", to="fine"),)),
    Step(number=4, codebook=THIRD, edit=Edit.MEANING, operations=(Merge(variable="tone", codes=("bad", "dull"), to="bad"),)),
    Step(number=5, codebook=book("fine", "bad", "secret"), edit=Edit.MEANING),
]
PAIRS = [("good", "good")] * 4 + [("bad", "bad")] * 3 + [("good", "bad"), ("bad", "good"), ("dull", "bad")]


def renamed(pairs: list[tuple[str, str]], **names: str) -> list[tuple[str, str]]:
    return [(names.get(one, one), names.get(other, other)) for one, other in pairs]


@pytest.fixture(scope="module")
def reports() -> list[RoundReport]:
    return [
        report("one", 2, FIRST, PAIRS),
        report("two", 3, SECOND, renamed(PAIRS, good="fine")),
        report("three", 4, THIRD, renamed(PAIRS, good="fine", dull="bad")),
    ]


def test_each_point_is_the_rounds_own_figure(reports: list[RoundReport]) -> None:
    [tone] = trend(reports, STEPS).variables
    assert [(point.round_id, point.blind) for point in tone.points] == [(one.round_id, one.agreement.variables[0].alpha) for one in reports]
    assert tone.points[0].blind.value == tone.points[1].blind.value, "a rename changes no figure"
    assert tone.points[2].blind.value != tone.points[1].blind.value, "a merge does"


def test_a_code_keeps_its_line_under_another_name_and_a_merged_one_ends(reports: list[RoundReport]) -> None:
    [tone] = trend(reports, STEPS).variables
    found = {code.code: code for code in tone.codes}
    assert found.keys() == {"fine", "bad", "dull"}
    assert found["fine"].names == ["good", "fine"]
    assert [(point.round_id, point.code) for point in found["fine"].points] == [("one", "good"), ("two", "fine"), ("three", "fine")]
    assert [point.round_id for point in found["dull"].points] == ["one", "two"]
    assert found["dull"].went_into == "merged into bad"
    assert [point.round_id for point in found["bad"].points] == ["one", "two", "three"]
    assert [point.used_on for point in found["bad"].points] == [6, 6, 6]


def test_changes_of_meaning_stand_with_the_round_that_follows_them(reports: list[RoundReport]) -> None:
    assert [one.meaning_changed for one in trend(reports, STEPS).rounds] == [[], [], [4]]


def test_revisions_outside_the_rounds_are_not_told(reports: list[RoundReport]) -> None:
    assert b"secret" not in msgspec.json.encode(trend(reports, STEPS))


def test_no_round_no_trend() -> None:
    found = trend([], STEPS)
    assert (found.rounds, found.variables) == ([], [])
