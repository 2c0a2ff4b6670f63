"""Looking at a server's system calls, and killing it at one of them; asking until answered."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest

from service.coding.model import PersonId
from tests.faults.site import Site

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here: install it (Debian: apt-get install strace)")


@contextmanager
def traced(site: Site, *options: str) -> Generator[None]:
    """Look at the running server with strace; it lets go when the block or the server ends."""
    processes = [option for process in site.server.process_ids() for option in ("-p", str(process))]
    strace = subprocess.Popen(["strace", "-f", "-y", *options, *processes], stderr=subprocess.PIPE)
    assert strace.stderr is not None
    strace.stderr.readline()  # it says when it is attached
    time.sleep(0.3)
    try:
        yield
    finally:
        strace.terminate()
        strace.communicate()


def ask(site: Site, person: PersonId, path: str, body: object) -> httpx.Response:
    """Ask until answered, under one key; a server that died is started again."""
    key = fresh_key()
    while True:
        with site.client(person) as client:
            try:
                response = client.post(path, json=body, headers=key) if body is not None else client.post(path, headers=key)
            except httpx.TransportError:
                site.server.kill()
                site.server.start()
                continue
        assert response.is_success, response.text
        return response


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}
