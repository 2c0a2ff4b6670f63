"""Every refusal is one problem+json with a stable type, whoever refuses: the service, the framework or the surface."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from service.errors import TooMany, Unavailable
from service.web.problems import refused
from tests.fakes import SeededEntropy
from tests.installation import URL, Installation
from tests.web.site import Site

NOTHING = "00000000-0000-4000-8000-000000000000"
PREFIX = "urn:intercoder:problem:"


class Asking:
    """Somebody who asks the site in process, with full control of headers and bytes."""

    def __init__(self, site: Site, client: TestClient[Any]) -> None:
        self.site = site
        self.client = client

    def __call__(self, method: str, path: str, *, role: str = "lead", key: bool = True, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.site.tokens[role]}"} if role else {}
        headers |= {"Idempotency-Key": str(uuid.uuid4())} if key else {}
        return self.client.request(method, path, headers=headers | options.pop("headers", {}), **options)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """Give a site to ask."""
    site = Site.in_folder(tmp_path_factory.mktemp("problems"))
    with site.installation.running() as client:
        yield Asking(site, client)
    site.scene.store.close()


def check(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Check that a response is this problem, complete and consistent."""
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["status"], body["type"]) == (status, status, PREFIX + kind)
    assert body["title"]
    assert body["detail"].endswith((".", "`"))
    return body


def test_400_names_the_field_and_not_what_was_in_it(ask: Asking) -> None:
    body = check(ask("POST", "/api/v1/studies", json={"name": ["CANARY-91"]}), 400, "bad-input")
    assert "name" in body["detail"]
    assert "CANARY-91" not in body["detail"]


def test_401_says_how_to_sign_in(ask: Asking) -> None:
    for headers in ({}, {"Authorization": "Bearer ic_wrong"}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer \u00e4"}):
        response = ask("GET", "/api/v1/me", role="", headers={name: value.encode("latin-1") for name, value in headers.items()})
        check(response, 401, "not-signed-in")
        assert response.headers["www-authenticate"] == "Bearer"


def test_403_is_for_who_may_know_but_not_act(ask: Asking) -> None:
    check(ask("POST", f"/api/v1/rounds/{ask.site.rounds['open']}/closing", role="coder"), 403, "not-allowed")


def test_404_is_the_same_for_what_is_not_there_and_what_is_not_yours(ask: Asking) -> None:
    absent = check(ask("GET", f"/api/v1/rounds/{NOTHING}", role="coder"), 404, "not-found")
    draft = check(ask("GET", f"/api/v1/rounds/{ask.site.rounds['draft']}", role="coder"), 404, "not-found")
    assert absent == draft


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/rounds/not-a-uuid", "/api/v1/studies/", "/api/v2", "/api"])
def test_404_of_an_address_that_there_is_not(ask: Asking, path: str) -> None:
    if path == "/api":  # the page of the API
        assert ask("GET", "/api", role="").status_code in {200, 302, 303}
        return
    response = ask("GET", path)
    assert response.status_code in {200, 404}
    if response.status_code != 200:
        check(response, 404, "not-found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "PROPFIND"])
def test_405_says_which_methods_there_are(ask: Asking, method: str) -> None:
    response = ask(method, "/api/v1/studies", headers={"Content-Type": "application/json"})
    check(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_options_says_the_same(ask: Asking) -> None:
    response = ask("OPTIONS", "/api/v1/studies")
    assert (response.status_code, response.headers["allow"], response.content) == (204, "GET, HEAD, OPTIONS, POST", b"")
    check(ask("OPTIONS", "/api/v1/nothing"), 404, "not-found")


def test_409_of_a_state_that_does_not_fit_and_of_a_closed_round(ask: Asking) -> None:
    rounds = ask.site.rounds
    check(ask("POST", f"/api/v1/rounds/{rounds['open']}/opening"), 409, "conflict")
    check(ask("POST", f"/api/v1/rounds/{rounds['closed']}/hand-in", role="coder"), 409, "round-closed")


def test_413_of_a_body_beyond_the_limit(ask: Asking) -> None:
    check(ask("POST", "/api/v1/suggestions", json={"texts": ["x" * 11_000_000]}), 413, "too-large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", "application/jsonp"])
def test_415_of_json_sent_as_something_else(ask: Asking, kind: str) -> None:
    check(ask("POST", "/api/v1/studies", content=b'{"name": "S"}', headers={"Content-Type": kind}), 415, "media-type")


def test_422_of_a_key_used_for_another_request(ask: Asking) -> None:
    key = {"Idempotency-Key": "used"}
    first = ask("POST", "/api/v1/studies", json={"name": "one"}, headers=key)
    assert ask("POST", "/api/v1/studies", json={"name": "one"}, headers=key).json() == first.json()
    check(ask("POST", "/api/v1/studies", json={"name": "two"}, headers=key), 422, "key-reused")


def test_423_of_suggestions_while_coding(ask: Asking) -> None:
    codebook = {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "c"}]}]}
    check(ask("POST", "/api/v1/suggestions", role="coder", json={"texts": ["x"], "codebook": codebook}), 423, "suggestions-hidden")


def test_429_says_when_to_come_back() -> None:
    response = refused(TestClient[Any], TooMany("Too many attempts.", retry_after=7))  # pyright: ignore[reportArgumentType]
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


def test_503_of_a_model_that_is_missing_while_coding_goes_on(tmp_path: Path) -> None:
    def missing() -> Any:
        message = "The model's file model.bin is missing."
        raise Unavailable(message)

    installation = Installation(tmp_path, load_encoder=missing)
    lead = installation.person("lead", may_lead=True)
    with installation.running() as client:
        caller = installation.caller(client, lead)
        assert caller.post("/studies", {"name": "S"}).status_code == 201
        codebook = {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "c"}]}]}
        response = caller.post("/suggestions", {"texts": ["x"], "codebook": codebook})
        body = check(response, 503, "unavailable")
        assert "model.bin is missing" in body["detail"]
        assert int(response.headers["retry-after"]) > 0
        ready = client.get("/readyz")
        parts = {part["name"]: part for part in ready.json()["parts"]}
    assert (ready.status_code, parts["model"]["state"], parts["database"]["state"]) == (200, "failed", "ready")
    assert "model.bin is missing" in parts["model"]["reason"]


class Failing(SeededEntropy):
    """Random bytes until told to fail, as a defect of the service would."""

    fails = False

    def bytes(self, count: int) -> bytes:
        """Give bytes, or fail with a message that holds content."""
        if self.fails:
            message = "CANARY-500"
            raise RuntimeError(message)
        return super().bytes(count)


def test_500_tells_nothing_and_is_logged_without_its_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entropy = Failing(1)
    installation = Installation(tmp_path, entropy=entropy)
    lead = installation.person("lead", may_lead=True)
    with installation.running() as client:
        caller = installation.caller(client, lead)
        entropy.fails = True
        response = caller.post("/studies", {"name": "S"})
    check(response, 500, "internal")
    logged = capsys.readouterr().err
    assert "CANARY-500" not in response.text + logged
    assert '"error":"RuntimeError"' in logged


def test_every_write_needs_a_key(ask: Asking) -> None:
    description = ask("GET", "/api/v1/openapi.json").json()
    writes = [(method.upper(), path) for path, item in description["paths"].items() for method in item if method in {"post", "delete"}]
    keyless = {
        ("POST", f"/api/v1/{path}")
        for path in ("suggestions", "suggestions/stream", "studies/{study_id}/plan", "studies/{study_id}/preview")
    }
    assert keyless < set(writes)
    for method, path in sorted(set(writes) - keyless):
        response = ask(method, filled(path), key=False, **example(description, method, path))
        body = check(response, 400, "bad-input")
        assert "Idempotency-Key" in body["detail"], (method, path)


def filled(path: str) -> str:
    """Put ids of nothing into a path."""
    parts = [NOTHING if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


def example(description: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """Give a body that the operation takes."""
    body = description["paths"][path][method.lower()].get("requestBody", {"content": {}})["content"]
    if "multipart/form-data" in body:
        return {"files": {"file": ("a.csv", b"text\nx\n")}}
    if "application/json" in body:
        schema = body["application/json"]["schema"]
        name = schema.get("$ref", "").rpartition("/")[2]
        return {"json": (schema.get("examples") or description["components"]["schemas"][name]["examples"])[0]}
    return {}


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ä", "a b"])
def test_a_key_is_up_to_255_plain_characters(ask: Asking, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    check(ask("POST", "/api/v1/studies", json={"name": "S"}, headers=headers), 400, "bad-input")


def test_the_host_is_the_one_that_is_served_with_any_port_on_the_loopback(ask: Asking) -> None:
    for host in ("localhost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]:8000", "[::1]", "LOCALHOST", "intercoder.test"):
        assert ask("GET", "/livez", headers={"Host": host}).status_code == 200, host
    for host in ("example.org", "localhost.example.org", "127.0.0.1.example.org", "intercoder.test:99", "", "a@localhost", "[::1"):
        check(ask("GET", "/livez", headers={"Host": host}), 400, "bad-input")
    assert URL.endswith("intercoder.test")
