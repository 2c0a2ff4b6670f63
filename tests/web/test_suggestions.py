"""Suggestions over HTTP: from the study's last snapshot, calibrated after a close, in a stream, within limits, with clear refusals."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar.testing import TestClient

from service.coding.draw import chosen_set
from service.coding.model import PersonId, RoundKind, SuggestionPolicy
from service.coding.visibility import Role
from service.corpus.model import ExcerptId, StudyId
from service.errors import TooMany
from service.store.credentials import Scope
from service.store.rounds import Plan
from service.web.allowance import Allowance
from tests.installation import Caller, Installation
from tests.web.pages.visiting import Visitor

WORDS = {"work": "shift manager contract job wage", "home": "door room landlord rent key", "family": "mother sister child father aunt"}
CODEBOOK = b"variable,code,definition\n" + b"".join(f"topic,{name},talk about {words}\n".encode() for name, words in WORDS.items())
FIRST, SECOND, LONG = 42, 6, 3
QUESTION = "the landlord took the key and the rent"
INLINE = {"variables": [{"name": "v", "scheme": "one_code", "codes": [{"name": "a"}, {"name": "b"}]}]}


def sentence(number: int) -> str:
    name = list(WORDS)[number % 3]
    words = WORDS[name].split()
    rest = " ".join(f"word{place}" for place in range(24)) if number == LONG else ""  # long enough for a twin within cosine .95
    return f"{words[number % 5]} {words[(number + 1) % 5]} {words[(number // 3) % 5]} said one{number} two{number * 7} {rest}".strip()


@dataclass
class Site:
    """A study whose first round of 42 excerpts closed, coded alike; and a second, open one of 6 others."""

    installation: Installation
    lead: Caller
    coders: list[Caller]
    machine: Caller
    study: str
    codebook: str
    open: str

    def ask(self, who: Caller | None = None, **more: Any) -> httpx.Response:
        return (who or self.machine).post("/suggestions", {"texts": [QUESTION], "codebook_id": self.codebook, "top": 3} | more)

    def topic(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask().json()["suggestions"][0]["variables"][0]
        return found

    def fitted(self) -> None:
        ends = time.monotonic() + 30
        while self.topic()["calibration"].startswith("not calibrated yet") and time.monotonic() < ends:
            time.sleep(0.05)

    def assist(self, coder: int, turn: int) -> httpx.Response:
        turns = self.coders[coder].get(f"/rounds/{self.open}/assignments").json()["items"]
        return self.coders[coder].post(f"/rounds/{self.open}/assignments/{turns[turn]['id']}/suggestions")


def code(coder: Caller, round_id: str, *, shift: int = 0) -> None:
    """Code every assignment by its words; ``shift`` takes another code than they say."""
    codings: list[dict[str, object]] = []
    for turn in coder.get(f"/rounds/{round_id}/assignments").json()["items"]:
        place = next(place for place, words in enumerate(WORDS.values()) if turn["text"].split()[0] in words.split())
        said = list(WORDS)[(place + shift) % 3]
        codings.append({"assignment_id": turn["id"], "answers": [{"variable": "topic", "codes": [said]}]})
    assert coder.post(f"/rounds/{round_id}/codings", {"codings": codings}).is_success


def round_of(
    site: Caller, installation: Installation, study: str, coders: list[Caller], excerpts: list[ExcerptId], policy: SuggestionPolicy
) -> str:
    with installation.store.writing() as tx:
        revision = tx.codebooks.latest(StudyId(study))
        assert revision is not None
        plan = Plan(
            name=policy.value,
            kind=RoundKind.RELIABILITY,
            policy=policy,
            revision_id=revision.id,
            sample_method="chosen",
            sample_seed=1,
            sample=chosen_set(excerpts),
            coders=tuple(PersonId(coder.person_id) for coder in coders),
            close_by=None,
        )
        made = tx.rounds.plan(StudyId(study), plan, PersonId(site.person_id))
    assert site.post(f"/rounds/{made}/opening").json()["state"] == "open"
    return made


def staged(installation: Installation, client: Any, *, open_shift: int | None = None) -> Site:
    lead = installation.caller(client, installation.person("lead", may_lead=True))
    study: str = lead.post("/studies", {"name": "S"}).json()["id"]
    texts = "text\n" + "".join(f"{sentence(number)}\n" for number in range(FIRST + SECOND))
    lead.upload(f"/studies/{study}/documents", "a.csv", texts.encode())
    lead.upload(f"/studies/{study}/codebook-file", "c.csv", CODEBOOK)
    coders = [installation.caller(client, installation.member(study, login, Role.CODER)) for login in ("anna", "ben")]
    while lead.get(f"/studies/{study}/embedding").json()["done"] < FIRST + SECOND:
        time.sleep(0.02)
    with installation.store.reading() as tx:
        ids = tx.corpus.excerpt_ids(StudyId(study))
        codebook = str(tx.codebooks.id_of(StudyId(study)))
    first = round_of(lead, installation, study, coders, ids[:FIRST], SuggestionPolicy.NONE)
    for coder in coders:
        code(coder, first)
    assert lead.post(f"/rounds/{first}/closing").is_success
    second = round_of(lead, installation, study, coders, ids[FIRST:], SuggestionPolicy.BEFORE)
    token = installation.token(lead.person_id, (Scope.SUGGEST,), study=study, machine=True)
    site = Site(installation, lead, coders, Caller(client, lead.person_id, token), study, codebook, second)
    if open_shift is not None:
        for coder in coders:
            code(coder, second, shift=open_shift)
    site.fitted()
    return site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a study with a closed and an open round, its suggestions fitted."""
    installation = Installation(tmp_path)
    with installation.running() as client:
        yield staged(installation, client)


def test_after_a_close_suggestions_are_calibrated_on_what_all_coded_alike(site: Site) -> None:
    found = site.ask().json()["suggestions"][0]
    topic = found["variables"][0]
    assert topic["calibration"].startswith("calibrated on 42 resolved excerpts")
    assert topic["codes"][0]["code"] == "home"
    assert topic["codes"][0]["probability"] > topic["codes"][1]["probability"]
    assert sum(one["probability"] for one in topic["codes"]) == pytest.approx(1)
    assert "resolved" in {evidence["kind"] for evidence in topic["codes"][0]["evidence"]}
    assert "home" in topic["likely"]
    assert found["made_by"]["snapshot"] == 2


def test_a_codebook_written_out_has_no_examples_and_says_so(site: Site) -> None:
    [found] = site.ask(codebook_id=None, codebook=INLINE).json()["suggestions"]
    assert found["variables"][0]["calibration"] == "not calibrated: too few resolved excerpts"
    assert found["made_by"]["snapshot"] is None
    assert found["made_by"]["resolved"] is None


def test_what_the_open_round_is_coded_as_changes_no_bit(tmp_path: Path) -> None:
    """NI-C and NI-P: the same study, the open round coded one way, another way, or not at all."""
    told: list[tuple[object, ...]] = []
    for number, shift in enumerate((0, 1, None)):
        (folder := tmp_path / str(number)).mkdir()
        installation = Installation(folder)
        with installation.running() as client:
            site = staged(installation, client, open_shift=shift)
            turns = site.coders[0].get(f"/rounds/{site.open}/assignments").json()["items"]
            own = {turn["text"]: site.assist(0, place).content for place, turn in enumerate(turns)}
            told.append((site.ask().content, site.ask(who=site.lead).content, sorted(own.items())))
            before = site.ask().json()["suggestions"][0]["made_by"]["resolved"]
            if shift is not None:
                assert site.lead.post(f"/rounds/{site.open}/closing").is_success
                assert site.ask().json()["suggestions"][0]["made_by"]["resolved"] != before  # not vacuous: the close tells
    assert told[0] == told[1] == told[2]


def test_a_round_keeps_the_snapshot_that_it_opened_with(site: Site) -> None:
    before = site.assist(0, 0).json()
    site.lead.upload(f"/studies/{site.study}/documents", "b.csv", b"text\nan uncle came\nthe wage fell\n")
    with site.installation.store.reading() as tx:
        more = tx.corpus.excerpt_ids(StudyId(site.study))[-2:]
    time.sleep(0.2)
    third = round_of(site.lead, site.installation, site.study, site.coders, more, SuggestionPolicy.NONE)
    for coder in site.coders:
        turns = coder.get(f"/rounds/{third}/assignments").json()["items"]
        codings = [{"assignment_id": one["id"], "answers": [{"variable": "topic", "codes": ["work"]}]} for one in turns]
        assert coder.post(f"/rounds/{third}/codings", {"codings": codings}).is_success
    assert site.lead.post(f"/rounds/{third}/closing").is_success
    assert site.ask().json()["suggestions"][0]["made_by"]["snapshot"] == 3
    assert site.assist(0, 0).json() == before


def test_an_example_that_is_nearly_an_excerpt_of_an_open_round_does_not_speak(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with installation.running() as client:
        site = staged(installation, client)
        near = sentence(LONG).replace("said", " said")
        site.lead.upload(f"/studies/{site.study}/documents", "b.csv", f"text\n{near}\nnothing of that kind\n".encode())
        ends = time.monotonic() + 20
        while site.lead.get(f"/studies/{site.study}/embedding").json()["done"] < FIRST + SECOND + 2 and time.monotonic() < ends:
            time.sleep(0.02)

        def shown() -> set[str]:
            codes = site.ask(texts=[near], top=1).json()["suggestions"][0]["variables"][0]["codes"]
            return {evidence["text"] for code in codes for evidence in code["evidence"] if evidence["kind"] == "resolved"}

        assert shown() == {sentence(LONG)}
        with installation.store.reading() as tx:
            more = tx.corpus.excerpt_ids(StudyId(site.study))[-2:]
        round_of(site.lead, installation, site.study, site.coders, more, SuggestionPolicy.NONE)
        assert shown() & {sentence(LONG)} == set()


def test_erasing_a_document_takes_its_examples_and_what_was_fitted_to_them(site: Site) -> None:
    assert site.lead.post(f"/rounds/{site.open}/closing").is_success
    document = site.lead.get(f"/studies/{site.study}/documents").json()[0]["id"]
    assert site.lead.delete(f"/documents/{document}").is_success
    found = site.ask().json()["suggestions"][0]
    assert found["variables"][0]["calibration"] == "not calibrated: too few resolved excerpts"
    assert found["made_by"]["resolved"] is None
    with site.installation.store.engine.connect() as connection:
        assert [
            connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in ("snapshot_resolved", "suggestion_fits")
        ] == [0, 0]


def test_a_stream_gives_the_same_suggestions_line_by_line(site: Site) -> None:
    texts = [sentence(number) for number in range(70)]
    asked = {"texts": texts, "codebook_id": site.codebook, "top": 3}
    response = site.machine.post("/suggestions/stream", asked)
    lines = [msgspec.json.decode(line) for line in response.content.splitlines()]
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert [line.get("text") for line in lines] == [*range(1, 71), None]
    assert lines[-1] == {"done": 70, "codebook_revision": 1}
    whole = site.machine.post("/suggestions", asked).json()
    assert [line["suggestion"] for line in lines[:-1]] == whole["suggestions"]
    assert [line["read"] for line in lines[:-1]] == whole["read"]


def test_a_text_that_the_model_reads_only_in_part_is_said_with_its_tokens(site: Site) -> None:
    read = site.ask(texts=["two words", "word " * 254, "word " * 255]).json()["read"]
    assert read == [{"tokens": 4, "truncated": False}, {"tokens": 256, "truncated": False}, {"tokens": 257, "truncated": True}]


def test_who_codes_in_an_open_round_gets_neither_answer_nor_stream(site: Site) -> None:
    asked = {"texts": ["x"], "codebook": INLINE}
    for path in ("/suggestions", "/suggestions/stream"):
        assert site.coders[0].post(path, asked).status_code == 423


def test_another_revision_than_the_snapshots_is_refused(site: Site) -> None:
    assert site.ask(revision=1).is_success
    refused = site.ask(revision=2)
    assert refused.status_code == 409
    assert "of codebook revision 1" in refused.json()["detail"]


@pytest.mark.parametrize("texts", [["a", " \n"], ["", "b"]])
def test_an_empty_text_is_named_and_nothing_is_ranked(site: Site, texts: list[str]) -> None:
    refused = site.ask(texts=texts)
    assert refused.status_code == 400
    assert "of 2 is empty" in refused.json()["detail"]


def test_a_text_of_a_megabyte_is_refused_by_its_field(site: Site) -> None:
    refused = site.ask(texts=["a" * 1_048_576])
    assert refused.status_code == 400
    assert "texts" in refused.json()["detail"]


def test_a_codebook_without_definitions_and_texts_in_other_languages_are_ranked(site: Site) -> None:
    found = site.ask(codebook_id=None, codebook=INLINE, texts=["那天晚上我们谈了很久", "كان البيت بعيدا", "🙂"]).json()["suggestions"]
    assert [len(one["variables"][0]["codes"]) for one in found] == [2, 2, 2]


def test_more_texts_than_allowed_wait_and_nobody_else_does(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.settings = replace(installation.settings, suggestions_per_minute=6)
    with installation.running() as client:
        one, other = (installation.caller(client, installation.person(login, may_lead=True)) for login in ("one", "other"))
        asked = {"texts": ["a"] * 4, "codebook": INLINE}
        assert one.post("/suggestions", asked).is_success
        refused = one.post("/suggestions/stream", asked)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 20
        assert other.post("/suggestions", asked).is_success


def test_an_allowance_fills_again_evenly_and_not_beyond_a_minute() -> None:
    now = [0.0]
    allowance = Allowance(60, lambda: now[0])
    allowance.take("a", 60)
    with pytest.raises(TooMany) as refused:
        allowance.take("a", 30)
    assert refused.value.retry_after == 30
    now[0] = 30.0
    allowance.take("a", 30)
    now[0] = 1_000.0
    allowance.take("a", 100)  # a call of more than a minute's worth takes all there is
    with pytest.raises(TooMany) as again:
        allowance.take("a", 60)
    assert again.value.retry_after == 60


def test_the_page_draws_how_far_the_probabilities_held(site: Site) -> None:
    lead = Visitor(cast("TestClient[Any]", site.lead.client)).sign_in("lead")
    path = f"/studies/{site.study}/suggestions"
    assert "How far its probabilities held" not in lead.get(path).text
    shown = lead.post(path, {"text": QUESTION}).text
    assert "How far its probabilities held" in shown
    assert "42 excerpts; expected calibration error" in shown
    bars = re.findall(r'<th scope="row" class="num">\.\d+ to [\d.]+</th><td class="r num">(\d+)</td>', shown)
    assert sum(map(int, bars)) == 42
    assert shown.partition('class="reliability')[2].count("<circle") == len(bars)
