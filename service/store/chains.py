"""The ledger's chains in the database: appended inside the transaction of the act they record."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import msgspec
from sqlalchemy import RowMapping, and_, bindparam, func, select

from service.coding.ledger import ROUND_CHAIN, SALT_BYTES, Entry, EntryKind, Exposure, append, canonical, commit, keeps_commitment
from service.store.session import Session
from service.store.tables import ledger, ledger_contents

_FIELDS = tuple(field.name for field in fields(Entry))
_ENTRY = tuple(ledger.c[name] for name in _FIELDS)
_LOCKING = (EntryKind.HANDED_IN, EntryKind.REOPENED)
"""What locks a coder's own codings, and what unlocks them."""

_HERE = (ledger.c.round_id == bindparam("round"), ledger.c.person_id == bindparam("person"))
# Run with every coding, so put together once.
_LAST = select(*_ENTRY).where(*_HERE).order_by(ledger.c.sequence.desc()).limit(1)
_LAST_LOCKING = select(ledger.c.kind).where(*_HERE, ledger.c.kind.in_(_LOCKING)).order_by(ledger.c.sequence.desc()).limit(1)


class Chains:
    """Appends to and reads the chains of a round. The caller holds the lock of the round or of the coder in it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def append(self, round_id: str, person_id: str, records: Sequence[tuple[EntryKind, object]]) -> list[tuple[str, Entry]]:
        """Append entries to one chain; give each one's id and entry. Contents are salted, kept apart and committed to."""
        last = self._last(round_id, person_id)
        now = self.session.now()
        made: list[tuple[str, Entry]] = []
        contents: list[dict[str, object]] = []
        for kind, record in records:
            salt, content = self.session.entropy.bytes(SALT_BYTES), canonical(record)
            last = append(last, round_id=round_id, person_id=person_id, at=now, kind=kind, commitment=commit(salt, content))
            made.append((self.session.new_id(), last))
            contents.append({"entry_id": made[-1][0], "salt": salt, "content": content})
        self.session.connection.execute(ledger.insert(), [_row(entry_id, entry) for entry_id, entry in made])
        self.session.connection.execute(ledger_contents.insert(), contents)
        return made

    def chain(self, round_id: str, person_id: str) -> list[Entry]:
        """Give one chain in order."""
        query = select(*_ENTRY).where(ledger.c.round_id == round_id, ledger.c.person_id == person_id)
        rows = self.session.connection.execute(query.order_by(ledger.c.sequence)).mappings()
        return [_entry(row) for row in rows]

    def whole(self, round_id: str) -> list[Entry]:
        """Give every chain of a round, each in order."""
        query = select(ledger.c.person_id).where(ledger.c.round_id == round_id).distinct().order_by(ledger.c.person_id)
        return [entry for person in self.session.connection.execute(query).scalars() for entry in self.chain(round_id, person)]

    def heads(self, round_id: str) -> list[Entry]:
        """Give the last entry of every chain of a round."""
        newest = select(ledger.c.person_id, func.max(ledger.c.sequence).label("top")).where(ledger.c.round_id == round_id)
        top = newest.group_by(ledger.c.person_id).subquery()
        query = select(*_ENTRY).join(
            top, and_(top.c.person_id == ledger.c.person_id, top.c.top == ledger.c.sequence, ledger.c.round_id == round_id)
        )
        return [_entry(row) for row in self.session.connection.execute(query).mappings()]

    def handed_in(self, round_id: str, person_id: str) -> bool:
        """Say whether a coder has handed in; reads the own chain only, so that the work does not depend on others."""
        here = {"round": round_id, "person": person_id}
        return self.session.connection.execute(_LAST_LOCKING, here).scalar() == EntryKind.HANDED_IN

    def who_handed_in(self, round_id: str) -> list[str]:
        """List the coders who have handed in, by id; a reopening unlocks those who had before it."""
        query = select(ledger.c.person_id, ledger.c.kind).where(ledger.c.round_id == round_id, ledger.c.kind.in_(_LOCKING))
        latest = dict(self.session.connection.execute(query.order_by(ledger.c.sequence)).tuples().all())
        return sorted(person for person, kind in latest.items() if kind == EntryKind.HANDED_IN)

    def reopenings(self, round_id: str) -> dict[str, int]:
        """Give the place of the first reopening in each person's chain."""
        first = func.min(ledger.c.sequence)
        query = select(ledger.c.person_id, first).where(ledger.c.round_id == round_id, ledger.c.kind == EntryKind.REOPENED)
        return dict(self.session.connection.execute(query.group_by(ledger.c.person_id)).tuples().all())

    def exposures(self, round_id: str, person_id: str) -> list[tuple[int, Exposure]]:
        """Give what a person was shown in a round, with the place in the chain."""
        query = (
            select(ledger.c.sequence, ledger_contents.c.content)
            .join(ledger_contents, ledger_contents.c.entry_id == ledger.c.id)
            .where(ledger.c.round_id == round_id, ledger.c.person_id == person_id, ledger.c.kind == EntryKind.EXPOSURE)
            .order_by(ledger.c.sequence)
        )
        rows = self.session.connection.execute(query).tuples()
        return [(sequence, msgspec.json.decode(content, type=Exposure)) for sequence, content in rows]

    def unkept(self, round_id: str) -> list[str]:
        """List the entries whose stored content is not what they committed to; erased contents are no fault."""
        query = (
            select(ledger.c.id, ledger.c.commitment, ledger_contents.c.salt, ledger_contents.c.content)
            .join(ledger_contents, ledger_contents.c.entry_id == ledger.c.id)
            .where(ledger.c.round_id == round_id)
        )
        rows = self.session.connection.execute(query).tuples()
        return [entry for entry, commitment, salt, content in rows if not keeps_commitment(commitment, salt, content)]

    def records(self, round_id: str, kind: EntryKind) -> list[tuple[str, bytes | None]]:
        """Give the entries of a kind on the round's own chain, with their times; the content is None once erased."""
        query = (
            select(ledger.c.at, ledger_contents.c.content)
            .outerjoin(ledger_contents, ledger_contents.c.entry_id == ledger.c.id)
            .where(ledger.c.round_id == round_id, ledger.c.person_id == ROUND_CHAIN, ledger.c.kind == kind)
            .order_by(ledger.c.sequence)
        )
        return [(at, content) for at, content in self.session.connection.execute(query).tuples()]

    def note(self, round_id: str, kind: EntryKind, record: object) -> Entry:
        """Append one entry to the round's own chain."""
        return self.append(round_id, ROUND_CHAIN, [(kind, record)])[0][1]

    def _last(self, round_id: str, person_id: str) -> Entry | None:
        row = self.session.connection.execute(_LAST, {"round": round_id, "person": person_id}).mappings().first()
        return _entry(row) if row else None


def _row(entry_id: str, entry: Entry) -> dict[str, object]:
    return {"id": entry_id, **{name: getattr(entry, name) for name in _FIELDS}}


def _entry(row: RowMapping) -> Entry:
    kept: dict[str, Any] = {**row, "kind": EntryKind(row["kind"])}
    return Entry(**kept)
