"""What the service declines to do. The web room maps each kind to one HTTP problem, the command line to one exit code."""


class Refusal(Exception):
    """A request that is declined: nothing was stored, and ``detail`` says what happened and what to do.

    A detail never holds text of a study (excerpts, memos, code names of others): it reaches logs and other people's screens.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class BadInput(Refusal):
    """What was sent cannot be read or breaks a stated rule."""


class NotSignedIn(Refusal):
    """Nobody is signed in, or the token, session or link is wrong, used or out of date."""


class NotAllowed(Refusal):
    """The person is known and may know that the thing exists, but their role or token scope does not cover this act."""


class NotFound(Refusal):
    """There is no such thing, or the asker may not know that there is; the two answer alike."""


class Conflict(Refusal):
    """The act does not fit the present state of what it is about."""


class RoundClosed(Conflict):
    """A coding, skip or hand-in came after the round had closed."""


class TooLarge(Refusal):
    """More was sent than one request may carry."""


class KeyReused(Refusal):
    """An Idempotency-Key was sent again with another request."""


class SuggestionsHidden(Refusal):
    """The asker codes in an open round whose policy hides suggestions."""


class TooMany(Refusal):
    """The asker sent more than their own limit; ``retry_after`` is in whole seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(Refusal):
    """A part of the service (the model, the database) cannot answer now; coding goes on where it can."""
