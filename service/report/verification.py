"""Whether a proof holds: chains, commitments, seal, verdicts and figures made anew from its files alone, without a database."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from service.agreement.profile import profile_named
from service.codebook.model import canonical_json
from service.coding.ledger import (
    ROUND_CHAIN,
    Entry,
    EntryKind,
    Exposure,
    commit,
    first_break,
    first_head,
    keeps_commitment,
    seal,
    verdict,
)
from service.coding.material import assignments_digests
from service.coding.model import PersonId
from service.coding.reveal import Revealed, blind_codings
from service.corpus.model import ExcerptId
from service.errors import BadInput, Refusal
from service.report.agreement import round_agreement
from service.report.proof import CodingLine, LedgerLine, Proof, coding_line

RECEIPT = "intercoder receipt 1"


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The head of a coder's own chain, kept by the coder: who rewrites the chain before it cannot give this head again."""

    format: str
    round_id: str
    person_id: str
    sequence: int
    head: str


class Broken(BadInput):
    """A proof does not hold; the detail names the first break."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"Broken at {where}: {what}")


def verify(proof: Proof) -> Iterator[str]:
    """Check a proof part by part and say what holds; the first break ends it."""
    parts = (_chains, _commitments, _seal, _material, _codings, _figures, _facts)
    for part in parts:
        try:
            yield part(proof)
        except (ValueError, KeyError, TypeError, AttributeError, msgspec.MsgspecError, Refusal) as error:
            if isinstance(error, Broken):
                raise
            where = part.__name__.strip("_")
            raise Broken(where, "it does not hold what a round holds there.") from error


def check_receipt(proof: Proof, receipt: Receipt) -> str:
    """Compare a coder's receipt with the chain in the proof."""
    who = proof.names().get(PersonId(receipt.person_id), "")
    if (receipt.format, receipt.round_id) != (RECEIPT, proof.round.id) or not who:
        message = "The receipt is of another round, or of nobody who coded in it."
        raise BadInput(message)
    heads = {0: first_head(proof.round.id, receipt.person_id)}
    heads |= {line.sequence: line.head for line in proof.ledger if line.person_id == receipt.person_id}
    if heads.get(receipt.sequence) != receipt.head:
        where = f"chain of {who}, entry {receipt.sequence}"
        raise Broken(where, "the receipt has another head. The chain was rewritten at or before this entry after the receipt was taken.")
    return f"receipt: {who} has the head of entry {receipt.sequence}, and so has the chain"


def _chains(proof: Proof) -> str:
    chains = _by_person(proof)
    if ROUND_CHAIN not in chains:
        raise Broken("the round's chain", "it is not there.")
    for person, lines in chains.items():
        place = first_break([line.entry() for line in lines])
        if place is not None or lines[0].round_id != proof.round.id:
            raise Broken(f"{_chain_of(proof, person)}, entry {place or 1}", "it does not follow from what stands before it.")
    if unknown := set(chains) - {ROUND_CHAIN, *(turn.person_id for turn in proof.assignments)}:
        raise Broken(_chain_of(proof, min(unknown)), "nobody of this id has assignments in the round.")
    return f"chains: {len(chains)} with {len(proof.ledger)} entries, each follows from the one before it"


def _commitments(proof: Proof) -> str:
    erased = 0
    for line in proof.ledger:
        if line.content is None and line.salt is None:
            erased += 1
        elif line.content is None or line.salt is None or not _keeps(line.commitment, line.salt, line.content):
            raise Broken(_entry_of(proof, line), "the content is not the one that the entry commits to.")
    return f"contents: {len(proof.ledger) - erased} are those committed to" + (f", {erased} are *erased*" if erased else "")


def _keeps(commitment: str, salt: str, content: str) -> bool:
    return keeps_commitment(commitment, bytes.fromhex(salt), content.encode())


def _seal(proof: Proof) -> str:
    closes = [line for line in _by_person(proof)[ROUND_CHAIN] if line.kind == EntryKind.CLOSED.value]
    if not closes:
        raise Broken("seal", "the round's chain has no close.")
    for line in closes:
        _check_close(proof, line)
    said = _content(closes[-1])["seal"]
    if said != proof.round.seal:
        raise Broken("seal", "the round's seal is not the one that its last close wrote.")
    late = [line for line in _after(proof, closes[-1]) if line.kind in {EntryKind.CODING.value, EntryKind.EXPOSURE.value}]
    if late:
        raise Broken(_entry_of(proof, late[0]), "it stands behind the seal of the last close.")
    return f"seal: {said} over every chain at the close"


def _check_close(proof: Proof, close: LedgerLine) -> None:
    content = _content(close)
    entries = {(line.person_id, line.sequence): line.entry() for line in proof.ledger}
    heads: list[Entry] = []
    for person, sequence, head in content.get("heads") or _last_heads(proof, close):
        entry = entries.get((person, sequence))
        if entry is None or entry.head != head:
            raise Broken(f"{_chain_of(proof, person)}, entry {sequence}", "the close sealed another head.")
        heads.append(entry)
    if seal(heads) != content["seal"] or (ROUND_CHAIN, close.sequence - 1) not in {(one.person_id, one.sequence) for one in heads}:
        raise Broken("seal", "it is not the digest of the heads of the chains.")


def _last_heads(proof: Proof, close: LedgerLine) -> list[tuple[str, int, str]]:
    # Rounds closed before the close wrote down the heads were never opened again: their chains end at the close.
    lines = [line for line in proof.ledger if line.person_id != ROUND_CHAIN or line.sequence < close.sequence]
    return [(line.person_id, line.sequence, line.head) for line in {line.person_id: line for line in lines}.values()]


def _after(proof: Proof, close: LedgerLine) -> Iterator[LedgerLine]:
    sealed = {person: sequence for person, sequence, _ in _content(close).get("heads") or _last_heads(proof, close)}
    return (line for line in proof.ledger if line.person_id != ROUND_CHAIN and line.sequence > sealed.get(line.person_id, 0))


def _material(proof: Proof) -> str:
    opened = _content(next(line for line in _by_person(proof)[ROUND_CHAIN] if line.kind == EntryKind.OPENED.value))
    said = (opened["revision"], opened["policy"], opened["seed"], opened["sample"])
    facts = proof.round
    if said != (facts.revision_id, facts.policy, facts.sample_seed, [one.excerpt_id for one in proof.excerpts]):
        raise Broken("round.json or excerpts.jsonl", "revision, policy, seed or sample are not those that the round opened with.")
    if "material" not in opened:
        return "material: the round was opened before texts were bound to the ledger; the sample's ids are those of the opening"
    for one in proof.excerpts:
        if one.commitment() not in {None, opened["material"].get(one.excerpt_id)}:
            raise Broken(f"excerpts.jsonl, excerpt {one.excerpt_id}", "it is not the excerpt that the round opened with.")
    _check_codebook(proof, opened["codebook"])
    _check_assignments(proof)
    erased = sum(one.salt is None for one in proof.excerpts)
    return f"material: {len(proof.excerpts)} excerpts, codebook and assignments are those of the opening" + (
        f"; {erased} excerpts are *erased*" if erased else ""
    )


def _check_codebook(proof: Proof, commitment: str) -> None:
    fact = proof.codebook
    if fact.revision_id != proof.round.revision_id or fact.salt is None:
        raise Broken("codebook.json", "it is not the revision that the round was coded by.")
    if commit(bytes.fromhex(fact.salt), canonical_json(fact.codebook)) != commitment:
        raise Broken("codebook.json", "it is not the codebook that the round opened with.")


def _check_assignments(proof: Proof) -> None:
    said: dict[str, str] = {}
    for line in _by_person(proof)[ROUND_CHAIN]:
        if line.content is not None:
            said |= _content(line).get("assignments", {})
    found = assignments_digests(turn.assignment(proof.round.id) for turn in proof.assignments)
    if wrong := sorted(person for person in {*said, *found} if said.get(person) != found.get(PersonId(person))):
        raise Broken(f"assignments.jsonl, {_name(proof, wrong[0])}", "these are not the assignments that the ledger wrote down.")


def _codings(proof: Proof) -> str:
    lines = {(line.person_id, line.sequence): line for line in proof.codings}
    entries = {(line.person_id, line.sequence): line for line in proof.ledger if line.kind == EntryKind.CODING.value}
    if odd := sorted(set(lines) ^ set(entries)) or (len(lines) != len(proof.codings) and ["", 0]):
        raise Broken(f"codings.jsonl, {odd[0]}", "the ledger and the codings do not name the same codings.")
    turns = {turn.id: turn for turn in proof.assignments}
    latest: dict[str, str] = {}
    for key in sorted(lines):
        line, turn = lines[key], turns[lines[key].assignment_id]
        told = (line.excerpt_id, line.occasion, line.person_id, line.at, line.supersedes)
        if told != (turn.excerpt_id, turn.occasion, turn.person_id, entries[key].at, latest.get(turn.id)):
            raise Broken(f"codings.jsonl, coding {line.id}", "assignment, time or what it supersedes is not that of the ledger.")
        latest[turn.id] = line.id
        _check_content(line, entries[key])
    revealed = revealed_anew(proof)
    counted = {coding.id for coding in blind_codings(revealed).values()}
    for one in revealed:
        line = lines[one.coding.person_id, one.coding.sequence]
        if coding_line(one, counts=one.coding.id in counted) != line:
            raise Broken(f"codings.jsonl, coding {line.id}", f"by the chain it is {one.verdict.value}.")
    erased = sum(line.content is None for line in proof.codings)
    found = f"codings: {len(lines)} as the ledger has them, {len(counted)} of them blind and counted"
    return found + (f", {erased} *erased*" if erased else "")


def _check_content(line: CodingLine, entry: LedgerLine) -> None:
    said = None if entry.content is None else _content(entry)
    if (said is None) != (line.content is None):
        raise Broken(f"codings.jsonl, coding {line.id}", "it is erased in one place and not in the other.")
    told = {"assignment": line.assignment_id, "excerpt": line.excerpt_id, "content": msgspec.to_builtins(line.content)}
    if said is not None and any(said[name] != value for name, value in told.items()):
        raise Broken(f"codings.jsonl, coding {line.id}", "this is not the coding that the ledger committed to.")
    if said is not None and said.get("provenance", line.provenance) != line.provenance:
        raise Broken(f"codings.jsonl, coding {line.id}", "its provenance is not the one that the ledger committed to.")


def revealed_anew(proof: Proof) -> list[Revealed]:
    """Give the codings with verdicts made anew from the order of the chains."""
    excerpt_of = {turn.id: turn.excerpt_id for turn in proof.assignments}
    shown: dict[tuple[str, str], list[tuple[int, Exposure]]] = {}
    reopened: dict[str, int] = {}
    for line in proof.ledger:
        if line.kind == EntryKind.EXPOSURE.value and line.content is not None:
            exposure = msgspec.json.decode(line.content, type=Exposure)
            shown.setdefault((line.person_id, excerpt_of[exposure.assignment_id]), []).append((line.sequence, exposure))
        if line.kind == EntryKind.REOPENED.value:
            reopened.setdefault(line.person_id, line.sequence)
    return [
        line.revealed(
            proof.round.id,
            verdict(line.sequence, shown.get((line.person_id, line.excerpt_id), []), reopened=reopened.get(line.person_id)),
        )
        for line in proof.codings
    ]


def _figures(proof: Proof) -> str:
    said = proof.report["agreement"]
    anew = round_agreement(
        revealed_anew(proof),
        proof.codebook.codebook,
        sample={ExcerptId(one.excerpt_id): one.document_id for one in proof.excerpts},
        coders=proof.names(),
        profile=profile_named(said["profile"]),
        list_at_most=None,
    )
    if place := first_difference(said, msgspec.json.decode(msgspec.json.encode(anew))):
        raise Broken(f"report.json, agreement{place}", "this is not what the codings give.")
    return f"figures: {_numbers(said)} numbers of the agreement made anew from the codings, equal bit for bit"


def _facts(proof: Proof) -> str:
    facts, said = proof.round, proof.report
    told = {name: getattr(facts, name) for name in ("name", "kind", "sample_method", "sample_seed", "opened_at", "closed_at", "seal")}
    told |= {"round_id": facts.id, "codebook_revision": proof.codebook.number}
    told |= {"provenance": sorted({line.provenance for line in proof.codings})}
    for name, value in told.items():
        if said[name] != value:
            raise Broken(f"report.json, {name}", "the report and the round do not say the same.")
    for kind in (EntryKind.UNBLINDED, EntryKind.REOPENED):
        chain = [line for line in _by_person(proof)[ROUND_CHAIN] if line.kind == kind.value]
        reasons = [None if line.content is None else _content(line)["reason"] for line in chain]
        if len(reasons) != len(said[kind.value]) or any(
            one is not None and one != told_["reason"] for one, told_ in zip(reasons, said[kind.value], strict=True)
        ):
            raise Broken(f"report.json, {kind.value}", "the ledger has other acts or reasons.")
    rest = sorted(set(said) - set(told) - {"agreement", EntryKind.UNBLINDED.value, EntryKind.REOPENED.value})
    left = [name for name in rest if said[name] not in ([], {}, None)]
    return "report: what it says of the round is what the ledger says" + (f"; not made anew: {', '.join(left)}" if left else "")


def first_difference(one: object, other: object) -> str | None:
    """Name the first place at which two JSON values differ, numbers compared bit for bit."""
    left, right = dict(_leaves(one)), dict(_leaves(other))
    return next((place for place in {**left, **right} if left.get(place) != right.get(place)), None)


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case {**fields} if fields:
            for name, one in fields.items():
                yield from _leaves(one, f"{place}.{name}")
        case [_, *_]:
            for number, one in enumerate(value):
                yield from _leaves(one, f"{place}[{number}]")
        case _:
            yield place or ".", repr(value)


def _numbers(value: object) -> int:
    return sum(leaf[:1] in set("-0123456789") for _, leaf in _leaves(value))


def _by_person(proof: Proof) -> dict[str, list[LedgerLine]]:
    chains: dict[str, list[LedgerLine]] = {}
    for line in proof.ledger:
        chains.setdefault(line.person_id, []).append(line)
    return chains


def _content(line: LedgerLine) -> Mapping[str, Any]:
    return msgspec.json.decode(line.content or "", type=dict[str, Any])


def _name(proof: Proof, person: str) -> str:
    return proof.names().get(PersonId(person), person) if person else "the round"


def _chain_of(proof: Proof, person: str) -> str:
    return f"the chain of {_name(proof, person)}"


def _entry_of(proof: Proof, line: LedgerLine) -> str:
    return f"{_chain_of(proof, line.person_id)}, entry {line.sequence}"
