"""What is compressed, and that it stays what it is: reads of kinds that shrink; never what answers something that was sent."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from tests.installation import Installation
from tests.web.pages.visiting import Site, Visitor, site

STAMP = slice(4, 8)
"""Of a gzip stream: the second in which it was made."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        yield site(installation, client)
    installation.store.close()


def asked(here: Site, path: str, *, method: str = "GET", encoding: str = "gzip", **options: Any) -> tuple[httpx.Response, bytes]:
    """Ask as the lead, by token or by session, and give the answer with the bytes as they came."""
    lead = here.visitor("lead@example.org")
    session = {"Cookie": f"intercoder_session={lead.cookie}", "Sec-Fetch-Site": "same-origin"}
    headers = here.api.headers() if path.startswith("/api/") else session
    client: TestClient[Any] = here.client
    client.cookies.clear()
    with client.stream(method, path, headers={**headers, "Accept-Encoding": encoding}, **options) as answer:
        return answer, b"".join(answer.iter_raw())


def places(here: Site) -> dict[str, str]:
    round_ = here.round()
    here.api.post(f"/rounds/{round_}/closing")
    return {
        "a page": f"/rounds/{round_}/agreement",
        "JSON": f"/api/v1/rounds/{round_}/agreement",
        "a problem": "/api/v1/rounds/00000000-0000-4000-8000-000000000000/agreement",
        "the description": "/api/v1/openapi.json",
        "styles": "/static/intercoder.css",
        "a script": "/static/coder.js",
        "a picture": f"/rounds/{round_}/charts/0/codes/light",
        "numbers": f"/rounds/{round_}/charts/0/codes/files/csv",
    }


def test_what_is_read_comes_small_and_whole(here: Site) -> None:
    for name, path in places(here).items():
        plain, whole = asked(here, path, encoding="identity")
        answer, sent = asked(here, path)
        assert plain.status_code == answer.status_code, name
        assert "content-encoding" not in plain.headers, name
        assert int(plain.headers["content-length"]) == len(whole), name
        assert int(answer.headers["content-length"]) == len(sent), name
        if name not in {"a problem", "numbers"}:  # of a few hundred bytes
            assert answer.headers["content-encoding"] == "gzip", name
            assert "accept-encoding" in answer.headers["vary"].lower(), name
            assert len(sent) < len(whole) * 0.6, name
            if name != "a page":  # whose forms have new keys each time
                assert gzip.decompress(sent) == whole, name


def test_the_same_answer_has_the_same_bytes_but_for_the_second(here: Site) -> None:
    (_, one), (_, other) = asked(here, "/api/v1/openapi.json"), asked(here, "/api/v1/openapi.json")
    assert one[: STAMP.start] + one[STAMP.stop :] == other[: STAMP.start] + other[STAMP.stop :]


def test_head_has_the_headers_of_get(here: Site) -> None:
    for path in ("/static/intercoder.css", f"/api/v1/studies/{here.study}/documents", f"/studies/{here.study}"):
        (got, _), (head, nothing) = asked(here, path), asked(here, path, method="HEAD")
        assert nothing == b""
        if path.startswith("/static/"):
            assert head.headers["content-length"] == got.headers["content-length"]
            assert head.headers["etag"] == got.headers["etag"]
        assert head.headers.get("content-encoding") == got.headers.get("content-encoding")


def test_assets_stay_in_caches(here: Site) -> None:
    answer, _ = asked(here, "/static/intercoder.css")
    assert "immutable" in answer.headers["cache-control"]
    page, _ = asked(here, f"/studies/{here.study}")
    assert page.headers["cache-control"] == "no-store"


def test_what_answers_something_that_was_sent_is_never_compressed(here: Site) -> None:
    text = "A text that somebody chose. " * 50
    body = {"texts": [text], "codebook": {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "a"}, {"name": "b"}]}]}}
    for path in ("/api/v1/suggestions", "/api/v1/suggestions/stream"):
        answer, sent = asked(here, path, method="POST", json=body)
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers
        assert sent[:1] == b"{"
    token = asked(here, "/tokens", method="POST", data={"key": "k1", "name": "T", "kind": "person", "scopes": "results", "days": "9"})
    assert "content-encoding" not in token[0].headers
    assert len(token[1]) > 500


def test_pictures_and_archives_are_not_compressed_again(here: Site) -> None:
    round_ = here.round()
    here.api.post(f"/rounds/{round_}/closing")
    png, _ = asked(here, f"/rounds/{round_}/charts/0/codes/files/png")
    assert png.headers["content-type"] == "image/png"
    assert "content-encoding" not in png.headers


def test_a_visitor_notices_nothing(here: Site) -> None:
    lead: Visitor = here.visitor("lead@example.org")
    page = lead.get(f"/studies/{here.study}")
    assert page.headers["content-encoding"] == "gzip"
    assert "Mentoring" in page.text
