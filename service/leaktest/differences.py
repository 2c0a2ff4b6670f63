"""What counts as a difference between the worlds: what is masked, which work belongs to all, what B does that ends the property."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.leaktest.work import Work
from service.leaktest.world import Answer, Request

MASKED_HEADERS = {b"x-request-id": "a fresh uuid4 for each request, so that a person can name it to the operator"}
"""Headers that may differ, each with its reason."""
RENAMED = {
    "seal": "the seal of a closed round digests salted commitments: random to whoever lacks the salts",
    "form seed": "the form that plans a round proposes a random seed",
    "form key": "a page's form carries a fresh uuid4, so that sending it twice does nothing twice",
}
"""Values that are random by construction and therefore compared by the place they stand in only."""
DECLASSIFIERS = {
    "closing": "a lead who codes and closes the round ends the blind phase for all",
    "hand-in": "a coder who has handed in sees who else has",
}
"""What B may do that ends or narrows the property; left out of the sweep where it would."""

WORK_FOR_ALL = {
    "closing": "a close reads everybody's codings and writes into everybody's chain",
    "reopening": "a reopening writes into everybody's chain",
    "archiving": "so does archiving",
}
"""Acts of a lead whose work is for all coders of a round by what they are; their answers are compared, their work is not."""
_SUGGESTS = re.compile("/assignments/[^/]+/suggestions?$|/suggestion$")
"""A suggestion reads all of a snapshot, in which closed rounds speak; texts that stay apart are left out after that, by their vectors."""
_FORM_KEY = re.compile(rb'(name="key" value=")[0-9a-f-]{36}"')
_FORM_SEED = re.compile(rb'(name="seed" [^>]*value=")\d+"')
_FOR_ALL = tuple(f"/{act}" for act in WORK_FOR_ALL)


@dataclass(frozen=True, slots=True)
class Difference:
    """What B could tell the worlds apart by: the answers, or the first piece of work that differed."""

    request: Request
    first: Answer | str
    second: Answer | str

    def __str__(self) -> str:
        return f"{self.request}\n   first: {self.first}\n  second: {self.second}"


class Told(Exception):
    """The worlds answered B differently."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


def masked(answer: Answer, seals: Sequence[bytes]) -> Answer:
    """Give what is compared of an answer, in a world in which the closed rounds have these seals."""
    body = _FORM_KEY.sub(rb'\1"', answer.body)
    for number, seal in enumerate(seals):
        body = body.replace(seal, f"seal-{number}".encode())
    unseeded = _FORM_SEED.sub(rb'\1"', body)
    hidden = {*MASKED_HEADERS, b"content-length"} if unseeded != body else {*MASKED_HEADERS}
    return Answer(answer.status, tuple(one for one in answer.headers if one[0].lower() not in hidden), unseeded)


def is_for_all(request: Request) -> bool:
    """Say whether a request's work is for all coders by what it is."""
    return request.path.endswith(_FOR_ALL)


def difference_of_work(request: Request, first: Work, second: Work) -> Difference | None:
    """Give the first piece of work that differs, if any."""
    one, two = _compared(request, first), _compared(request, second)
    if one == two:
        return None
    place = next((place for place, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), min(len(one), len(two)))
    return Difference(request, *("; ".join(work[place : place + 2]) or "nothing more" for work in (one, two)))


def _compared(request: Request, work: Work) -> Work:
    """Leave out what an upload leaves to the background, embedded now or a moment later, and the rows of a snapshot."""
    left_out = "encoded" if request.media.startswith("multipart") else "SQL" if _SUGGESTS.search(request.path) else "nothing"
    return tuple(note for note in work if not note.startswith(left_out))
