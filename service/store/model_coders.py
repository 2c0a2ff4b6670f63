"""Model coders: a configuration's codings of a round's sample, each model coder with a chain of the ledger of its own.

What they gave leaves by one door, like everybody's: once the round is closed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping, Select, select

from service.coding.ledger import EntryKind
from service.coding.model import Answer, PersonId, Round, RoundId
from service.coding.model_coders import Configuration, Given, ModelCoder, ModelCoderId, ModelCoding, check_takes_a_model
from service.corpus.model import ExcerptId
from service.errors import Conflict, NotFound
from service.store.audits import Audits
from service.store.chains import Chains
from service.store.rounds import Rounds
from service.store.session import Session
from service.store.tables import ledger, ledger_contents, model_coders, model_codings

MADE = "made model coder"
_AT_ONCE = 5_000


class ModelCoders:
    """Takes a model coder in with all of its codings, and gives out what may be known of it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def make(
        self, round_id: RoundId, configuration: Configuration, given: Mapping[ExcerptId, tuple[Answer, ...]], *, by: PersonId
    ) -> tuple[ModelCoderId, bool]:
        """Store a model coder with one coding for each excerpt of the sample, all or nothing; say whether it is new.

        A configuration that the round has already is given back, and nothing is stored.
        """
        # The round's row first, as for every coding: a close waits for this, or this comes too late.
        round_ = Rounds(self.session).shared(round_id)
        check_takes_a_model(round_, self.session.now())
        self.session.hold(round_.study_id)  # two of the same at once are one
        if (there := self._by_configuration(round_id, configuration.digest())) is not None:
            return there, False
        sample = [drawn.excerpt_id for drawn in Rounds(self.session).sample(round_id)]
        if set(sample) != set(given):
            message = "The model's answers are not one for each excerpt of the sample; nothing was stored."
            raise Conflict(message)
        return self._store(round_, configuration, [(one, given[one]) for one in sample], by), True

    def of(self, round_id: str) -> list[ModelCoder]:
        """List a round's model coders in the order in which they were made; nothing of what they gave."""
        query = _with_content(model_coders.c.id, model_coders.c.at, table=model_coders).where(model_coders.c.round_id == round_id)
        rows = self.session.connection.execute(query.order_by(model_coders.c.at, model_coders.c.id)).mappings()
        return [_model_coder(row, round_id) for row in rows if row["content"] is not None]

    def get(self, round_id: str, model_coder_id: str) -> ModelCoder:
        """Give one model coder of a round."""
        found = next((one for one in self.of(round_id) if one.id == model_coder_id), None)
        if found is None:
            message = "There is no such model coder."
            raise NotFound(message)
        return found

    def revealed(self, round_id: str) -> list[ModelCoding]:
        """Give what the model coders of a closed round gave, coder by coder; while it is open this answers like no round at all."""
        if not Rounds(self.session).get(round_id).state.is_revealed:
            message = "There is no such round."
            raise NotFound(message)
        columns = (model_codings.c.model_coder_id, ledger.c.sequence, ledger.c.at)
        query = _with_content(*columns, table=model_codings).join(ledger, ledger.c.id == model_codings.c.entry_id)
        query = query.where(model_codings.c.round_id == round_id).order_by(model_codings.c.model_coder_id, ledger.c.sequence)
        return [_model_coding(row) for row in self.session.connection.execute(query).mappings()]

    def _store(
        self, round_: Round, configuration: Configuration, given: Sequence[tuple[ExcerptId, tuple[Answer, ...]]], by: PersonId
    ) -> ModelCoderId:
        new = ModelCoderId(self.session.new_id())
        chains, run = Chains(self.session), self.session.connection.execute
        [(first, entry)] = chains.append(round_.id, new, [(EntryKind.MODEL_CODER, configuration)])
        row = {"id": new, "entry_id": first, "round_id": round_.id, "configuration": configuration.digest(), "at": entry.at}
        run(model_coders.insert().values(row))
        for start in range(0, len(given), _AT_ONCE):
            part = given[start : start + _AT_ONCE]
            made = chains.append(round_.id, new, [(EntryKind.MODEL_CODING, Given(one, answers)) for one, answers in part])
            about = {"model_coder_id": new, "round_id": round_.id}
            run(
                model_codings.insert(),
                [about | {"entry_id": entry_id, "excerpt_id": one} for (entry_id, _), (one, _) in zip(made, part, strict=True)],
            )
        Audits(self.session).note(by, MADE, round_.id)
        return new

    def _by_configuration(self, round_id: str, digest: str) -> ModelCoderId | None:
        query = select(model_coders.c.id).where(model_coders.c.round_id == round_id, model_coders.c.configuration == digest)
        found = self.session.connection.execute(query).scalar()
        return None if found is None else ModelCoderId(found)


def _with_content(*columns: Any, table: Any) -> Select[tuple[Any, ...]]:
    query = select(*columns, ledger_contents.c.content)
    return query.select_from(table).outerjoin(ledger_contents, ledger_contents.c.entry_id == table.c.entry_id)


def _model_coder(row: RowMapping, round_id: str) -> ModelCoder:
    configuration = msgspec.json.decode(row["content"], type=Configuration)
    return ModelCoder(id=row["id"], round_id=RoundId(round_id), at=row["at"], configuration=configuration)


def _model_coding(row: RowMapping) -> ModelCoding:
    given = None if row["content"] is None else msgspec.json.decode(row["content"], type=Given)
    return ModelCoding(model_coder_id=row["model_coder_id"], sequence=row["sequence"], at=row["at"], given=given)
