"""A proof's codings, verdicts and figures made anew from its files, and compared bit for bit."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from service.agreement.profile import profile_named
from service.coding.adjudication import Adjudication, Resolution, given_on, latest
from service.coding.arms import arms_of
from service.coding.ledger import EntryKind, Exposure, verdict
from service.coding.model import PersonId, RoundId, SuggestionPolicy
from service.coding.reveal import FIRST_OCCASION, Revealed
from service.corpus.model import ExcerptId
from service.report.agreement import round_agreement
from service.report.assistance import effects
from service.report.breakdown import breakdowns
from service.report.closed import ClosedRound, Sample
from service.report.model_chains import model_coders_of, model_codings_of
from service.report.models import models
from service.report.negotiated import negotiated, outcome_of
from service.report.negotiation import Negotiated
from service.report.proof import LedgerLine, Proof
from service.report.training import training


def revealed_anew(proof: Proof) -> list[Revealed]:
    """Give the codings with verdicts made anew from the order of the chains."""
    replaced, shown = replacements_of(proof), exposures_of(proof)
    reopened: dict[str, int] = {}
    for line in proof.ledger:
        if line.kind == EntryKind.REOPENED.value:
            reopened.setdefault(line.person_id, line.sequence)
    found = [
        line.revealed(
            proof.round.id,
            verdict(
                line.sequence,
                shown.get((PersonId(line.person_id), ExcerptId(line.excerpt_id)), []),
                reopened=reopened.get(line.person_id),
            ),
        )
        for line in proof.codings
    ]
    return [replace(one, left=one.coding.person_id in replaced) for one in found]


def exposures_of(proof: Proof) -> dict[tuple[PersonId, ExcerptId], list[tuple[int, Exposure]]]:
    """Give what each coder was shown for each excerpt, with the place in the chain."""
    excerpt_of = {turn.id: ExcerptId(turn.excerpt_id) for turn in proof.assignments}
    shown: dict[tuple[PersonId, ExcerptId], list[tuple[int, Exposure]]] = {}
    for line in proof.ledger:
        if line.kind == EntryKind.EXPOSURE.value and line.content is not None:
            exposure = msgspec.json.decode(line.content, type=Exposure)
            shown.setdefault((PersonId(line.person_id), excerpt_of[exposure.assignment_id]), []).append((line.sequence, exposure))
    return shown


def replacements_of(proof: Proof) -> dict[PersonId, PersonId]:
    """Give who took over from whom, from the round's chain."""
    told = [line.content for line in proof.ledger if line.kind == EntryKind.REPLACED.value and line.content is not None]
    entries: list[dict[str, str]] = [msgspec.json.decode(content) for content in told]
    return {PersonId(one["leaver"]): PersonId(one["person"]) for one in entries}


def closed_anew(proof: Proof) -> ClosedRound:
    """Give a proof's round as figures are computed from it."""
    return ClosedRound(
        revealed=revealed_anew(proof),
        codebook=proof.codebook.codebook,
        coders=proof.names(),
        sample=Sample.of([(one.excerpt_id, one.document_id, one.end - one.start, one.probability) for one in proof.excerpts]),
    )


def agreement_anew(proof: Proof, profile: str) -> object:
    """Make the agreement of a proof anew by its codings, as JSON."""
    found = round_agreement(closed_anew(proof), profile=profile_named(profile), list_at_most=None, replaced=replacements_of(proof))
    return msgspec.json.decode(msgspec.json.encode(found))


def breakdown_anew(proof: Proof, profile: str) -> object:
    """Make the parts of a proof, by document and by the order of coding, anew by its codings, as JSON."""
    return msgspec.json.decode(msgspec.json.encode(breakdowns(closed_anew(proof), profile_named(profile))))


def assistance_anew(proof: Proof, profile: str) -> object:
    """Make the effects of suggestions anew, by arms that the seed draws again and by the exposures of the ledger, as JSON."""
    if proof.round.policy != SuggestionPolicy.RANDOMISED.value:
        return []
    coders = [PersonId(coder.person_id) for coder in proof.round.coders]
    drawn = arms_of([(PersonId(turn.person_id), turn.position) for turn in proof.assignments], coders, proof.report["arm_seed"])
    arms = {
        (PersonId(turn.person_id), ExcerptId(turn.excerpt_id)): drawn[PersonId(turn.person_id), turn.position]
        for turn in proof.assignments
        if turn.occasion == FIRST_OCCASION
    }
    found = effects(closed_anew(proof), arms, exposures_of(proof), profile_named(profile))
    return msgspec.json.decode(msgspec.json.encode(found))


def training_anew(proof: Proof, profile: str) -> object:
    """Make the comparison of coders with a training round's key anew, by the key in the proof, as JSON."""
    key, replaced = proof.round.key, replacements_of(proof)
    if key is None:
        return None
    found = training(
        key.source,
        {ExcerptId(one.excerpt_id): one.answers for one in key.answers},
        revealed_anew(proof),
        proof.codebook.codebook,
        coders={person: name for person, name in proof.names().items() if person not in replaced},
        profile=profile_named(profile),
    )
    return msgspec.json.decode(msgspec.json.encode(found))


def negotiated_anew(proof: Proof, profile: str) -> object:
    """Make the negotiated agreement of a proof anew by its codings and resolutions, as JSON."""
    return msgspec.json.decode(msgspec.json.encode(_negotiated(proof, profile)))


def _negotiated(proof: Proof, profile: str) -> list[Negotiated]:
    standing = latest([_adjudication(line) for line in proof.ledger if line.kind == EntryKind.ADJUDICATED.value])
    if not standing:
        return []
    closed = closed_anew(proof)
    outcome = outcome_of(given_on(closed.blind), standing, [ExcerptId(one.excerpt_id) for one in proof.excerpts])
    return negotiated(outcome, closed, profile_named(profile))


def models_anew(proof: Proof, profile: str) -> object:
    """Make the figures of the model coders anew, by their chains and the coders' codings, as JSON."""
    found = models(model_coders_of(proof), model_codings_of(proof), closed_anew(proof), profile_named(profile))
    return msgspec.json.decode(msgspec.json.encode(found))


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


ANEW: Mapping[str, tuple[Callable[[Proof, str], object], str]] = {
    "agreement": (agreement_anew, "the codings give"),
    "negotiated": (negotiated_anew, "codings and resolutions give"),
    "breakdown": (breakdown_anew, "the codings give"),
    "assistance": (assistance_anew, "codings, exposures and the seed of the arms give"),
    "training": (training_anew, "the codings and the key give"),
    "models": (models_anew, "the codings and the chains of the model coders give"),
}
"""The parts of a report that are figures: how each is made anew, and of what."""


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
