"""After the reveal: what an excerpt is resolved to, by whom, why, and who moved to whom.

A resolution stands beside the codings, which stay as they were. It is for one variable of one excerpt; a later one supersedes.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from service.codebook.model import Codebook
from service.coding.ledger import Verdict
from service.coding.model import Answer, Coding, Content, PersonId, RoundId
from service.coding.reveal import FIRST_OCCASION, Revealed, blind_codings
from service.coding.submission import check_content
from service.corpus.model import ExcerptId
from service.errors import BadInput

Given = Mapping[PersonId, Answer]
"""What each coder gave one variable of one excerpt."""

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_SHORTEST_LABEL = 3


class Way(StrEnum):
    """How a resolution came about."""

    DISCUSSION = "discussion"
    MAJORITY = "majority"
    EXPERT = "expert"


class Why(StrEnum):
    """Why the coders had parted."""

    DEFINITION_GAP = "definition gap"
    SLIP = "slip"
    BOTH_APPLY = "both apply"
    AMBIGUOUS_TEXT = "ambiguous text"


class Resolution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one variable of an excerpt was resolved to; ``kept`` are the coders whom a discussion did not win over."""

    excerpt_id: ExcerptId
    answer: Answer
    way: Way
    why: Why
    memo: str = ""
    kept: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudication:
    """One stored resolution; ``resolution`` is None once erased. ``sequence`` is its place in the round's own chain."""

    id: str
    round_id: RoundId
    excerpt_id: ExcerptId
    person_id: PersonId
    sequence: int
    at: str
    resolution: Resolution | None


@dataclass(frozen=True, slots=True)
class Move:
    """A coder who gave up the own answer for another's; ``to`` is None where the resolution was nobody's answer before."""

    coder: PersonId
    to: PersonId | None


def present_codings(revealed: Sequence[Revealed]) -> dict[tuple[PersonId, ExcerptId], Coding]:
    """Give what each coder stands for on each excerpt: the blind coding, or the last one where none is blind.

    Leavers are left out. A peer-exposed coding never takes the place of a blind or an assisted one: what a reopening brought is reported,
    not resolved.
    """
    rank = {Verdict.PEER_EXPOSED: 0, Verdict.ASSISTED: 1, Verdict.BLIND: 2}
    stayed = (one for one in revealed if not one.left)
    ordered = sorted(stayed, key=lambda one: (rank[one.verdict], one.coding.person_id, one.coding.sequence))
    last = {(one.coding.person_id, one.coding.excerpt_id): one.coding for one in ordered if one.coding.occasion == FIRST_OCCASION}
    return last | blind_codings(revealed)


def given_on(present: Mapping[tuple[PersonId, ExcerptId], Coding]) -> dict[tuple[ExcerptId, str], dict[PersonId, Answer]]:
    """Lay answers out by excerpt and variable."""
    found: dict[tuple[ExcerptId, str], dict[PersonId, Answer]] = {}
    for (person, excerpt), coding in present.items():
        for answer in coding.content.answers if coding.content else ():
            found.setdefault((excerpt, answer.variable), {})[person] = answer
    return found


def same(one: Answer, other: Answer) -> bool:
    """Say whether two answers say the same; the order of codes and spans says nothing."""
    return value_of(one) == value_of(other)


def value_of(answer: Answer) -> tuple[tuple[str, ...], tuple[object, ...]]:
    """Give what an answer says, in one order."""
    return tuple(sorted(answer.codes)), tuple(sorted((span.start, span.end, span.code) for span in answer.spans))


def majority_of(given: Given) -> Answer | None:
    """Give the answer of more than half of those who answered, if there is one."""
    counts = Counter(value_of(answer) for answer in given.values())
    return next((answer for answer in given.values() if 2 * counts[value_of(answer)] > len(given)), None)


def check_resolution(resolution: Resolution, codebook: Codebook, given: Given, *, length: int) -> Resolution:
    """Give the resolution back if it can be one of these answers' excerpt of that many code points; say what is wrong if it cannot."""
    if not given:
        message = "Nobody coded this variable of this excerpt, so there is nothing to resolve."
        raise BadInput(message)
    check_content(Content(answers=(resolution.answer,), memo=resolution.memo), codebook, length=length)
    if resolution.way is Way.MAJORITY:
        _check_majority(resolution, given)
    _check_kept(resolution, given)
    return resolution


def latest(adjudications: Iterable[Adjudication]) -> dict[tuple[ExcerptId, str], Adjudication]:
    """Give the resolution that stands for each excerpt and variable; what was erased stands for none."""
    ordered = sorted(adjudications, key=lambda one: one.sequence)
    return {(one.excerpt_id, one.resolution.answer.variable): one for one in ordered if one.resolution is not None}


def parted(given: Given) -> bool:
    """Say whether those who answered differ."""
    return len({value_of(answer) for answer in given.values()}) > 1


def unresolved(
    given: Mapping[tuple[ExcerptId, str], Given], standing: Mapping[tuple[ExcerptId, str], Adjudication]
) -> list[tuple[ExcerptId, str]]:
    """List the disagreements that have no resolution yet."""
    return [place for place, answers in given.items() if parted(answers) and place not in standing]


def moves(resolution: Resolution, given: Given) -> list[Move]:
    """Say who moved to whom in a discussion; by majority or an expert's word nobody moved."""
    if resolution.way is not Way.DISCUSSION:
        return []
    there = [person for person, answer in given.items() if same(answer, resolution.answer)]
    moved = [person for person in given if person not in there and person not in resolution.kept]
    return [Move(person, to) for person in moved for to in (there or [None])]


def after_discussion(resolution: Resolution, given: Given) -> dict[PersonId, Answer]:
    """Give the answers after the resolution: a discussion wins over all but those who kept theirs, another way nobody."""
    if resolution.way is not Way.DISCUSSION:
        return dict(given)
    return {person: answer if person in resolution.kept else resolution.answer for person, answer in given.items()}


def pseudonyms(round_id: str, coders: Iterable[PersonId], keyed: Callable[[str], str]) -> dict[PersonId, str]:
    """Give each coder a label that is theirs in this round only, sorted by label; ``keyed`` hashes with a key nobody else has.

    Neither labels nor their order depend on names, on ids in other rounds or on the order in which coders were named.
    """
    spelt = {coder: _spelt(hashlib.sha256(keyed(f"coder {round_id} {coder}").encode()).digest()) for coder in coders}
    length = next(
        length for length in range(_SHORTEST_LABEL, len(_LETTERS) + 1) if len({word[:length] for word in spelt.values()}) == len(spelt)
    )
    return {coder: f"Coder {word[:length]}" for coder, word in sorted(spelt.items(), key=lambda one: one[1])}


def _spelt(digest: bytes) -> str:
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[: len(_LETTERS)])


def _check_majority(resolution: Resolution, given: Given) -> None:
    most = majority_of(given)
    if most is None or not same(most, resolution.answer):
        message = "More than half of those who coded the excerpt must have given this answer. Resolve it by discussion or as an expert."
        raise BadInput(message)


def _check_kept(resolution: Resolution, given: Given) -> None:
    kept = set(resolution.kept)
    if kept and resolution.way is not Way.DISCUSSION:
        message = "Only a discussion can leave somebody with the own answer; leave out who kept theirs."
        raise BadInput(message)
    if len(kept) != len(resolution.kept) or any(one not in given or same(given[one], resolution.answer) for one in kept):
        message = "Who kept the own answer must be coders of the excerpt, each named once, whose answer differs from the resolution."
        raise BadInput(message)
