"""What is compressed, and that it stays what it is: reads of kinds that shrink; never what answers something that was sent."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from tests.installation import Installation
from tests.web.pages.visiting import Site, Visitor, site

CANARY = "quokka4711"
STAMP = slice(4, 8)
"""Of a gzip stream: the second in which it was made."""


@dataclass(frozen=True)
class Wire:
    """A study, asked as its lead by token or by session, with the bytes as they come."""

    site: Site
    cookie: str

    def asked(self, path: str, *, method: str = "GET", encoding: str = "gzip", **options: Any) -> tuple[httpx.Response, bytes]:
        session = {"Cookie": f"intercoder_session={self.cookie}", "Sec-Fetch-Site": "same-origin"}
        headers = self.site.api.headers() if path.startswith("/api/") else session
        client: TestClient[Any] = self.site.client
        client.cookies.clear()
        with client.stream(method, path, headers={**headers, "Accept-Encoding": encoding}, **options) as answer:
            return answer, b"".join(answer.iter_raw())

    def closed(self) -> str:
        round_ = self.site.round()
        self.site.api.post(f"/rounds/{round_}/closing")
        return round_

    def places(self) -> dict[str, str]:
        round_ = self.closed()
        return {
            "a page": f"/rounds/{round_}/agreement",
            "JSON": f"/api/v1/rounds/{round_}/agreement",
            "a refusal": "/api/v1/rounds/00000000-0000-4000-8000-000000000000/agreement",
            "the description": "/api/v1/openapi.json",
            "styles": "/static/intercoder.css",
            "a script": "/static/coder.js",
            "a picture": f"/rounds/{round_}/charts/0/codes/light",
            "numbers": f"/rounds/{round_}/charts/0/codes/files/csv",
        }


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        made = site(installation, client)
        yield Wire(made, made.visitor("lead@example.org").cookie)
    installation.store.close()


def test_what_is_read_comes_small_and_whole(wire: Wire) -> None:
    for name, path in wire.places().items():
        plain, whole = wire.asked(path, encoding="identity")
        answer, sent = wire.asked(path)
        assert plain.status_code == answer.status_code, name
        assert "content-encoding" not in plain.headers, name
        assert int(plain.headers["content-length"]) == len(whole), name
        assert int(answer.headers["content-length"]) == len(sent), name
        if name not in {"a refusal", "numbers"}:  # of a few hundred bytes
            assert answer.headers["content-encoding"] == "gzip", name
            assert "accept-encoding" in answer.headers["vary"].lower(), name
            assert len(sent) < len(whole) * 0.6, name
            if name != "a page":  # whose forms have new keys each time
                assert gzip.decompress(sent) == whole, name


def test_the_same_answer_has_the_same_bytes_but_for_the_second(wire: Wire) -> None:
    (_, one), (_, other) = wire.asked("/api/v1/openapi.json"), wire.asked("/api/v1/openapi.json")
    assert one[: STAMP.start] + one[STAMP.stop :] == other[: STAMP.start] + other[STAMP.stop :]


@pytest.mark.parametrize("encoding", ["gzip;q=0", "br, gzip; q=0.0, identity", "identity", ""])
def test_who_wants_no_gzip_gets_none(wire: Wire, encoding: str) -> None:
    answer, _ = wire.asked("/static/intercoder.css", encoding=encoding)
    assert "content-encoding" not in answer.headers


def test_head_has_the_headers_of_get(wire: Wire) -> None:
    for path in ("/static/intercoder.css", f"/api/v1/studies/{wire.site.study}/documents", f"/studies/{wire.site.study}"):
        (got, _), (head, nothing) = wire.asked(path), wire.asked(path, method="HEAD")
        assert nothing == b""
        if path.startswith("/static/"):
            assert head.headers["content-length"] == got.headers["content-length"]
            assert head.headers["etag"] == got.headers["etag"]
        assert head.headers.get("content-encoding") == got.headers.get("content-encoding")


def test_assets_stay_in_caches(wire: Wire) -> None:
    answer, _ = wire.asked("/static/intercoder.css")
    assert "immutable" in answer.headers["cache-control"]
    page, _ = wire.asked(f"/studies/{wire.site.study}")
    assert page.headers["cache-control"] == "no-store"


def test_what_answers_something_that_was_sent_is_never_compressed(wire: Wire) -> None:
    text = "A text that somebody chose. " * 50
    body = {"texts": [text], "codebook": {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "a"}, {"name": "b"}]}]}}
    for path in ("/api/v1/suggestions", "/api/v1/suggestions/stream"):
        answer, sent = wire.asked(path, method="POST", json=body)
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers
        assert sent[:1] == b"{"
    token = wire.asked("/tokens", method="POST", data={"key": "k1", "name": "T", "kind": "person", "scopes": "results", "days": "9"})
    assert "content-encoding" not in token[0].headers
    assert len(token[1]) > 500


def test_what_is_read_and_compressed_shows_no_text_of_the_address(wire: Wire) -> None:
    names = ("q", "notice", "n", "listed", "of", "document", "documents", "variable", "first", "profile", "at", "size")
    more = [f"/studies/{wire.site.study}{end}" for end in ("", "/codebook", "/suggestions", "/rounds/new")]
    for path, name in product([*wire.places().values(), "/", *more], names):
        answer, sent = wire.asked(f"{path}?{name}={CANARY}")
        small = answer.headers.get("content-encoding") == "gzip"
        assert CANARY.encode() not in (gzip.decompress(sent) if small else b""), path


def test_pictures_and_archives_are_not_compressed_again(wire: Wire) -> None:
    png, _ = wire.asked(f"/rounds/{wire.closed()}/charts/0/codes/files/png")
    assert png.headers["content-type"] == "image/png"
    assert "content-encoding" not in png.headers


def test_a_visitor_notices_nothing(wire: Wire) -> None:
    lead: Visitor = wire.site.visitor("lead@example.org")
    page = lead.get(f"/studies/{wire.site.study}")
    assert page.headers["content-encoding"] == "gzip"
    assert "Mentoring" in page.text
