"""Which codings a breakdown rests on: blind ones of the first occasion, in the order in which each coder first made them."""

import pytest
from msgspec.structs import replace

from service.agreement.estimate import Reason
from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.ledger import Verdict
from service.coding.model import Answer, CodedSpan, Content, PersonId, Provenance
from service.coding.reveal import Revealed
from service.report.breakdown import Breakdown, breakdowns, order_of
from service.report.closed import ClosedRound, Sample
from tests.report.test_round_agreement import CODERS, TONE, both

SPANS = Variable(name="places", scheme=Scheme.SPANS, codes=(Code(name="good"),))


def parted(revealed: list[Revealed], documents: dict[str, str]) -> list[Breakdown]:
    sample = Sample(documents=documents, lengths=dict.fromkeys(documents, 10))
    closed = ClosedRound(revealed=revealed, codebook=Codebook(variables=(TONE, SPANS)), coders=CODERS, sample=sample)
    return breakdowns(closed, STANDARD_1)


def broken_down(revealed: list[Revealed], documents: dict[str, str]) -> Breakdown:
    return parted(revealed, documents)[0]


def test_documents_and_quarters_by_hand() -> None:
    # Both code 0 to 3 in this order; they differ on 1 and 3. Document one has 0 and 1, document two 2 and 3.
    tone = broken_down(
        [*both([("good", "good"), ("good", "bad"), ("bad", "bad"), ("bad", "good")])], {"0": "one", "1": "one", "2": "two", "3": "two"}
    )
    assert [(part.name, part.excerpts, part.pairable) for part in tone.documents] == [("one", 2, 2), ("two", 2, 2)]
    # Document one: D_o = 2/4, n_good 3, n_bad 1: D_e = 2 * 3 / 12 = 1/2. Document two likewise.
    assert [part.alpha.value for part in tone.documents] == [pytest.approx(0), pytest.approx(0)]
    assert [part.percent.value for part in tone.quarters] == [1, 0, 1, 0]
    assert tone.unplaced == 0


def test_a_document_of_one_code_has_no_alpha_and_says_why() -> None:
    tone = broken_down([*both([("good", "good"), ("good", "bad")])], {"0": "one", "1": "two", "2": "three"})
    assert [part.alpha.undefined for part in tone.documents] == [Reason.NO_VARIATION, None, Reason.NO_DATA]
    assert tone.documents[0].percent.value == 1
    assert tone.documents[0].alpha.sentence is not None


def marking(person: PersonId, excerpt: int, spans: list[tuple[int, int]], *, left: bool = False) -> Revealed:
    """Mark stretches of an excerpt of ten characters, the excerpt's number being the turn."""
    [one, _] = both([("good", "good")], excerpt)
    marked = tuple(CodedSpan(start=start, end=end, code="good") for start, end in spans)
    answers = (Answer(variable="places", codes=(), spans=marked),)
    coding = replace(one.coding, person_id=person, sequence=excerpt + 1, content=Content(answers=answers))
    return Revealed(coding, Verdict.BLIND, left)


def test_a_variable_of_spans_has_parts_of_its_own() -> None:
    # Excerpt 0: both mark the first four of ten characters. Excerpt 1: Ben begins two later. Each is a document, and a quarter of two.
    anna, ben = CODERS
    revealed = [marking(anna, 0, [(0, 4)]), marking(anna, 1, [(0, 4)]), marking(ben, 0, [(0, 4)]), marking(ben, 1, [(2, 6)])]
    [_, places] = parted(revealed, {"0": "one", "1": "two"})
    assert [(part.excerpts, part.pairable, part.codings, part.percent.value) for part in places.documents] == [(1, 1, 2, 1), (1, 1, 2, 0)]
    assert [part.percent.value for part in places.quarters] == [1, None, 0, None]
    [one, two] = [part.alpha.value for part in places.quarters if part.codings]
    assert one == 1
    # Of 40 characters coded 16 are marked; D_e by the paper's correction for the lengths of the units, 4 of 4 and 24 of 1.
    assert two == pytest.approx(1 - 0.4 / (1 - ((16**2 - 4 * 4**2) + (24**2 - 24)) / (40**2 - 4 * 4**2 - 24)))
    assert places.documents[0].alpha.value == 1


def test_a_leavers_spans_are_in_no_part() -> None:
    anna, ben = CODERS
    revealed = [marking(anna, 0, [(0, 4)]), marking(ben, 0, [(2, 6)], left=True)]
    [_, places] = parted(revealed, {"0": "one"})
    assert places.documents[0].alpha.undefined is Reason.ONE_CODER
    assert sum(part.codings for part in places.quarters) == 1


def test_a_corrected_coding_stays_where_it_was_first_made() -> None:
    codings = both([("good", "good"), ("bad", "bad")])
    corrected = Revealed(replace(codings[0].coding, sequence=9), Verdict.BLIND)
    order, _ = order_of([*codings, corrected], CODERS)
    assert order.filter(coder="Anna").rows() == [("0", "Anna", 1), ("1", "Anna", 2)]


def test_imported_and_exposed_codings_have_no_place_in_an_order() -> None:
    codings = both([("good", "good"), ("bad", "bad")])
    imported = [
        Revealed(replace(one.coding, provenance=Provenance.IMPORTED), Verdict.BLIND) for one in codings if one.coding.person_id == "ben"
    ]
    later = Revealed(replace(codings[0].coding, sequence=9), Verdict.ASSISTED)
    order, unplaced = order_of([*(one for one in codings if one.coding.person_id == "anna"), *imported, later], CODERS)
    assert unplaced == 2
    assert set(order.get_column("coder")) == {"Anna"}
    assert len(order) == 2
