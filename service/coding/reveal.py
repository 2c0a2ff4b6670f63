"""What a close reveals, and which of it counts as blind."""

from collections import Counter
from collections.abc import Iterable
from operator import attrgetter

import msgspec

from service.coding.ledger import Verdict
from service.coding.model import Coding, PersonId
from service.corpus.model import ExcerptId

FIRST_OCCASION = 1
_PLACE = attrgetter("person_id", "sequence")


class Revealed(msgspec.Struct, frozen=True, gc=False):
    """A coding of a closed round with what its coder had been shown before it; ``left`` says that somebody took over from the coder."""

    coding: Coding
    verdict: Verdict
    left: bool = False


def blind_codings(revealed: Iterable[Revealed]) -> dict[tuple[PersonId, ExcerptId], Coding]:
    """Give each coder's last coding before the first exposure, for each excerpt; only the first occasion enters agreement.

    Corrections come later in the chain than what they supersede, so the last blind one wins. Leavers are left out: who took over
    their set stands in their place.
    """
    staying = (one.coding for one in revealed if one.verdict is Verdict.BLIND and not one.left)
    ordered = sorted((coding for coding in staying if coding.occasion == FIRST_OCCASION), key=_PLACE)
    return {(coding.person_id, coding.excerpt_id): coding for coding in ordered}


def repeated_codings(revealed: Iterable[Revealed]) -> list[Coding]:
    """Give the last blind coding of every occasion, of excerpts that a coder coded at several: what stability is computed on."""
    revealed = list(revealed)
    if all(one.coding.occasion == FIRST_OCCASION for one in revealed):
        return []
    ordered = sorted((one.coding for one in revealed if one.verdict is Verdict.BLIND), key=_PLACE)
    last = list({(coding.person_id, coding.excerpt_id, coding.occasion): coding for coding in ordered}.values())
    times = Counter((coding.person_id, coding.excerpt_id) for coding in last)
    return [coding for coding in last if times[coding.person_id, coding.excerpt_id] > 1]
