"""Earlier codings brought into an open round: all or none, one message that names the row, sealed like the others', printed as imported."""

from dataclasses import replace

import pytest

from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.ledger import EntryKind, Verdict
from service.coding.model import CodedSpan, PersonId, Provenance, RoundId
from service.errors import BadInput, Conflict, NotFound
from tests.store.scene import TEXTS, Scene, document

BOOK = Codebook(
    variables=(
        Variable(name="theme", scheme=Scheme.ONE_CODE, codes=(Code(name="hope"), Code(name="fear"))),
        Variable(name="places", scheme=Scheme.SPANS, codes=(Code(name="who"), Code(name="what"))),
    )
)


@pytest.fixture
def opened(scene: Scene) -> tuple[Scene, RoundId]:
    with scene.store.writing() as tx:
        revision, _ = tx.codebooks.save(scene.study, BOOK, by=scene.lead, note="")
    scene = replace(scene, revision=revision.id)
    return scene, scene.open()


def bring_in(scene: Scene, round_id: RoundId, rows: str, *, person: PersonId | None = None) -> list[str]:
    with scene.store.writing() as tx:
        round_ = tx.rounds.alone(round_id)
        return tx.imports.bring_in(round_, person or scene.coders[0], ("old.csv", rows.encode()), by=scene.lead)


def test_codings_come_in_by_id_or_text_with_every_scheme_and_count_as_the_coders_own(opened: tuple[Scene, RoundId]) -> None:
    scene, round_id = opened
    rows = (
        "unit,variable,code,start,end\n"
        f"{scene.excerpts[0]},theme,hope,,\n"
        f"{scene.excerpts[0]},places,what,14,18\n"
        f"{scene.excerpts[0]},places,who,0,6\n"
        f"{TEXTS[1]},theme,,,\n"
    )
    assert len(bring_in(scene, round_id, rows)) == 2
    with scene.store.reading() as tx:
        own = {coding.excerpt_id: coding for coding in tx.codings.own(round_id, scene.coders[0])}
        assert tx.codings.own(round_id, scene.coders[1]) == []
    first, second = own[scene.excerpts[0]], own[scene.excerpts[1]]
    assert {first.provenance, second.provenance} == {Provenance.IMPORTED}
    assert first.content is not None
    assert second.content is not None
    assert [answer.codes for answer in first.content.answers] == [("hope",), ()]
    assert first.content.answers[1].spans == (CodedSpan(start=0, end=6, code="who"), CodedSpan(start=14, end=18, code="what"))
    assert [(answer.variable, answer.codes) for answer in second.content.answers] == [("theme", ())]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param("X,theme,hope,,", "old.csv, row 3: this coder has no excerpt of this id or exact text", id="no such excerpt"),
        pytest.param("{1},mood,hope,,", "old.csv, row 3: The round's codebook has no variable", id="no such variable"),
        pytest.param("{1},theme,joy,,", "old.csv, row 3: Variable theme has no such code", id="no such code"),
        pytest.param("{1},theme,hope,,\n{1},theme,fear,,", "old.csv, row 4: Variable theme takes one code; 2", id="two of one"),
        pytest.param("{1},places,who,0,99", "old.csv, row 3: Variable places: a span lies outside", id="a span too long"),
        pytest.param("{1},places,who,,", "old.csv, row 3: Variable places takes spans", id="a code without its place"),
        pytest.param(
            "{1},theme,hope,0,4", "old.csv, row 3: Variable theme takes codes for the whole excerpt", id="a place where none belongs"
        ),
        pytest.param("{1},theme,hope,0", "row 3", id="a row cut short"),
        pytest.param("{0},theme,fear,,", "old.csv, row 3: Variable theme takes one code", id="the first row's excerpt again"),
    ],
)
def test_one_bad_row_is_named_and_nothing_comes_in(opened: tuple[Scene, RoundId], rows: str, said: str) -> None:
    scene, round_id = opened
    with scene.store.reading() as tx:
        before = tx.chains.whole(round_id)
    named = rows.format(*scene.excerpts)
    with pytest.raises(BadInput) as refused:
        bring_in(scene, round_id, f"unit,variable,code,start,end\n{scene.excerpts[0]},theme,hope,,\n{named}\n")
    assert said in refused.value.detail
    with scene.store.reading() as tx:
        assert tx.chains.whole(round_id) == before
        assert tx.codings.own(round_id, scene.coders[0]) == []


def test_a_text_that_stands_twice_is_named_by_id(scene: Scene) -> None:
    with scene.store.writing() as tx:
        tx.corpus.bring_in(scene.study, [document(TEXTS[0], name="interview 2")])
        scene = replace(scene, excerpts=tuple(tx.corpus.excerpt_ids(scene.study)))
    round_id = scene.open()
    with pytest.raises(BadInput, match="row 2: several excerpts of the round have this text"):
        bring_in(scene, round_id, f"text,variable,code\n{TEXTS[0]},theme,hope\n")
    assert len(bring_in(scene, round_id, f"excerpt,variable,code\n{scene.excerpts[0]},theme,hope\n")) == 1


def test_what_is_coded_already_is_not_written_over(opened: tuple[Scene, RoundId]) -> None:
    scene, round_id = opened
    rows = f"unit,variable,code\n{scene.excerpts[0]},theme,hope\n"
    bring_in(scene, round_id, rows)
    with pytest.raises(BadInput, match="row 2: this coder has a coding of this excerpt in the round already"):
        bring_in(scene, round_id, rows)
    assert len(bring_in(scene, round_id, rows, person=scene.coders[1])) == 1


def test_only_into_an_open_round_and_only_as_one_of_its_coders(opened: tuple[Scene, RoundId]) -> None:
    scene, round_id = opened
    rows = f"unit,variable,code\n{scene.excerpts[0]},theme,hope\n"
    with pytest.raises(Conflict, match="Name a coder of this round"):
        bring_in(scene, round_id, rows, person=scene.lead)
    with pytest.raises(Conflict, match="while the round is open"):
        bring_in(scene, scene.plan(), rows)
    with scene.store.writing() as tx:
        tx.codings.hand_in(tx.codings.lock(round_id, scene.coders[0]), scene.coders[0])
    with pytest.raises(Conflict, match="handed in"):
        bring_in(scene, round_id, rows)
    scene.close(round_id)
    with pytest.raises(Conflict, match="while the round is open"):
        bring_in(scene, round_id, rows, person=scene.coders[1])


def test_they_are_sealed_until_the_close_and_the_report_says_imported(opened: tuple[Scene, RoundId]) -> None:
    scene, round_id = opened
    rows = "unit,variable,code\n" + "".join(f"{excerpt},theme,hope\n" for excerpt in scene.excerpts)
    bring_in(scene, round_id, rows)
    with scene.store.reading() as tx, pytest.raises(NotFound):
        tx.codings.revealed(round_id)
    scene.close(round_id)
    with scene.store.reading() as tx:
        revealed = tx.codings.revealed(round_id)
        report = tx.reports.of(tx.rounds.get(round_id), profile=STANDARD_1, list_at_most=0)
        [(at, content)] = tx.chains.records(round_id, EntryKind.IMPORTED)
    assert {one.verdict for one in revealed} == {Verdict.BLIND}
    assert report.provenance == ["imported"]
    [told] = report.imported
    assert (told.at, told.coder, told.by, told.codings) == (at, "Coder 0", "Lead", 6)
    assert content is not None
    assert scene.lead.encode() in content


def test_whoever_brought_codings_in_never_codes_in_the_round(opened: tuple[Scene, RoundId]) -> None:
    scene, round_id = opened
    bring_in(scene, round_id, f"unit,variable,code\n{scene.excerpts[0]},theme,hope\n")
    with scene.store.writing() as tx, pytest.raises(Conflict, match="can never code in it"):
        tx.rounds.replace(round_id, scene.coders[1], scene.lead, scene.lead)


def test_more_than_a_batch_comes_in_at_once(scene: Scene) -> None:
    texts = [f"Excerpt {number} of many." for number in range(1_050)]
    with scene.store.writing() as tx:
        tx.corpus.bring_in(scene.study, [document(*texts, name="long interview")])
        scene = replace(scene, excerpts=tuple(tx.corpus.excerpt_ids(scene.study)))
    round_id = scene.open()
    rows = "unit,variable,code\n" + "".join(f"{excerpt},theme,hope\n" for excerpt in scene.excerpts)
    assert len(bring_in(scene, round_id, rows)) == 1_056
    with scene.store.reading() as tx:
        chain = tx.chains.chain(round_id, scene.coders[0])
    assert [entry.sequence for entry in chain] == list(range(1, 1_057))
