"""What a draft runs into: coders who could see peers' codings of its excerpts, and codes whose meaning has changed since."""

import msgspec

from service.codebook.operations import meaning_changed
from service.coding.exposure import proposal
from service.coding.model import PersonId, Round, RoundState
from service.coding.visibility import Role, Sight, Stance
from service.corpus.model import ExcerptId
from service.store import Transaction
from service.web import access
from service.web.identity import Principal


class ExposedOut(msgspec.Struct, frozen=True):
    """A chosen coder who could see peers' codings of so many of the chosen excerpts; codings of them will be peer-exposed."""

    person_id: str
    name: str
    excerpts: int


class PlanExposureOut(msgspec.Struct, frozen=True):
    """What a draft runs into, and what would be free of it.

    ``fresh`` excerpts are outside the sample and none of the coders is exposed for them; their ids are not for a lead who codes in the
    round. ``other_coders`` are exposed for none of the sample. ``meaning_changed`` are the revisions since the last closed round of an
    earlier one that changed what codes mean. ``advice`` says it in words.
    """

    coders: list[ExposedOut]
    of: int
    fresh: int
    fresh_excerpts: list[str] | None
    other_coders: list[str]
    meaning_changed: list[int]
    advice: list[str]


def exposure_of(tx: Transaction, who: Principal, round_: Round) -> PlanExposureOut | None:
    """Weigh a draft for somebody who may see its plan; nothing for a round that was opened."""
    if round_.state is not RoundState.DRAFT or not access.may_see(tx, who, round_, Sight.PLAN):
        return None
    corpus = tx.corpus.excerpt_ids(round_.study_id)
    sample = [drawn.excerpt_id for drawn in tx.rounds.sample(round_.id)]
    members = {member.person.id: member for member in tx.people.members(round_.study_id)}
    may_code = [person for person, member in members.items() if member.role is not Role.OBSERVER]
    seen = {person: _seen(tx, person, corpus) for person in dict.fromkeys([*round_.coders, *may_code])}
    found = proposal(sample=sample, corpus=corpus, coders=round_.coders, seen=seen)
    names = {person: tx.people.get(person).name for person in seen}
    changed = _changed(tx, round_)
    return PlanExposureOut(
        coders=[ExposedOut(person_id=coder, name=names[coder], excerpts=count) for coder, count in found.exposed.items()],
        of=found.of,
        fresh=len(found.fresh),
        fresh_excerpts=list(found.fresh) if access.stance(tx, who, round_) is Stance.LEAD else None,
        other_coders=[names[person] for person in found.others],
        meaning_changed=changed,
        advice=_advice({names[coder]: count for coder, count in found.exposed.items()}, found.of, len(found.fresh), changed),
    )


def _seen(tx: Transaction, person: PersonId, corpus: list[ExcerptId]) -> frozenset[ExcerptId]:
    return frozenset(tx.exposures.seen(person, corpus))


def _changed(tx: Transaction, round_: Round) -> list[int]:
    """List changes of meaning between the last closed round of an earlier revision and this one."""
    revision = tx.codebooks.revision(round_.revision_id)
    before = [tx.codebooks.revision(one.revision_id).number for one in tx.rounds.of_study(round_.study_id) if one.first_closed_at]
    earlier = [number for number in before if number < revision.number]
    steps = [one.step() for one in tx.codebooks.revisions(revision.codebook_id)]
    return meaning_changed(steps, since=max(earlier), until=revision.number) if earlier else []


def _advice(exposed: dict[str, int], of: int, fresh: int, changed: list[int]) -> list[str]:
    said = [
        f"{name} could see peers' codings of {count} of the {of} excerpts; codings of these will be peer-exposed."
        for name, count in exposed.items()
    ]
    if exposed:
        said.append(f"Draw from the {fresh} excerpts that are fresh to all coders of this plan, or choose other coders.")
    if changed:
        numbers = ", ".join(map(str, changed))
        said.append(
            f"Revision {numbers} changed what codes mean since the last round: take fresh excerpts or new coders to measure it anew."
        )
    return said
