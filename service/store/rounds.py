"""Rounds: planned, opened, closed. Opening and closing take the round's row for themselves; coding shares it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import RowMapping, Select, bindparam, select

from service.coding.design import check_design
from service.coding.draw import Drawn
from service.coding.ledger import EntryKind
from service.coding.ledger import seal as seal_of
from service.coding.model import (
    KeyFrom,
    PersonId,
    Replacement,
    Round,
    RoundEvent,
    RoundId,
    RoundKind,
    RoundState,
    SuggestionPolicy,
    state_of,
)
from service.coding.plan import PLAIN, Design, Draw
from service.corpus.model import ExcerptId, StudyId
from service.errors import BadInput, Conflict, NotFound
from service.store.assigning import Assigning
from service.store.assignments import Assignments
from service.store.audits import Audits
from service.store.chains import Chains
from service.store.corpus import Corpus
from service.store.exposures import Exposures
from service.store.material import Materials
from service.store.session import Session
from service.store.tables import round_coders, round_events, round_excerpts, round_keys, rounds, snapshots

FEWEST_CODERS = 2
# Nearly every request asks for a round, so these are put together once.
_BY_ID = select(rounds).where(rounds.c.id == bindparam("round"))
_LOCKED = {
    "none": _BY_ID,
    "share": _BY_ID.with_for_update(read=True),
    "update": _BY_ID.with_for_update(),
}
_EVENTS = select(round_events).where(round_events.c.round_id.in_(bindparam("rounds", expanding=True))).order_by(round_events.c.sequence)
_CODERS = select(round_coders).where(round_coders.c.round_id.in_(bindparam("rounds", expanding=True))).order_by(round_coders.c.position)
_CODED_BY = (
    select(rounds)
    .join(round_coders, round_coders.c.round_id == rounds.c.id)
    .where(round_coders.c.person_id == bindparam("person"))
    .order_by(rounds.c.created_at, rounds.c.id)
)
_SAMPLE = (
    select(round_excerpts.c.excerpt_id, round_excerpts.c.probability)
    .where(round_excerpts.c.round_id == bindparam("round"))
    .order_by(round_excerpts.c.position)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a lead decides before a round is opened."""

    name: str
    kind: RoundKind
    policy: SuggestionPolicy
    revision_id: str
    sample_method: str
    sample_seed: int
    sample: tuple[Drawn, ...]
    coders: tuple[PersonId, ...]
    close_by: str | None
    names_hidden: bool = False
    draw: Draw | None = None
    design: Design = PLAIN
    key: KeyFrom | None = None


class Rounds:
    """Reads and writes rounds and their samples."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def plan(self, study_id: StudyId, plan: Plan, by: PersonId) -> RoundId:
        """Store a draft round with its sample and coders."""
        self.session.hold(study_id)
        if not set(Corpus(self.session).excerpt_ids(study_id)).issuperset(drawn.excerpt_id for drawn in plan.sample):
            message = "An excerpt of the sample is not in the study, or was deleted a moment ago. Plan the round again."
            raise Conflict(message)
        new = self.session.new_id()
        fields = ("name", "kind", "policy", "revision_id", "sample_method", "sample_seed", "close_by", "names_hidden")
        row = {field: getattr(plan, field) for field in fields} | _settings(plan)
        self.session.connection.execute(
            rounds.insert().values(row | {"id": new, "study_id": study_id, "created_at": self.session.now(), "created_by": by})
        )
        drawn = [
            {"round_id": new, "excerpt_id": one.excerpt_id, "position": position, "probability": one.probability}
            for position, one in enumerate(plan.sample)
        ]
        coders = [{"round_id": new, "person_id": coder, "position": position} for position, coder in enumerate(plan.coders)]
        self.session.connection.execute(round_excerpts.insert(), drawn)
        self.session.connection.execute(round_coders.insert(), coders)
        if plan.key is not None:
            key = {"round_id": new, "key_round_id": plan.key.round_id, "person_id": plan.key.person_id}
            self.session.connection.execute(round_keys.insert().values(key))
        return RoundId(new)

    def get(self, round_id: str) -> Round:
        """Give a round by id."""
        return self._one(round_id, lock="none")

    def shared(self, round_id: str) -> Round:
        """Give a round and hold it open until the transaction ends: a close waits, other codings do not."""
        return self._one(round_id, lock="share")

    def alone(self, round_id: str) -> Round:
        """Give a round and hold it against codings and closes until the transaction ends."""
        return self._one(round_id, lock="update")

    def of_study(self, study_id: str) -> list[Round]:
        """List a study's rounds, oldest first."""
        query = select(rounds).where(rounds.c.study_id == study_id).order_by(rounds.c.created_at, rounds.c.id)
        return self._rounds(self.session.connection.execute(query).mappings().all())

    def coded_by(self, person_id: str) -> list[Round]:
        """List the rounds a person codes or coded in, oldest first."""
        return self._rounds(self.session.connection.execute(_CODED_BY, {"person": person_id}).mappings().all())

    def due(self) -> list[RoundId]:
        """List the open rounds whose closing date has come."""
        query = select(rounds).where(rounds.c.close_by.is_not(None), rounds.c.close_by <= self.session.now())
        found = self._rounds(self.session.connection.execute(query).mappings().all())
        return [round_.id for round_ in found if round_.state is RoundState.OPEN]

    def sample(self, round_id: str) -> list[Drawn]:
        """Give a round's excerpts in the order drawn, with their probabilities."""
        rows = self.session.connection.execute(_SAMPLE, {"round": round_id}).tuples()
        return [Drawn(ExcerptId(excerpt), probability) for excerpt, probability in rows]

    def open(self, round_id: RoundId, by: PersonId) -> Round:
        """Draw every coder's assignments and let coding begin."""
        round_ = self.alone(round_id)
        if round_.state is not RoundState.DRAFT:
            message = f"The round is {round_.state.value} already; only a draft can be opened."
            raise Conflict(message)
        if len(round_.coders) < FEWEST_CODERS:
            message = "A round needs two coders at least, or there is no agreement to measure. Add coders and plan it again."
            raise Conflict(message)
        sample = [drawn.excerpt_id for drawn in self.sample(round_id)]
        check_design(len(sample), len(round_.coders), round_.design)
        Assigning(self.session).draw(round_)
        Exposures(self.session).enter(round_, Assignments(self.session).of(round_id))
        record = {"revision": round_.revision_id, "policy": round_.policy, "seed": round_.sample_seed, "sample": sample}
        record |= {"design": round_.design, "draw": round_.draw, "kind": round_.kind, "method": round_.sample_method}
        record |= {"snapshot": self._pin(round_)}
        shares = {drawn.excerpt_id: drawn.probability for drawn in self.sample(round_id)}
        record |= Materials(self.session).bind(round_, shares, Assignments(self.session).of(round_id))
        opened = Chains(self.session).note(round_id, EntryKind.OPENED, record | {"coders": list(round_.coders)})
        self._happened(round_id, RoundEvent.OPENED, by, None, at=opened.at)
        return self.get(round_id)

    def close(self, round_id: RoundId, by: PersonId | None) -> Round:
        """End the blind phase: freeze the codings, publish the seal, take the study's next suggestion snapshot. Twice changes nothing."""
        round_ = self.alone(round_id)
        if round_.state is RoundState.DRAFT:
            message = "The round was never opened, so there is nothing to close. Delete the draft instead."
            raise Conflict(message)
        if round_.state.is_revealed:
            return round_
        chains = Chains(self.session)
        heads = chains.heads(round_id)
        seal = seal_of(heads)
        told = sorted((head.person_id, head.sequence, head.head) for head in heads)
        closed = chains.note(round_id, EntryKind.CLOSED, {"seal": seal, "heads": told})
        self._happened(round_id, RoundEvent.CLOSED, by, seal, at=closed.at)
        self._freeze(round_id)
        return self.get(round_id)

    def replace(self, round_id: RoundId, leaver: PersonId, person: PersonId, by: PersonId) -> Round:
        """Let somebody take over a leaver's whole set."""
        Assigning(self.session).replace(self.alone(round_id), leaver, person, by)
        return self.get(round_id)

    def key(self, round_id: str) -> KeyFrom | None:
        """Say where a training round's key stands, if it has one."""
        row = self.session.connection.execute(select(round_keys).where(round_keys.c.round_id == round_id)).mappings().first()
        return KeyFrom(round_id=RoundId(row["key_round_id"]), person_id=row["person_id"]) if row else None

    def reopen(self, round_id: RoundId, by: PersonId, reason: str) -> Round:
        """Let the coders code again. What the first close froze stays what blind agreement is computed on; what follows is peer-exposed."""
        round_ = self.alone(round_id)
        if round_.state is not RoundState.CLOSED:
            message = f"The round is {round_.state.value}; only a closed one can be reopened."
            raise Conflict(message)
        if not reason.strip():
            message = "Reopening needs a reason; it is printed on the report."
            raise BadInput(message)
        chains = Chains(self.session)
        reopened = chains.note(round_id, EntryKind.REOPENED, {"by": by, "reason": reason})
        for coder in sorted({*round_.coders, *(turn.person_id for turn in Assignments(self.session).of(round_id))}):
            chains.append(round_id, coder, [(EntryKind.REOPENED, {})])
        self._happened(round_id, RoundEvent.REOPENED, by, None, at=reopened.at)
        Audits(self.session).note(by, "reopened", round_id, reason)
        return self.get(round_id)

    def archive(self, round_id: RoundId, by: PersonId) -> Round:
        """Make a closed round read only for good. Twice changes nothing."""
        round_ = self.alone(round_id)
        if round_.state is RoundState.ARCHIVED:
            return round_
        if round_.state is not RoundState.CLOSED:
            message = f"The round is {round_.state.value}; only a closed one can be archived."
            raise Conflict(message)
        archived = Chains(self.session).note(round_id, EntryKind.ARCHIVED, {"by": by})
        self._happened(round_id, RoundEvent.ARCHIVED, by, None, at=archived.at)
        self._freeze(round_id)
        return self.get(round_id)

    def closings(self, round_id: str) -> list[tuple[str, str]]:
        """Give the time and the seal of every close of a round, the first first."""
        events = self._events([round_id]).get(round_id, [])
        return [(event["at"], event["digest"]) for event in events if event["kind"] == RoundEvent.CLOSED]

    def delete_draft(self, round_id: RoundId) -> None:
        """Delete a round that was never opened."""
        if self.alone(round_id).state is not RoundState.DRAFT:
            message = "Only a draft can be deleted; what coders were asked to code is kept."
            raise Conflict(message)
        for table in (round_excerpts, round_coders, round_keys):
            self.session.connection.execute(table.delete().where(table.c.round_id == round_id))
        self.session.connection.execute(rounds.delete().where(rounds.c.id == round_id))

    def take_snapshot(self, study_id: str, revision_id: str) -> str:
        """Make a codebook revision what suggestions of the study are made from."""
        self.session.hold(study_id)
        rows = self.session.connection.execute(select(snapshots.c.sequence).where(snapshots.c.study_id == study_id)).scalars().all()
        new = self.session.new_id()
        row = {"id": new, "study_id": study_id, "revision_id": revision_id, "sequence": max(rows, default=0) + 1}
        self.session.connection.execute(snapshots.insert().values(row | {"at": self.session.now()}))
        return new

    def snapshot(self, study_id: str) -> str | None:
        """Give the codebook revision of the study's last suggestion snapshot."""
        query = select(snapshots.c.revision_id).where(snapshots.c.study_id == study_id).order_by(snapshots.c.sequence.desc()).limit(1)
        return self.session.connection.execute(query).scalar()

    def _freeze(self, round_id: RoundId) -> None:
        from service.store.snapshots import Snapshots  # it reads rounds itself

        Snapshots(self.session).take(self.get(round_id))

    def _pin(self, round_: Round) -> str | None:
        """Name the study's last snapshot as what the round's suggestions are made from: later closes change nothing for its coders."""
        self.session.hold(round_.study_id)
        query = select(snapshots.c.id).where(snapshots.c.study_id == round_.study_id).order_by(snapshots.c.sequence.desc()).limit(1)
        last = self.session.connection.execute(query).scalar()
        self.session.connection.execute(rounds.update().where(rounds.c.id == round_.id).values(snapshot_id=last))
        return last

    def _one(self, round_id: str, *, lock: str) -> Round:
        found = self._rounds(self.session.connection.execute(_LOCKED[lock], {"round": round_id}).mappings().all())
        if not found:
            message = "There is no such round."
            raise NotFound(message)
        return found[0]

    def _rounds(self, rows: Sequence[RowMapping]) -> list[Round]:
        if not rows:  # as with every request of somebody who codes nowhere
            return []
        ids = [row["id"] for row in rows]
        events = self._events(ids)
        coders = self._coders(ids)
        return [_round(row, events.get(row["id"], []), coders.get(row["id"], [])) for row in rows]

    def _events(self, ids: Iterable[str]) -> dict[str, list[RowMapping]]:
        return self._by_round(_EVENTS, ids)

    def _coders(self, ids: Iterable[str]) -> dict[str, list[RowMapping]]:
        return self._by_round(_CODERS, ids)

    def _by_round(self, query: Select[tuple[Any, ...]], ids: Iterable[str]) -> dict[str, list[RowMapping]]:
        found: dict[str, list[RowMapping]] = {}
        for row in self.session.connection.execute(query, {"rounds": list(ids)}).mappings():
            found.setdefault(row["round_id"], []).append(row)
        return found

    def _happened(self, round_id: str, kind: RoundEvent, by: PersonId | None, digest: str | None, *, at: str) -> None:
        # ``at`` is the time of the act's ledger entry, so that who checks the one against the other finds the same.
        sequence = len(self._events([round_id]).get(round_id, [])) + 1
        row = {"id": self.session.new_id(), "round_id": round_id, "sequence": sequence, "kind": kind, "at": at}
        self.session.connection.execute(round_events.insert().values(row | {"by": by, "digest": digest}))


def _round(row: RowMapping, events: list[RowMapping], coders: list[RowMapping]) -> Round:
    kinds = [RoundEvent(event["kind"]) for event in events]
    times = {kind: event["at"] for kind, event in zip(kinds, events, strict=True)}
    state = state_of(kinds)
    closings = [event for event in events if event["kind"] == RoundEvent.CLOSED]
    closed = closings[-1] if state.is_revealed else None
    return Round(
        id=row["id"],
        study_id=row["study_id"],
        name=row["name"],
        kind=RoundKind(row["kind"]),
        policy=SuggestionPolicy(row["policy"]),
        revision_id=row["revision_id"],
        sample_method=row["sample_method"],
        sample_seed=row["sample_seed"],
        close_by=row["close_by"],
        state=state,
        opened_at=times.get(RoundEvent.OPENED),
        closed_at=closed["at"] if closed else None,
        seal=closed["digest"] if closed else None,
        coders=tuple(PersonId(coder["person_id"]) for coder in coders),
        first_closed_at=closings[0]["at"] if closings else None,
        names_hidden=row["names_hidden"],
        snapshot_id=row["snapshot_id"],
        draw=msgspec.json.decode(row["draw"], type=Draw) if row["draw"] else None,
        design=msgspec.json.decode(row["design"], type=Design) if row["design"] else PLAIN,
        replacements=tuple(
            Replacement(leaver=PersonId(coder["replaces"]), person=PersonId(coder["person_id"])) for coder in coders if coder["replaces"]
        ),
    )


def _settings(plan: Plan) -> dict[str, str | None]:
    draw = msgspec.json.encode(plan.draw).decode() if plan.draw is not None else None
    return {"draw": draw, "design": msgspec.json.encode(plan.design).decode()}
