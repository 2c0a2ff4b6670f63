"""Whether a proof holds: chains, commitments, seal, verdicts and figures made anew from its files alone, without a database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from service.codebook.model import canonical_json
from service.coding.ledger import (
    ROUND_CHAIN,
    Entry,
    EntryKind,
    commit,
    first_break,
    first_head,
    keeps_commitment,
    seal,
)
from service.coding.material import arms_seed, assignments_digests
from service.coding.model import Content, PersonId, Provenance, SuggestionPolicy
from service.coding.plan import Stratified
from service.errors import BadInput
from service.exchange.source import bad
from service.report.broken import BreakError
from service.report.draws import design_sentence, draw_sentence
from service.report.model_chains import KINDS, model_coders
from service.report.proof import RECOMPUTED_BY, CodingLine, LedgerLine, Proof, coding_lines, read_proof
from service.report.recomputed import ANEW, first_difference, numbers, revealed_anew

RECEIPT = "intercoder receipt 1"


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The head of a coder's own chain, kept by the coder: who rewrites the chain before it cannot give this head again."""

    format: str
    round_id: str
    person_id: str
    sequence: int
    head: str


def read_and_verify(name: str, data: bytes, receipts: Sequence[Receipt] = ()) -> Iterator[str]:
    """Check a proof's file, then the receipts that coders kept."""
    proof, made_by = read_proof(name, data)
    versions = ", ".join(f"{made_by.get(one)}" if one == "intercoder" else f"{one} {made_by.get(one)}" for one in RECOMPUTED_BY)
    yield f"members: as the manifest has them; round {proof.round.name}, closed {proof.round.closed_at}, written by intercoder {versions}"
    yield from verify(proof, receipts)


def read_receipt(name: str, data: bytes) -> Receipt:
    """Read a receipt's file."""
    try:
        return msgspec.json.decode(data, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad(name, "", "this is not a receipt.") from error


def verify(proof: Proof, receipts: Sequence[Receipt] = ()) -> Iterator[str]:
    """Check a proof part by part and say what holds; the first break ends it."""
    parts: list[Callable[[Proof], str]] = [_chains, _commitments, _seal, _material, _codings, model_coders, _figures, _facts]
    for part in [*parts, *(partial(check_receipt, receipt=receipt) for receipt in receipts)]:
        try:
            yield part(proof)
        except BreakError as error:
            raise BadInput(str(error)) from error
        except (ValueError, LookupError, TypeError, AttributeError, msgspec.MsgspecError) as error:
            message = f"Broken at the {getattr(part, '__name__', 'receipt').strip('_')}: a round holds something else there."
            raise BadInput(message) from error


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
        raise BreakError(
            where, "the receipt has another head. The chain was rewritten at or before this entry after the receipt was taken."
        )
    return f"receipt: {who} has the head of entry {receipt.sequence}, and so has the chain"


def _chains(proof: Proof) -> str:
    chains = _by_person(proof)
    if ROUND_CHAIN not in chains:
        raise BreakError("the round's chain", "it is not there.")
    for person, lines in chains.items():
        place = first_break([line.entry() for line in lines])
        if place is not None or lines[0].round_id != proof.round.id:
            raise BreakError(f"{_chain_of(proof, person)}, entry {place or 1}", "it does not follow from what stands before it.")
    models = {line.person_id for line in proof.ledger if line.kind in KINDS}
    if unknown := set(chains) - {ROUND_CHAIN, *(turn.person_id for turn in proof.assignments), *models}:
        raise BreakError(_chain_of(proof, min(unknown)), "nobody of this id has assignments in the round.")
    return f"chains: {len(chains)} with {len(proof.ledger)} entries, each follows from the one before it"


def _commitments(proof: Proof) -> str:
    erased = 0
    for line in proof.ledger:
        if line.content is None and line.salt is None:
            erased += 1
        elif line.content is None or line.salt is None or not _keeps(line.commitment, line.salt, line.content):
            raise BreakError(_entry_of(proof, line), "the content is not the one that the entry commits to.")
    return f"contents: {len(proof.ledger) - erased} are those committed to" + (f", {erased} are *erased*" if erased else "")


def _keeps(commitment: str, salt: str, content: str) -> bool:
    return keeps_commitment(commitment, bytes.fromhex(salt), content.encode())


def _seal(proof: Proof) -> str:
    closes = _acts(proof, EntryKind.CLOSED)
    if not closes:
        raise BreakError("seal", "the round's chain has no close.")
    for line in closes:
        _check_close(proof, line)
    said = _content(closes[-1])["seal"]
    if said != proof.round.seal:
        raise BreakError("seal", "the round's seal is not the one that its last close wrote.")
    late = [line for line in _after(proof, closes[-1]) if line.kind in {EntryKind.CODING.value, EntryKind.EXPOSURE.value, *KINDS}]
    if late:
        raise BreakError(_entry_of(proof, late[0]), "it stands behind the seal of the last close.")
    return f"seal: {said} over every chain at the close"


def _check_close(proof: Proof, close: LedgerLine) -> None:
    content = _content(close)
    entries = {(line.person_id, line.sequence): line.entry() for line in proof.ledger}
    heads: list[Entry] = []
    for person, sequence, head in content.get("heads") or _last_heads(proof, close):
        entry = entries.get((person, sequence))
        if entry is None or entry.head != head:
            raise BreakError(f"{_chain_of(proof, person)}, entry {sequence}", "the close sealed another head.")
        heads.append(entry)
    if seal(heads) != content["seal"] or (ROUND_CHAIN, close.sequence - 1) not in {(one.person_id, one.sequence) for one in heads}:
        raise BreakError("seal", "it is not the digest of the heads of the chains.")


def _last_heads(proof: Proof, close: LedgerLine) -> list[tuple[str, int, str]]:
    # Rounds closed before the close wrote down the heads were never opened again: their chains end at the close.
    lines = [line for line in proof.ledger if line.person_id != ROUND_CHAIN or line.sequence < close.sequence]
    return [(line.person_id, line.sequence, line.head) for line in {line.person_id: line for line in lines}.values()]


def _after(proof: Proof, close: LedgerLine) -> Iterator[LedgerLine]:
    sealed = {person: sequence for person, sequence, _ in _content(close).get("heads") or _last_heads(proof, close)}
    return (line for line in proof.ledger if line.person_id != ROUND_CHAIN and line.sequence > sealed.get(line.person_id, 0))


def _material(proof: Proof) -> str:
    opened = _content(_acts(proof, EntryKind.OPENED)[0])
    said = (opened["revision"], opened["policy"], opened["seed"], opened["sample"])
    facts = proof.round
    if said != (facts.revision_id, facts.policy, facts.sample_seed, [one.excerpt_id for one in proof.excerpts]):
        raise BreakError("round.json or excerpts.jsonl", "revision, policy, seed or sample are not those that the round opened with.")
    decided = {"design": facts.design, "draw": facts.draw, "kind": facts.kind, "method": facts.sample_method}
    for name, value in decided.items():
        if name in opened and opened[name] != msgspec.to_builtins(value):
            raise BreakError(f"round.json, {name}", "it is not what the round opened with.")
    if facts.column and not (isinstance(facts.draw, Stratified) and facts.draw.column is not None):
        raise BreakError("round.json, column", "the round was not drawn by a column.")
    if "material" not in opened:
        return "material: the round was opened before texts were bound to the ledger; the sample's ids are those of the opening"
    for one in proof.excerpts:
        if one.commitment() not in {None, opened["material"].get(one.excerpt_id)}:
            raise BreakError(f"excerpts.jsonl, excerpt {one.excerpt_id}", "it is not the excerpt that the round opened with.")
    _check_codebook(proof, opened["codebook"])
    _check_assignments(proof)
    erased = _erased_excerpts(proof)
    return f"material: {len(proof.excerpts)} excerpts, codebook and assignments are those of the opening" + (
        f"; {erased} excerpts are *erased*" if erased else ""
    )


def _erased_excerpts(proof: Proof) -> int:
    gone = {one.excerpt_id for one in proof.excerpts if one.salt is None}
    kept = {line.excerpt_id for line in proof.codings if line.content is not None}
    for one in proof.excerpts:
        if one.excerpt_id in gone and (one.text or one.label or one.excerpt_id in kept):
            raise BreakError(f"excerpts.jsonl, excerpt {one.excerpt_id}", "its salt is gone, but its text, label or codings are not.")
    return len(gone)


def _check_codebook(proof: Proof, commitment: str) -> None:
    fact = proof.codebook
    if fact.revision_id != proof.round.revision_id or fact.salt is None:
        raise BreakError("codebook.json", "it is not the revision that the round was coded by.")
    if commit(bytes.fromhex(fact.salt), canonical_json(fact.codebook)) != commitment:
        raise BreakError("codebook.json", "it is not the codebook that the round opened with.")


def _check_assignments(proof: Proof) -> None:
    said: dict[str, str] = {}
    for line in _by_person(proof)[ROUND_CHAIN]:
        if line.content is not None:
            said |= _content(line).get("assignments", {})
    found = assignments_digests(turn.assignment(proof.round.id) for turn in proof.assignments)
    if wrong := sorted(person for person in {*said, *found} if said.get(person) != found.get(PersonId(person))):
        raise BreakError(f"assignments.jsonl, {_name(proof, wrong[0])}", "these are not the assignments that the ledger wrote down.")


def _codings(proof: Proof) -> str:
    lines = {(line.person_id, line.sequence): line for line in proof.codings}
    entries = {(line.person_id, line.sequence): line for line in proof.ledger if line.kind == EntryKind.CODING.value}
    if len(lines) != len(proof.codings) or set(lines) != set(entries):
        raise BreakError("codings.jsonl", "the ledger and the codings do not name the same codings.")
    turns = {turn.id: turn for turn in proof.assignments}
    corrected: dict[str, int] = {}
    for key in sorted(lines):
        line, turn = lines[key], turns[lines[key].assignment_id]
        told = (line.excerpt_id, line.occasion, line.person_id, line.at, line.supersedes)
        if told != (turn.excerpt_id, turn.occasion, turn.person_id, entries[key].at, corrected.get(turn.id)):
            raise BreakError(_coding_of(proof, line), "assignment, time or what it supersedes is not that of the ledger.")
        corrected[turn.id] = line.sequence
        _check_content(proof, line, entries[key])
    for line, anew in zip(proof.codings, coding_lines(revealed_anew(proof)), strict=True):
        if line != anew:
            raise BreakError(
                _coding_of(proof, line), f"by the chain it is {anew.verdict} and {'counts' if anew.counts else 'does not count'}."
            )
    counted = sum(line.counts for line in proof.codings)
    erased = sum(line.content is None for line in proof.codings)
    found = f"codings: {len(lines)} as the ledger has them, {counted} of them blind and counted"
    return found + (f", {erased} *erased*" if erased else "")


def _coding_of(proof: Proof, line: CodingLine) -> str:
    return f"codings.jsonl, {_name(proof, line.person_id)}, entry {line.sequence}"


def _check_content(proof: Proof, line: CodingLine, entry: LedgerLine) -> None:
    said = None if entry.content is None else _content(entry)
    if (said is None) != (line.content is None):
        raise BreakError(_coding_of(proof, line), "it is erased in one place and not in the other.")
    told = (line.assignment_id, line.excerpt_id, line.content)
    if said is not None and (said["assignment"], said["excerpt"], msgspec.convert(said["content"], Content)) != told:
        raise BreakError(_coding_of(proof, line), "this is not the coding that the ledger committed to.")
    if said is not None and said.get("provenance", line.provenance) != line.provenance:
        raise BreakError(_coding_of(proof, line), "its provenance is not the one that the ledger committed to.")


def _figures(proof: Proof) -> str:
    profile = proof.report["agreement"]["profile"]
    for name, (anew, gives) in ANEW.items():
        if place := first_difference(proof.report[name], anew(proof, profile)):
            raise BreakError(f"report.json, {name}{place}", f"this is not what {gives}.")
    made = numbers([proof.report[name] for name in ANEW])
    return f"figures: {made} numbers made anew from codings and resolutions, equal bit for bit"


def _facts(proof: Proof) -> str:
    facts, said = proof.round, proof.report
    told = {name: getattr(facts, name) for name in ("name", "kind", "sample_method", "sample_seed", "opened_at", "closed_at", "seal")}
    told |= {"round_id": facts.id, "codebook_revision": proof.codebook.number}
    told |= {"draw": draw_sentence(facts.round(), proof.codebook.codebook, facts.column), "design": design_sentence(facts.design)}
    told |= {"provenance": sorted({line.provenance for line in proof.codings})}
    for name, value in told.items():
        if said[name] != value:
            raise BreakError(f"report.json, {name}", "the report and the round do not say the same.")
    for kind in (EntryKind.UNBLINDED, EntryKind.REOPENED):
        _check_acts(proof, kind)
    _check_arms(proof)
    _check_imports(proof)
    _check_times(proof)
    acts = {kind.value for kind in (EntryKind.UNBLINDED, EntryKind.REOPENED, EntryKind.IMPORTED)}
    rest = sorted(set(said) - set(told) - {*ANEW, *acts, "arm_seed"})
    left = [name for name in rest if said[name] not in ([], {}, None)]
    return "report: what it says of the round is what the ledger says" + (f"; not made anew: {', '.join(left)}" if left else "")


def _check_times(proof: Proof) -> None:
    opened, closed = _acts(proof, EntryKind.OPENED)[0], _acts(proof, EntryKind.CLOSED)[-1]
    if "material" in _content(opened) and (opened.at, closed.at) != (proof.round.opened_at, proof.round.closed_at):
        raise BreakError("round.json", "opening and close have other times in the ledger.")


def _check_acts(proof: Proof, kind: EntryKind) -> None:
    acts = [(line.at, "" if line.content is None else _content(line)["reason"]) for line in _acts(proof, kind)]
    said = [(act["at"], act["reason"]) for act in proof.report[kind.value]]
    if acts != said:
        raise BreakError(f"report.json, {kind.value}", "the ledger has other acts or reasons.")
    closes = [(line.at, _content(line)["seal"]) for line in _acts(proof, EntryKind.CLOSED)]
    before = [(act["closed_at"], act["seal"]) for act in proof.report[EntryKind.REOPENED.value]]
    if before != closes[: len(before)]:
        raise BreakError("report.json, reopened", "the ledger has another seal of the close before.")


def _check_arms(proof: Proof) -> None:
    """Compare the seed of the arms with the one that the opening committed to; rounds opened before 2026-11-23 committed to none."""
    opened = _content(_acts(proof, EntryKind.OPENED)[0])
    salt, seed = proof.round.arm_salt, proof.report["arm_seed"]
    if "arms" in opened and (salt is None or not _keeps(opened["arms"], salt, arms_seed(seed).decode())):
        raise BreakError("report.json, arm_seed", "it is not the seed that the round opened with.")
    randomised = proof.round.policy == SuggestionPolicy.RANDOMISED.value
    if "arms" not in opened and (salt is not None or (seed is not None) != randomised):
        raise BreakError("round.json or report.json, arm_seed", "a seed that nothing committed to.")


def _check_imports(proof: Proof) -> None:
    """Compare what the report says was brought in with the ledger and the codings; who did it is named by no member but the report."""
    acts = _acts(proof, EntryKind.IMPORTED)
    chain = [line for line in acts if line.content is not None]
    told = [(line.at, _name(proof, _content(line)["person"]), _content(line)["codings"]) for line in chain]
    if told != [(one["at"], one["coder"], one["codings"]) for one in proof.report["imported"]]:
        raise BreakError("report.json, imported", "the ledger has other imports.")
    brought = sum(line.provenance == Provenance.IMPORTED.value for line in proof.codings)
    if len(chain) == len(acts) and brought != sum(count for *_, count in told):
        raise BreakError("report.json, imported", "the codings have other numbers of imported ones.")


def _acts(proof: Proof, kind: EntryKind) -> list[LedgerLine]:
    return [line for line in _by_person(proof)[ROUND_CHAIN] if line.kind == kind.value]


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
