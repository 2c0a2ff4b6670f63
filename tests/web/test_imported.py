"""Earlier codings over HTTP: who may bring in whose, once, from the API and from the round's page."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.installation import Caller, Installation
from tests.web.pages.visiting import Site, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        yield site(installation, client)
    installation.store.close()


def rows(here: Site, count: int = 3) -> bytes:
    document = here.api.get(f"/studies/{here.study}/documents").json()[0]["id"]
    excerpts = here.api.get(f"/documents/{document}/excerpts").json()["items"][:count]
    return "".join(["text,variable,code\n", *(f"{one['text']},theme,Clarity\n" for one in excerpts)]).encode()


def bring_in(caller: Caller, round_: str, coder: str, data: bytes, *, declared: str = "yes", key: str | None = None) -> httpx.Response:
    file = {"file": ("old.csv", data, "text/csv")}
    fields = {"coder": coder, "declared_blind": declared}
    return caller.post(f"/rounds/{round_}/imported-codings", files=file, data=fields, key=key)


def plan(here: Site, coders: list[str]) -> str:
    body = {
        "name": "With the lead",
        "kind": "reliability",
        "policy": "none",
        "revision": 1,
        "sample": {"method": "random", "size": 6, "seed": 1},
        "coders": coders,
    }
    planned: str = here.api.post(f"/studies/{here.study}/rounds", body).json()["id"]
    assert here.api.post(f"/rounds/{planned}/opening").is_success
    return planned


def test_a_lead_who_does_not_code_brings_in_a_coders_codings_once(here: Site) -> None:
    round_, ann = here.round(size=6), here.coders[0]
    key = str(uuid.uuid4())
    for _ in range(2):
        made = bring_in(here.api, round_, ann, rows(here), key=key)
        assert (made.status_code, made.json()) == (201, {"coder": ann, "codings": 3})
    own = here.installation.caller(here.client, ann).get(f"/rounds/{round_}/own-codings").json()
    assert len(own) == 3
    other = bring_in(here.api, round_, ann, rows(here, 2), key=key)
    assert other.status_code == 422
    twice = bring_in(here.api, round_, ann, rows(here))
    assert (twice.status_code, "row 2" in twice.json()["detail"]) == (400, True)
    assert here.api.get(f"/rounds/{round_}/codings").status_code == 404
    here.api.post(f"/rounds/{round_}/closing")
    report = here.api.get(f"/rounds/{round_}/agreement").json()
    assert [(one["coder"], one["by"], one["codings"]) for one in report["imported"]] == [("Ann@Example.Org", "Lead@Example.Org", 3)]
    page = here.visitor("lead@example.org").get(f"/rounds/{round_}/agreement").text
    assert "They were declared blind; nothing here can prove it." in page
    assert "Provenance: imported" in page


def test_a_lead_who_codes_brings_in_the_own_codings_only(here: Site) -> None:
    round_ = plan(here, [here.api.person_id, here.coders[0]])
    refused = bring_in(here.api, round_, here.coders[0], rows(here))
    assert (refused.status_code, "your own codings only" in refused.json()["detail"]) == (409, True)
    assert bring_in(here.api, round_, str(uuid.uuid4()), rows(here)).json() == refused.json()
    assert bring_in(here.api, round_, here.api.person_id, rows(here)).status_code == 201


def test_nobody_else_brings_codings_in(here: Site) -> None:
    round_, ann = here.round(), here.coders[0]
    coder = here.installation.caller(here.client, ann)
    assert bring_in(coder, round_, ann, rows(here)).status_code == 403
    stranger = here.installation.caller(here.client, here.installation.person("zoe@example.org", may_lead=True))
    nothing = bring_in(stranger, str(uuid.uuid4()), ann, rows(here))
    assert (bring_in(stranger, round_, ann, rows(here)).status_code, nothing.status_code) == (404, 404)
    assert bring_in(here.api, round_, str(uuid.uuid4()), rows(here)).status_code == 409
    undeclared = bring_in(here.api, round_, ann, rows(here), declared="no")
    assert undeclared.status_code == 400


def test_from_the_rounds_page(here: Site) -> None:
    round_, lead = here.round(size=6), here.visitor("lead@example.org")
    page = lead.get(f"/rounds/{round_}")
    assert "Bring in earlier codings" in page.text
    address = f"/rounds/{round_}/imported-codings"
    missing = lead.upload(address, "old.csv", rows(here), coder=here.coders[0])
    assert (missing.status_code, "Declare that these codings" in missing.text) == (400, True)
    done = lead.upload(address, "old.csv", rows(here), coder=here.coders[0], declared_blind="yes")
    assert (done.status_code, "3 of 6" in done.text) == (200, True)
    bad = lead.upload(address, "old.csv", b"text,variable,code\nno such,theme,Clarity\n", coder=here.coders[1], declared_blind="yes")
    assert (bad.status_code, "old.csv, row 2" in bad.text) == (400, True)
    assert here.visitor("ann@example.org").get(f"/rounds/{round_}/own").text.count("Clarity") == 3
