"""A proof's codings, verdicts and figures made anew from its files, and compared bit for bit."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from service.agreement.profile import profile_named
from service.coding.adjudication import Adjudication, Resolution, given_on, latest
from service.coding.draw import Drawn, weights_of
from service.coding.ledger import EntryKind, Exposure, verdict
from service.coding.model import PersonId, RoundId
from service.coding.reveal import Revealed, blind_codings
from service.corpus.model import ExcerptId
from service.report.agreement import clusters, long_table, round_agreement
from service.report.breakdown import breakdowns
from service.report.negotiated import negotiated, outcome_of
from service.report.negotiation import Negotiated
from service.report.proof import LedgerLine, Proof


def revealed_anew(proof: Proof) -> list[Revealed]:
    """Give the codings with verdicts made anew from the order of the chains."""
    replaced = replacements_of(proof)
    excerpt_of = {turn.id: turn.excerpt_id for turn in proof.assignments}
    shown: dict[tuple[str, str], list[tuple[int, Exposure]]] = {}
    reopened: dict[str, int] = {}
    for line in proof.ledger:
        if line.kind == EntryKind.EXPOSURE.value and line.content is not None:
            exposure = msgspec.json.decode(line.content, type=Exposure)
            shown.setdefault((line.person_id, excerpt_of[exposure.assignment_id]), []).append((line.sequence, exposure))
        if line.kind == EntryKind.REOPENED.value:
            reopened.setdefault(line.person_id, line.sequence)
    found = [
        line.revealed(
            proof.round.id,
            verdict(line.sequence, shown.get((line.person_id, line.excerpt_id), []), reopened=reopened.get(line.person_id)),
        )
        for line in proof.codings
    ]
    return [replace(one, left=one.coding.person_id in replaced) for one in found]


def replacements_of(proof: Proof) -> dict[PersonId, PersonId]:
    """Give who took over from whom, from the round's chain."""
    told = [line.content for line in proof.ledger if line.kind == EntryKind.REPLACED.value and line.content is not None]
    entries: list[dict[str, str]] = [msgspec.json.decode(content) for content in told]
    return {PersonId(one["leaver"]): PersonId(one["person"]) for one in entries}


def agreement_anew(proof: Proof, profile: str) -> object:
    """Make the agreement of a proof anew by its codings, as JSON."""
    found = round_agreement(
        revealed_anew(proof),
        proof.codebook.codebook,
        sample={ExcerptId(one.excerpt_id): one.document_id for one in proof.excerpts},
        lengths={ExcerptId(one.excerpt_id): one.end - one.start for one in proof.excerpts},
        coders=proof.names(),
        profile=profile_named(profile),
        list_at_most=None,
        weights=weights_of([Drawn(ExcerptId(one.excerpt_id), one.probability) for one in proof.excerpts]),
        replaced=replacements_of(proof),
    )
    return msgspec.json.decode(msgspec.json.encode(found))


def breakdown_anew(proof: Proof, profile: str) -> object:
    """Make the parts of a proof, by document and by the order of coding, anew by its codings, as JSON."""
    revealed = revealed_anew(proof)
    found = breakdowns(
        long_table(blind_codings(revealed).values(), proof.names()),
        revealed,
        proof.codebook.codebook,
        documents={one.excerpt_id: one.document_id for one in proof.excerpts},
        coders=proof.names(),
        profile=profile_named(profile),
        weights=weights_of([Drawn(ExcerptId(one.excerpt_id), one.probability) for one in proof.excerpts]),
    )
    return msgspec.json.decode(msgspec.json.encode(found))


def negotiated_anew(proof: Proof, profile: str) -> object:
    """Make the negotiated agreement of a proof anew by its codings and resolutions, as JSON."""
    return msgspec.json.decode(msgspec.json.encode(_negotiated(proof, profile)))


def _negotiated(proof: Proof, profile: str) -> list[Negotiated]:
    standing = latest([_adjudication(line) for line in proof.ledger if line.kind == EntryKind.ADJUDICATED.value])
    if not standing:
        return []
    outcome = outcome_of(given_on(blind_codings(revealed_anew(proof))), standing, [ExcerptId(one.excerpt_id) for one in proof.excerpts])
    documents = clusters({one.excerpt_id: one.document_id for one in proof.excerpts})
    return negotiated(outcome, proof.codebook.codebook, coders=proof.names(), documents=documents, profile=profile_named(profile))


def _adjudication(line: LedgerLine) -> Adjudication:
    resolution = None if line.content is None else msgspec.json.decode(line.content, type=Resolution)
    return Adjudication(
        id="",
        round_id=RoundId(line.round_id),
        excerpt_id=ExcerptId(resolution.excerpt_id if resolution else ""),
        person_id=PersonId(""),
        sequence=line.sequence,
        at=line.at,
        resolution=resolution,
    )


def first_difference(one: object, other: object) -> str | None:
    """Name the first place at which two JSON values differ, numbers compared bit for bit."""
    left, right = dict(_leaves(one)), dict(_leaves(other))
    return next((place for place in {**left, **right} if left.get(place) != right.get(place)), None)


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case {**fields} if fields:
            for name, one in fields.items():
                yield from _leaves(one, f"{place}.{name}")
        case [_, *_]:
            for number, one in enumerate(value):
                yield from _leaves(one, f"{place}[{number}]")
        case _:
            yield place or ".", repr(value)


def numbers(value: object) -> int:
    """Count the numbers in a JSON value."""
    return sum(leaf[:1] in set("-0123456789") for _, leaf in _leaves(value))
