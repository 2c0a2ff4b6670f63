"""A proof holds away from the database, and no edit of any member goes unseen, even with a manifest made to fit."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service.agreement.profile import STANDARD_1
from service.coding.adjudication import Resolution, Way, Why
from service.coding.ledger import Exposure, Shown, SuggestedCodes
from service.coding.model import Answer, Arm, Content, KeyFrom, RoundId, SuggestionPolicy
from service.errors import BadInput, Conflict
from service.exchange.archive import read_archive, write_archive
from service.report.broken import BreakError
from service.report.model_chains import model_coders
from service.report.proof import FORMAT, read_proof, write_proof
from service.report.verification import Receipt, read_and_verify, read_receipt
from service.store import Store
from tests.databases import KEY
from tests.store.modelled import let_model_code
from tests.store.scene import Scene, one

ERASED = "*erased*"


def eventful(scene: Scene) -> RoundId:
    """Make a closed round in which everything happened that a ledger writes down."""
    round_id = scene.open()
    first, second = scene.coders
    turns = scene.turns(round_id, first)
    scene.code_all(round_id, first)
    scene.submit(round_id, first, [(turns[0].id, one("fear", memo="on second thoughts")), (turns[1].id, Content(skip="torn"))])
    with scene.store.writing() as tx:
        exposure = Exposure(assignment_id=turns[2].id, shown=Shown.SUGGESTION, digest="d")
        tx.codings.expose(tx.codings.lock(round_id, first), first, exposure)
    scene.submit(round_id, first, [(turns[2].id, one("fear"))])
    for place, turn in enumerate(scene.turns(round_id, second)):
        answers = (
            Answer(variable="theme", codes=("hope" if place % 2 else "fear",)),
            Answer(variable="needs", codes=("time", "trust")[: place % 3]),
        )
        scene.submit(round_id, second, [(turn.id, Content(answers=answers, confidence=2))])
    with scene.store.writing() as tx:
        tx.codings.unblinded(round_id, second, by=scene.lead, reason="A coder asked whether to go on.")
        tx.codings.hand_in(tx.codings.lock(round_id, second), second)
    scene.close(round_id)
    return round_id


def helped(scene: Scene) -> RoundId:
    """Make a closed training round of randomised suggestions, with codings brought in, against the key of an earlier round."""
    earlier = eventful(scene)
    resolve(scene, earlier)
    round_id = scene.plan(key=KeyFrom(round_id=earlier, person_id=None), policy=SuggestionPolicy.RANDOMISED)
    with scene.store.writing() as tx:
        tx.rounds.open(round_id, scene.lead)
        rows = f"unit,variable,code\n{scene.excerpts[3]},theme,hope\n"
        tx.imports.bring_in(tx.rounds.alone(round_id), scene.coders[0], ("old.csv", rows.encode()), by=scene.lead)
    for coder in scene.coders:
        for place, turn in enumerate(scene.turns(round_id, coder)):
            if turn.arm is Arm.BEFORE:
                told = (SuggestedCodes(variable="theme", codes=("fear",)),)
                exposure = Exposure(assignment_id=turn.id, shown=Shown.SUGGESTION, digest="d", suggested=told)
                with scene.store.writing() as tx:
                    tx.codings.expose(tx.codings.lock(round_id, coder), coder, exposure)
            if turn.excerpt_id != scene.excerpts[3] or coder != scene.coders[0]:
                scene.submit(round_id, coder, [(turn.id, one("fear" if place % 2 else "hope"))])
    scene.close(round_id)
    return round_id


def with_models(scene: Scene) -> RoundId:
    """Make a closed round with two model coders, one of which abstained here and there."""
    round_id = scene.open()
    let_model_code(scene, round_id)
    let_model_code(scene, round_id, "t", ("fear",))
    scene.code_all(round_id, scene.coders[0])
    for place, turn in enumerate(scene.turns(round_id, scene.coders[1])):
        scene.submit(round_id, scene.coders[1], [(turn.id, one("fear" if place % 2 else "hope"))])
    scene.close(round_id)
    return round_id


def resolve(scene: Scene, round_id: RoundId) -> None:
    resolution = Resolution(
        excerpt_id=scene.excerpts[3], answer=Answer(variable="theme", codes=("hope",)), way=Way.DISCUSSION, why=Why.SLIP
    )
    with scene.store.writing() as tx:
        tx.adjudications.resolve(round_id, resolution, scene.lead)


def proof_of(scene: Scene, round_id: RoundId) -> bytes:
    with scene.store.reading() as tx:
        return write_proof(tx.proofs.of(tx.rounds.get(round_id)))


def receipt_of(scene: Scene, round_id: RoundId) -> Receipt:
    with scene.store.reading() as tx:
        return tx.proofs.receipt(tx.rounds.get(round_id), scene.coders[0])


def said(data: bytes, *receipts: Receipt) -> str:
    return "\n".join(read_and_verify("proof.zip", data, receipts))


def test_a_round_is_proved_without_its_database(scene: Scene) -> None:
    round_id = eventful(scene)
    resolve(scene, round_id)
    data = proof_of(scene, round_id)
    assert proof_of(scene, round_id) == data
    found = said(data)
    assert "12 of them blind" in found, found
    assert "equal bit for bit" in found
    assert ERASED not in found
    assert "not made anew" not in found


def test_arms_effects_imports_and_the_comparison_with_a_key_are_made_anew(scene: Scene) -> None:
    round_id = helped(scene)
    with scene.store.reading() as tx:
        report = tx.reports.of(tx.rounds.get(round_id), profile=STANDARD_1, list_at_most=None)
    assert (len(report.imported), len(report.assistance), report.training is not None) == (1, 2, True)
    assert "not made anew" not in said(proof_of(scene, round_id))


def test_model_coders_are_made_anew_from_their_chains(scene: Scene) -> None:
    round_id = with_models(scene)
    with scene.store.reading() as tx:
        models = tx.reports.of(tx.rounds.get(round_id), profile=STANDARD_1, list_at_most=None).models
    assert models is not None
    assert [len(one.model_model) for one in models.variables] == [1, 1]
    found = said(proof_of(scene, round_id))
    assert "model coders: 2, each with one coding for each of 6 excerpts" in found
    assert "not made anew" not in found
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    assert ERASED in said(proof_of(scene, round_id))


def test_a_round_that_was_opened_again_is_proved_with_both_seals(scene: Scene) -> None:
    round_id = eventful(scene)
    with scene.store.writing() as tx:
        tx.rounds.reopen(round_id, scene.lead, "A coder had not finished.")
    receipt = receipt_of(scene, round_id)
    scene.code_all(round_id, scene.coders[0], "fear")
    scene.close(round_id)
    assert "The head" not in said(proof_of(scene, round_id), receipt)


def test_what_was_erased_is_said_and_the_rest_still_holds(scene: Scene) -> None:
    round_id = eventful(scene)
    with scene.store.writing() as tx:
        tx.erasure.document(scene.document, scene.study, scene.lead)
    found = said(proof_of(scene, round_id))
    assert f"6 excerpts are {ERASED}" in found
    assert f"15 are {ERASED}" in found


def test_an_open_round_is_not_proved(scene: Scene) -> None:
    round_id = scene.open()
    with pytest.raises(Conflict, match="open"):
        proof_of(scene, round_id)


def test_a_receipt_is_the_head_and_holds_against_a_longer_chain_only(scene: Scene) -> None:
    round_id = scene.open()
    empty = receipt_of(scene, round_id)
    scene.code_all(round_id, scene.coders[0])
    kept = receipt_of(scene, round_id)
    scene.code_all(round_id, scene.coders[0], "fear")
    scene.close(round_id)
    data = proof_of(scene, round_id)
    assert (empty.sequence, kept.sequence) == (0, len(scene.excerpts))
    assert "has the head of entry 6" in said(data, empty, kept)
    with pytest.raises(BadInput, match="entry 6: the receipt has another head"):
        said(data, msgspec.structs.replace(kept, head=empty.head))
    with pytest.raises(BadInput, match="another round"):
        said(data, msgspec.structs.replace(kept, round_id=scene.study))
    with pytest.raises(BadInput, match="not a receipt"):
        read_receipt("r.json", b"{}")


# ---- tampering, with the manifest made to fit ----


@dataclass(frozen=True)
class Made:
    """One proof, its members, and how many lines or leaves each has."""

    members: dict[str, bytes] = field(repr=False)
    about: dict[str, str]

    def changed(self, name: str, edit: Callable[[Any], Any]) -> bytes:
        """Write the proof again with one member edited; the manifest has the new digest."""
        lines = name.endswith(".jsonl")
        text = self.members[name].decode()
        value = edit([json.loads(line) for line in text.splitlines()] if lines else json.loads(text))
        data = "\n".join(map(json.dumps, value)) if lines else json.dumps(value)
        return write_archive(FORMAT, self.about, self.members | {name: data.encode()})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Give the proof of an eventful round, opened again once."""
    folder: Path = tmp_path_factory.mktemp("proof")
    store = Store(f"sqlite:///{folder / 'intercoder.sqlite'}", KEY)
    store.migrate()
    scene = Scene.in_store(store)
    round_id = eventful(scene)
    resolve(scene, round_id)
    with store.writing() as tx:
        tx.rounds.reopen(round_id, scene.lead, "A coder had not finished.")
    scene.code_all(round_id, scene.coders[0], "fear")
    scene.close(round_id)
    manifest, members = read_archive("proof.zip", proof_of(scene, round_id), FORMAT)
    store.close()
    assert said(write_archive(FORMAT, manifest.about, members))
    return Made(members, manifest.about)


def made_of(folder: Path, lived: Callable[[Scene], RoundId]) -> Made:
    """Give the proof of a round that was lived through in a new study."""
    store = Store(f"sqlite:///{folder / 'intercoder.sqlite'}", KEY)
    store.migrate()
    scene = Scene.in_store(store)
    manifest, members = read_archive("proof.zip", proof_of(scene, lived(scene)), FORMAT)
    store.close()
    return Made(members, manifest.about)


@pytest.fixture(scope="module")
def made_with_help(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Give the proof of a training round of randomised suggestions."""
    return made_of(tmp_path_factory.mktemp("proof"), helped)


@pytest.fixture(scope="module")
def made_with_models(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Give the proof of a round with two model coders."""
    return made_of(tmp_path_factory.mktemp("proof"), with_models)


def leaves(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    match value:
        case {**fields} if fields:
            return [leaf for key, inner in fields.items() for leaf in leaves(inner, (*place, key))]
        case [_, *_]:
            return [leaf for key, inner in enumerate(value) for leaf in leaves(inner, (*place, key))]
        case _:
            return [place]


def other(value: Any, salt: int) -> Any:
    """Give a value that is not this one, often of its own kind."""
    if salt % 7 == 0:
        return None if value is not None else "x"
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value:
        place = salt % len(value)
        return value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]
    return "x" if value == "" else ["x"] if value != ["x"] else []


def put(value: Any, place: tuple[Any, ...], salt: int) -> Any:
    """Change one leaf."""
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = other(inner[place[-1]], salt)
    return value


def held(data: bytes) -> str:
    """Say what the verifier says of a proof; a break is its sentence."""
    try:
        return said(data)
    except BadInput as refusal:
        return f"broken: {refusal.detail}"


@pytest.mark.parametrize("number", range(300))
def test_no_leaf_of_any_member_can_be_changed(made: Made, number: int) -> None:
    rng = random.Random(number)
    name = rng.choice(sorted(made.members))

    def edit(value: Any) -> Any:
        return put(value, rng.choice(leaves(value)), rng.randrange(1000))

    found = held(made.changed(name, edit))
    assert found.startswith("broken") or ERASED in found, f"{name}: {found}"


@pytest.mark.parametrize("number", range(100))
def test_nothing_that_suggestions_keys_and_imports_are_reported_by_can_be_changed(made_with_help: Made, number: int) -> None:
    rng = random.Random(number)
    name = rng.choice(["round.json", "report.json"])
    told = {"round.json": {"key", "arm_salt", "policy"}, "report.json": {"assistance", "training", "imported", "arm_seed"}}[name]

    def edit(value: Any) -> Any:
        return put(value, rng.choice([leaf for leaf in leaves(value) if leaf[0] in told and leaf[-1] != "by"]), rng.randrange(1000))

    found = held(made_with_help.changed(name, edit))
    assert found.startswith("broken"), f"{name}: {found}"


@pytest.mark.parametrize("number", range(100))
def test_nothing_that_model_coders_are_reported_by_can_be_changed(made_with_models: Made, number: int) -> None:
    rng = random.Random(number)
    name = rng.choice(["ledger.jsonl", "report.json"])

    def edit(value: Any) -> Any:
        about = [place for place, line in enumerate(value) if line["kind"].startswith("model_")] if name == "ledger.jsonl" else ["models"]
        return put(value, rng.choice([leaf for leaf in leaves(value) if leaf[0] in about]), rng.randrange(1000))

    found = held(made_with_models.changed(name, edit))
    assert found.startswith("broken") or ERASED in found, f"{name}: {found}"


def test_a_model_coder_cannot_be_left_out_or_shortened(made_with_models: Made) -> None:
    lines = [json.loads(line) for line in made_with_models.members["ledger.jsonl"].decode().splitlines()]
    [first, *_] = sorted({line["person_id"] for line in lines if line["kind"].startswith("model_")})

    def without(sequences: set[int]) -> Callable[[list[Any]], list[Any]]:
        return lambda lines: [line for line in lines if line["person_id"] != first or line["sequence"] not in sequences]

    proof, _ = read_proof("proof.zip", write_archive(FORMAT, made_with_models.about, made_with_models.members))
    gone = msgspec.structs.replace(proof.excerpts[0], text="", label="", salt=None)
    with pytest.raises(BreakError, match="what the model gave it is not"):
        model_coders(msgspec.structs.replace(proof, excerpts=[gone, *proof.excerpts[1:]]))
    with pytest.raises(BreakError, match="excerpt at this place"):
        model_coders(msgspec.structs.replace(proof, excerpts=proof.excerpts[::-1]))
    assert "sealed another head" in held(made_with_models.changed("ledger.jsonl", without(set(range(1, 8)))))
    assert "sealed another head" in held(made_with_models.changed("ledger.jsonl", without({7})))
    assert "does not follow" in held(made_with_models.changed("ledger.jsonl", without({1})))


@pytest.mark.parametrize("how", ["left out", "doubled", "cut off"])
@pytest.mark.parametrize("number", range(30))
def test_no_line_can_be_left_out_doubled_or_cut_off(made: Made, number: int, how: str) -> None:
    rng = random.Random(number)
    name = rng.choice(sorted(name for name in made.members if name.endswith(".jsonl")))

    def edit(lines: list[Any]) -> list[Any]:
        place = rng.randrange(len(lines))
        return {"left out": lines[:place] + lines[place + 1 :], "doubled": [*lines, lines[place]], "cut off": lines[:place]}[how]

    found = held(made.changed(name, edit))
    assert found.startswith("broken"), f"{name}, {how}: {found}"


def test_a_break_names_the_chain_and_the_entry(made: Made) -> None:
    def rewrite(lines: list[Any]) -> list[Any]:
        second = [line for line in lines if line["person_id"]][1]
        second["at"] = "2020-01-01T00:00:00.000000Z"
        return lines

    assert re.search(r"Broken at the chain of Coder \d, entry 2: it does not follow", held(made.changed("ledger.jsonl", rewrite)))


def test_a_member_less_or_more_and_a_member_of_nonsense_are_refused(made: Made) -> None:
    less = {name: data for name, data in made.members.items() if name != "ledger.jsonl"}
    with pytest.raises(BadInput, match=r"ledger\.jsonl"):
        read_proof("proof.zip", write_archive(FORMAT, made.about, less))
    with pytest.raises(BadInput, match="extra"):
        read_proof("proof.zip", write_archive(FORMAT, made.about, made.members | {"extra.json": b"{}"}))
    for name in made.members:
        with pytest.raises(BadInput):
            said(write_archive(FORMAT, made.about, made.members | {name: b"[nonsense"}))
