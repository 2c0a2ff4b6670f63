"""A browser without a screen: each visitor keeps an own cookie, follows forms, and reads pages as a parser reads them."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
from litestar.testing import TestClient

from service.coding.visibility import Role
from service.web.identity import COOKIE
from tests.installation import PASSWORD, Caller, Installation

CODEBOOK = b"""variable,scheme,code,parent,definition
theme,one_code,Support,,Help that lets somebody go on
theme,one_code,Supervision,Support,Planned time to look back
theme,one_code,Clarity,,Knowing what the role is
"""
TWO_VARIABLES = CODEBOOK + b"mood,several_codes,Glad,,\nmood,several_codes,Sad,,\n"
KEY = re.compile(r'name="key" value="[^"]*"')


@dataclass
class Visitor:
    """Somebody with a browser; ``cookie`` is the session that the service gave, or one that the visitor made up."""

    client: TestClient[Any]
    cookie: str = ""
    last: list[httpx.Response] = field(default_factory=list[httpx.Response])

    def get(self, path: str) -> httpx.Response:
        """Open a page; redirects are followed."""
        return self._followed(self._asked("GET", path))

    def post(self, path: str, fields: Mapping[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form with a fresh key unless it brings one; redirects are followed."""
        return self._followed(self.posted(path, fields, **options))

    def posted(self, path: str, fields: Mapping[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form and stay at the answer."""
        return self._asked("POST", path, data={"key": str(uuid.uuid4()), **(fields or {})}, **options)

    def upload(self, path: str, name: str, data: bytes, **fields: Any) -> httpx.Response:
        """Send a file from a form."""
        return self.post(path, fields, files={"file": (name, data, "application/octet-stream")})

    def sign_in(self, login: str, password: str = PASSWORD) -> "Visitor":
        """Sign in."""
        assert self.posted("/login", {"login": login, "password": password}).status_code == 303
        return self

    def _asked(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> httpx.Response:
        self.client.cookies.clear()
        sent = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        sent |= {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", **(headers or {})}
        answer = self.client.request(method, path, headers=sent, follow_redirects=False, **options)
        if COOKIE in answer.cookies or f"{COOKIE}=" in answer.headers.get("set-cookie", ""):
            self.cookie = answer.cookies.get(COOKIE) or ""
        return answer

    def _followed(self, answer: httpx.Response) -> httpx.Response:
        return self.get(answer.headers["location"]) if answer.status_code == 303 else answer


@dataclass(frozen=True)
class Site:
    """A study with a lead and two coders, six excerpts and a codebook; everybody signs in with PASSWORD."""

    installation: Installation
    client: TestClient[Any]
    study: str
    coders: Sequence[str]
    api: Caller

    def visitor(self, login: str = "") -> Visitor:
        """Give a browser, signed in if a login is named."""
        return Visitor(self.client).sign_in(login) if login else Visitor(self.client)

    def round(self, *, size: int = 3, policy: str = "none") -> str:
        """Plan and open a round of both coders."""
        sample = {"method": "random", "size": size, "seed": 1}
        body = {"name": "Round 1", "kind": "reliability", "policy": policy, "revision": 1, "sample": sample, "coders": self.coders}
        planned: str = self.api.post(f"/studies/{self.study}/rounds", body).json()["id"]
        assert self.api.post(f"/rounds/{planned}/opening").is_success
        return planned


def site(installation: Installation, client: TestClient[Any], *, codebook: bytes = CODEBOOK) -> Site:
    """Build the study through the API."""
    api = installation.caller(client, installation.person("lead@example.org", may_lead=True))
    study: str = api.post("/studies", {"name": "Mentoring"}).json()["id"]
    text = "\n\n".join(f"Excerpt number {number} of a talk about mentoring." for number in range(6))
    assert api.upload(f"/studies/{study}/documents", "talk.txt", text.encode()).is_success
    assert api.upload(f"/studies/{study}/codebook-file", "codebook.csv", codebook).is_success
    coders = [installation.member(study, login, Role.CODER) for login in ("ann@example.org", "ben@example.org")]
    return Site(installation, client, study, coders, api)


def field_of(page: httpx.Response, name: str) -> str:
    """Read the value of a field of a form."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"no field {name} on {page.url}"
    return unescape(found[1])


def masked(page: httpx.Response) -> str:
    """Give a page without its one-time keys, which are random."""
    return KEY.sub("KEY", page.text)


class Tags(HTMLParser):
    """Collects what a parser takes for elements and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
