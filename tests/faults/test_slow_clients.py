"""Clients that drip or say nothing are cut off, and nobody else waits for them."""

import socket
import time
from pathlib import Path

import httpx

from tests.faults.site import without_weights
from tests.server import serving

SOCKETS = 300
CUT_WITHIN_S = 10.0


def test_slow_headers_are_cut_off_and_others_are_answered_meanwhile(tmp_path: Path) -> None:
    with serving(tmp_path, models=without_weights(tmp_path / "models")) as server:
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(SOCKETS)]
        for connection in slow:
            connection.sendall(b"POST /api/v1/studies HTTP/1.1\r\nHost: localhost\r\nX-")
        assert httpx.get(f"{server.url}/livez", timeout=CUT_WITHIN_S).is_success
        ends = time.monotonic() + CUT_WITHIN_S
        while open_ := [connection for connection in slow if not closed(connection)]:
            assert time.monotonic() < ends, f"{len(open_)} of {SOCKETS} are still open"
            time.sleep(0.2)
        assert httpx.get(f"{server.url}/livez", timeout=CUT_WITHIN_S).is_success
        for connection in slow:
            connection.close()


def closed(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
    return True
