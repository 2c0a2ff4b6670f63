"""Suggestion snapshots: what a study's suggestions are made from, frozen at a close; and what was fitted to it.

A snapshot holds what excerpts were resolved to as differences from the study's earlier ones, so that a close writes what is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import RowMapping, Select, and_, func, select

from service.coding.model import Round
from service.coding.resolved import Resolutions, resolved_by
from service.corpus.model import ExcerptId, StudyId
from service.store.adjudications import Adjudications
from service.store.codings import Codings
from service.store.rounds import Rounds
from service.store.session import Session
from service.store.tables import excerpts, snapshot_resolved, snapshots, studies, suggestion_fits

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One suggestion snapshot of a study, by its number."""

    id: str
    study_id: StudyId
    revision_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class ResolvedExcerpt:
    """What an excerpt was resolved to for a variable, with its text."""

    excerpt_id: ExcerptId
    text_sha256: str
    text: str
    variable: str
    codes: tuple[str, ...]


class Snapshots:
    """Takes snapshots and gives them out; there is none of an open round."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def take(self, round_: Round) -> None:
        """Freeze what the study's revealed rounds say now; the caller holds the round, which is one of them."""
        known = self._known(round_.study_id)
        new = Rounds(self.session).take_snapshot(round_.study_id, round_.revision_id)
        told = {place: codes for place, codes in self._revealed(round_.study_id).items() if known.get(place) != codes}
        rows = [
            {"snapshot_id": new, "excerpt_id": excerpt, "variable": variable, "codes": msgspec.json.encode(codes).decode()}
            for (excerpt, variable), codes in sorted(told.items())
        ]
        for first in range(0, len(rows), _AT_ONCE):
            self.session.connection.execute(snapshot_resolved.insert(), rows[first : first + _AT_ONCE])

    def last(self, study_id: str) -> Snapshot | None:
        """Give a study's last snapshot."""
        return self._one(select(snapshots).where(snapshots.c.study_id == study_id).order_by(snapshots.c.sequence.desc()).limit(1))

    def get(self, snapshot_id: str) -> Snapshot | None:
        """Give a snapshot by id."""
        return self._one(select(snapshots).where(snapshots.c.id == snapshot_id))

    def size(self, snapshot: Snapshot) -> int:
        """Count what a snapshot holds; an erasure lowers it and nothing else changes it."""
        here = and_(snapshots.c.study_id == snapshot.study_id, snapshots.c.sequence <= snapshot.sequence)
        query = select(func.count()).select_from(snapshot_resolved.join(snapshots, snapshot_resolved.c.snapshot_id == snapshots.c.id))
        return self.session.connection.execute(query.where(here)).scalar_one()

    def candidates(self, study_id: str) -> list[ExcerptId]:
        """Name every excerpt of a round that was closed once, whatever was coded there: what a snapshot can be about."""
        closed = [one.id for one in Rounds(self.session).of_study(study_id) if one.first_closed_at is not None]
        return sorted({drawn.excerpt_id for round_id in closed for drawn in Rounds(self.session).sample(round_id)})

    def resolved(self, snapshot: Snapshot, among: Sequence[ExcerptId]) -> list[ResolvedExcerpt]:
        """Give what these excerpts were resolved to as of a snapshot, in the order of the texts; nothing of others is read."""
        latest: dict[tuple[str, str], RowMapping] = {}
        for first in range(0, len(among), _AT_ONCE):
            part = snapshot_resolved.c.excerpt_id.in_(among[first : first + _AT_ONCE])
            rows = self.session.connection.execute(_resolved(snapshot.study_id, snapshot.sequence).where(part)).mappings()
            latest |= {(row["excerpt_id"], row["variable"]): row for row in rows}
        found = [
            ResolvedExcerpt(row["excerpt_id"], row["text_sha256"], row["text"], row["variable"], _codes(row["codes"]))
            for row in latest.values()
            if row["text"]
        ]
        return sorted(found, key=lambda one: (one.variable, one.text_sha256, one.excerpt_id))

    def newest(self) -> list[Snapshot]:
        """Give the last snapshot of every study that was not erased."""
        tops = select(snapshots.c.study_id, func.max(snapshots.c.sequence).label("top")).group_by(snapshots.c.study_id).subquery()
        query = (
            select(snapshots)
            .join(tops, and_(tops.c.study_id == snapshots.c.study_id, tops.c.top == snapshots.c.sequence))
            .join(studies, studies.c.id == snapshots.c.study_id)
            .where(studies.c.erased_at.is_(None))
            .order_by(snapshots.c.study_id)
        )
        return [_snapshot(row) for row in self.session.connection.execute(query).mappings()]

    def fit(self, fit_id: str) -> str | None:
        """Give what was fitted under a digest, as JSON."""
        query = select(suggestion_fits.c.configuration).where(suggestion_fits.c.id == fit_id)
        return self.session.connection.execute(query).scalar()

    def keep_fit(self, fit_id: str, study_id: str, configuration: str) -> None:
        """Keep what was fitted; the same digest is the same fit, so one that is there stays."""
        self.session.hold(study_id)
        if self.fit(fit_id) is None:
            row = {"id": fit_id, "study_id": study_id, "configuration": configuration, "at": self.session.now()}
            self.session.connection.execute(suggestion_fits.insert().values(row))

    def _known(self, study_id: str) -> dict[tuple[str, str], tuple[str, ...]]:
        rows = self.session.connection.execute(_resolved(study_id, None)).mappings()
        return {(row["excerpt_id"], row["variable"]): _codes(row["codes"]) for row in rows}

    def _revealed(self, study_id: str) -> Resolutions:
        found: dict[tuple[ExcerptId, str], tuple[str, ...]] = {}
        rounds = [one for one in Rounds(self.session).of_study(study_id) if one.state.is_revealed]
        for one in sorted(rounds, key=lambda one: (one.first_closed_at or "", one.id)):
            standing = Adjudications(self.session).standing(one.id)
            found |= resolved_by(Codings(self.session).revealed(one.id), standing)
        return found

    def _one(self, query: Select[tuple[Any, ...]]) -> Snapshot | None:
        row = self.session.connection.execute(query).mappings().first()
        return None if row is None else _snapshot(row)


def _resolved(study_id: str, sequence: int | None) -> Select[tuple[Any, ...]]:
    joined = snapshot_resolved.join(snapshots, snapshot_resolved.c.snapshot_id == snapshots.c.id).join(
        excerpts, excerpts.c.id == snapshot_resolved.c.excerpt_id
    )
    columns = (*snapshot_resolved.c, excerpts.c.text, excerpts.c.text_sha256)
    query = select(*columns).select_from(joined).where(snapshots.c.study_id == study_id).order_by(snapshots.c.sequence)
    return query if sequence is None else query.where(snapshots.c.sequence <= sequence)


def _snapshot(row: RowMapping) -> Snapshot:
    return Snapshot(row["id"], row["study_id"], row["revision_id"], row["sequence"])


def _codes(written: str) -> tuple[str, ...]:
    return msgspec.json.decode(written, type=tuple[str, ...])
