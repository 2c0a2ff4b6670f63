"""What a source says of each excerpt beside its text, such as a site or a wave: columns that samples are drawn by.

Plans and ledgers name a column by its place in the study, so that a name goes with the study when that is erased. Coders never see any.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Select, delete, select

from service.coding.model import Round
from service.coding.plan import Stratified
from service.corpus.model import MOST_COLUMNS, ExcerptId, NewDocument
from service.errors import BadInput
from service.store.session import Session
from service.store.tables import excerpts, metadata_columns, metadata_values


class Metadata:
    """Reads and writes columns of metadata."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def columns(self, study_id: str) -> tuple[str, ...]:
        """Name a study's columns; each stands at its place."""
        query = select(metadata_columns.c.name).where(metadata_columns.c.study_id == study_id).order_by(metadata_columns.c.place)
        return tuple(self.session.connection.execute(query).scalars())

    def drawn_by(self, round_: Round) -> str:
        """Name the column that a round's strata are values of, if it was drawn by one that is still there."""
        match round_.draw:
            case Stratified(column=int(place)):
                return dict(enumerate(self.columns(round_.study_id))).get(place, "")
            case _:
                return ""

    def strata(self, study_id: str, place: int) -> Mapping[ExcerptId, str]:
        """Give the value of each of a study's excerpts that has one in this column."""
        query = (
            select(metadata_values.c.excerpt_id, metadata_values.c.value)
            .join(excerpts, excerpts.c.id == metadata_values.c.excerpt_id)
            .where(excerpts.c.study_id == study_id, metadata_values.c.place == place)
        )
        return {ExcerptId(excerpt): value for excerpt, value in self.session.connection.execute(query).tuples()}

    def of(self, study_id: str, excerpt_ids: Sequence[str]) -> Mapping[ExcerptId, Mapping[str, str]]:
        """Give what is said of each excerpt of a page of them, by column name."""
        names = self.columns(study_id)
        query = select(metadata_values).where(metadata_values.c.excerpt_id.in_(list(excerpt_ids))).order_by(metadata_values.c.place)
        said: dict[ExcerptId, dict[str, str]] = {ExcerptId(one): {} for one in excerpt_ids}
        for excerpt, place, value in self.session.connection.execute(query).tuples():
            said[excerpt][names[place]] = value
        return said

    def keep(self, study_id: str, document: NewDocument, excerpt_ids: Mapping[int, str]) -> None:
        """Store what a new document's source says of some of its excerpts, by position; the caller holds the study."""
        if not document.metadata:
            return
        places = self._places(study_id, list(document.metadata))
        rows = [
            {"excerpt_id": excerpt, "place": places[name], "value": values[position]}
            for name, values in document.metadata.items()
            for position, excerpt in excerpt_ids.items()
            if values[position]
        ]
        if rows:
            self.session.connection.execute(metadata_values.insert(), rows)

    def forget(self, here: Select[tuple[str]]) -> None:
        """Erase what is said of these excerpts."""
        self.session.connection.execute(delete(metadata_values).where(metadata_values.c.excerpt_id.in_(here)))

    def forget_columns(self, study_id: str) -> None:
        """Erase the names of a study's columns."""
        self.session.connection.execute(delete(metadata_columns).where(metadata_columns.c.study_id == study_id))

    def _places(self, study_id: str, names: Sequence[str]) -> Mapping[str, int]:
        """Give each name's place; a new one comes after those that are there."""
        known = self.columns(study_id)
        new = [name for name in names if name not in known]
        if len(known) + len(new) > MOST_COLUMNS:
            message = f"The study has {len(known)} metadata columns; {MOST_COLUMNS} is the most. Name fewer. Nothing was imported."
            raise BadInput(message)
        rows = [{"study_id": study_id, "place": len(known) + at, "name": name} for at, name in enumerate(new)]
        if rows:
            self.session.connection.execute(metadata_columns.insert(), rows)
        return {name: place for place, name in enumerate((*known, *new))}
