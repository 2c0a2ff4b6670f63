"""Idempotency: the same request under the same key is carried out once, whoever sends it again and whenever."""

from threading import Barrier, Thread

import pytest

from service.errors import Conflict, KeyReused, RoundClosed
from service.store import Store
from tests.store.scene import Scene, one


def run(store: Store, made: str = "id", *, key: str = "k", body: bytes = b"body", who: str = "person:a", operation: str = "op") -> str:
    with store.writing() as tx:
        return tx.requests.once(who, operation, key, body, lambda: made)[0]


def test_the_same_request_again_gives_what_the_first_made(store: Store) -> None:
    with store.writing() as tx:
        assert tx.requests.once("p", "op", "k", b"body", lambda: "first") == ("first", True)
    with store.writing() as tx:
        assert tx.requests.once("p", "op", "k", b"body", lambda: "second") == ("first", False)


def test_another_request_under_the_same_key_is_refused(store: Store) -> None:
    run(store)
    with pytest.raises(KeyReused):
        run(store, body=b"other")
    assert run(store) == "id"


def test_a_key_belongs_to_its_principal_and_operation(store: Store) -> None:
    made = [run(store, "1"), run(store, "2", who="person:b"), run(store, "3", operation="other"), run(store, "4", key="l")]
    assert made == ["1", "2", "3", "4"]


def test_a_request_that_was_refused_leaves_its_key_free(store: Store) -> None:
    def refuse() -> str:
        message = "Not now."
        raise Conflict(message)

    with pytest.raises(Conflict), store.writing() as tx:
        tx.requests.once("person:b", "op", "k", b"body", refuse)
    assert run(store, who="person:b", made="now") == "now"


def test_a_retry_after_the_close_gives_the_acknowledged_coding(scene: Scene) -> None:
    round_id = scene.open()
    person = scene.coders[0]
    turn = scene.turns(round_id, person)[0].id

    def send(key: str) -> str:
        with scene.store.writing() as tx:
            round_ = tx.codings.lock(round_id, person)
            return tx.requests.once(person, "submit", key, b"b", lambda: tx.codings.submit(round_, person, [(turn, one("hope"))])[0])[0]

    acknowledged = send("before")
    scene.close(round_id)
    assert send("before") == acknowledged
    with pytest.raises(RoundClosed):
        send("after")
    with scene.store.reading() as tx:
        assert [coding.id for coding in tx.codings.own(round_id, person)] == [acknowledged]


def test_of_two_at_once_one_acts_and_both_get_its_answer(store: Store) -> None:
    barrier = Barrier(4)
    answers: list[str] = []

    def send(number: int) -> None:
        barrier.wait()
        answers.append(run(store, made=str(number)))

    threads = [Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert len(set(answers)) == 1
