"""The encoder's thread and queue: states, deadlines, company, faults."""

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from threading import Event

import numpy as np
import pytest

from service.embedding import Encoder, EncoderService, Failed, Limits, Loading, Ready, Traffic, Vectors
from service.errors import Unavailable
from service.leaktest.fakes import HashEncoder

PATIENCE = 30.0
"""Seconds that are never reached unless something hangs."""


class Gated(HashEncoder):
    """An encoder that holds each call until it is let go, notes what came together, and cannot read one text."""

    def __init__(self) -> None:
        super().__init__()
        self.go = Event()
        self.inside = Event()
        self.calls: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.inside.set()
        assert self.go.wait(PATIENCE)
        self.calls.append(list(texts))
        if "poison" in texts:
            raise ValueError("poison")
        return super().encode(texts)


@contextmanager
def running(encoder: Encoder, limits: Limits | None = None) -> Generator[EncoderService, None, None]:
    service = EncoderService(lambda: encoder, limits or Limits())
    service.start()
    until(lambda: isinstance(service.state(), Ready))
    try:
        yield service
    finally:
        service.stop()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.001)


def held(service: EncoderService, encoder: Gated) -> None:
    """Occupy the encoder, so that what follows waits in the queue."""
    service.submit(["first"], Traffic.PERSON)
    assert encoder.inside.wait(PATIENCE)


def test_it_answers_what_the_encoder_answers() -> None:
    with running(HashEncoder()) as service:
        found = asyncio.run(service.encode(["a", "b"], traffic=Traffic.PERSON, deadline=PATIENCE))
    assert found.tobytes() == HashEncoder().encode(["a", "b"]).tobytes()


def test_it_loads_in_the_background_and_requests_wait_for_it() -> None:
    ready = Event()

    def load() -> Encoder:
        assert ready.wait(PATIENCE)
        return HashEncoder()

    service = EncoderService(load, Limits())
    service.start()
    assert service.state() == Loading()
    with pytest.raises(Unavailable, match="still loading"):
        service.identity()
    waiting = service.submit(["a"], Traffic.PERSON)
    ready.set()
    assert waiting.result(PATIENCE).vectors.shape == (1, 64)
    assert service.state() == Ready(service.identity())
    service.stop()


def test_a_request_that_waits_too_long_for_the_model_is_told_so() -> None:
    never = Event()

    def load() -> Encoder:
        never.wait()
        return HashEncoder()

    service = EncoderService(load, Limits())
    service.start()
    with pytest.raises(Unavailable, match=r"still loading: no answer within 0\.01 s"):
        asyncio.run(service.encode(["a"], traffic=Traffic.PERSON, deadline=0.01))
    never.set()
    service.stop()


def test_a_model_that_cannot_be_loaded_is_said_with_the_reason_and_may_be_started_again() -> None:
    answers: list[Unavailable | Encoder] = [Unavailable("The file is altered."), HashEncoder()]

    def load() -> Encoder:
        match answers.pop(0):
            case Unavailable() as refusal:
                raise refusal
            case encoder:
                return encoder

    service = EncoderService(load, Limits())
    service.start()
    until(lambda: service.state() == Failed("The file is altered."))
    with pytest.raises(Unavailable, match="altered"):
        service.submit(["a"], Traffic.PERSON)
    with pytest.raises(Unavailable, match="altered"):
        service.bulk()
    service.start()
    until(lambda: isinstance(service.state(), Ready))
    service.stop()


def test_who_waits_while_the_load_fails_is_told_the_reason() -> None:
    ready = Event()

    def load() -> Encoder:
        assert ready.wait(PATIENCE)
        raise OSError("disk")

    service = EncoderService(load, Limits())
    service.start()
    waiting = service.submit(["a"], Traffic.PERSON)
    ready.set()
    with pytest.raises(Unavailable, match="could not be loaded"):
        waiting.result(PATIENCE)


def test_machine_texts_go_together_and_a_persons_alone() -> None:
    encoder = Gated()
    with running(encoder, Limits(together=3)) as service:
        held(service, encoder)
        asked = [
            service.submit([name], traffic)
            for name, traffic in [
                ("m1", Traffic.MACHINE),
                ("p1", Traffic.PERSON),
                ("m2", Traffic.MACHINE),
                ("p2", Traffic.PERSON),
                ("m3", Traffic.MACHINE),
                ("m4", Traffic.MACHINE),
            ]
        ]
        encoder.go.set()
        wait(asked, PATIENCE)
    assert encoder.calls == [["first"], ["m1", "m2", "m3"], ["p1"], ["p2"], ["m4"]]


def test_each_gets_the_own_vectors_out_of_a_common_pass() -> None:
    encoder = Gated()
    with running(encoder) as service:
        held(service, encoder)
        asked = {name: service.submit([name, f"{name} more"], Traffic.MACHINE) for name in ("a", "b", "c")}
        encoder.go.set()
        for name, answer in asked.items():
            assert answer.result(PATIENCE).vectors.tobytes() == HashEncoder().encode([name, f"{name} more"]).tobytes()


def test_one_bad_text_fails_alone() -> None:
    encoder = Gated()
    with running(encoder) as service:
        held(service, encoder)
        good, bad, other = (service.submit([text], Traffic.MACHINE) for text in ("good", "poison", "other"))
        encoder.go.set()
        assert good.result(PATIENCE).vectors.shape == other.result(PATIENCE).vectors.shape == (1, 64)
        with pytest.raises(ValueError, match="poison"):
            bad.result(PATIENCE)
        assert service.submit(["after"], Traffic.PERSON).result(PATIENCE).vectors.shape == (1, 64)


def test_a_full_queue_refuses_and_recovers() -> None:
    encoder = Gated()
    with running(encoder, Limits(waiting=3)) as service:
        held(service, encoder)
        kept = service.submit(["a", "b"], Traffic.PERSON)
        with pytest.raises(Unavailable, match="more texts waiting"):
            service.submit(["c", "d"], Traffic.PERSON)
        encoder.go.set()
        assert kept.result(PATIENCE).vectors.shape == (2, 64)
        assert service.submit(["c", "d"], Traffic.PERSON).result(PATIENCE).vectors.shape == (2, 64)


def test_one_request_larger_than_the_queue_is_taken_when_nothing_waits() -> None:
    with running(HashEncoder(), Limits(waiting=2)) as service:
        assert service.submit(["a", "b", "c"], Traffic.PERSON).result(PATIENCE).vectors.shape == (3, 64)


def test_a_caller_that_gave_up_is_not_embedded() -> None:
    encoder = Gated()

    async def give_up(service: EncoderService) -> None:
        with pytest.raises(Unavailable, match="busy"):
            await service.encode(["gone"], traffic=Traffic.PERSON, deadline=0.01)

    with running(encoder) as service:
        held(service, encoder)
        asyncio.run(give_up(service))
        last = service.submit(["last"], Traffic.PERSON)
        encoder.go.set()
        last.result(PATIENCE)
    assert encoder.calls == [["first"], ["last"]]


def test_who_waits_when_the_service_stops_is_refused() -> None:
    encoder = Gated()
    with running(encoder) as service:
        held(service, encoder)
        waiting = service.submit(["a"], Traffic.PERSON)
        service.stop()
        encoder.go.set()
        with pytest.raises(Unavailable, match="stopping"):
            waiting.result(PATIENCE)


def test_bulk_work_is_cut_in_slices_of_similar_length_and_comes_back_in_order() -> None:
    encoder = Gated()
    encoder.go.set()
    texts = ["a longer text", "x", "a much longer text here", "y"]
    with running(encoder, Limits(slice=20, shortest=1)) as service:
        found = service.bulk().encode(texts)
    assert found.tobytes() == HashEncoder().encode(texts).tobytes()
    assert encoder.calls == [["x", "y", "a longer text"], ["a much longer text here"]]


def test_bulk_work_takes_small_slices_while_others_ask() -> None:
    encoder = Gated()
    encoder.go.set()
    with running(encoder, Limits(slice=100, small_slice=1, recent=PATIENCE)) as service:
        service.submit(["someone"], Traffic.PERSON).result(PATIENCE)
        service.bulk().encode(["a", "b", "c"])
    assert encoder.calls == [["someone"], ["a"], ["b"], ["c"]]


def test_many_very_short_texts_are_not_one_small_slice() -> None:
    """The narrowest pass computes as many tokens for a word as for a sentence: a slice of a dozen words made others wait."""
    encoder = Gated()
    encoder.go.set()
    with running(encoder, Limits(small_slice=128, shortest=64, recent=PATIENCE)) as service:
        service.submit(["someone"], Traffic.PERSON).result(PATIENCE)
        service.bulk().encode(["yes", "no", "well", "maybe", "a sentence that is rather long and has more than 64 characters"])
    assert [len(call) for call in encoder.calls] == [1, 2, 2, 1]


def test_the_event_loop_is_free_while_the_model_works() -> None:
    encoder = Gated()

    async def ask(service: EncoderService) -> int:
        asked = asyncio.ensure_future(service.encode(["a"], traffic=Traffic.PERSON, deadline=PATIENCE))
        assert await asyncio.to_thread(encoder.inside.wait, PATIENCE)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not asked.done()
        encoder.go.set()
        return len(await asked)

    with running(encoder) as service:
        assert asyncio.run(ask(service)) == 1


def test_the_real_model_answers_through_the_service(encoder: Encoder) -> None:
    with running(encoder) as service:
        vectors = asyncio.run(service.encode(["My mentor listens."], traffic=Traffic.PERSON, deadline=PATIENCE))
    assert np.allclose(vectors, encoder.encode(["My mentor listens."]), atol=1e-3)
