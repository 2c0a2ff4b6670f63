"""What holds for every request, whatever answers it: hosts, HEAD, readable paths and bodies, headers, one log line."""

import logging
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec
from litestar.enums import HttpMethod
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from service.errors import BadInput, NotAllowed
from service.web.problems import MEDIA_TYPE, PREFIX, PROBLEMS, Kind, Problem

LOG = logging.getLogger("intercoder.requests")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_JSON = b"application/json"
_FORMS = (b"multipart/form-data", b"application/x-www-form-urlencoded")
# HEAD mirrors GET. No address takes TRACE, so asking with it names the methods that the address does take: the framework's own
# answer to OPTIONS leaves some out where two handlers share an address.
_ASKED_AS = {"HEAD": HttpMethod.GET, "OPTIONS": HttpMethod.TRACE}
_NO_CONTENT, _METHOD_NOT_ALLOWED = 204, 405
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True, slots=True)
class Surface:
    """The outermost layer; ``hosts`` are the names the service answers to, ``secure`` says that it is reached by TLS."""

    app: ASGIApp
    hosts: frozenset[str]
    secure: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = cast("HTTPScope", scope)
        sent = _Sent(request, send, secure=self.secure)
        if refusal := self._refusal(request):
            await _refuse(refusal, sent)
        else:
            request["method"] = _ASKED_AS.get(sent.method, request["method"])
            sent.bodiless = sent.method == "HEAD"
            await self.app(request, receive, sent)
        sent.log()

    def _refusal(self, scope: HTTPScope) -> tuple[Kind, str] | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not _host_fits(host, self.hosts):
            return PROBLEMS[BadInput], "The service does not answer to this host name. Start it with --public-url to add one."
        if not _is_utf8(scope["raw_path"]):
            return PROBLEMS[BadInput], "The path is not UTF-8."
        if scope["method"] in _UNSAFE:
            return _cross_site(scope["path"], headers, host) or _media(scope["path"], headers)
        return None


def hosts_of(public_url: str) -> frozenset[str]:
    """Give the host names the service answers to: the loopback's, and that of the public URL."""
    name = urlsplit(public_url).netloc.rpartition("@")[2]
    return LOOPBACK | {name.lower()} if name else LOOPBACK


def route_of(scope: Scope) -> str:
    """Name the route of a request for the logs: its template, never the path that was asked for."""
    return str(scope.get("path_template") or "unrouted")  # pyright: ignore[reportUnknownMemberType]


def _host_fits(host: str, hosts: frozenset[str]) -> bool:
    lowered = host.lower()
    name = lowered.rpartition(":")[0] if not lowered.endswith("]") and ":" in lowered else lowered
    return lowered in hosts or (name in LOOPBACK and name in hosts)


def _is_utf8(raw_path: bytes) -> bool:
    try:
        decoded = unquote_to_bytes(raw_path.partition(b"?")[0]).decode()
    except UnicodeDecodeError:
        return False
    return "\0" not in decoded


def _cross_site(path: str, headers: dict[bytes, bytes], host: str) -> tuple[Kind, str] | None:
    if path.startswith("/api/"):
        return None  # an API call carries a token that no other site's page can add
    site = headers.get(b"sec-fetch-site")
    origin = headers.get(b"origin", b"").decode("latin-1")
    fits = site in {b"same-origin", b"none"} if site else urlsplit(origin).netloc.lower() == host.lower() or not origin
    return None if fits else (PROBLEMS[NotAllowed], "The form was sent from another site. Open the page here and send it again.")


def _media(path: str, headers: dict[bytes, bytes]) -> tuple[Kind, str] | None:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    empty = headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers
    taken = (_JSON, _FORMS[0]) if path.startswith("/api/") else _FORMS
    if empty or kind in taken:
        return None
    return Kind(415, "media-type", "Media type not taken"), "Send the body as the media type that the API description names."


async def _refuse(refusal: tuple[Kind, str], send: Send) -> None:
    kind, detail = refusal
    body = msgspec.json.encode(Problem(type=PREFIX + kind.slug, title=kind.title, status=kind.status, detail=detail))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": kind.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _whole_allow(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() != b"allow":
        return name, value
    methods = {method.strip() for method in value.split(b",")}
    return b"allow", b", ".join(sorted(methods | {b"OPTIONS"} | ({b"HEAD"} if b"GET" in methods else set())))


class _Sent:
    """Sends the answer on, with the headers every answer has, and remembers what to log."""

    def __init__(self, scope: HTTPScope, send: Send, *, secure: bool) -> None:
        self.scope = scope
        self.send = send
        self.secure = secure
        self.bodiless = False
        self.method = str(scope["method"])
        self.status = 0
        self.request_id = str(uuid.uuid4())
        self.began = time.perf_counter()

    async def __call__(self, message: Message) -> None:
        """Pass one message of the answer on."""
        if message["type"] == "http.response.start":
            headers = [_whole_allow(name, value) for name, value in message["headers"]]
            if self.method == "OPTIONS" and message["status"] == _METHOD_NOT_ALLOWED:
                self.bodiless, message["status"] = True, _NO_CONTENT
                headers = [(name, value) for name, value in headers if name == b"allow"]
            self.status = message["status"]
            message["headers"] = [*headers, *self._headers(headers)]
        elif message["type"] == "http.response.body" and self.bodiless:
            message["body"] = b""
        await self.send(message)

    def _headers(self, present: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in present}
        added = [*_HEADERS, (b"x-request-id", self.request_id.encode()), (b"cache-control", b"no-store")]
        if self.secure:
            added.append((b"strict-transport-security", b"max-age=31536000"))
        return [(name, value) for name, value in added if name not in names]

    def log(self) -> None:
        """Write the request's one line: its route, never its path, query or content."""
        milliseconds = round((time.perf_counter() - self.began) * 1000, 1)
        facts: dict[str, object] = {"request": self.request_id, "method": self.method, "route": route_of(self.scope)}
        facts |= {"status": self.status, "ms": milliseconds}
        LOG.info("request", extra={"facts": facts})
