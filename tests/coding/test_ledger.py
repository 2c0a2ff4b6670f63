"""Chains: every change, loss, repeat and swap of entries is seen, and erasing contents breaks nothing."""

import dataclasses
import hashlib
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.coding.ledger import (
    ROUND_CHAIN,
    Entry,
    EntryKind,
    Exposure,
    Shown,
    Verdict,
    append,
    canonical,
    commit,
    first_break,
    first_head,
    keeps_commitment,
    next_head,
    seal,
    verdict,
)

KINDS = st.sampled_from(EntryKind)
COMMITMENTS = st.text("0123456789abcdef", min_size=64, max_size=64)


def chain(records: list[tuple[EntryKind, str]], *, round_id: str = "r", person_id: str = "p") -> list[Entry]:
    entries: list[Entry] = []
    for place, (kind, commitment) in enumerate(records):
        last = entries[-1] if entries else None
        entries.append(append(last, round_id=round_id, person_id=person_id, at=f"t{place}", kind=kind, commitment=commitment))
    return entries


CHAINS = st.lists(st.tuples(KINDS, COMMITMENTS), min_size=1, max_size=12).map(chain)


def exposure(shown: Shown) -> Exposure:
    return Exposure(assignment_id="a", shown=shown, digest="d")


@given(CHAINS)
def test_what_was_appended_follows_from_its_start(entries: list[Entry]) -> None:
    assert first_break(entries) is None
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))


def test_an_empty_chain_is_whole() -> None:
    assert first_break([]) is None


@given(CHAINS, st.data())
@pytest.mark.parametrize("field", ["round_id", "person_id", "at", "commitment", "previous", "head"])
def test_a_changed_field_breaks_the_chain_there(field: str, entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    changed = dataclasses.replace(entries[place], **{field: getattr(entries[place], field) + "x"})
    assert first_break([*entries[:place], changed, *entries[place + 1 :]]) == place + 1


@given(CHAINS, st.data())
def test_another_kind_or_number_breaks_the_chain_there(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    other = next(kind for kind in EntryKind if kind is not entries[place].kind)
    for changed in (dataclasses.replace(entries[place], kind=other), dataclasses.replace(entries[place], sequence=99)):
        assert first_break([*entries[:place], changed, *entries[place + 1 :]]) == place + 1


@given(CHAINS, st.data())
def test_a_lost_entry_is_seen_unless_it_is_the_last_which_the_seal_sees(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    without = entries[:place] + entries[place + 1 :]
    if place < len(entries) - 1:
        assert first_break(without) == place + 1
    else:
        assert seal(without[-1:]) != seal(entries[-1:])


@given(CHAINS, st.data())
def test_a_repeated_entry_is_seen(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    assert first_break([*entries[: place + 1], *entries[place:]]) == place + 2


def test_chains_of_other_rounds_and_people_do_not_fit() -> None:
    heads = {first_head(round_id, person) for round_id in ("r", "s") for person in ("p", "q", ROUND_CHAIN)}
    assert len(heads) == 6
    mine, theirs = (chain([(EntryKind.CODING, "c")] * 2, person_id=person) for person in ("p", "q"))
    assert first_break([mine[0], theirs[1]]) == 2


def test_a_chain_recomputed_by_hand_has_the_same_head() -> None:
    [entry] = chain([(EntryKind.CODING, "cc")])
    start = hashlib.sha256(b'["intercoder ledger 1","r","p"]').hexdigest()
    link = hashlib.sha256(f'["{start}","r","p",1,"t0","coding","cc"]'.encode()).hexdigest()
    assert (entry.previous, entry.head) == (start, link)
    assert next_head(("r", "p", 1, "t0", "coding", "cc"), start) == link


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_a_commitment_is_kept_by_its_own_salt_and_content_only(salt: bytes, content: bytes, other: bytes) -> None:
    made = commit(salt, content)
    assert keeps_commitment(made, salt, content)
    assert keeps_commitment(made, salt, other) == (other == content)


def test_canonical_bytes_do_not_depend_on_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": ["é"]}) == canonical({"a": ["é"], "b": 1}) == '{"a":["é"],"b":1}'.encode()


@given(st.lists(CHAINS, min_size=1, max_size=4), st.randoms())
def test_a_seal_does_not_depend_on_the_order_of_the_chains(chains: list[list[Entry]], random: Random) -> None:
    heads = [entries[-1] for entries in chains]
    shuffled = random.sample(heads, len(heads))
    assert seal(heads) == seal(shuffled)


def test_a_seal_changes_with_any_head_and_any_person() -> None:
    one, two = (chain([(EntryKind.CODING, "c")], person_id=person)[0] for person in ("p", "q"))
    longer = append(one, round_id="r", person_id="p", at="t", kind=EntryKind.HANDED_IN, commitment="c")
    assert len({seal([]), seal([one]), seal([two]), seal([one, two]), seal([longer, two])}) == 5


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param([], Verdict.BLIND, id="nothing shown"),
        pytest.param([Shown.SUGGESTION], Verdict.ASSISTED, id="a suggestion"),
        pytest.param([Shown.PEER_CODING], Verdict.PEER_EXPOSED, id="a peer's coding"),
        pytest.param([Shown.STATISTIC], Verdict.PEER_EXPOSED, id="a statistic"),
        pytest.param([Shown.SUGGESTION, Shown.STATISTIC], Verdict.PEER_EXPOSED, id="both: the peer weighs more"),
    ],
)
def test_the_verdict_of_what_was_shown_before(shown: list[Shown], expected: Verdict) -> None:
    assert verdict(5, [(1, exposure(kind)) for kind in shown]) is expected


@given(st.integers(1, 20), st.lists(st.tuples(st.integers(1, 20), st.sampled_from(Shown).map(exposure))))
def test_what_was_shown_afterwards_changes_no_verdict(sequence: int, exposures: list[tuple[int, Exposure]]) -> None:
    earlier = [one for one in exposures if one[0] < sequence]
    assert verdict(sequence, exposures) is verdict(sequence, earlier)
    assert (verdict(sequence, exposures) is Verdict.BLIND) == (not earlier)


def test_an_exposure_with_a_field_it_does_not_have_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(canonical({**msgspec.to_builtins(exposure(Shown.STATISTIC)), "more": 1}), type=Exposure)
