"""What people write is text on every page: no name, code, memo, note or reason becomes an element or an attribute."""

import re

import pytest

from service.coding.visibility import Role
from tests.installation import Installation
from tests.web.pages.visiting import Site, Tags, Visitor, field_of

POLYGLOT = "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert() )//</stYle/</titLe/</teXtarEa/</scRipt/--!><probe oNloAd=alert()//>"
QUOTES = "x\" autofocus onfocus=alert() x='"
BOOK = [
    {
        "name": POLYGLOT[:180],
        "label": QUOTES,
        "scheme": "several_codes",
        "codes": [
            {"name": f"{QUOTES}{number}", "definition": POLYGLOT, "include_when": QUOTES, "exclude_when": POLYGLOT, "example": POLYGLOT,
             "counter_example": QUOTES}
            for number in range(3)
        ],
    }
]  # fmt: skip


@pytest.fixture
def hostile(here: Site) -> tuple[Site, str]:
    """Fill every field that people write with text that would run if it were taken for markup."""
    lead = here.visitor("lead@example.org")
    study = lead.post("/studies", {"name": POLYGLOT}).url.path
    imported = lead.upload(
        f"{study}/documents",
        f"{QUOTES}.csv",
        f"label,text\n{cell(QUOTES)},{cell(POLYGLOT)}\nb,second\n".encode(),
        label_column="label",
    )
    assert "1 documents imported" in imported.text, imported.text
    saved = here.api.post(f"/studies/{study.rpartition('/')[2]}/codebook", {"codebook": {"variables": BOOK}, "note": POLYGLOT})
    assert saved.is_success, saved.text
    people = [person(here.installation, study, name) for name in (POLYGLOT[:190], QUOTES)]
    plan = {
        "name": POLYGLOT[:190],
        "kind": "pilot",
        "policy": "none",
        "revision": "1",
        "size": "2",
        "seed": "1",
        "close_by": "",
        "coders": people,
    }
    planned = lead.post(f"{study}/rounds", plan)
    assert planned.is_success, planned.text
    round_ = planned.url.path
    lead.post(f"{round_}/opening")
    for number, login in enumerate(("hostile-0", "hostile-1")):
        coder = here.visitor(login)
        page = coder.get(f"{round_}/code")
        coder.post(f"{round_}/code", {"assignment": field_of(page, "assignment"), "v0": [str(number), "2"], "memo": POLYGLOT})
        coder.post(f"{round_}/code/skip", {"assignment": field_of(coder.get(f"{round_}/code"), "assignment"), "reason": POLYGLOT})
    lead.post("/tokens", {"name": POLYGLOT[:190], "kind": "person", "scopes": "code", "days": "1"})
    return here, round_


def cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def person(installation: Installation, study: str, name: str) -> str:
    with installation.store.writing() as tx:
        number = sum(tx.people.by_login(f"hostile-{one}") is not None for one in range(2))
    made = installation.member(study.rpartition("/")[2], f"hostile-{number}", Role.CODER)
    with installation.store.writing() as tx:
        tx.session.connection.exec_driver_sql("UPDATE people SET name = ? WHERE id = ?", (name, made))
    return made


def test_nothing_that_people_write_becomes_markup(hostile: tuple[Site, str]) -> None:
    here, round_ = hostile
    lead, coder = here.visitor("lead@example.org"), here.visitor("hostile-0")
    study = re.findall(r"/studies/[\w-]+", lead.get(round_).text)[0]
    document = re.findall(r"/documents/[\w-]+", lead.get(study).text)[0]
    places = ["/", study, document, f"{study}/codebook", f"{study}/codebook/revisions/1", f"{study}/codebook/1/variables/0"]
    places += [f"{study}/codebook/1/variables/0/codes/1", f"{study}/rounds/new", round_, "/tokens"]
    for path in places:
        check(lead, path)
    for path in (f"{round_}/code?at=0", f"{round_}/own", "/", study):
        check(coder, path)
    opened = lead.post(
        f"{round_}/unblinding", {"person_id": re.findall(r'<option value="([\w-]+)"', lead.get(round_).text)[0], "reason": POLYGLOT[:190]}
    )
    assert opened.status_code == 200
    check_markup(opened.text, "unblinding")
    lead.post(f"{round_}/closing")
    for path in (f"{round_}/agreement", f"{round_}/ledger"):
        check(lead, path)
    assert "alert" in lead.get(f"{round_}/agreement").text, "the probe is on the page, as text"


def check(visitor: Visitor, path: str) -> None:
    page = visitor.get(path)
    assert page.status_code == 200, path
    check_markup(page.text, path)


def check_markup(page: str, path: str) -> None:
    for tag, attributes in Tags(page).elements:
        assert tag != "probe", path
        assert not any(name.startswith("on") or name == "style" for name in attributes), (path, tag, attributes)
        assert "autofocus" not in attributes, (path, tag)
        assert not (attributes.get("href") or "").lower().startswith("javascript:"), path
        assert tag != "script" or (attributes.get("src") or "").startswith("/static/"), path
