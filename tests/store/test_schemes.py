"""Spans, ordered values and flags on their way through the store: in, back, into the report and out as files, on both databases."""

import csv
import io
import json
from dataclasses import replace

import pytest

from service.agreement.coefficients import Coefficient
from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.model import Answer, CodedSpan, Content, RoundId
from service.errors import BadInput
from service.exchange.codings import CodingOptions, read_codings
from service.report.asked import Choices
from tests.store.scene import TEXTS, Scene

BOOK = Codebook(
    variables=(
        Variable(name="places", scheme=Scheme.SPANS, codes=(Code(name="who"), Code(name="what"))),
        Variable(name="degree", scheme=Scheme.ORDERED_VALUE, codes=(Code(name="low"), Code(name="high"))),
    )
)


def marked(*spans: tuple[int, int, str], degree: str = "low", flag: bool = False) -> Content:
    given = tuple(CodedSpan(start=start, end=end, code=code) for start, end, code in spans)
    answers = (Answer(variable="places", codes=(), spans=given), Answer(variable="degree", codes=(degree,)))
    return Content(answers=answers, flag=flag)


@pytest.fixture
def spanned(scene: Scene) -> Scene:
    with scene.store.writing() as tx:
        revision, _ = tx.codebooks.save(scene.study, BOOK, by=scene.lead, note="")
    return replace(scene, revision=revision.id)


def code(scene: Scene, round_id: RoundId, coder: int, contents: dict[int, Content]) -> None:
    """Give codings by the place of the excerpt."""
    with scene.store.writing() as tx:
        round_ = tx.codings.lock(round_id, scene.coders[coder])
        turns = {turn.excerpt_id: turn.id for turn in tx.assignments.of(round_id, scene.coders[coder])}
        tx.codings.submit(round_, scene.coders[coder], [(turns[scene.excerpts[place]], content) for place, content in contents.items()])


def test_spans_and_flags_come_back_as_they_were_given(spanned: Scene) -> None:
    round_id = spanned.open()
    given = marked((0, 8, "who"), (14, 18, "what"), flag=True)
    code(spanned, round_id, 0, {0: given, 1: marked()})
    with spanned.store.reading() as tx:
        own = {coding.excerpt_id: coding.content for coding in tx.codings.own(round_id, spanned.coders[0])}
    assert own == {spanned.excerpts[0]: given, spanned.excerpts[1]: marked()}


def test_a_span_beyond_its_own_excerpt_is_refused_and_nothing_is_stored(spanned: Scene) -> None:
    round_id = spanned.open()
    length = len(TEXTS[1])
    with pytest.raises(BadInput, match=rf"Coding 2 of 2: .*outside the excerpt's {length} characters.*Nothing was stored"):
        code(spanned, round_id, 0, {0: marked((0, length, "who")), 1: marked((0, length + 1, "who"))})
    with spanned.store.reading() as tx:
        assert tx.codings.own(round_id, spanned.coders[0]) == []


def closed(scene: Scene) -> RoundId:
    round_id = scene.open()
    code(scene, round_id, 0, {0: marked((0, 8, "who")), 1: marked((0, 8, "who"), degree="high"), 2: marked()})
    code(scene, round_id, 1, {0: marked((0, 8, "who")), 1: marked((2, 8, "who"), (9, 13, "what")), 2: marked()})
    scene.close(round_id)
    return round_id


def test_the_report_has_the_figures_of_every_scheme(spanned: Scene) -> None:
    round_id = closed(spanned)
    with spanned.store.reading() as tx:
        report = tx.reports.of(tx.rounds.get(round_id), profile=STANDARD_1, list_at_most=None)
    places, degree = report.agreement.variables
    assert (places.scheme, places.excerpts, places.excerpts_used) == ("spans", 6, 3)
    assert [(left.why, left.excerpts) for left in places.dropped] == [("coded by nobody", 3)]
    assert places.percent.value == pytest.approx(2 / 3)
    assert [one.excerpt_id for one in places.disagreements] == [spanned.excerpts[1]]
    second = places.disagreements[0].codings[1]
    assert [(span.start, span.end, span.code) for span in second.spans] == [(2, 8, "who"), (9, 13, "what")]
    assert {kind.kind: kind.differences for kind in places.kinds} == {"boundary": 1, "omission": 1}
    # They differ where only one marked: 2 and 4 characters of the three texts' 117.
    length = sum(len(text) for text in TEXTS[:3])
    assert places.alpha.observed == pytest.approx(6 / length)
    assert places.marked is not None
    who, what = places.marked.codes
    assert (who.spans, who.excerpts, who.spans_by_coder) == (4, 2, {"Coder 0": 2, "Coder 1": 2})
    assert who.alpha.observed == pytest.approx(2 / length)
    assert what.spans == 1
    assert set(places.coefficients) == {"u_alpha", "u_alpha_binary", "cu_alpha", "gamma", "gamma_cat"}
    assert (degree.metric, degree.percent.value) == ("ordinal", pytest.approx(2 / 3))


def test_codings_csv_holds_the_spans_and_reads_back(spanned: Scene) -> None:
    round_id = closed(spanned)
    with spanned.store.reading() as tx:
        files = tx.reports.files(tx.rounds.get(round_id))
    rows = read_codings("codings.csv", files["codings.csv"], CodingOptions(spans=True))
    places = {(row.unit, row.coder, row.code, row.span) for row in rows if row.variable == "places"}
    one, two, three = (str(excerpt) for excerpt in spanned.excerpts[:3])
    assert places == {
        (one, "Coder 0", "who", (0, 8)),
        (one, "Coder 1", "who", (0, 8)),
        (two, "Coder 0", "who", (0, 8)),
        (two, "Coder 1", "who", (2, 8)),
        (two, "Coder 1", "what", (9, 13)),
        (three, "Coder 0", "", None),
        (three, "Coder 1", "", None),
    }
    told = csv.DictReader(io.StringIO(files["codings.csv"].decode()))
    assert {row["flag"] for row in told} == {""}
    assert json.loads(files["codebook.json"])["variables"][0]["scheme"] == "spans"


def test_no_coefficient_of_spans_is_asked_for_by_name(spanned: Scene) -> None:
    round_id = closed(spanned)
    choices = Choices(coefficient=Coefficient.ALPHA, profile=STANDARD_1.label)
    with spanned.store.reading() as tx, pytest.raises(BadInput, match="all on the report"):
        tx.reports.ask(tx.rounds.get(round_id), "places", choices, by_document=False)
