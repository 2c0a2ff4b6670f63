"""Who could see peers' codings of which texts, read from closes, memberships and early unblindings."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import bindparam, or_, select

from service.coding.exposure import Reveal, Tenure, could_see, nearly_the_same
from service.coding.ledger import EntryKind, Exposure, Shown
from service.coding.model import Assignment, PersonId, Round, RoundId
from service.coding.visibility import Role
from service.corpus.model import ExcerptId
from service.embedding import TextKey
from service.store.chains import Chains
from service.store.session import Session
from service.store.tables import audits, excerpts, memberships, round_coders, round_events, round_excerpts, rounds
from service.store.vectors import Vectors

_HERE = select(rounds.c.id).where(rounds.c.study_id == bindparam("study"))
_CLOSES = (
    select(round_events.c.round_id, round_events.c.at)
    .where(round_events.c.round_id.in_(_HERE), round_events.c.kind == "closed")
    .order_by(round_events.c.sequence.desc())
)
_UNBLINDED = select(audits.c.subject_id, audits.c.person_id).where(audits.c.act == "unblinded", audits.c.subject_id.in_(_HERE))
_REVEALING = select(round_events.c.round_id).where(round_events.c.round_id == rounds.c.id, round_events.c.kind == "closed")
_OPENED_EARLY = select(audits.c.subject_id).where(audits.c.subject_id == rounds.c.id, audits.c.act == "unblinded")
# Of studies in which nothing was ever revealed nothing is read: to what a person founds or joins elsewhere this stays blind.
_TENURES = select(memberships.c.study_id, memberships.c.role, memberships.c.until).where(
    memberships.c.person_id == bindparam("person"),
    select(rounds.c.id).where(rounds.c.study_id == memberships.c.study_id, or_(_REVEALING.exists(), _OPENED_EARLY.exists())).exists(),
)
_CODERS = select(round_coders.c.round_id, round_coders.c.person_id).where(round_coders.c.round_id.in_(_HERE))


class Exposures:
    """Finds what people are exposed for, and enters it where a round begins for them."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def seen(self, person_id: PersonId, among: Sequence[ExcerptId], *, beside: str = "") -> dict[ExcerptId, RoundId]:
        """Give the excerpts among these whose text, or nearly it, a person could see coded by peers, with the round.

        ``beside`` is a round that is left out of account.
        """
        texts = self._texts(among)
        shown = {
            text: reveal.round_id for reveal in self._reveals(person_id) if reveal.round_id != beside for text in self._sampled(reveal)
        }
        near = self._near([text for text in dict.fromkeys(texts.values()) if text not in shown], list(shown))
        shown |= dict.fromkeys(near, next(iter(shown.values()), RoundId("")))
        return {excerpt: shown[text] for excerpt, text in texts.items() if text in shown}

    def enter(self, round_: Round, turns: Iterable[Assignment]) -> None:
        """Write down, at the head of each coder's chain, for which of their turns they are exposed to a peer from an earlier round."""
        chains = Chains(self.session)
        by_person: dict[PersonId, list[Assignment]] = {}
        for turn in turns:
            by_person.setdefault(turn.person_id, []).append(turn)
        for person, own in by_person.items():
            seen = self.seen(person, [turn.excerpt_id for turn in own], beside=round_.id)
            shown = [_exposure(turn, seen[turn.excerpt_id]) for turn in own if turn.excerpt_id in seen]
            if shown:
                chains.append(round_.id, person, [(EntryKind.EXPOSURE, one) for one in shown])

    def _texts(self, among: Sequence[ExcerptId]) -> dict[ExcerptId, str]:
        found: dict[ExcerptId, str] = {}
        for first in range(0, len(among), 500):
            query = select(excerpts.c.id, excerpts.c.text_sha256).where(excerpts.c.id.in_(among[first : first + 500]))
            found |= {ExcerptId(excerpt): text for excerpt, text in self.session.connection.execute(query).tuples() if text}
        return found

    def _reveals(self, person_id: PersonId) -> list[Reveal]:
        """List the rounds whose codings a person could see, of every study that they were ever in."""
        tenures: dict[str, list[Tenure]] = {}
        for study, role, until in self.session.connection.execute(_TENURES, {"person": person_id}).tuples():
            tenures.setdefault(study, []).append(Tenure(Role(role), until))
        return [reveal for study, held in tenures.items() for reveal in self._of_study(study) if could_see(person_id, reveal, held)]

    def _of_study(self, study_id: str) -> list[Reveal]:
        run, study = self.session.connection.execute, {"study": study_id}
        first = dict(run(_CLOSES, study).tuples().all())
        early: dict[str, set[PersonId]] = {}
        for round_id, person in run(_UNBLINDED, study).tuples():
            early.setdefault(round_id, set()).add(PersonId(person or ""))
        coders: dict[str, set[PersonId]] = {}
        for round_id, person in run(_CODERS, study).tuples():
            coders.setdefault(round_id, set()).add(PersonId(person))
        return [
            Reveal(
                round_id=RoundId(round_id),
                closed_at=first.get(round_id),
                coders=frozenset(coders.get(round_id, ())),
                unblinded_by=frozenset(early.get(round_id, ())),
            )
            for round_id in sorted({*first, *early})
        ]

    def _sampled(self, reveal: Reveal) -> list[str]:
        query = select(excerpts.c.text_sha256).join(round_excerpts, round_excerpts.c.excerpt_id == excerpts.c.id)
        return [
            text for text in self.session.connection.execute(query.where(round_excerpts.c.round_id == reveal.round_id)).scalars() if text
        ]

    def _near(self, some: list[str], others: list[str]) -> set[str]:
        found: set[str] = set()
        vectors = Vectors(self.session)
        for model in vectors.models() if some and others else ():
            ours, theirs = (vectors.get(model, [TextKey(text) for text in texts]) for texts in (some, others))
            if ours and theirs:
                same = nearly_the_same(np.array(list(ours.values())), np.array(list(theirs.values())))
                found |= {text for text, near in zip(ours, same, strict=True) if near}
        return found


def _exposure(turn: Assignment, seen: RoundId) -> Exposure:
    """Name the round by a digest of its id, not by its seal: nothing in a coder's own chain may depend on what others coded."""
    return Exposure(assignment_id=turn.id, shown=Shown.PEER_CODING, digest=hashlib.sha256(seen.encode()).hexdigest())
