"""What closed rounds say of an excerpt for good: its resolution, or what all of its coders gave it blind."""

from collections.abc import Iterable, Mapping

from service.coding.adjudication import Adjudication, given_on, parted
from service.coding.model import Answer
from service.coding.reveal import Revealed, blind_codings
from service.corpus.model import ExcerptId

FEWEST_AGREEING = 2

Resolutions = Mapping[tuple[ExcerptId, str], tuple[str, ...]]
"""The codes that an excerpt was resolved to for a variable; none of them is an answer too."""


def resolved_by(revealed: Iterable[Revealed], standing: Mapping[tuple[ExcerptId, str], Adjudication]) -> Resolutions:
    """Give what a closed round resolves: what stands after adjudication, else what two or more coded blind and alike.

    Spans are left out: a suggestion is about an excerpt as a whole.
    """
    given = given_on(blind_codings(revealed))
    agreed = {
        place: next(iter(answers.values())) for place, answers in given.items() if len(answers) >= FEWEST_AGREEING and not parted(answers)
    }
    decided = {place: one.resolution.answer for place, one in standing.items() if one.resolution is not None}
    return {place: tuple(sorted(answer.codes)) for place, answer in (agreed | decided).items() if _whole(answer)}


def _whole(answer: Answer) -> bool:
    return not answer.spans
