"""Resolutions of a closed round: appended beside the codings, in the round's own chain of the ledger."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import RowMapping, Select, select

from service.coding.adjudication import (
    Adjudication,
    Resolution,
    check_resolution,
    given_on,
    latest,
    present_codings,
    pseudonyms,
    unresolved,
)
from service.coding.ledger import ROUND_CHAIN, EntryKind
from service.coding.model import Answer, PersonId, Round, RoundId, RoundState
from service.corpus.model import ExcerptId
from service.errors import Conflict, NotFound
from service.store.chains import Chains
from service.store.codebooks import Codebooks
from service.store.codings import Codings
from service.store.corpus import Corpus
from service.store.rounds import Rounds
from service.store.session import Session
from service.store.tables import adjudications, ledger_contents


class Adjudications:
    """Takes resolutions in and gives them out; the caller has checked who may see the round's queue."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def resolve(self, round_id: RoundId, resolution: Resolution, by: PersonId) -> str:
        """Append a resolution to a closed round and give its id. The codings stay as they were; an earlier resolution is superseded."""
        round_ = Rounds(self.session).alone(round_id)
        if round_.state is not RoundState.CLOSED:
            message = f"The round is {round_.state.value}; only a closed one is adjudicated."
            raise Conflict(message)
        given = self.given(round_).get((resolution.excerpt_id, resolution.answer.variable), {})
        found = Corpus(self.session).excerpts([resolution.excerpt_id])
        length = len(found[resolution.excerpt_id].text) if found else 0
        check_resolution(resolution, Codebooks(self.session).revision(round_.revision_id).codebook, given, length=length)
        [(entry_id, entry)] = Chains(self.session).append(round_id, ROUND_CHAIN, [(EntryKind.ADJUDICATED, resolution)])
        new = self.session.new_id()
        row = {"id": new, "entry_id": entry_id, "round_id": round_id, "excerpt_id": resolution.excerpt_id, "person_id": by}
        self.session.connection.execute(adjudications.insert().values(row | {"sequence": entry.sequence, "at": entry.at}))
        return new

    def of(self, round_id: str) -> list[Adjudication]:
        """Give every resolution of a round, oldest first, superseded ones included."""
        query = _select().where(adjudications.c.round_id == round_id).order_by(adjudications.c.sequence)
        return [_adjudication(row) for row in self.session.connection.execute(query).mappings()]

    def get(self, adjudication_id: str) -> Adjudication:
        """Give one resolution."""
        row = self.session.connection.execute(_select().where(adjudications.c.id == adjudication_id)).mappings().first()
        if row is None:
            message = "There is no such resolution."
            raise NotFound(message)
        return _adjudication(row)

    def standing(self, round_id: str) -> dict[tuple[ExcerptId, str], Adjudication]:
        """Give the resolution that stands for each excerpt and variable."""
        return latest(self.of(round_id))

    def given(self, round_: Round) -> Mapping[tuple[ExcerptId, str], dict[PersonId, Answer]]:
        """Give what each coder stands for, by excerpt and variable."""
        return given_on(present_codings(Codings(self.session).revealed(round_.id)))

    def hides_names(self, round_: Round) -> bool:
        """Say whether the coders' names are hidden now: if the lead so set, until every disagreement has its resolution."""
        return round_.names_hidden and round_.state.is_revealed and bool(unresolved(self.given(round_), self.standing(round_.id)))

    def labels(self, round_: Round) -> dict[PersonId, str]:
        """Give each coder the label that stands for them in this round while names are hidden."""
        return pseudonyms(round_.id, round_.coders, self.session.hash)


def _select() -> Select[tuple[Any, ...]]:
    joined = adjudications.outerjoin(ledger_contents, ledger_contents.c.entry_id == adjudications.c.entry_id)
    return select(*adjudications.c, ledger_contents.c.content).select_from(joined)


def _adjudication(row: RowMapping) -> Adjudication:
    return Adjudication(
        id=row["id"],
        round_id=row["round_id"],
        excerpt_id=row["excerpt_id"],
        person_id=row["person_id"],
        sequence=row["sequence"],
        at=row["at"],
        resolution=msgspec.json.decode(row["content"], type=Resolution) if row["content"] is not None else None,
    )
