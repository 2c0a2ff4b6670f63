"""The demo study: what the issue of its content asked for, and that simulated coders slip in plausible ways."""

import csv
from pathlib import Path

import numpy as np
import pytest

from service.agreement.profile import STANDARD_1
from service.codebook.model import tree
from service.coding.model import Provenance, RoundState
from service.demo.seeding import CODED, delete_demo, ensure_demo
from service.demo.simulation import CONTENT, NONE, Key, read_confusions, read_keys, simulate
from service.exchange.codebooks import read_codebook
from service.store import Store
from tests.installation import Installation

SUB_THEMES = {
    "Alternative to Offending",
    "Opportunity to be Valued",
    "Bridging Out",
    "Training and Learning",
    "Supportive Professional Relationships and Environment",
    "Personal Support",
    "Reflective Supervision",
    "Clarity",
    "Flexibility",
    "Boundaries",
    "Wider Support",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give a store with the demo study."""
    store = Installation(tmp_path).store
    ensure_demo(store)
    return store


def test_the_codebook_has_three_themes_and_eleven_defined_sub_themes() -> None:
    codebook = read_codebook("codebook.csv", (CONTENT / "codebook.csv").read_bytes())
    depths = {code.name: depth for depth, code in tree(codebook.variables[0])}
    assert {name for name, depth in depths.items() if depth == 1} == SUB_THEMES
    assert list(depths.values()).count(0) == 3
    assert all(code.definition and code.include_when and code.example for code in codebook.variables[0].codes)


def test_the_interviews_are_enough_and_each_has_its_key() -> None:
    with (CONTENT / "interviews.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    keys = read_keys()
    assert len(rows) == len(keys) >= 120
    assert len({row["text"] for row in rows}) == len(rows)
    assert {key.code for key in keys} == SUB_THEMES | {NONE}


def test_excerpts_meet_the_keys_written_for_them(store: Store) -> None:
    with (CONTENT / "interviews.csv").open(newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    with store.reading() as tx:
        study = tx.corpus.demo()
        assert study is not None
        ids = tx.corpus.excerpt_ids(study)
        found = tx.corpus.excerpts(ids)
    assert [found[one].text for one in ids] == texts


def test_a_closed_round_of_simulated_coders_and_an_open_one_share_no_excerpt(store: Store) -> None:
    with store.reading() as tx:
        closed, open_ = tx.rounds.of_study(tx.corpus.demo() or "")
        revealed = tx.codings.revealed(closed.id)
        samples = [{one.excerpt_id for one in tx.rounds.sample(round_.id)} for round_ in (closed, open_)]
    assert (closed.state, open_.state) == (RoundState.CLOSED, RoundState.OPEN)
    assert len(revealed) == 3 * CODED
    assert {one.coding.provenance for one in revealed} == {Provenance.SIMULATED}
    assert not samples[0] & samples[1]


def test_the_demo_is_made_once_and_is_the_same_everywhere(tmp_path: Path) -> None:
    figures: list[float | None] = []
    for name in ("one", "two"):
        store = Installation(tmp_path / name).store
        assert list(ensure_demo(store)) == ["Demo lead", "Demo coder 1", "Demo coder 2"]
        ensure_demo(store)
        with store.reading() as tx:
            assert len(tx.corpus.every_study()) == 1
            report = tx.reports.of(tx.rounds.of_study(tx.corpus.demo() or "")[0], profile=STANDARD_1, list_at_most=0)
            figures.append(report.agreement.variables[0].alpha.value)
    assert figures[0] == figures[1]
    assert figures[0] == pytest.approx(0.7, abs=0.1)


def test_deleting_the_demo_leaves_nothing_of_its_text(store: Store, tmp_path: Path) -> None:
    assert delete_demo(store)
    assert not delete_demo(store)
    store.close()
    with (CONTENT / "interviews.csv").open(newline="") as file:
        canaries = [row["text"].encode()[:40] for row in csv.DictReader(file)]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("intercoder.sqlite*"))
    assert [canary for canary in canaries if canary in kept] == []


def test_a_careful_simulated_coder_gives_the_key_and_a_careless_one_a_known_confusion() -> None:
    rng = np.random.default_rng(1)
    confusions = read_confusions()
    assert all(simulate(Key("Clarity", ""), confusions, care=1.0, rng=rng) == "Clarity" for _ in range(50))
    slips = {simulate(Key("Clarity", ""), confusions, care=0.0, rng=rng) for _ in range(200)}
    assert slips == {name for name, _ in confusions["Clarity"]}
    assert simulate(Key(NONE, "Boundaries"), confusions, care=0.0, rng=rng) in {"Boundaries", NONE}
