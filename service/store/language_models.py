"""Language models: what a study's leads turned on and off, one row a call without content, and answers kept for a repetition."""

from dataclasses import dataclass

import msgspec
from sqlalchemy import RowMapping, Select, exists, select

from service.coding.model import PersonId
from service.corpus.model import StudyId
from service.store.audits import Audits
from service.store.session import Session
from service.store.tables import documents, language_model_calls, language_model_replies, language_model_terms, language_models
from service.suggestion.terms import Terms

ON, OFF = "on", "off"
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Setting:
    """One entry of a study's history: who turned what on, or off, and when; the terms are gone once the study is erased."""

    id: str
    at: str
    by: PersonId
    state: str
    terms: Terms | None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call, without content: ``asked`` is a keyed hash of the whole question, so that nobody can guess at it."""

    at: str
    principal: str
    model: str
    parameters: str
    asked: str
    outcome: str
    reason: str
    milliseconds: int
    tokens_sent: int
    tokens_received: int


class LanguageModels:
    """Appends settings and calls, and keeps answers."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def turn_on(self, study_id: StudyId, by: PersonId, terms: Terms) -> str:
        """Turn a model on in place of the one before, with its purpose as the audited reason."""
        made = self._append(study_id, by, ON)
        row = {"setting_id": made, "terms": msgspec.json.encode(terms).decode()}
        self.session.connection.execute(language_model_terms.insert().values(row))
        Audits(self.session).note(by, "turned language model on", study_id, terms.purpose)
        return made

    def turn_off(self, study_id: StudyId, by: PersonId) -> None:
        """Turn the model off; nothing is appended where none is on."""
        self.session.hold(study_id)
        if self.present(study_id) is not None:
            self._append(study_id, by, OFF)
            Audits(self.session).note(by, "turned language model off", study_id)

    def present(self, study_id: str) -> Setting | None:
        """Give what is on now."""
        row = self.session.connection.execute(_settings(study_id).limit(1)).mappings().first()
        found = None if row is None else _setting(row)
        return found if found and found.state == ON and found.terms else None

    def history(self, study_id: str) -> list[Setting]:
        """List what was turned on and off, the newest first."""
        return [_setting(row) for row in self.session.connection.execute(_settings(study_id)).mappings()]

    def note(self, study_id: StudyId, call: Call) -> None:
        """Append a call; ``at`` and the hash of what was asked are made here."""
        row = msgspec.structs.asdict(call) | {"id": self.session.new_id(), "study_id": study_id, "at": self.session.now()}
        self.session.connection.execute(language_model_calls.insert().values(row | {"asked": self.session.hash(call.asked)}))

    def calls(self, study_id: str) -> list[Call]:
        """List the last calls, the newest first."""
        table = language_model_calls
        query = select(*(table.c[name] for name in Call.__struct_fields__)).where(table.c.study_id == study_id)
        rows = self.session.connection.execute(query.order_by(table.c.at.desc(), table.c.id).limit(_SHOWN)).mappings()
        return [Call(**row) for row in rows]

    def reply(self, study_id: str, server: str, asked: str) -> str | None:
        """Give the answer that a server gave to a question of this study."""
        query = select(language_model_replies.c.reply).where(language_model_replies.c.id == self._reply_id(study_id, server, asked))
        return self.session.connection.execute(query).scalar()

    def keep(self, study_id: StudyId, server: str, asked: str, reply: str, *, since: str) -> None:
        """Keep an answer; the first one stays. None is kept if the model was turned off or a document erased ``since`` the question."""
        self.session.hold(study_id)
        gone = exists().where(documents.c.study_id == study_id, documents.c.erased_at >= since)
        erased = self.session.connection.execute(select(gone)).scalar_one()
        if not erased and self.present(study_id) is not None and self.reply(study_id, server, asked) is None:
            row = {"id": self._reply_id(study_id, server, asked), "study_id": study_id, "reply": reply, "at": self.session.now()}
            self.session.connection.execute(language_model_replies.insert().values(row))

    def _reply_id(self, study_id: str, server: str, asked: str) -> str:
        return self.session.hash(f"{study_id} {server} {asked}")

    def _append(self, study_id: StudyId, by: PersonId, state: str) -> str:
        self.session.hold(study_id)
        before = self.session.connection.execute(_settings(study_id).limit(1)).mappings().first()
        sequence = before["sequence"] + 1 if before else 1
        made = self.session.new_id()
        row = {"id": made, "study_id": study_id, "sequence": sequence, "at": self.session.now(), "by": by, "state": state}
        self.session.connection.execute(language_models.insert().values(row))
        return made


def _settings(study_id: str) -> Select[tuple[object, ...]]:
    query = select(*language_models.c, language_model_terms.c.terms).outerjoin(language_model_terms)
    return query.where(language_models.c.study_id == study_id).order_by(language_models.c.sequence.desc())


def _setting(row: RowMapping) -> Setting:
    terms = msgspec.json.decode(row["terms"], type=Terms) if row["terms"] else None
    return Setting(row["id"], row["at"], row["by"], row["state"], terms)
