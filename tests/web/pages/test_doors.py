"""Signing in and out, one-time links, and what a stranger's browser cannot do."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from service.coding.visibility import Role
from service.store.credentials import LinkKind
from service.web.identity import COOKIE
from service.web.throttle import MOST_FAILURES
from tests.fakes import VirtualClock
from tests.installation import PASSWORD, Installation
from tests.web.pages.visiting import Site, Visitor

NEW_PASSWORD = "a few other words in a row"


def link(site: Site, kind: LinkKind, login: str = "") -> str:
    with site.installation.store.writing() as tx:
        person = tx.people.by_login(login)
        return f"/links/{tx.links.issue(kind, person_id=person.id if person else None)}"


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_do_not_get(here: Site) -> None:
    answer = here.visitor().posted("/login", {"login": "LEAD@example.org", "password": PASSWORD})
    flags = {part.strip().split("=")[0].lower() for part in answer.headers["set-cookie"].split(";")}
    assert answer.headers["location"] == "/"
    assert {COOKIE, "httponly", "samesite", "path", "max-age"} == flags
    assert "SameSite=lax" in answer.headers["set-cookie"]


def test_behind_tls_the_cookie_travels_by_tls_only(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.person("lead@example.org")
    installation.settings = replace(installation.settings, public_url="https://intercoder.test")
    with installation.running() as client:
        answer = Visitor(client).posted("/login", {"login": "lead@example.org", "password": PASSWORD})
    installation.store.close()
    assert "Secure" in answer.headers["set-cookie"]


def test_a_session_id_that_the_browser_made_up_is_never_kept(here: Site) -> None:
    fixed = Visitor(here.client, cookie="0123456789abcdef0123456789abcdef0123456789abcdef")
    assert fixed.get("/").url.path == "/login"
    fixed.sign_in("lead@example.org")
    assert fixed.cookie != "0123456789abcdef0123456789abcdef0123456789abcdef"
    assert Visitor(here.client, cookie="0123456789abcdef0123456789abcdef0123456789abcdef").get("/tokens").url.path == "/login"


def test_signing_in_again_ends_the_session_before(here: Site) -> None:
    visitor = here.visitor("lead@example.org")
    earlier = visitor.cookie
    visitor.sign_in("lead@example.org")
    assert visitor.cookie != earlier
    assert Visitor(here.client, cookie=earlier).get("/tokens").url.path == "/login"
    assert visitor.get("/tokens").status_code == 200


def test_signing_out_ends_the_session_on_the_server(here: Site) -> None:
    visitor = here.visitor("lead@example.org")
    kept = visitor.cookie
    assert visitor.post("/sign-out").url.path == "/login"
    assert visitor.cookie == ""
    assert Visitor(here.client, cookie=kept).get("/tokens").url.path == "/login"


@pytest.mark.parametrize("login", ["lead@example.org", "nobody@example.org", "", "x\0y"])
def test_a_wrong_password_and_an_unknown_name_answer_alike(here: Site, login: str) -> None:
    answer = here.visitor().posted("/login", {"login": login, "password": "not the password"})
    assert answer.status_code in {400, 401}
    assert "set-cookie" not in answer.headers
    assert "text/html" in answer.headers["content-type"]
    if "\0" not in login:
        assert "do not fit together" in answer.text


def test_after_ten_failures_the_name_waits_and_nobody_else_does(here: Site, clock: VirtualClock) -> None:
    visitor = here.visitor()
    for _ in range(MOST_FAILURES):
        assert visitor.posted("/login", {"login": "ann@example.org", "password": "wrong"}).status_code == 401
    answer = visitor.posted("/login", {"login": "ann@example.org", "password": PASSWORD})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert here.visitor("ben@example.org").get("/").status_code == 200
    clock.passes(timedelta(minutes=1))
    assert here.visitor("ann@example.org").get("/").status_code == 200


def test_what_a_browser_says_of_its_address_counts_only_behind_a_trusted_proxy(here: Site) -> None:
    for number in range(MOST_FAILURES):
        headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        here.visitor().posted("/login", {"login": "ann@example.org", "password": "wrong"}, headers=headers)
    answer = here.visitor().posted("/login", {"login": "ann@example.org", "password": PASSWORD}, headers={"X-Forwarded-For": "192.0.2.99"})
    assert answer.status_code == 429


@pytest.mark.parametrize("path", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(here: Site, path: str) -> None:
    answer = here.visitor().posted("/login", {"login": "lead@example.org", "password": PASSWORD, "next": path})
    assert answer.headers["location"] == "/"


def test_who_is_not_signed_in_comes_back_to_the_page_after_signing_in(here: Site) -> None:
    visitor = here.visitor()
    login = visitor.get(f"/studies/{here.study}")
    assert login.url.path == "/login"
    wanted = re.findall(r'name="next" value="([^"]*)"', login.text)[0]
    assert visitor.post("/login", {"login": "lead@example.org", "password": PASSWORD, "next": wanted}).url.path == f"/studies/{here.study}"


def test_a_form_of_another_site_is_refused(here: Site) -> None:
    visitor = here.visitor("lead@example.org")
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://elsewhere.test"},
    ):
        assert visitor.posted(f"/studies/{here.study}/deletion", {"name": "Mentoring"}, headers=headers).status_code == 403
    assert visitor.get(f"/studies/{here.study}").status_code == 200


def test_the_set_up_link_works_once_and_makes_the_first_lead(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with installation.store.writing() as tx:
        path = f"/links/{tx.links.issue(LinkKind.SET_UP)}"
    with installation.running() as client:
        first, second = Visitor(client), Visitor(client)
        assert "Set up Intercoder" in first.get(path).text
        assert "Set up Intercoder" in first.get(path).text, "looking does not use it up"
        form = {"login": "lea@example.org", "name": "Lea", "password": PASSWORD}
        assert first.post(path, form).url.path == "/welcome"
        refused = second.post(path, form | {"login": "eve@example.org"})
        assert refused.status_code == 401
        assert "used, replaced or has run out" in refused.text
        assert second.cookie == ""
    installation.store.close()


def test_a_link_is_not_used_up_by_a_password_that_is_too_short(here: Site) -> None:
    path = link(here, LinkKind.SET_PASSWORD, "ann@example.org")
    visitor = here.visitor()
    refused = visitor.posted(path, {"login": "ann@example.org", "password": "short"})
    assert refused.status_code == 400
    assert "at least 10 characters" in refused.text
    assert visitor.post(path, {"login": "ann@example.org", "password": NEW_PASSWORD}).url.path == "/"
    assert here.visitor().sign_in("ann@example.org", NEW_PASSWORD).cookie


def test_a_new_password_ends_the_sessions_before(here: Site) -> None:
    earlier = here.visitor("ann@example.org")
    here.visitor().post(link(here, LinkKind.SET_PASSWORD, "ann@example.org"), {"login": "ann@example.org", "password": NEW_PASSWORD})
    assert earlier.get("/tokens").url.path == "/login"


def test_a_link_lets_in_only_the_person_it_was_made_for(here: Site) -> None:
    path = link(here, LinkKind.SET_PASSWORD, "ann@example.org")
    refused = here.visitor().posted(path, {"login": "lead@example.org", "password": NEW_PASSWORD})
    assert refused.status_code == 400
    assert here.visitor("lead@example.org").cookie


def test_who_has_a_password_joins_by_signing_in(here: Site) -> None:
    here.installation.person("cleo@example.org")
    lead, cleo = here.visitor("lead@example.org"), here.visitor()
    page = lead.post(f"/studies/{here.study}/people", {"name": "Cleo", "login": "cleo@example.org", "role": Role.CODER.value})
    path = re.findall(r"/links/\w+", page.text)[0]
    assert cleo.posted(path, {"login": "cleo@example.org", "password": "wrong password"}).status_code == 401
    assert cleo.post(path, {"login": "cleo@example.org", "password": PASSWORD}).url.path == f"/studies/{here.study}"


def test_a_link_that_nobody_made_is_refused_as_a_used_one_is(here: Site) -> None:
    refused = here.visitor().posted("/links/0123456789", {"login": "x", "password": PASSWORD})
    assert refused.status_code == 401
    assert "Ask for a new one" in refused.text
