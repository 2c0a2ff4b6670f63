"""Stopping: Ctrl+C ends the service whatever it is doing, and however often it is pressed."""

import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import httpx

from service.corpus.model import NewDocument, Span
from service.store import Store
from tests.installation import Installation
from tests.server import Server

EXCERPTS = 20_000
PRESSES = 10
LONG_ENOUGH_S = 60.0
"""Generous: what fails here fails by never ending."""


def test_ctrl_c_pressed_again_and_again_ends_it_while_excerpts_are_embedded(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    fill(installation.store)
    server = Server(tmp_path)
    server.start()
    try:
        wait_until_embedding(installation.store, server)
        for _ in range(PRESSES):
            server.interrupt()
            time.sleep(0.1)
        assert server.ended(LONG_ENOUGH_S)
    finally:
        server.kill()
    assert installation.store.integrity() == []


def test_a_web_process_that_does_not_answer_is_ended_too(tmp_path: Path) -> None:
    Installation(tmp_path).store.close()
    server = Server(tmp_path)
    server.start()
    try:
        for process in server.process_ids()[1:]:
            os.kill(process, signal.SIGSTOP)
        server.interrupt()
        assert server.ended(LONG_ENOUGH_S)
    finally:
        server.kill()


def fill(store: Store) -> None:
    """Bring in more excerpts than are embedded in the time of the test."""
    texts = [f"Excerpt {n}: " + "we talked about the week and what came of it " * 8 for n in range(EXCERPTS)]
    ends = [0]
    for text in texts:
        ends.append(ends[-1] + len(text))
    spans = tuple(Span(start, end) for start, end in pairwise(ends))
    with store.writing() as tx:
        person = tx.people.add(login="lead", name="Lead", may_lead=True)
        tx.corpus.bring_in(tx.corpus.add_study("S", person), [NewDocument("long.txt", "".join(texts), spans)])


def wait_until_embedding(store: Store, server: Server) -> None:
    """Wait until the first vectors are kept."""
    ends = time.monotonic() + LONG_ENOUGH_S
    while time.monotonic() < ends:
        assert httpx.get(f"{server.url}/livez").is_success
        with store.reading() as tx:
            if tx.vectors.models():
                return
        time.sleep(0.1)
    message = "no vector was kept"
    raise AssertionError(message)
