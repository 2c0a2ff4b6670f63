"""The tamper-evident record of what each person of a round was shown and gave.

One chain for each (round, person), one for each model coder, one more for the round itself. An entry's content is not in the chain:
the chain holds ``sha256(salt ‖ content)``, so that erasing content and salt together leaves a chain that still verifies and tells nothing.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

SALT_BYTES = 32
ROUND_CHAIN = ""


class EntryKind(StrEnum):
    """What an entry records."""

    CODING = "coding"
    EXPOSURE = "exposure"
    HANDED_IN = "handed_in"
    UNBLINDED = "unblinded"
    OPENED = "opened"
    REPLACED = "replaced"
    CLOSED = "closed"
    REOPENED = "reopened"
    ARCHIVED = "archived"
    ADJUDICATED = "adjudicated"
    IMPORTED = "imported"
    MODEL_CODER = "model_coder"
    MODEL_CODING = "model_coding"


class Shown(StrEnum):
    """What an exposure showed."""

    SUGGESTION = "suggestion"
    PEER_CODING = "peer_coding"
    STATISTIC = "statistic"


class SuggestedCodes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The codes that a suggestion put first for one variable."""

    variable: str
    codes: tuple[str, ...]


class Exposure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was shown to a person: for which assignment, of what kind, and the digest of what was sent.

    ``suggested`` keeps which codes a suggestion put first, so that a report can say how far codings moved towards them.
    """

    assignment_id: str
    shown: Shown
    digest: str
    suggested: tuple[SuggestedCodes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One link of a chain; ``person_id`` is ROUND_CHAIN for the round's own chain."""

    round_id: str
    person_id: str
    sequence: int
    at: str
    kind: EntryKind
    commitment: str
    previous: str
    head: str


class Verdict(StrEnum):
    """How independent a coding is, from the order of its person's chain."""

    BLIND = "blind"
    ASSISTED = "assisted"
    PEER_EXPOSED = "peer-exposed"


def canonical(value: object) -> bytes:
    """Give the one byte string that stands for a value: JSON with sorted keys and no spaces."""
    return msgspec.json.encode(value, order="deterministic")


def commit(salt: bytes, content: bytes) -> str:
    """Commit to content without telling it: hex sha256 of salt then content."""
    return hashlib.sha256(salt + content).hexdigest()


def keeps_commitment(commitment: str, salt: bytes, content: bytes) -> bool:
    """Say whether content and salt are those committed to."""
    return hmac.compare_digest(commitment, commit(salt, content))


def first_head(round_id: str, person_id: str) -> str:
    """Give the head of an empty chain, bound to its round and person so that chains cannot be swapped."""
    return hashlib.sha256(canonical(["intercoder ledger 1", round_id, person_id])).hexdigest()


def next_head(entry: tuple[str, str, int, str, str, str], previous: str) -> str:
    """Hash (round, person, sequence, time, kind, commitment) together with the head before it."""
    return hashlib.sha256(canonical([previous, *entry])).hexdigest()


def append(last: Entry | None, *, round_id: str, person_id: str, at: str, kind: EntryKind, commitment: str) -> Entry:
    """Make the entry that follows ``last`` in its chain."""
    sequence = last.sequence + 1 if last else 1
    previous = last.head if last else first_head(round_id, person_id)
    head = next_head((round_id, person_id, sequence, at, kind.value, commitment), previous)
    return Entry(
        round_id=round_id,
        person_id=person_id,
        sequence=sequence,
        at=at,
        kind=kind,
        commitment=commitment,
        previous=previous,
        head=head,
    )


def first_break(chain: Sequence[Entry]) -> int | None:
    """Give the sequence number at which a chain stops following from its start, or None when it is whole."""
    last: Entry | None = None
    for entry in chain:
        expected = append(
            last, round_id=entry.round_id, person_id=entry.person_id, at=entry.at, kind=entry.kind, commitment=entry.commitment
        )
        if entry != expected:
            return expected.sequence
        last = entry
    return None


def seal(heads: Iterable[Entry]) -> str:
    """Digest the last entry of every chain of a round: the digest that the close publishes."""
    listed = sorted((entry.person_id, entry.sequence, entry.head) for entry in heads)
    return hashlib.sha256(canonical(["intercoder seal 1", listed])).hexdigest()


def verdict(coding_sequence: int, exposures: Iterable[tuple[int, Exposure]], *, reopened: int | None = None) -> Verdict:
    """Judge one coding by the exposures to its excerpt that came before it in the chain.

    A peer's coding or a statistic weighs more than a suggestion: either makes the coding peer-exposed. So does a first reopening
    of the round at the place ``reopened`` of the chain, because the close before it revealed everything.
    """
    if reopened is not None and reopened < coding_sequence:
        return Verdict.PEER_EXPOSED
    earlier = {exposure.shown for sequence, exposure in exposures if sequence < coding_sequence}
    if earlier - {Shown.SUGGESTION}:
        return Verdict.PEER_EXPOSED
    return Verdict.ASSISTED if earlier else Verdict.BLIND
