"""Bodies and addresses made to break parsers: each is taken as it is or refused as a problem, never a fault of the service."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.web.site import Site

NOTHING = "00000000-0000-4000-8000-000000000000"


class Served:
    """A site on a real socket."""

    def __init__(self, site: Site, url: str) -> None:
        self.site = site
        self.url = url
        self.client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {site.tokens['lead']}"}, timeout=30)

    def post(self, content: bytes, path: str = "/api/v1/studies", **headers: str) -> httpx.Response:
        """Send bytes as JSON under a key of their own."""
        key = str(abs(hash(content)))
        return self.client.post(path, content=content, headers={"Content-Type": "application/json", "Idempotency-Key": key, **headers})

    def raw(self, request: bytes) -> tuple[int, bytes]:
        """Send bytes over a bare connection and give status and body of the answer."""
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a site on a real socket."""
    site = Site.in_folder(tmp_path_factory.mktemp("bodies"))
    with site.served() as url:
        served = Served(site, url)
        yield served
        served.client.close()
    site.scene.store.close()


def refused(response: httpx.Response) -> str:
    """Check that a response is a refusal in the agreed form, and give its detail."""
    assert 400 <= response.status_code < 500, response.text
    assert response.headers["content-type"] == "application/problem+json"
    detail: str = response.json()["detail"]
    return detail


DEEP = 200_000


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"name": "\xff\xfe"}', id="invalid UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"name": "S"}', id="byte order mark"),
        pytest.param('{"name": "S"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"name": ' + b"[" * DEEP + b"]" * DEEP + b"}", id="200,000 deep lists"),
        pytest.param(b'{"a": ' * DEEP + b"1" + b"}" * DEEP, id="200,000 deep objects"),
        pytest.param(b'{"name": ' + b"9" * 400 + b"}", id="400 digits for a text"),
        pytest.param(b'{"name": NaN}', id="NaN"),
        pytest.param(b'{"name": "\\u0000"}', id="NUL escaped"),
        pytest.param(b'{"name": "a\x00b"}', id="NUL raw"),
        pytest.param(b'{"name": "\\ud800"}', id="half a surrogate pair"),
        pytest.param(b'{"name": "S", "role": "lead"}', id="unknown field"),
        pytest.param(b'{"name": "S", "id": "1", "created_at": "x", "demo": true}', id="fields of the answer"),
        pytest.param(b'{"name": "S"', id="cut short"),
        pytest.param(b'{"name": "S"} x', id="more after the end"),
        pytest.param(b"null", id="null"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"name": "' + b"x" * 9_000_000 + b'"}', id="9 MB on one line"),
        pytest.param(b'{"name": ""}', id="empty name"),
        pytest.param(b'{"name": "\\n"}', id="line end as name"),
        pytest.param(b'{"name": "a\\nb"}', id="line end in a name"),
        pytest.param(b'{"name": "a\\n"}', id="line end after a name"),
    ],
)
def test_a_body_that_is_no_study_is_refused(served: Served, content: bytes) -> None:
    refused(served.post(content))
    assert served.client.get("/livez").is_success


NUMBERS = ["0", "-1", "1.5", "1e999", "9" * 400, str(2**63), str(2**64), "true", "NaN", "-0", "1e2"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_out_of_range_is_refused_before_the_database(served: Served, number: str) -> None:
    codebook = '{"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "c"}]}]}'
    body = f'{{"texts": ["x"], "codebook": {codebook}, "top": {number}}}'
    response = served.post(body.encode(), "/api/v1/suggestions")
    assert response.status_code in {200, 400}
    if number != "1e2":
        refused(response)
    plan = {"name": "R", "kind": "pilot", "policy": "none", "coders": [NOTHING], "revision": 1, "sample": {"method": "random", "size": 1}}
    text = json.dumps(plan).replace('"size": 1', f'"size": 1, "seed": {number}')
    refused(served.post(text.encode(), f"/api/v1/studies/{served.site.scene.study}/rounds"))


PAGES = ["limit=0", "limit=-1", "limit=1001", f"limit={10**23}", "after=-2", f"after={2**31}", "limit=x", "limit=1&limit="]


@pytest.mark.parametrize("query", PAGES)
def test_a_page_out_of_range_is_refused(served: Served, query: str) -> None:
    refused(served.client.get(f"/api/v1/documents/{served.site.scene.document}/excerpts?{query}"))


def test_of_a_name_given_twice_the_last_counts_and_nothing_breaks(served: Served) -> None:
    response = served.post(b'{"name": "one", "name": "two"}')
    assert response.status_code == 201
    assert response.json()["name"] == "two"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_an_encoded_body_is_not_unpacked(served: Served, encoding: str) -> None:
    refused(served.post(b"\x1f\x8b\x08\x00not really", **{"Content-Encoding": encoding}))


def test_chunks_without_a_length_are_read(served: Served) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"name": '
        yield b'"chunked"}'

    headers = {"Content-Type": "application/json", "Idempotency-Key": "chunks"}
    assert served.client.post("/api/v1/studies", content=chunks(), headers=headers).json()["name"] == "chunked"


def test_a_form_of_1500_parts_is_refused(served: Served) -> None:
    files = [("file", (f"{number}.csv", b"text\nx\n")) for number in range(1_500)]
    response = served.client.post(f"/api/v1/studies/{served.site.scene.study}/documents", files=files, headers={"Idempotency-Key": "p"})
    refused(response)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        pytest.param("a.csv", b"wrong\nx\n", "text", id="wrong column"),
        pytest.param("a.txt", b"caf\xe9", "", id="broken encoding"),
        pytest.param("a.csv", b"", "", id="empty file"),
        pytest.param("a.txt", b"a\0b", "", id="NUL"),
        pytest.param("a.jsonl", b'{"text": "ok"}\n{"text": 1}\n', "2", id="not a text in row 2"),
        pytest.param("a.exe", b"MZ", "", id="another kind of file"),
        pytest.param("a.csv", b"text\n" + b"x" * 10_000_000 + b"\n", "", id="10 MB line"),
    ],
)
def test_a_bad_file_is_refused_whole_and_named(served: Served, name: str, data: bytes, said: str) -> None:
    path = f"/api/v1/studies/{served.site.scene.study}/documents"
    before = served.client.get(path).json()
    detail = refused(served.client.post(path, files={"file": (name, data)}, headers={"Idempotency-Key": f"bad-{name}-{len(data)}"}))
    assert said in detail
    assert served.client.get(path).json() == before


@pytest.mark.parametrize("path", [b"/api/v1/studies/%ff", b"/api/v1/%00", b"/api/v1/studies/%c3%28", b"/\xff\xfe"])
def test_an_address_that_is_not_utf8_is_refused(served: Served, path: bytes) -> None:
    status, _ = served.raw(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert status == 400


@pytest.mark.parametrize("path", ["..%2f..%2fetc/passwd", "%252e%252e/", "studies/%2e%2e", f"rounds/{NOTHING}%00"])
def test_an_address_is_decoded_once_and_leads_nowhere_else(served: Served, path: str) -> None:
    status, body = served.raw(f"GET /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert status in {400, 404}
    assert json.loads(body)["status"] == status


def test_head_mirrors_get_without_the_body(served: Served) -> None:
    for path in ("/livez", "/readyz", "/api/v1/me", "/api/v1/studies", "/api/v1/openapi.json"):
        got, head = served.client.get(path), served.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/studies", "/api/v1/openapi.json", "/livez"])
def test_nothing_is_kept_or_answered_conditionally(served: Served, path: str) -> None:
    plain = served.client.get(path)
    conditions: dict[str, Any] = {"If-None-Match": "*", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    asked = served.client.get(path, headers=conditions)
    assert (asked.status_code, asked.content) == (200, plain.content)
    assert asked.headers["cache-control"] == "no-store"
    assert "etag" not in asked.headers


def test_pages_of_the_framework_are_not_there(served: Served) -> None:
    for path in ("/schema", "/schema/swagger", "/schema/openapi.json", "/docs", "/redoc"):
        assert served.client.get(path).status_code == 404, path
