"""What was computed for somebody stays at hand for them: a closed round's report is the same until something it rests on changes.

Nothing is shared between people: that an answer comes quickly must not tell that somebody else has asked for it.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from service.agreement.profile import MethodsProfile
from service.coding.model import PersonId, Round
from service.report.agreement import RoundReport, listing
from service.store import Transaction
from service.web.identity import Principal
from service.web.shelves import Shelves

T = TypeVar("T")
Asked = tuple[Transaction, Principal, Round]
MOST = 6
"""Things that are kept for one principal; a report of 100,000 codings with its first disagreements takes about 2 MB."""
LISTED = 1_000
"""Disagreeing excerpts kept with a report; who asks for more waits for them."""


class Remembered:
    """Keeps each principal's last results. Two who ask for the same at once may both compute it."""

    def __init__(self) -> None:
        self._kept = Shelves[tuple[Any]](MOST)

    def get(self, owner: str, key: Hashable, make: Callable[[], T]) -> T:
        """Give what is kept for somebody under a key, or make and keep it."""
        if (kept := self._kept.get(owner, key)) is not None:
            return kept[0]
        made = make()
        self._kept.put(owner, key, (made,))
        return made

    def of_round(self, asked: Asked, what: str, names: Mapping[PersonId, str], make: Callable[[], T]) -> T:
        """Give, to somebody who may read it, something made of a closed round; ``what`` names it with all that was chosen for it."""
        tx, who, round_ = asked
        return self.get(who.key, (what, round_.id, tx.reports.state(round_), tuple(names.items())), make)

    def report(self, asked: Asked, *, profile: MethodsProfile, names: Mapping[PersonId, str], listed: int | None) -> RoundReport:
        """Give a closed round's report to somebody who may read it, with so many disagreeing excerpts of each variable."""
        tx, _, round_ = asked
        if listed is None or listed > LISTED:
            return tx.reports.of(round_, profile=profile, list_at_most=listed, names=names)
        what = f"report by {profile.label}"
        kept = self.of_round(asked, what, names, lambda: tx.reports.of(round_, profile=profile, list_at_most=LISTED, names=names))
        return listing(kept, listed)
