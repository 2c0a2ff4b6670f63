"""What a check of a proof raises where the proof does not hold."""


class BreakError(Exception):
    """A proof does not hold at ``where``."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"Broken at {where}: {what}")
