"""What came of a round's adjudication, as it is sent and shown: always beside blind agreement, never in its place."""

import msgspec

from service.coding.adjudication import Way, Why
from service.report.figures import Figure


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """One coder's blind codings against the resolutions; kappa is Cohen's, pooled over the codes where several may be given."""

    coder: str
    excerpts: int
    percent: Figure
    kappa: Figure


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """On how many excerpts a discussion brought a coder to another's answer; ``to`` is null where nobody had given it before."""

    coder: str
    to: str | None
    excerpts: int


class Negotiated(msgspec.Struct, frozen=True, kw_only=True):
    """One variable after adjudication; ``percent`` and ``alpha`` are the coders' after discussion. Nothing of it is blind agreement."""

    variable: str
    methods: str
    resolved: int
    unresolved: int
    ways: dict[Way, int]
    whys: dict[Why, int]
    against: list[Against]
    percent: Figure
    alpha: Figure
    moved: list[Moved]
