"""Codings, through exactly three doors: a coder's own, a closed round's revealed ones, and the audited unblinding."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, bindparam, func, or_, select

from service.codebook.model import Codebook
from service.coding.ledger import EntryKind, Exposure, Verdict, verdict
from service.coding.model import Assignment, Coding, CodingId, Content, PersonId, Provenance, Round, RoundId, RoundState
from service.coding.reveal import Revealed
from service.coding.submission import MOST_CODINGS, check_content, check_keeps_place, check_not_handed_in, check_open
from service.corpus.model import ExcerptId
from service.errors import BadInput, NotFound, RoundClosed
from service.store.assignments import Assignments
from service.store.audits import Audits
from service.store.chains import Chains
from service.store.codebooks import Codebooks
from service.store.rounds import Rounds
from service.store.session import Session
from service.store.tables import assignments, codings, excerpts, ledger_contents, round_coders

# Run with every coding and every page of a coder, so put together once.
_COLUMNS = (*codings.c, assignments.c.excerpt_id, assignments.c.occasion, ledger_contents.c.content)
_IN_ORDER = (codings.c.person_id, codings.c.sequence)
_EVERYBODYS = (
    select(*_COLUMNS)
    .join(assignments, assignments.c.id == codings.c.assignment_id)
    .outerjoin(ledger_contents, ledger_contents.c.entry_id == codings.c.entry_id)
    .where(codings.c.round_id == bindparam("round"))
    .order_by(*_IN_ORDER)
)
_OWN = _EVERYBODYS.where(codings.c.person_id == bindparam("person"))
_OWN_AMONG = _OWN.where(codings.c.assignment_id.in_(bindparam("among", expanding=True)))
_OWN_BY_ID = _OWN.where(codings.c.id.in_(bindparam("ids", expanding=True)))
_later = codings.alias("later")
# The memo and the flag of a content are left out when they are not set, so their names are found in few contents. Every coding has an
# assignment; the outer join has it looked up for those few only.
_NOTED = (
    select(*_COLUMNS)
    .select_from(codings)
    .join(ledger_contents, ledger_contents.c.entry_id == codings.c.entry_id)
    .outerjoin(assignments, assignments.c.id == codings.c.assignment_id)
    .where(
        codings.c.round_id == bindparam("round"),
        or_(ledger_contents.c.content.like(b'%"memo":%'), ledger_contents.c.content.like(b'%"flag":%')),
        ~select(_later.c.id).where(_later.c.supersedes == codings.c.id, _later.c.assignment_id == codings.c.assignment_id).exists(),
    )
    .order_by(*_IN_ORDER)
)
_HERE = (codings.c.round_id == bindparam("round"), codings.c.person_id == bindparam("person"))
_DONE = select(func.count(codings.c.assignment_id.distinct())).where(*_HERE)
_LAST_PLACE = (
    select(assignments.c.position)
    .join(codings, codings.c.assignment_id == assignments.c.id)
    .where(*_HERE, assignments.c.position != bindparam("beside"))
    .order_by(codings.c.sequence.desc())
    .limit(1)
)
_LENGTHS = select(excerpts.c.id, excerpts.c.end - excerpts.c.start).where(excerpts.c.id.in_(bindparam("ids", expanding=True)))
_LATEST = (
    select(codings.c.assignment_id, codings.c.id)
    .where(codings.c.assignment_id.in_(bindparam("ids", expanding=True)))
    .order_by(codings.c.sequence)
)
_THE_CODER = (
    select(round_coders)
    .where(round_coders.c.round_id == bindparam("round"), round_coders.c.person_id == bindparam("person"))
    .with_for_update()
)


class Codings:
    """Takes codings in and gives them out through the three doors."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rounds = Rounds(session)
        self.assignments = Assignments(session)
        self.chains = Chains(session)

    def own(self, round_id: str, person_id: str, *, among: Sequence[str] | None = None) -> list[Coding]:
        """Door 1: a coder's own codings, oldest first, corrections included; of those assignments only, if given."""
        if among is None:
            return self._codings(_OWN, round=round_id, person=person_id)
        return self._codings(_OWN_AMONG, round=round_id, person=person_id, among=among)

    def done(self, round_id: str, person_id: str) -> int:
        """Count the assignments that a coder has coded or skipped; of the door of the own codings."""
        return self.session.connection.execute(_DONE, {"round": round_id, "person": person_id}).scalar_one()

    def last_place(self, round_id: str, person_id: str, *, beside: int | None) -> int | None:
        """Give the place in the own order that a coder coded last, another one than ``beside``."""
        asked = {"round": round_id, "person": person_id, "beside": -1 if beside is None else beside}
        return self.session.connection.execute(_LAST_PLACE, asked).scalar()

    def revealed(self, round_id: str) -> list[Revealed]:
        """Door 2: everybody's codings of a closed round; while it is open they answer like no round at all."""
        round_ = self._revealed_round(round_id)
        found = self._codings(_EVERYBODYS, round=round_id)
        shown = {person: self._shown(round_id, person) for person in {coding.person_id for coding in found}}
        reopened = self.chains.reopenings(round_id)
        leavers = round_.leavers
        untouched = {person for person in shown if not shown[person] and person not in reopened}
        return [
            Revealed(
                one,
                Verdict.BLIND
                if one.person_id in untouched
                else verdict(one.sequence, shown[one.person_id].get(one.excerpt_id, []), reopened=reopened.get(one.person_id)),
                one.person_id in leavers,
            )
            for one in found
        ]

    def noted(self, round_id: str) -> list[Coding]:
        """Door 2 too: those with a memo or a flag among the last codings of each assignment of a closed round."""
        self._revealed_round(round_id)
        return self._codings(_NOTED, round=round_id)

    def unblinded(self, round_id: RoundId, person_id: PersonId, *, by: PersonId, reason: str) -> list[Coding]:
        """Door 3: one coder's codings of an open round, for a lead who does not code in it; audited here, printed on the report."""
        round_ = self.rounds.alone(round_id)
        if by in round_.coders or person_id not in round_.coders:
            message = "There is no such coder in this round."
            raise NotFound(message)
        check_open(round_)
        if not reason.strip():
            message = "Unblinding needs a reason; it is printed on the report."
            raise BadInput(message)
        Audits(self.session).note(by, "unblinded", round_id, reason)
        self.chains.note(round_id, EntryKind.UNBLINDED, {"by": by, "person": person_id, "reason": reason})
        return self.own(round_id, person_id)

    def lock(self, round_id: RoundId, person_id: PersonId) -> Round:
        """Hold the round open and this coder's chain still until the transaction ends. Always the first step of a write."""
        round_ = self.rounds.shared(round_id)
        coder = self.session.connection.execute(_THE_CODER, {"round": round_id, "person": person_id}).first()
        if round_.state is RoundState.DRAFT or coder is None:
            message = "There is no such round."
            raise NotFound(message)
        return round_

    def submit(
        self,
        round_: Round,
        person_id: PersonId,
        batch: Sequence[tuple[str, Content]],
        *,
        provenance: Provenance = Provenance.IN_SERVICE,
    ) -> list[CodingId]:
        """Store codings with their ledger entries, all or none. The caller has taken ``lock`` in this transaction."""
        self._check_may_code(round_, person_id)
        codebook = Codebooks(self.session).revision(round_.revision_id).codebook
        turns = self._turns(round_, person_id, batch)
        lengths = self._lengths(turns)
        for place, (_, content) in enumerate(batch):
            _check_at(place, len(batch), content, codebook, lengths[turns[place].excerpt_id])
        before = self._latest([turn.id for turn in turns])
        made = self.chains.append(
            round_.id,
            person_id,
            [(EntryKind.CODING, _record(turn, content, provenance)) for turn, (_, content) in zip(turns, batch, strict=True)],
        )
        rows = [
            {
                "id": self.session.new_id(),
                "entry_id": entry_id,
                "round_id": round_.id,
                "person_id": person_id,
                "assignment_id": turn.id,
                "sequence": entry.sequence,
                "at": entry.at,
                "supersedes": before.get(turn.id),
                "provenance": provenance,
            }
            for turn, (entry_id, entry) in zip(turns, made, strict=True)
        ]
        self.session.connection.execute(codings.insert(), rows)
        return [CodingId(str(row["id"])) for row in rows]

    def hand_in(self, round_: Round, person_id: PersonId) -> None:
        """Lock the own codings for good. The caller has taken ``lock``; handing in twice changes nothing."""
        check_open(round_)
        check_keeps_place(round_, person_id)
        if not self.chains.handed_in(round_.id, person_id):
            self.chains.append(round_.id, person_id, [(EntryKind.HANDED_IN, {})])

    def expose(self, round_: Round, person_id: PersonId, exposure: Exposure) -> None:
        """Write down what a coder is about to be shown. The caller has taken ``lock`` and sends only after the commit."""
        self._check_may_code(round_, person_id)
        self.chains.append(round_.id, person_id, [(EntryKind.EXPOSURE, exposure)])

    def completion(self, round_id: str) -> dict[PersonId, int]:
        """Count the assignments that each coder has coded or skipped."""
        query = select(codings.c.person_id, func.count(codings.c.assignment_id.distinct())).where(codings.c.round_id == round_id)
        rows = self.session.connection.execute(query.group_by(codings.c.person_id)).tuples()
        return {PersonId(person): count for person, count in rows}

    def by_ids(self, round_id: str, person_id: str, ids: Sequence[str]) -> list[Coding]:
        """Give those of a coder's own codings that are named, in the order named."""
        own = {coding.id: coding for coding in self._codings(_OWN_BY_ID, round=round_id, person=person_id, ids=ids)}
        return [own[CodingId(one)] for one in ids]

    def _revealed_round(self, round_id: str) -> Round:
        round_ = self.rounds.get(round_id)
        if not round_.state.is_revealed:
            message = "There is no such round."
            raise NotFound(message)
        return round_

    def _check_may_code(self, round_: Round, person_id: PersonId) -> None:
        check_open(round_)
        if round_.state is RoundState.OPEN and round_.close_by is not None and round_.close_by <= self.session.now():
            message = "The round's closing date has passed. Your earlier codings count; this one was not stored."
            raise RoundClosed(message)
        check_keeps_place(round_, person_id)
        check_not_handed_in(self.chains.handed_in(round_.id, person_id))

    def _turns(self, round_: Round, person_id: PersonId, batch: Sequence[tuple[str, Content]]) -> list[Assignment]:
        if not 1 <= len(batch) <= MOST_CODINGS:
            message = f"A batch holds 1 to {MOST_CODINGS} codings; this one has {len(batch)}. Send it in parts."
            raise BadInput(message)
        if len({assignment for assignment, _ in batch}) != len(batch):
            message = "An assignment is in the batch twice, so it is not clear which coding is meant. Send one coding for each."
            raise BadInput(message)
        own = {turn.id: turn for turn in self.assignments.among(round_.id, person_id, [assignment for assignment, _ in batch])}
        missing = [place for place, (assignment, _) in enumerate(batch) if assignment not in own]
        if missing:
            message = f"Coding {missing[0] + 1} of {len(batch)}: you have no such assignment in this round. Nothing was stored."
            raise NotFound(message)
        return [own[assignment] for assignment, _ in batch]  # pyright: ignore[reportArgumentType]

    def _lengths(self, turns: Sequence[Assignment]) -> dict[ExcerptId, int]:
        rows = self.session.connection.execute(_LENGTHS, {"ids": sorted({turn.excerpt_id for turn in turns})}).tuples()
        return {ExcerptId(excerpt): length for excerpt, length in rows}

    def _latest(self, assignment_ids: Sequence[str]) -> dict[str, str]:
        return dict(self.session.connection.execute(_LATEST, {"ids": assignment_ids}).tuples().all())  # pyright: ignore[reportReturnType]

    def _shown(self, round_id: str, person_id: str) -> dict[ExcerptId, list[tuple[int, Exposure]]]:
        exposures = self.chains.exposures(round_id, person_id)
        if not exposures:  # as in most rounds: the assignments need not be read
            return {}
        excerpt_of = {turn.id: turn.excerpt_id for turn in self.assignments.of(round_id, person_id)}
        shown: dict[ExcerptId, list[tuple[int, Exposure]]] = {}
        for sequence, exposure in exposures:
            shown.setdefault(excerpt_of[exposure.assignment_id], []).append((sequence, exposure))  # pyright: ignore[reportArgumentType]
        return shown

    def _codings(self, query: Select[tuple[Any, ...]], **by: str | Sequence[str]) -> list[Coding]:
        return [_coding(row) for row in self.session.connection.execute(query, by)]


class _Record(msgspec.Struct, frozen=True):
    assignment: str
    excerpt: str
    content: Content
    provenance: str = ""


_RECORDS = msgspec.json.Decoder(_Record)
_PROVENANCES = {one.value: one for one in Provenance}


def _record(turn: Assignment, content: Content, provenance: Provenance) -> _Record:
    return _Record(assignment=turn.id, excerpt=turn.excerpt_id, content=content, provenance=provenance.value)


def _coding(row: Row[Any]) -> Coding:
    # By place, not by name, which is looked up for every value: a report reads 100,000 of them.
    coding, _, round_id, person, assignment, sequence, at, supersedes, provenance, excerpt, occasion, content = row
    return Coding(
        id=coding,
        round_id=round_id,
        person_id=person,
        assignment_id=assignment,
        excerpt_id=excerpt,
        occasion=occasion,
        sequence=sequence,
        at=at,
        supersedes=supersedes,
        provenance=_PROVENANCES[provenance],
        content=_RECORDS.decode(content).content if content is not None else None,
    )


def _check_at(place: int, size: int, content: Content, codebook: Codebook, length: int) -> None:
    try:
        check_content(content, codebook, length=length)
    except BadInput as refusal:
        if size == 1:
            raise
        message = f"Coding {place + 1} of {size}: {refusal.detail} Nothing was stored."
        raise BadInput(message) from refusal
