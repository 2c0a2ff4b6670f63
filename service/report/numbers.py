"""How figures are written for people: as the field does, and never better than they are."""

import math

DECIMALS = 3
"""Two would let .7996 read as .80."""
_SURE, _NEVER = 0.995, 0.01


def decimal(value: float | None) -> str:
    """Write a coefficient the way the field does: no zero before the point."""
    return "–" if value is None else _bare(f"{value:.{DECIMALS}f}")


def in_full(value: float | None) -> str:
    """Write a coefficient with every digit it was computed with."""
    return "–" if value is None else _bare(repr(value))


def percent(value: float | None) -> str:
    """Write a share as a percentage."""
    return "–" if value is None else f"{value * 100:.1f} %"


def probability(value: float, *, above: str = "> ", below: str = "< ") -> str:
    """Write a probability rounded down, so that none contradicts the verdict beside it."""
    if value >= _SURE:
        return f"{above}.99"
    return f"{below}.01" if value < _NEVER else _bare(f"{math.floor(value * 100) / 100:.2f}")


def _bare(digits: str) -> str:
    bare = digits.replace("0.", ".", 1) if digits.lstrip("-").startswith("0.") else digits
    return bare.replace("-", "\N{MINUS SIGN}", 1) if bare.startswith("-") else bare
