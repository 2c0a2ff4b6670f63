"""Taking over from a coder who left: fresh turns at the whole set, the leaver's codings stay, nobody learns what was coded."""

from functools import partial

import msgspec
import pytest
from sqlalchemy import select

from service.agreement.profile import STANDARD_1
from service.coding.design import turns_of
from service.coding.draw import Drawn
from service.coding.ledger import ROUND_CHAIN, EntryKind, first_break
from service.coding.model import PersonId, Replacement, RoundId
from service.coding.plan import Design, Repeats, SomeCoders
from service.coding.visibility import Role
from service.errors import Conflict
from service.report.proof import write_proof
from service.report.verification import read_and_verify
from service.store.tables import ledger, ledger_contents
from tests.store.scene import Scene, one
from tests.store.test_races import at_once, codings_of

HALF_AGAIN = Design(repeats=Repeats(0.5, 2))


def newcomer(scene: Scene, login: str = "nora") -> PersonId:
    with scene.store.writing() as tx:
        person = tx.people.add(login=login, name=login.title(), may_lead=False)
        tx.people.join(scene.study, person, Role.CODER)
        return person


def replace(scene: Scene, round_id: RoundId, leaver: PersonId, person: PersonId) -> None:
    with scene.store.writing() as tx:
        tx.rounds.replace(round_id, leaver, person, scene.lead)


def test_the_whole_set_is_taken_over_whatever_the_leaver_did(scene: Scene) -> None:
    made: list[list[tuple[str, int, int]]] = []
    for coded, login in ((0, "nora"), (3, "nils")):
        round_id = scene.open(design=HALF_AGAIN)
        leaver, person = scene.coders[1], newcomer(scene, login)
        if coded:
            scene.submit(round_id, leaver, [(turn.id, one("hope")) for turn in scene.turns(round_id, leaver)[:coded]])
        replace(scene, round_id, leaver, person)
        turns = scene.turns(round_id, person)
        assert not {turn.id for turn in turns} & {turn.id for turn in scene.turns(round_id, leaver)}
        made.append([(turn.excerpt_id, turn.occasion, turn.position) for turn in turns])
    expected = turns_of(scene.excerpts, PersonId("who"), 2, 7, HALF_AGAIN.repeats)
    assert made[0] == made[1] == [(turn.excerpt_id, turn.occasion, turn.position) for turn in expected]


def test_only_the_leavers_part_of_the_sample_is_taken_over(scene: Scene) -> None:
    people = (*scene.coders, newcomer(scene, "third"))
    round_id = scene.plan(coders=people, design=Design(SomeCoders(2)))
    with scene.store.writing() as tx:
        tx.rounds.open(round_id, scene.lead)
    person = newcomer(scene)
    replace(scene, round_id, people[0], person)
    assert {turn.excerpt_id for turn in scene.turns(round_id, person)} == {turn.excerpt_id for turn in scene.turns(round_id, people[0])}
    assert len(scene.turns(round_id, person)) == 4


def test_the_leavers_codings_stay_and_no_more_are_taken(scene: Scene) -> None:
    round_id = scene.open()
    leaver, person = scene.coders[1], newcomer(scene)
    [turn, following, *_] = scene.turns(round_id, leaver)
    scene.submit(round_id, leaver, [(turn.id, one("hope"))])
    replace(scene, round_id, leaver, person)
    with pytest.raises(Conflict, match="taken over"):
        scene.submit(round_id, leaver, [(following.id, one("hope"))])
    with scene.store.writing() as tx, pytest.raises(Conflict, match="taken over"):
        tx.codings.hand_in(tx.codings.lock(round_id, leaver), leaver)
    scene.code_all(round_id, person, "fear")
    with scene.store.reading() as tx:
        assert len(tx.codings.own(round_id, leaver)) == 1
        assert tx.rounds.get(round_id).replacements == (Replacement(leaver=leaver, person=person),)


def test_a_replacement_stands_in_the_ledger_of_the_round(scene: Scene) -> None:
    round_id = scene.open()
    person = newcomer(scene)
    replace(scene, round_id, scene.coders[1], person)
    with scene.store.reading() as tx:
        chain = tx.chains.chain(round_id, ROUND_CHAIN)
        query = select(ledger_contents.c.content).join(ledger).where(ledger.c.kind == EntryKind.REPLACED)
        [content] = tx.session.connection.execute(query).scalars()
    assert [entry.kind for entry in chain] == [EntryKind.OPENED, EntryKind.REPLACED]
    assert first_break(chain) is None
    told = msgspec.json.decode(content)
    assert (told["leaver"], told["person"], told["by"], list(told["assignments"])) == (scene.coders[1], person, scene.lead, [person])


def test_a_replacement_may_leave_too(scene: Scene) -> None:
    round_id = scene.open()
    first, second = newcomer(scene, "first"), newcomer(scene, "second")
    replace(scene, round_id, scene.coders[1], first)
    replace(scene, round_id, first, second)
    with scene.store.reading() as tx:
        assert tx.rounds.get(round_id).leavers == {scene.coders[1], first}
    assert [turn.excerpt_id for turn in scene.turns(round_id, second)] != [turn.excerpt_id for turn in scene.turns(round_id, first)]


def test_who_cannot_take_over(scene: Scene) -> None:
    round_id, draft, person = scene.open(), scene.plan(), newcomer(scene)
    with pytest.raises(Conflict, match="Only in an open round"):
        replace(scene, draft, scene.coders[0], person)
    with pytest.raises(Conflict, match="no such coder"):
        replace(scene, round_id, person, person)
    with pytest.raises(Conflict, match="already"):
        replace(scene, round_id, scene.coders[0], scene.coders[1])
    replace(scene, round_id, scene.coders[0], person)
    with pytest.raises(Conflict, match="no such coder"):
        replace(scene, round_id, scene.coders[0], newcomer(scene, "late"))
    with pytest.raises(Conflict, match="already"):
        replace(scene, round_id, scene.coders[1], scene.coders[0])
    scene.close(round_id)
    with pytest.raises(Conflict, match="Only in an open round"):
        replace(scene, round_id, scene.coders[1], newcomer(scene, "later"))


def test_whoever_opened_codings_early_never_takes_over(scene: Scene) -> None:
    round_id = scene.open()
    with scene.store.writing() as tx:
        tx.codings.unblinded(round_id, scene.coders[0], by=scene.lead, reason="a coder fell ill")
    with pytest.raises(Conflict, match="never code in it"):
        replace(scene, round_id, scene.coders[1], scene.lead)


def test_a_leaver_who_submits_at_the_same_moment_is_taken_or_refused(scene: Scene) -> None:
    """What was acknowledged is stored, and nothing is taken after the replacement."""
    leaver = scene.coders[1]
    for number in range(10):
        round_id, person = scene.open(), newcomer(scene, f"new{number}")
        turns = scene.turns(round_id, leaver)
        acts = [partial(scene.submit, round_id, leaver, [(turn.id, one("hope"))]) for turn in turns[:3]]
        outcomes = at_once([partial(replace, scene, round_id, leaver, person), *acts])
        with scene.store.reading() as tx:
            stored = {coding.id for coding in tx.codings.own(round_id, leaver)}
            assert len(tx.assignments.of(round_id, person)) == len(turns)
        assert stored == codings_of(outcomes)
        assert all(isinstance(outcome, Conflict | list | None) for outcome in outcomes)
        with pytest.raises(Conflict, match="taken over"):
            scene.submit(round_id, leaver, [(turns[4].id, one("hope"))])


def test_two_who_take_over_from_one_leaver_at_once_do_not_both(scene: Scene) -> None:
    for number in range(5):
        round_id = scene.open()
        people = [newcomer(scene, f"a{number}"), newcomer(scene, f"b{number}")]
        outcomes = at_once([partial(replace, scene, round_id, scene.coders[1], person) for person in people])
        assert sorted(isinstance(outcome, Conflict) for outcome in outcomes) == [False, True]
        with scene.store.reading() as tx:
            assert len(tx.rounds.get(round_id).replacements) == 1


def test_a_weighted_round_with_repeats_and_a_replacement_is_proved(scene: Scene) -> None:
    sample = tuple(Drawn(excerpt, 0.5 if place % 2 else 1.0) for place, excerpt in enumerate(scene.excerpts))
    round_id = scene.plan(design=HALF_AGAIN, sample=sample)
    with scene.store.writing() as tx:
        tx.rounds.open(round_id, scene.lead)
    scene.code_all(round_id, scene.coders[0])
    leaver, person = scene.coders[1], newcomer(scene)
    scene.submit(round_id, leaver, [(turn.id, one("fear")) for turn in scene.turns(round_id, leaver)[:4]])
    replace(scene, round_id, leaver, person)
    turns = scene.turns(round_id, person)
    scene.submit(round_id, person, [(turn.id, one("fear" if turn.excerpt_id == scene.excerpts[1] else "hope")) for turn in turns])
    scene.close(round_id)
    with scene.store.reading() as tx:
        round_ = tx.rounds.get(round_id)
        report = tx.reports.of(round_, profile=STANDARD_1, list_at_most=None)
        files = tx.reports.files(round_)
        found = "\n".join(read_and_verify("proof.zip", write_proof(tx.proofs.of(round_))))
    theme = report.agreement.variables[0]
    # Three excerpts weigh 1 and three weigh 2; the coders part on one that weighs 2.
    assert theme.percent.value == pytest.approx(7 / 9)
    assert [(one.coder, one.excerpts, one.percent.value) for one in report.agreement.stability if one.variable == "theme"] == [
        ("Coder 0", 3, 1.0),
        ("Nora", 3, 1.0),
    ]
    assert report.agreement.replaced[0].codings == 4
    assert {"codings-of-repeats.csv", "codings-of-leavers.csv"} <= set(files)
    assert files["codings-of-leavers.csv"].count(b"Coder 1") == 4
    assert b"Coder 1" not in files["codings.csv"]
    assert "12 of them blind and counted" in found
    assert "equal bit for bit" in found
    assert "not made anew" not in found


def test_a_coders_own_files_tell_repeats_only_after_the_close(scene: Scene) -> None:
    round_id = scene.open(design=HALF_AGAIN)
    scene.code_all(round_id, scene.coders[0])
    files: list[bytes] = []
    for close in (False, True):
        if close:
            scene.close(round_id)
        with scene.store.reading() as tx:
            files.append(tx.reports.own_files(tx.rounds.get(round_id), scene.coders[0])["codings.csv"])
    assert [b"occasion" in file for file in files] == [False, True]
    assert [file.count(b"Coder 0") for file in files] == [9, 9]
