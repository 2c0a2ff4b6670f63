"""A model codes a round's sample by the API: sealed until the close, once a configuration, by either back end, for leads only."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import msgspec
import pytest

from service.coding.model import SuggestionPolicy
from service.coding.visibility import Role
from service.corpus.model import ExcerptId, StudyId
from service.embedding import Vectors
from service.errors import Unavailable
from service.suggestion import Suggestion
from service.suggestion.coder import coded
from service.web import language_models, modelling
from service.web.suggesting import Suggesting
from tests.fakes import HashEncoder
from tests.installation import Caller, Installation
from tests.suggestion.stub import Body, Stub, http, saying, sending, served
from tests.suggestion.test_llm import GOOD
from tests.web.test_language_models import ON, installed
from tests.web.test_suggestions import FIRST, SECOND, Site, code, round_of, staged

EMBEDDINGS, LANGUAGE_MODEL = {"backend": "embeddings"}, {"backend": "language-model"}
HELD = "HELD back"


def make(site: Site, body: dict[str, str] = EMBEDDINGS, *, who: Caller | None = None, key: str | None = None) -> httpx.Response:
    return (who or site.lead).post(f"/rounds/{site.open}/model-coders", body, key=key)


def made(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.lead.get(f"/rounds/{site.open}/model-coders").json()
    return found


def close(site: Site) -> dict[str, Any]:
    """Let both coders code and close; give the report."""
    for coder in site.coders:
        code(coder, site.open)
    assert site.lead.post(f"/rounds/{site.open}/closing").is_success
    report: dict[str, Any] = site.lead.get(f"/rounds/{site.open}/agreement").json()
    return report


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    installation = Installation(tmp_path)
    with installation.running() as client:
        yield staged(installation, client)


def test_a_lead_has_the_model_code_and_it_is_on_the_report_after_the_close(site: Site) -> None:
    answer = make(site)
    assert answer.status_code == 201, answer.text
    [listed] = made(site)
    assert answer.json() == listed | {"new": True}
    assert listed["name"] == f"hash, configuration {listed['configuration'][:8]}"
    assert (listed["backend"], listed["model"], listed["snapshot"]) == ("embeddings", "hash", 2)
    report = close(site)
    [about], [variable] = report["models"]["coders"], report["models"]["variables"]
    assert (about["name"], about["excerpts"], about["erased"]) == (listed["name"], SECOND, 0)
    [answered] = variable["answered"]
    assert answered["answered"] + answered["abstained"] == SECOND
    [ours] = variable["human_model"]
    assert ours["pairs"] == 2 * answered["answered"]
    assert variable["model_model"] == []
    [tested] = variable["alternative"]
    assert "takes 3 coders" in tested["why"]
    assert site.coders[0].get(f"/rounds/{site.open}/agreement").json()["models"] == report["models"]


def test_it_gives_what_a_suggestion_gives_by_the_rule(site: Site) -> None:
    turns = site.coders[0].get(f"/rounds/{site.open}/assignments").json()["items"]
    shown = [msgspec.json.decode(site.assist(0, place).content, type=Suggestion) for place in range(len(turns))]
    make(site)
    close(site)
    with site.installation.store.reading() as tx:
        codebook = tx.codebooks.revision(tx.rounds.get(site.open).revision_id).codebook
        texts = {one.text: one.id for one in tx.corpus.excerpts(tx.corpus.excerpt_ids(StudyId(site.study))).values()}
        given = {one.given.excerpt: one.given.answers for one in tx.model_coders.revealed(site.open) if one.given}
    for turn, suggestion in zip(turns, shown, strict=True):
        wanted = coded(suggestion, codebook)
        assert tuple((one.variable, one.codes) for one in given[texts[turn["text"]]]) == wanted


def test_the_same_again_is_the_same_one(site: Site) -> None:
    key = "once"
    first = make(site, key=key)
    assert make(site, key=key).json() == first.json()
    again = make(site)
    assert (again.status_code, again.json()) == (201, first.json() | {"new": False})
    assert make(site, LANGUAGE_MODEL, key=key).status_code == 422
    assert len(made(site)) == 1


def test_a_retry_after_the_close_gets_its_answer_and_a_new_request_is_refused(site: Site) -> None:
    first = make(site, key="k")
    close(site)
    assert make(site, key="k").json() == first.json()
    refused = make(site)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:intercoder:problem:conflict")
    assert "Plan another round" in refused.json()["detail"]
    assert site.lead.post(f"/rounds/{site.open}/reopening", {"reason": "A slip."}).is_success
    assert make(site).status_code == 409


def test_before_the_close_nobody_gets_anything_of_it(site: Site) -> None:
    """Whatever leads and coders read of the round and the study is byte for byte the same, but for the list of model coders."""
    asked = [
        (who, path)
        for who in (site.lead, *site.coders)
        for path in (
            *(
                f"/rounds/{site.open}{end}"
                for end in ("", "/completion", "/progress", "/own-codings", "/assignments", "/ledger", "/receipt")
            ),
            *(f"/rounds/{site.open}{end}" for end in ("/codings", "/agreement", "/proof", "/queue", "/resolutions")),
            f"/studies/{site.study}/rounds",
            f"/studies/{site.study}/trend",
        )
    ]

    def told() -> list[tuple[int, bytes]]:
        answers = [*(who.get(path) for who, path in asked), site.ask()]
        return [(answer.status_code, answer.content) for answer in answers]

    before = told()
    make(site)
    assert told() == before
    with site.installation.store.engine.connect() as connection:
        given = [
            bytes(one) for one in connection.exec_driver_sql("SELECT content FROM ledger_contents WHERE content LIKE '%answers%'").scalars()
        ]
    assert given  # it is there, and nobody was told


def test_only_leads_know_of_it(site: Site) -> None:
    others = {
        role: site.installation.caller(site.lead.client, site.installation.member(site.study, f"another-{role.value}", role))
        for role in Role
    }
    stranger = site.installation.caller(site.lead.client, site.installation.person("stranger"))
    path = f"/rounds/{site.open}/model-coders"
    assert [others[Role.LEAD].get(path).status_code, make(site, who=others[Role.LEAD]).status_code] == [200, 201]
    for who in (*site.coders, others[Role.CODER], others[Role.ADJUDICATOR], others[Role.OBSERVER], site.machine, stranger):
        listed, refused = who.get(path), make(site, who=who)
        assert listed.status_code == 404
        assert refused.status_code == (403 if who in site.coders else 404)
        assert "hash" not in listed.text + refused.text
    close(site)
    assert [who.get(path).status_code for who in (others[Role.LEAD], site.coders[0])] == [200, 404]


def test_a_lead_who_codes_may_have_the_embeddings_code_and_sees_nothing(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with installation.running() as client:
        site = staged(installation, client)
        with installation.store.reading() as tx:
            ids = tx.corpus.excerpt_ids(StudyId(site.study))
        both = [site.lead, site.coders[0]]
        own = round_of(site.lead, installation, site.study, both, ids[FIRST:], SuggestionPolicy.NONE)
        answer = site.lead.post(f"/rounds/{own}/model-coders", EMBEDDINGS)
        assert answer.status_code == 201
        assert [one["id"] for one in site.lead.get(f"/rounds/{own}/model-coders").json()] == [answer.json()["id"]]
        assert site.lead.post(f"/rounds/{own}/model-coders", LANGUAGE_MODEL).status_code == 423
        assert site.lead.get(f"/rounds/{own}/agreement").status_code == 404


def test_a_draft_takes_none_and_says_what_to_do(site: Site) -> None:
    body = {"name": "R", "kind": "pilot", "policy": "none", "revision": 1, "sample": {"method": "random", "size": 3, "seed": 1}}
    coders = [coder.person_id for coder in site.coders]
    draft: str = site.lead.post(f"/studies/{site.study}/rounds", body | {"coders": coders}).json()["id"]
    refused = site.lead.post(f"/rounds/{draft}/model-coders", EMBEDDINGS)
    assert (refused.status_code, "Open it first" in refused.json()["detail"]) == (409, True)
    assert site.lead.get(f"/rounds/{draft}/model-coders").json() == []


def test_a_codebook_of_spans_alone_takes_none(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with installation.running() as client:
        site = staged(installation, client)
        site.lead.upload(f"/studies/{site.study}/codebook-file", "c.csv", b"variable,scheme,code\nwho,spans,somebody\n")
        with installation.store.reading() as tx:
            ids = tx.corpus.excerpt_ids(StudyId(site.study))
        other = round_of(site.lead, installation, site.study, site.coders, ids[:3], SuggestionPolicy.NONE)
        refused = site.lead.post(f"/rounds/{other}/model-coders", EMBEDDINGS)
        assert (refused.status_code, "spans only" in refused.json()["detail"]) == (409, True)


def test_while_the_fit_is_still_made_it_says_so_and_makes_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    go, fit = Event(), Suggesting.fit_missing

    def held(suggesting: Suggesting) -> None:
        assert go.wait(30)
        fit(suggesting)

    monkeypatch.setattr(Suggesting, "fit_missing", held)
    monkeypatch.setattr(modelling, "DEADLINE_S", 0.3)
    close(site)
    with site.installation.store.reading() as tx:
        ids = tx.corpus.excerpt_ids(StudyId(site.study))
    third = round_of(site.lead, site.installation, site.study, site.coders, ids[FIRST:], SuggestionPolicy.NONE)
    refused = site.lead.post(f"/rounds/{third}/model-coders", EMBEDDINGS)
    assert (refused.status_code, "still being made" in refused.json()["detail"]) == (503, True)
    assert site.lead.get(f"/rounds/{third}/model-coders").json() == []
    go.set()
    monkeypatch.setattr(modelling, "DEADLINE_S", 30.0)
    assert site.lead.post(f"/rounds/{third}/model-coders", EMBEDDINGS).status_code == 201


class Holding(HashEncoder):
    """An encoder that cannot embed what says that it is held back."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        if any(HELD in text for text in texts):
            raise Unavailable("held back")
        return super().encode(texts)


def test_what_is_not_embedded_yet_is_asked_for_again_and_nothing_is_stored(tmp_path: Path) -> None:
    installation = Installation(tmp_path, load_encoder=Holding)
    with installation.running() as client:
        site = staged(installation, client)
        site.lead.upload(f"/studies/{site.study}/documents", "b.csv", f"text\n{HELD} and late\n".encode())
        with installation.store.reading() as tx:
            found = tx.corpus.excerpts(tx.corpus.excerpt_ids(StudyId(site.study)))
        ids = [ExcerptId(one.id) for one in found.values() if HELD in one.text]
        late = round_of(site.lead, installation, site.study, site.coders, ids, SuggestionPolicy.NONE)
        refused = site.lead.post(f"/rounds/{late}/model-coders", EMBEDDINGS)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.json()["detail"].endswith("Send it again in a moment; nothing of the round was stored.")
        assert site.lead.get(f"/rounds/{late}/model-coders").json() == []


def test_after_another_close_a_round_keeps_the_snapshot_that_it_pinned(site: Site) -> None:
    with site.installation.store.reading() as tx:
        ids = tx.corpus.excerpt_ids(StudyId(site.study))
    other = round_of(site.lead, site.installation, site.study, site.coders, ids[:3], SuggestionPolicy.NONE)
    for coder in site.coders:
        code(coder, other)
    assert site.lead.post(f"/rounds/{other}/closing").is_success
    assert make(site).json()["snapshot"] == 2


# ---- the language model ----


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[Site, Stub]]:
    """Give the study with a language model on, and its server."""
    with served(saying(GOOD)) as stub:
        installation = installed(tmp_path, stub)
        with installation.running() as client:
            site = staged(installation, client)
            assert site.lead.post(f"/studies/{site.study}/language-model", ON).status_code == 201
            yield site, stub


def test_a_language_model_codes_the_sample_and_is_another_model_coder(asked: tuple[Site, Stub]) -> None:
    site, stub = asked
    answer = make(site, LANGUAGE_MODEL)
    assert answer.status_code == 201, answer.text
    assert len(stub.asked) == SECOND
    assert make(site).status_code == 201
    assert [one["backend"] for one in made(site)] == ["language-model", "embeddings"]
    again = make(site, LANGUAGE_MODEL)
    assert (again.json()["id"], again.json()["new"]) == (answer.json()["id"], False)
    assert len(stub.asked) == SECOND  # answered from what was kept
    [variable] = close(site)["models"]["variables"]
    assert variable["answered"][0]["answered"] == SECOND
    assert len(variable["human_model"]) == 2
    assert len(variable["model_model"]) == 1


def test_changed_terms_are_another_model_coder(asked: tuple[Site, Stub]) -> None:
    site, stub = asked
    first = make(site, LANGUAGE_MODEL).json()
    assert site.lead.post(f"/studies/{site.study}/language-model", ON | {"seed": 7}).status_code == 201
    second = make(site, LANGUAGE_MODEL).json()
    assert len(stub.asked) == 2 * SECOND
    assert first["configuration"] != second["configuration"]
    assert (first["name"] != second["name"], second["new"]) == (True, True)
    assert site.lead.post(f"/studies/{site.study}/language-model", ON).status_code == 201  # as it was, for another purpose or none
    assert make(site, LANGUAGE_MODEL).json() == first | {"new": False}


def test_a_model_that_stops_goes_on_where_it_stopped_and_stores_nothing_before(asked: tuple[Site, Stub]) -> None:
    site, stub = asked
    numbers = count()

    def three_then_nonsense(_: Body) -> str:
        return GOOD if next(numbers) < 3 else "no json"

    stub.behave = saying(three_then_nonsense)
    refused = make(site, LANGUAGE_MODEL)
    assert refused.status_code == 503
    assert made(site) == []
    before = len(stub.asked)
    stub.behave = saying(GOOD)
    assert make(site, LANGUAGE_MODEL).status_code == 201
    assert len(stub.asked) - before == SECOND - 3


def test_a_slow_model_comes_further_with_every_request(asked: tuple[Site, Stub], monkeypatch: pytest.MonkeyPatch) -> None:
    site, stub = asked
    monkeypatch.setattr(language_models, "REQUEST_S", 0.0)  # one text a request; what is kept takes none of the time
    told = [make(site, LANGUAGE_MODEL) for _ in range(SECOND)]
    assert [answer.status_code for answer in told] == [*[503] * (SECOND - 1), 201]
    assert told[2].json()["detail"] == "The language model is slow: 3 of 6 texts were answered and are kept. Ask again."
    assert len(stub.asked) == SECOND


def test_a_model_that_says_none_applies_has_coded_and_one_that_is_off_has_not(asked: tuple[Site, Stub]) -> None:
    site, stub = asked
    stub.behave = saying(GOOD.replace('"c1"', '"none"'))
    assert make(site, LANGUAGE_MODEL).status_code == 201
    assert site.lead.delete(f"/studies/{site.study}/language-model").status_code == 204
    assert make(site, LANGUAGE_MODEL).status_code == 409
    [variable] = close(site)["models"]["variables"]
    assert variable["answered"] == [{"coder": variable["human_model"][0]["coders"][0], "answered": SECOND, "abstained": 0}]
    assert [one["code"] for one in variable["human_model"][0]["codes"]][-1] == ""
    assert variable["human_model"][0]["percent"]["value"] == 0


def test_a_server_that_fails_leaves_the_embeddings_as_they_are(asked: tuple[Site, Stub]) -> None:
    site, stub = asked
    stub.behave = sending(http(b"{}", status="401 Unauthorized"))
    assert make(site, LANGUAGE_MODEL).status_code == 503
    assert make(site).status_code == 201


def test_the_budget_and_the_allowance_are_the_askers_own(tmp_path: Path) -> None:
    with served(saying(GOOD)) as stub:
        installation = installed(tmp_path, stub, language_model_calls_per_day=4)
        with installation.running() as client:
            site = staged(installation, client)
            assert site.lead.post(f"/studies/{site.study}/language-model", ON).status_code == 201
            refused = make(site, LANGUAGE_MODEL)
            assert (refused.status_code, int(refused.headers["Retry-After"]) > 80_000) == (429, True)
            other = installation.caller(client, installation.member(site.study, "other", Role.LEAD))
            assert make(site, LANGUAGE_MODEL, who=other).status_code == 201  # four are kept, two are asked
            assert len(stub.asked) == SECOND


def test_an_excerpt_longer_than_is_sent_refuses_the_sample_as_a_whole(asked: tuple[Site, Stub]) -> None:
    site, stub = asked
    site.lead.upload(f"/studies/{site.study}/documents", "b.csv", f"text\n{'word ' * 1_700}\n".encode())
    with site.installation.store.reading() as tx:
        found = tx.corpus.excerpts(tx.corpus.excerpt_ids(StudyId(site.study)))
    ids = sorted(found, key=lambda one: -len(found[one].text))[:2]
    other = round_of(site.lead, site.installation, site.study, site.coders, [ExcerptId(one) for one in ids], SuggestionPolicy.NONE)
    refused = site.lead.post(f"/rounds/{other}/model-coders", LANGUAGE_MODEL)
    assert (refused.status_code, refused.json()["detail"][:23]) == (409, "1 excerpts of the sampl")
    assert stub.asked == []
