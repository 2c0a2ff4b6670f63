"""Exposure across rounds: who could see peers' codings of which texts, and what a plan can do about it.

From a close on, everybody who may see the round's codings counts as exposed for its excerpts; whether they looked is not asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.coding.model import PersonId, RoundId
from service.coding.visibility import Role
from service.corpus.model import ExcerptId

SAME_TEXT = 0.95
"""Cosine from which two excerpts count as the same text for blindness."""
_AT_ONCE = 2_000
_READS_CODINGS = frozenset({Role.LEAD, Role.ADJUDICATOR})


@dataclass(frozen=True, slots=True)
class Tenure:
    """What somebody was in a study, and how long; ``until`` is None for now."""

    role: Role
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """A round that was closed once: when first, and who coded in it or opened codings of it early."""

    round_id: RoundId
    closed_at: str | None
    coders: frozenset[PersonId]
    unblinded_by: frozenset[PersonId] = frozenset()


def could_see(person: PersonId, reveal: Reveal, tenures: Iterable[Tenure]) -> bool:
    """Say whether somebody could see the codings of a round: early by unblinding, from the first close on as coder, lead or adjudicator.

    A coder who had left the study by then could not; that another round may have held the results back for a while is not counted.
    """
    if person in reveal.unblinded_by:
        return True
    closed = reveal.closed_at
    if closed is None:
        return False
    later = [tenure for tenure in tenures if tenure.until is None or tenure.until >= closed]
    return any(tenure.role in _READS_CODINGS or person in reveal.coders for tenure in later)


def nearly_the_same(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say which of some unit vectors stand for nearly the same text as any of the others, shape (some,)."""
    found = np.zeros(len(some), np.bool_)
    for first in range(0, len(some), _AT_ONCE):
        part = some[first : first + _AT_ONCE]
        for begin in range(0, len(others), _AT_ONCE):
            found[first : first + _AT_ONCE] |= (part @ others[begin : begin + _AT_ONCE].T).max(axis=1) >= SAME_TEXT
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a plan runs into: for how many of its excerpts each coder is exposed, and what would be free of that.

    ``fresh`` are excerpts outside the sample for which none of the coders is exposed; ``others`` are people not chosen who are exposed
    for none of the sample.
    """

    exposed: dict[PersonId, int]
    of: int
    fresh: tuple[ExcerptId, ...]
    others: tuple[PersonId, ...]


def proposal(
    *,
    sample: Sequence[ExcerptId],
    corpus: Sequence[ExcerptId],
    coders: Sequence[PersonId],
    seen: Mapping[PersonId, frozenset[ExcerptId]],
) -> Proposal:
    """Weigh a plan: ``seen`` says of everybody who might code, for which excerpts of the corpus they are exposed."""
    drawn = frozenset(sample)
    spoilt = drawn.union(*(seen[coder] for coder in coders))
    return Proposal(
        exposed={coder: len(drawn & seen[coder]) for coder in coders if drawn & seen[coder]},
        of=len(drawn),
        fresh=tuple(excerpt for excerpt in corpus if excerpt not in spoilt),
        others=tuple(person for person, excerpts in seen.items() if person not in coders and not drawn & excerpts),
    )
