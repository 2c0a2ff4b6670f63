"""What leads turn on, the log of calls and the kept answers, on both databases."""

from datetime import timedelta
from threading import Barrier, Thread

from service.store.language_models import Call
from service.suggestion.redaction import Redaction
from service.suggestion.terms import Parameters, Terms
from tests.fakes import VirtualClock
from tests.store.scene import Scene
from tests.store.test_erasure import CANARY, holds


def terms(model: str, purpose: str = "To try it.", words: tuple[str, ...] = ()) -> Terms:
    return Terms(
        server="here",
        base_url="http://127.0.0.1:9/v1",
        purpose=purpose,
        parameters=Parameters(model=model),
        redaction=Redaction.WORDS,
        words=words,
    )


def call(model: str, asked: str = "a" * 64) -> Call:
    return Call(
        at="",
        principal="person:1",
        model=model,
        parameters=Parameters(model=model).digest(),
        asked=asked,
        outcome="answered",
        reason="",
        milliseconds=7,
        tokens_sent=11,
        tokens_received=13,
    )


def test_the_last_one_turned_on_is_on_until_it_is_turned_off(scene: Scene) -> None:
    with scene.store.writing() as tx:
        assert tx.language_models.present(scene.study) is None
        tx.language_models.turn_off(scene.study, scene.lead)
        assert tx.language_models.history(scene.study) == []
        for model in ("a", "b"):
            tx.language_models.turn_on(scene.study, scene.lead, terms(model))
        present = tx.language_models.present(scene.study)
        assert present is not None
        assert present.terms == terms("b")
        tx.language_models.turn_off(scene.study, scene.lead)
    with scene.store.reading() as tx:
        assert tx.language_models.present(scene.study) is None
        assert [one.state for one in tx.language_models.history(scene.study)] == ["off", "on", "on"]


def test_two_leads_at_once_leave_two_entries_in_an_order(scene: Scene) -> None:
    barrier = Barrier(2)

    def turn_on(model: str) -> None:
        barrier.wait()
        with scene.store.writing() as tx:
            tx.language_models.turn_on(scene.study, scene.lead, terms(model))

    threads = [Thread(target=turn_on, args=(model,)) for model in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with scene.store.reading() as tx:
        models = [one.terms.parameters.model for one in tx.language_models.history(scene.study) if one.terms]
    assert sorted(models) == ["a", "b"]


def test_an_answer_belongs_to_its_study_its_server_and_its_question(scene: Scene) -> None:
    other = scene.in_other_study()
    with scene.store.writing() as tx:
        for one in (scene, other):
            tx.language_models.turn_on(one.study, one.lead, terms("a"))
        since = tx.session.now()
        tx.language_models.keep(scene.study, "s", "q", "first", since=since)
        tx.language_models.keep(scene.study, "s", "q", "second", since=since)
        asked = [(scene.study, "s", "q"), (other.study, "s", "q"), (scene.study, "t", "q"), (scene.study, "s", "r")]
        assert [tx.language_models.reply(*one) for one in asked] == ["first", None, None, None]


def test_nothing_is_kept_once_it_is_off_or_a_document_was_erased_since(scene: Scene, clock: VirtualClock) -> None:
    with scene.store.writing() as tx:
        tx.language_models.turn_on(scene.study, scene.lead, terms("a"))
        before = tx.session.now()
    clock.passes(timedelta(seconds=1))
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    clock.passes(timedelta(seconds=1))
    with scene.store.writing() as tx:
        tx.language_models.keep(scene.study, "s", "q", "late", since=before)
        assert tx.language_models.reply(scene.study, "s", "q") is None
        tx.language_models.keep(scene.study, "s", "q", "in time", since=tx.session.now())
        assert tx.language_models.reply(scene.study, "s", "q") == "in time"
        tx.language_models.turn_off(scene.study, scene.lead)
        tx.language_models.keep(scene.study, "s", "r", "off", since=tx.session.now())
        assert tx.language_models.reply(scene.study, "s", "r") is None


def test_a_log_holds_a_keyed_hash_of_what_was_asked_and_the_newest_call_comes_first(scene: Scene, clock: VirtualClock) -> None:
    with scene.store.writing() as tx:
        tx.language_models.note(scene.study, call("a"))
    clock.passes(timedelta(seconds=1))
    with scene.store.writing() as tx:
        tx.language_models.note(scene.study, call("b"))
        rows = tx.language_models.calls(scene.study)
    assert [(row.model, row.milliseconds, row.tokens_sent, row.tokens_received) for row in rows] == [("b", 7, 11, 13), ("a", 7, 11, 13)]
    assert rows[0].asked == rows[1].asked != call("a").asked
    assert rows[0].at > rows[1].at


def test_erasing_the_study_takes_purpose_words_and_answers_and_leaves_who_and_when(scene: Scene) -> None:
    with scene.store.writing() as tx:
        tx.language_models.turn_on(scene.study, scene.lead, terms("a", f"{CANARY} agreed.", (CANARY,)))
        tx.language_models.keep(scene.study, "s", "q", f"It says {CANARY}.", since=tx.session.now())
    assert holds(scene.store)
    with scene.store.writing() as tx:
        tx.erasure.study(scene.study, scene.lead)
    scene.store.scrub()
    assert not holds(scene.store)
    with scene.store.reading() as tx:
        [entry] = tx.language_models.history(scene.study)
        assert (entry.by, entry.state, entry.terms) == (scene.lead, "on", None)
        assert tx.language_models.present(scene.study) is None
