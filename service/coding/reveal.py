"""What a close reveals, and which of it counts as blind."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.coding.ledger import Verdict
from service.coding.model import Coding, PersonId
from service.corpus.model import ExcerptId

FIRST_OCCASION = 1


@dataclass(frozen=True, slots=True)
class Revealed:
    """A coding of a closed round with what its coder had been shown before it."""

    coding: Coding
    verdict: Verdict


def blind_codings(revealed: Iterable[Revealed]) -> dict[tuple[PersonId, ExcerptId], Coding]:
    """Give each coder's last coding before the first exposure, for each excerpt; only the first occasion enters agreement.

    Corrections come later in the chain than what they supersede, so the last blind one wins.
    """
    ordered = sorted(revealed, key=lambda one: (one.coding.person_id, one.coding.sequence))
    return {
        (one.coding.person_id, one.coding.excerpt_id): one.coding
        for one in ordered
        if one.verdict is Verdict.BLIND and one.coding.occasion == FIRST_OCCASION
    }
