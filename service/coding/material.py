"""What a round is about, bound to its ledger at the opening: excerpts, codebook and who was asked for what.

The opening's entry holds salted commitments; the salts stand apart and go when an excerpt or the codebook is erased.
"""

import hashlib
from collections.abc import Iterable

import msgspec

from service.coding.ledger import canonical
from service.coding.model import Assignment, PersonId


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """One excerpt as a round's coders read it, with its place in the sample."""

    excerpt_id: str
    document_id: str
    start: int
    end: int
    label: str
    text: str
    probability: float


def arms_seed(seed: int | None) -> bytes:
    """Give what a round of randomised suggestions commits to when it opens: the seed that drew the arms."""
    return canonical(["arms", seed])


def assignments_digests(turns: Iterable[Assignment]) -> dict[PersonId, str]:
    """Digest each coder's assignments; their ids are random, so that the digest tells nothing."""
    listed: dict[PersonId, list[tuple[int, str, str, int]]] = {}
    for turn in turns:
        listed.setdefault(turn.person_id, []).append((turn.position, turn.id, turn.excerpt_id, turn.occasion))
    return {person: hashlib.sha256(canonical(sorted(own))).hexdigest() for person, own in listed.items()}
