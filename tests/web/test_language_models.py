"""A language model over HTTP: off until a lead turns a named one on, asked through every kind of bad server, logged without content."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.app import create_app
from service.coding.model import PersonId
from service.coding.visibility import Role
from service.corpus.model import DocumentId, StudyId
from service.errors import BadInput
from service.settings import Settings
from service.store.credentials import Scope
from service.web.language_models import servers_of
from tests.installation import Caller, Installation
from tests.suggestion.stub import Behave, Body, Stub, http, saying, sending, served
from tests.suggestion.test_injections import BAD, EXCERPTS
from tests.suggestion.test_llm import BAD as BAD_SERVERS
from tests.suggestion.test_llm import GOOD, JUNK, TEXT
from tests.web.test_suggestions import staged

CODEBOOK = b"variable,code,definition\ntopic,home,where one lives\ntopic,work,what one is paid for\n"
KEY = "sk-CANARY-0123456789"
ON = {"server": "stub", "model": "stub", "purpose": "To see how it codes.", "redaction": "words"}


@dataclass
class Desk:
    """A study without documents, whose operator named one server; nothing is on yet."""

    installation: Installation
    stub: Stub
    client: Any
    lead: Caller
    machine: Caller
    study: str
    codebook: str

    @property
    def path(self) -> str:
        return f"/studies/{self.study}/language-model"

    def turned_on(self, **more: Any) -> "Desk":
        answer = self.lead.post(self.path, ON | more)
        assert answer.status_code == 201, answer.text
        return self

    def ask(self, who: Caller | None = None, **more: Any) -> httpx.Response:
        body = {"texts": [TEXT], "codebook_id": self.codebook, "backend": "language-model"}
        return (who or self.machine).post("/suggestions", body | more)

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.lead.get(f"{self.path}/calls").json()
        return found

    def kept(self) -> list[str]:
        with self.installation.store.engine.connect() as connection:
            return list(connection.exec_driver_sql("SELECT reply FROM language_model_replies").scalars())


def desk_on(installation: Installation, stub: Stub, client: Any) -> Desk:
    lead = installation.caller(client, installation.person("lead", may_lead=True))
    study: str = lead.post("/studies", {"name": "S"}).json()["id"]
    lead.upload(f"/studies/{study}/codebook-file", "c.csv", CODEBOOK)
    [codebook] = [one["id"] for one in lead.get("/codebooks").json()]
    machine = Caller(client, lead.person_id, installation.token(lead.person_id, (Scope.SUGGEST,), study=study, machine=True))
    return Desk(installation, stub, client, lead, machine, study, codebook)


def installed(folder: Path, stub: Stub, **more: Any) -> Installation:
    installation = Installation(folder)
    named = {"language_model_servers": f"stub={stub.url}", "language_model_keys": f"stub={KEY}"}
    installation.settings = replace(installation.settings, **(named | more))
    return installation


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with served(saying(GOOD)) as stub:
        installation = installed(tmp_path, stub)
        with installation.running() as client:
            yield desk_on(installation, stub, client)


def test_nothing_is_sent_until_a_lead_turns_it_on_and_after_it_is_off(desk: Desk) -> None:
    refused = desk.ask()
    assert refused.status_code == 409
    assert "Its lead can turn one on" in refused.json()["detail"]
    assert desk.turned_on().ask().is_success
    assert len(desk.stub.asked) == 1
    assert desk.lead.delete(desk.path).status_code == 204
    assert desk.ask(texts=["Another text."]).status_code == 409
    assert desk.ask().status_code == 409  # a kept answer is not given either
    assert len(desk.stub.asked) == 1


def test_an_answer_has_the_shape_of_every_suggestion(desk: Desk) -> None:
    whole = desk.turned_on().ask(top=2).json()
    [found] = whole["suggestions"]
    [topic] = found["variables"]
    quote = {"kind": "quote", "text": "took the key", "similarity": 1.0}
    assert topic["codes"] == [
        {"code": "home", "score": 1.0, "evidence": [quote], "probability": None, "suggested": None},
        {"code": "work", "score": 0.0, "evidence": [], "probability": None, "suggested": None},
    ]
    assert (topic["calibration"], topic["abstain"]) == ("not calibrated: one answer", None)
    made_by, present = found["made_by"], desk.lead.get(desk.path).json()["present"]
    assert (made_by["model"], made_by["runtime"], made_by["snapshot"]) == ("stub", "language model on stub", 1)
    assert made_by["configuration"] == present["configuration"]
    embedded = desk.machine.post("/suggestions", {"texts": [TEXT], "codebook_id": desk.codebook}).json()["suggestions"][0]
    assert set(embedded) == set(found)
    assert set(embedded["made_by"]) == set(made_by)
    assert whole["codebook_revision"] == 1


def test_a_model_that_says_none_abstains(desk: Desk) -> None:
    desk.stub.behave = saying(GOOD.replace('"c1"', '"none"'))
    [topic] = desk.turned_on().ask().json()["suggestions"][0]["variables"]
    assert topic["abstain"] == "the language model says that none of the codes applies"


def test_samples_are_shares_and_are_called_self_consistency(desk: Desk) -> None:
    given = iter(["c1", "c2", "none", "none"])
    desk.stub.behave = saying(lambda _: GOOD.replace('"c1"', f'"{next(given)}"'))
    [topic] = desk.turned_on(samples=4, temperature=0.7).ask().json()["suggestions"][0]["variables"]
    assert [(one["code"], one["score"]) for one in topic["codes"]] == [("home", 0.25), ("work", 0.25)]
    assert "self-consistency of 4 samples" in topic["calibration"]
    assert topic["abstain"] == "no code was said by half of the samples"


def test_a_run_is_repeated_offline_bit_for_bit(tmp_path: Path) -> None:
    asked = {"texts": [TEXT, "The shift began late."], "offline": True}
    with served(saying(GOOD)) as stub:
        installation = installed(tmp_path, stub)
        with installation.running() as client:
            desk = desk_on(installation, stub, client).turned_on()
            first = desk.ask(texts=asked["texts"])
            assert first.is_success
    installation.settings = replace(installation.settings, language_model_servers="", language_model_keys="")
    with installation.running() as client:  # another process, without the server
        again = [replace(caller, client=client) for caller in (desk.machine, desk.lead)]
        assert [desk.ask(caller, **asked).content for caller in again] == [first.content, first.content]
        refused = desk.ask(again[0], offline=True, texts=["Never asked before."])
        assert (refused.status_code, refused.json()["detail"][:36]) == (503, "No answer to this very question was ")
        assert desk.ask(again[0]).status_code == 409  # the server is not the one that was turned on


def test_a_log_row_a_call_without_content(desk: Desk) -> None:
    desk.turned_on().ask()
    desk.ask()
    desk.stub.behave = saying(JUNK["unknown code"])
    desk.ask(texts=["A second text about rent."])
    rows = desk.calls()
    assert [row["outcome"] for row in rows] == ["unusable", "replayed", "answered"]
    assert [row["tokens_sent"] for row in rows] == [0, 0, 1]
    assert {row["principal"].partition(":")[0] for row in rows} == {"token"}
    assert not any(word in json.dumps(rows) for word in ("landlord", " rent", "home", "dwelling", KEY))
    assert len({row["asked"] for row in rows}) == 2


@pytest.mark.parametrize("content", JUNK.values(), ids=JUNK.keys())
def test_what_is_no_answer_is_503_and_not_kept(desk: Desk, content: str) -> None:
    desk.stub.behave = saying(content)
    refused = desk.turned_on().ask()
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert desk.kept() == []


@pytest.mark.parametrize("data", [data for name, data in BAD_SERVERS.items() if "hour" not in name])
def test_a_bad_server_is_503_and_the_embeddings_go_on(desk: Desk, data: bytes) -> None:
    desk.stub.behave = sending(data)
    refused = desk.turned_on().ask()
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert desk.kept() == []
    assert len(desk.calls()) == 1
    assert desk.ask(backend="embeddings").is_success


def test_after_five_failures_the_server_is_left_alone(desk: Desk) -> None:
    desk.stub.behave = sending(http(b"{}", status="401 Unauthorized"))
    desk.turned_on()
    details = [desk.ask(texts=[f"Text {number}."]).json()["detail"] for number in range(6)]
    assert "left alone" in details[5]
    assert len(desk.stub.asked) == 5


def test_a_redirection_is_not_followed(desk: Desk) -> None:
    with served(saying(GOOD)) as elsewhere:
        desk.stub.behave = sending(http(b"", status="307 Temporary Redirect", more=f"Location: {elsewhere.url}/chat/completions\r\n"))
        assert desk.turned_on().ask().status_code == 503
        assert elsewhere.asked == []


def test_the_budget_is_each_principals_own(tmp_path: Path) -> None:
    with served(saying(GOOD)) as stub:
        installation = installed(tmp_path, stub, language_model_calls_per_day=1)
        with installation.running() as client:
            desk = desk_on(installation, stub, client).turned_on()
            assert [desk.ask(texts=[text]).status_code for text in ("One.", "One.", "Two.")] == [200, 200, 429]
            refused = desk.ask(texts=["Two."])
            assert 86_000 < int(refused.headers["Retry-After"]) <= 86_400
            assert desk.ask(desk.lead, texts=["Two."]).is_success


def test_only_the_redacted_text_leaves(desk: Desk) -> None:
    text = "Ann O\u200bne of Leeds, ann@example.org or 0113 496 0000, see https://example.org/ann: the LEEDS landlord."
    desk.turned_on(redaction="contacts", words=["Leeds", "Ann One", "where one lives"]).ask(texts=[text])
    [body] = desk.stub.asked
    sent = json.dumps(body)
    assert "[word] of [word], [address] or [number], see [address] the [word] landlord." in sent
    assert "where one lives" not in sent  # a definition may hold a name too


@pytest.mark.parametrize(("word", "text"), [("Zo\u00eb", "Zoe\u0308 said so."), ("Ann", "\uff21nn said so.")])
def test_what_cannot_be_redacted_for_sure_is_not_sent(desk: Desk, word: str, text: str) -> None:
    refused = desk.turned_on(words=[word]).ask(texts=[text])
    assert refused.status_code == 503
    assert "nothing was sent" in refused.json()["detail"]
    assert desk.stub.asked == []
    assert desk.calls() == []


WRONG: dict[str, dict[str, Any]] = {
    "a codebook written out": {
        "codebook_id": None,
        "codebook": {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "a"}]}]},
    },
    "too many texts": {"texts": ["a"] * 21},
    "too long a text": {"texts": ["a", "b" * 8_001]},
    "offline with embeddings": {"backend": "embeddings", "offline": True},
    "an unknown back end": {"backend": "oracle"},
}


@pytest.mark.parametrize("more", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_asked_is_refused_as_a_whole(desk: Desk, more: dict[str, Any]) -> None:
    assert desk.turned_on().ask(**more).status_code == 400
    assert desk.stub.asked == []


def streamed(desk: Desk, texts: list[str], **more: Any) -> list[dict[str, Any]]:
    body = {"texts": texts, "codebook_id": desk.codebook, "backend": "language-model"} | more
    response = desk.machine.post("/suggestions/stream", body)
    assert response.headers["content-type"].startswith("application/x-ndjson"), response.text
    return [json.loads(line) for line in response.text.splitlines()]


def test_a_stream_tells_of_each_text_as_a_call_does_and_takes_more_of_them(desk: Desk) -> None:
    texts = [f"{TEXT} {number}" for number in range(25)]
    *lines, end = streamed(desk.turned_on(), texts)
    assert (end["done"], [line["text"] for line in lines]) == (25, list(range(1, 26)))
    assert [line["suggestion"] for line in lines[:20]] == desk.ask(texts=texts[:20]).json()["suggestions"]
    sent = len(desk.stub.asked)
    assert streamed(desk, texts, offline=True) == [*lines, end]
    assert len(desk.stub.asked) == sent


def test_a_stream_ends_with_what_went_wrong_and_what_was_answered_is_kept(desk: Desk) -> None:
    def turned_off_at_the_second(body: Body) -> str:
        if "number 2" in body["messages"][-1]["content"]:
            with desk.installation.store.writing() as tx:
                tx.language_models.turn_off(StudyId(desk.study), PersonId(desk.lead.person_id))
        return GOOD

    desk.stub.behave = saying(turned_off_at_the_second)
    lines = streamed(desk.turned_on(), [f"{TEXT} number {number}" for number in (1, 2, 3)])
    assert [line["text"] for line in lines] == [1, 2, 3]
    assert "No language model is turned on" in lines[-1]["problem"]
    assert (len(desk.stub.asked), len(desk.kept())) == (2, 1)  # what comes after it was turned off is not kept


@pytest.mark.parametrize("wrong", ["not turned on", "a long text", "a codebook written out"])
def test_a_stream_that_cannot_begin_is_refused_as_a_whole(desk: Desk, wrong: str) -> None:
    if wrong != "not turned on":
        desk.turned_on()
    body = {"texts": [TEXT], "codebook_id": desk.codebook, "backend": "language-model"} | WRONG.get(wrong, {})
    body |= {"texts": ["a", "b" * 8_001]} if wrong == "a long text" else {}
    assert desk.machine.post("/suggestions/stream", body).status_code == (409 if wrong == "not turned on" else 400)
    assert desk.stub.asked == []


def test_an_obedient_model_gives_nothing_but_codes_of_the_codebook(desk: Desk) -> None:
    def obey(body: Body) -> str:
        excerpt = "\n".join(body["messages"][-1]["content"].splitlines()[1:-1])
        return json.dumps({"rationale": excerpt, "quote": excerpt, "code": "c1"})

    desk.stub.behave = saying(obey)
    desk.turned_on()
    for first in range(0, len(EXCERPTS), 20):
        some = EXCERPTS[first : first + 20]
        answered = desk.ask(texts=some)
        assert answered.is_success, answered.text
        for found, excerpt in zip(answered.json()["suggestions"], some, strict=True):
            [topic] = found["variables"]
            assert [code["code"] for code in topic["codes"]] == ["home", "work"]
            quotes = [one["text"] for code in topic["codes"] for one in code["evidence"]]
            assert all(quote in excerpt and not BAD.search(quote) for quote in quotes)
    prompts = [body["messages"][-1]["content"] for body in desk.stub.asked]
    assert len(prompts) == len(EXCERPTS)
    assert not any(other in prompt for place, prompt in enumerate(prompts) for at, other in enumerate(EXCERPTS) if at != place)


@pytest.mark.parametrize(
    "wrong",
    [
        {"server": "elsewhere"},
        {"server": "http://127.0.0.1:1/v1"},
        {"purpose": " "},
        {"samples": 3},
        {"redaction": "none"},
        {"api_key": "sk"},
        {"words": ["a"]},
    ],
    ids=str,
)
def test_what_cannot_be_turned_on_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    assert desk.lead.post(desk.path, ON | wrong).status_code == 400
    assert desk.lead.get(desk.path).json() == {"present": None, "servers": ["stub"], "history": []}


def test_what_was_on_and_off_stays_on_record(desk: Desk) -> None:
    desk.turned_on().turned_on(model="larger")
    key = "once"
    for _ in range(2):
        assert desk.lead.delete(desk.path, key=key).status_code == 204
    assert desk.lead.delete(desk.path).status_code == 204
    whole = desk.lead.get(desk.path).json()
    assert whole["present"] is None
    found = [(one["state"], one["by"], one["terms"] and one["terms"]["parameters"]["model"]) for one in whole["history"]]
    assert found == [("off", "Lead", None), ("on", "Lead", "larger"), ("on", "Lead", "stub")]
    with desk.installation.store.reading() as tx:
        acts = [(audit.act.rpartition(" ")[2], audit.reason) for audit in tx.audits.about(desk.study) if "language" in audit.act]
    assert acts == [("on", ON["purpose"]), ("on", ON["purpose"]), ("off", "")]


def test_only_leads_know_of_it(desk: Desk) -> None:
    desk.turned_on()
    others = [
        desk.installation.caller(desk.client, desk.installation.member(desk.study, role.value, role))
        for role in Role
        if role is not Role.LEAD
    ]
    stranger = desk.installation.caller(desk.client, desk.installation.person("stranger"))
    for who, status in [*((one, 403) for one in (*others, desk.machine)), (stranger, 404)]:
        answers = [who.get(desk.path), who.get(f"{desk.path}/calls"), who.post(desk.path, ON), who.delete(desk.path)]
        assert [answer.status_code for answer in answers] == [status] * 4
    assert len(desk.lead.get(desk.path).json()["history"]) == 1


def test_whoever_codes_in_an_open_round_gets_neither_answer_nor_log(tmp_path: Path) -> None:
    with served(saying(GOOD)) as stub:
        installation = installed(tmp_path, stub)
        with installation.running() as client:
            site = staged(installation, client)
            assert site.lead.post(f"/studies/{site.study}/language-model", ON).is_success
            coder = site.coders[0]
            with installation.store.writing() as tx:
                person = tx.people.get(coder.person_id).id
                tx.people.leave(StudyId(site.study), person)
                tx.people.join(StudyId(site.study), person, Role.LEAD)
            assert site.ask(coder, backend="language-model").status_code == 423
            assert coder.get(f"/studies/{site.study}/language-model/calls").status_code == 423
            assert stub.asked == []
            assert site.ask(backend="language-model").is_success


def test_deleting_a_document_or_the_study_takes_every_kept_answer(desk: Desk) -> None:
    desk.turned_on(purpose="PURPOSE-4711")
    desk.lead.upload(f"/studies/{desk.study}/documents", "a.txt", TEXT.encode())
    [document] = desk.lead.get(f"/studies/{desk.study}/documents").json()
    desk.ask()
    assert desk.kept() == [GOOD]
    assert desk.lead.delete(f"/documents/{document['id']}").is_success
    assert desk.kept() == []
    desk.ask()
    assert desk.lead.delete(f"/studies/{desk.study}").is_success
    folder = desk.installation.settings.data_dir
    written = b"".join(file.read_bytes() for file in folder.glob("intercoder.sqlite*"))
    assert not any(word in written for word in (b"took the key", b"PURPOSE-4711", KEY.encode()))


def test_an_answer_that_comes_after_an_erasure_is_not_kept(desk: Desk) -> None:
    desk.turned_on().lead.upload(f"/studies/{desk.study}/documents", "a.txt", TEXT.encode())
    [document] = desk.lead.get(f"/studies/{desk.study}/documents").json()
    good = saying(GOOD)

    async def erased_meanwhile(stub: Stub, body: Body, writer: Any) -> None:
        with desk.installation.store.writing() as tx:
            tx.erasure.document(DocumentId(document["id"]), tx.corpus.study(desk.study).id, tx.people.get(desk.lead.person_id).id)
        await good(stub, body, writer)

    behave: Behave = erased_meanwhile
    desk.stub.behave = behave
    assert desk.ask().is_success
    assert desk.kept() == []


@pytest.mark.parametrize(
    ("servers", "keys"),
    [
        ("http://127.0.0.1/v1", ""),
        ("a=file:///etc/passwd", ""),
        ("a=http://a b=http://b a=http://c", ""),
        ("a=http://a", "b=sk-secret"),
        ("a=http://a", "sk-secret"),
    ],
)
def test_settings_that_cannot_be_read_stop_the_start_and_show_no_key(tmp_path: Path, servers: str, keys: str) -> None:
    settings = Settings(data_dir=tmp_path, language_model_servers=servers, language_model_keys=keys)
    with pytest.raises(BadInput, match="INTERCODER_LANGUAGE_MODEL") as refused:
        create_app(settings)
    assert "secret" not in refused.value.detail
    named = servers_of(Settings(language_model_servers="a=http://a", language_model_keys="a=sk-secret"))
    assert not re.search("secret", repr(named))
