"""Erasing a document or a study: the bytes go, who did what and when stays.

What is never rewritten keeps its rows; the erasable contents go after an ``erasures`` row names them. The caller runs
``Store.scrub`` after the commit, so that nothing is left in the embedded database's write-ahead log either.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Select, Table, exists, select, update

from service.coding.ledger import EntryKind
from service.coding.model import PersonId, RoundState
from service.corpus.model import DocumentId, StudyId
from service.errors import Conflict
from service.store.audits import Audits
from service.store.metadata import Metadata
from service.store.rounds import Rounds
from service.store.session import Session
from service.store.tables import (
    adjudications,
    assignments,
    audit_reasons,
    audits,
    codebook_revisions,
    codebooks,
    codings,
    documents,
    erasures,
    excerpts,
    language_model_replies,
    language_model_terms,
    language_models,
    ledger,
    ledger_contents,
    links,
    material_salts,
    memberships,
    model_codings,
    revision_contents,
    round_excerpts,
    rounds,
    snapshot_resolved,
    studies,
    suggestion_fits,
    tokens,
    vectors,
)


class Erasure:
    """Erases what was asked for, with everything that repeats its text."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def document(self, document_id: DocumentId, study_id: StudyId, by: PersonId) -> None:
        """Erase a document: its text, its excerpts' texts, their vectors, and what coders wrote about them."""
        self.session.hold(study_id)
        here = select(excerpts.c.id).where(excerpts.c.document_id == document_id)
        self._refuse_if_open(study_id, here)
        self._erase_codings(select(codings.c.entry_id).join(assignments).where(assignments.c.excerpt_id.in_(here)), by)
        self._erase_codings(select(adjudications.c.entry_id).where(adjudications.c.excerpt_id.in_(here)), by)
        self._erase_codings(select(model_codings.c.entry_id).where(model_codings.c.excerpt_id.in_(here)), by)
        self._erase_salts(self._ids(here), by)
        self._erase_examples(study_id, here, by)
        self._forget_replies(study_id)
        self._erase_texts([document_id], by)

    def study(self, study_id: StudyId, by: PersonId) -> None:
        """Erase a study: all of its documents, codebook contents, ledger contents, names, memberships, links and tokens."""
        self.session.hold(study_id)
        self._refuse_if_open(study_id, select(excerpts.c.id).where(excerpts.c.study_id == study_id))
        here = select(rounds.c.id).where(rounds.c.study_id == study_id)
        self._erase_codings(select(ledger.c.id).where(ledger.c.round_id.in_(here)), by)
        self._erase_examples(study_id, select(excerpts.c.id).where(excerpts.c.study_id == study_id), by)
        self._erase_texts(self._ids(select(documents.c.id).where(documents.c.study_id == study_id)), by)
        Metadata(self.session).forget_columns(study_id)
        self._erase_codebook(study_id, by)
        self._erase_salts(self._ids(select(material_salts.c.subject_id).where(material_salts.c.round_id.in_(here))), by)
        self._erase_reasons(study_id, here, by)
        self._forget_replies(study_id)
        self._erase_terms(study_id, by)
        now = self.session.now()
        run = self.session.connection.execute
        run(update(rounds).where(rounds.c.study_id == study_id).values(name=""))
        run(links.delete().where(links.c.study_id == study_id))
        run(update(memberships).where(memberships.c.study_id == study_id, memberships.c.until.is_(None)).values(until=now))
        run(update(tokens).where(tokens.c.study_id == study_id, tokens.c.revoked_at.is_(None)).values(revoked_at=now))
        run(update(studies).where(studies.c.id == study_id).values(name="", demo=False, erased_at=now))
        Audits(self.session).note(by, "erased study", study_id)

    def _refuse_if_open(self, study_id: StudyId, here: Select[tuple[str]]) -> None:
        touched = set(self._ids(select(round_excerpts.c.round_id).where(round_excerpts.c.excerpt_id.in_(here))))
        states = {round_.id: round_.state for round_ in Rounds(self.session).of_study(study_id) if round_.id in touched}
        if any(state.takes_codings for state in states.values()):
            message = "It stands in an open round. Close the round first, then delete it; nothing was deleted."
            raise Conflict(message)
        for round_id, state in states.items():
            if state is RoundState.DRAFT:
                Rounds(self.session).delete_draft(round_id)

    def _erase_texts(self, document_ids: Iterable[str], by: PersonId) -> None:
        now = self.session.now()
        for document_id in document_ids:
            here = excerpts.c.document_id == document_id
            hashes = self._ids(select(excerpts.c.text_sha256).where(here))
            Metadata(self.session).forget(select(excerpts.c.id).where(here))
            self.session.connection.execute(update(excerpts).where(here).values(text="", text_sha256="", label=""))
            self._forget_vectors(hashes)
            gone = {"text": "", "name": "", "content_hash": "", "erased_at": now}
            self.session.connection.execute(update(documents).where(documents.c.id == document_id).values(gone))
            Audits(self.session).note(by, "erased document", document_id)

    def _forget_vectors(self, hashes: list[str]) -> None:
        used = exists().where(excerpts.c.text_sha256 == vectors.c.text_sha256)
        for first in range(0, len(hashes), 500):
            part = vectors.c.text_sha256.in_(hashes[first : first + 500])
            self.session.connection.execute(vectors.delete().where(part, ~used))

    def _erase_codings(self, entries: Select[tuple[str]], by: PersonId) -> None:
        kept = {EntryKind.OPENED, EntryKind.CLOSED}
        found = self._ids(select(ledger.c.id).where(ledger.c.id.in_(entries), ledger.c.kind.not_in(kept)))
        self._allow(found, "coding", by)
        for first in range(0, len(found), 500):
            self.session.connection.execute(ledger_contents.delete().where(ledger_contents.c.entry_id.in_(found[first : first + 500])))

    def _erase_codebook(self, study_id: StudyId, by: PersonId) -> None:
        here = select(codebook_revisions.c.id).join(codebooks).where(codebooks.c.study_id == study_id)
        found = self._ids(here)
        self._allow(found, "codebook revision", by)
        self.session.connection.execute(revision_contents.delete().where(revision_contents.c.revision_id.in_(found)))

    def _erase_examples(self, study_id: StudyId, here: Select[tuple[str]], by: PersonId) -> None:
        found = self._ids(select(snapshot_resolved.c.excerpt_id).where(snapshot_resolved.c.excerpt_id.in_(here)).distinct())
        self._forget(snapshot_resolved, snapshot_resolved.c.excerpt_id, found, "example", by)
        if found:
            self.session.connection.execute(suggestion_fits.delete().where(suggestion_fits.c.study_id == study_id))

    def _forget_replies(self, study_id: StudyId) -> None:
        """Forget every kept answer of the study: which texts of a document were sent, whole or in part, nobody can tell any more."""
        self.session.connection.execute(language_model_replies.delete().where(language_model_replies.c.study_id == study_id))

    def _erase_terms(self, study_id: StudyId, by: PersonId) -> None:
        found = self._ids(select(language_models.c.id).join(language_model_terms).where(language_models.c.study_id == study_id))
        self._forget(language_model_terms, language_model_terms.c.setting_id, found, "language model", by)

    def _erase_salts(self, subjects: Iterable[str], by: PersonId) -> None:
        self._forget(material_salts, material_salts.c.subject_id, sorted(set(subjects)), "material", by)

    def _erase_reasons(self, study_id: StudyId, here: Select[tuple[str]], by: PersonId) -> None:
        about = audits.c.subject_id.in_(here) | (audits.c.subject_id == study_id)
        found = self._ids(select(audit_reasons.c.audit_id).join(audits).where(about))
        self._forget(audit_reasons, audit_reasons.c.audit_id, found, "reason", by)

    def _forget(self, table: Table, key: Column[Any], subjects: list[str], subject: str, by: PersonId) -> None:
        self._allow(subjects, subject, by)
        for first in range(0, len(subjects), 500):
            self.session.connection.execute(table.delete().where(key.in_(subjects[first : first + 500])))

    def _allow(self, subjects: list[str], subject: str, by: PersonId) -> None:
        parts = [subjects[first : first + 500] for first in range(0, len(subjects), 500)]
        known = {one for part in parts for one in self._ids(select(erasures.c.subject_id).where(erasures.c.subject_id.in_(part)))}
        now = self.session.now()
        rows = [{"subject_id": one, "subject": subject, "at": now, "by": by} for one in subjects if one not in known]
        if rows:
            self.session.connection.execute(erasures.insert(), rows)

    def _ids(self, query: Select[tuple[str]]) -> list[str]:
        return list(self.session.connection.execute(query).scalars())
