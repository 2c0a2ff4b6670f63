"""How long a study's content is kept: so many days after its last close, or until a date, whichever the lead set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.coding.model import PersonId, RoundState

LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What the lead set: days after the last close, or a date; ``by`` is who set it."""

    days: int | None
    until: datetime | None
    by: PersonId


def due_at(set_: Retention, closes: Sequence[datetime]) -> datetime | None:
    """Say when the content has to go: at the earlier of two dates; None while nothing was closed that days could be counted from."""
    counted = max(closes) + timedelta(days=set_.days) if set_.days is not None and closes else None
    return min((one for one in (counted, set_.until) if one is not None), default=None)


def is_due(set_: Retention, closes: Sequence[datetime], states: Sequence[RoundState], now: datetime) -> bool:
    """Say whether the content has to go now. Nothing goes while somebody codes in the study: it goes after that close."""
    when = due_at(set_, closes)
    return when is not None and when <= now and not any(state.takes_codings for state in states)
