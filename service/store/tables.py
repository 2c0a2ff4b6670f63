"""The tables, and which of them are never rewritten.

Times are RFC 3339 text in UTC with microseconds: the ledger hashes them, so both databases must give back the same bytes.
Ids are uuid4 text: nothing that a coder sees counts or orders other people's work.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(36)
_TIME = String(27)
_HASH = String(64)


def _id() -> Column[str]:
    return Column("id", _ID, primary_key=True)


def _to(name: str, table: str, *, nullable: bool = False, unique: bool = False) -> Column[str]:
    return Column(name, _ID, ForeignKey(f"{table}.id"), nullable=nullable, unique=unique)


def _time(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, _TIME, nullable=nullable)


def _share(name: str) -> Column[float]:
    return Column(name, Float, nullable=False)


people = Table(
    "people",
    metadata,
    _id(),
    Column("login", String(254), nullable=False),
    Column("login_key", String(1000), unique=True, nullable=False),
    Column("name", String(200), nullable=False),
    Column("password_hash", Text),
    Column("may_lead", Boolean, nullable=False),
    _time("created_at"),
)
studies = Table(
    "studies",
    metadata,
    _id(),
    Column("name", String(200), nullable=False),
    Column("demo", Boolean, nullable=False),
    _time("created_at"),
    _to("created_by", "people"),
    _time("erased_at", nullable=True),
    Column("retention_days", Integer),
    _time("retention_until", nullable=True),
    Column("retention_by", _ID),
)
memberships = Table(
    "memberships",
    metadata,
    _id(),
    _to("study_id", "studies"),
    _to("person_id", "people"),
    Column("role", String(20), nullable=False),
    _time("since"),
    _time("until", nullable=True),
    Index("ix_memberships_person_id_study_id", "person_id", "study_id"),
    Index("ix_memberships_study_id", "study_id"),
)
links = Table(
    "links",
    metadata,
    _id(),
    Column("secret_hash", _HASH, unique=True, nullable=False),
    Column("kind", String(20), nullable=False),
    _to("person_id", "people", nullable=True),
    _to("study_id", "studies", nullable=True),
    Column("role", String(20)),
    _time("created_at"),
    _time("expires_at"),
    _time("ended_at", nullable=True),
)
sessions = Table(
    "sessions",
    metadata,
    Column("secret_hash", _HASH, primary_key=True),
    _to("person_id", "people"),
    _time("created_at"),
    _time("expires_at"),
    Index("ix_sessions_person_id", "person_id"),
)
tokens = Table(
    "tokens",
    metadata,
    _id(),
    Column("secret_hash", _HASH, unique=True, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("name", String(200), nullable=False),
    Column("scopes", String(100), nullable=False),
    _to("person_id", "people"),
    _to("study_id", "studies", nullable=True),
    _time("created_at"),
    _time("expires_at"),
    _time("revoked_at", nullable=True),
    Index("ix_tokens_person_id", "person_id"),
)
documents = Table(
    "documents",
    metadata,
    _id(),
    _to("study_id", "studies"),
    Column("name", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("content_hash", _HASH, nullable=False),
    _time("created_at"),
    _time("erased_at", nullable=True),
    Index("ix_documents_study_id_content_hash", "study_id", "content_hash"),
)
excerpts = Table(
    "excerpts",
    metadata,
    _id(),
    _to("study_id", "studies"),
    _to("document_id", "documents"),
    Column("position", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_sha256", _HASH, nullable=False),
    Column("label", String(200), nullable=False),
    UniqueConstraint("document_id", "position"),
    Index("ix_excerpts_study_id_id", "study_id", "id"),
    Index("ix_excerpts_text_sha256", "text_sha256"),
)
metadata_columns = Table(
    "metadata_columns",
    metadata,
    Column("study_id", _ID, ForeignKey("studies.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False),
    UniqueConstraint("study_id", "name"),
)
metadata_values = Table(
    "metadata_values",
    metadata,
    Column("excerpt_id", _ID, ForeignKey("excerpts.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("value", String(200), nullable=False),
)
codebooks = Table(
    "codebooks",
    metadata,
    _id(),
    _to("study_id", "studies", unique=True),
    _time("created_at"),
)
codebook_revisions = Table(
    "codebook_revisions",
    metadata,
    _id(),
    _to("codebook_id", "codebooks"),
    Column("number", Integer, nullable=False),
    Column("digest", _HASH, nullable=False),
    _time("created_at"),
    _to("created_by", "people"),
    Column("edit", String(10), nullable=False, server_default="meaning"),
    UniqueConstraint("codebook_id", "number"),
)
revision_contents = Table(
    "revision_contents",
    metadata,
    Column("revision_id", _ID, ForeignKey("codebook_revisions.id"), primary_key=True),
    Column("content", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("operations", Text, nullable=False, server_default="[]"),
)
rounds = Table(
    "rounds",
    metadata,
    _id(),
    _to("study_id", "studies"),
    _to("revision_id", "codebook_revisions"),
    Column("name", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("policy", String(20), nullable=False),
    Column("sample_method", String(20), nullable=False),
    Column("sample_seed", Integer, nullable=False),
    _time("close_by", nullable=True),
    _time("created_at"),
    _to("created_by", "people"),
    Column("draw", Text),
    Column("design", Text),
    Column("names_hidden", Boolean, nullable=False, server_default=false()),
    Column("arm_seed", Integer),
    Column("snapshot_id", _ID),
    Index("ix_rounds_study_id", "study_id"),
)
round_keys = Table(
    "round_keys",
    metadata,
    Column("round_id", _ID, ForeignKey("rounds.id"), primary_key=True),
    _to("key_round_id", "rounds"),
    _to("person_id", "people", nullable=True),
)
round_excerpts = Table(
    "round_excerpts",
    metadata,
    Column("round_id", _ID, ForeignKey("rounds.id"), primary_key=True),
    Column("excerpt_id", _ID, ForeignKey("excerpts.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    _share("probability"),
    Index("ix_round_excerpts_excerpt_id", "excerpt_id"),
)
round_coders = Table(
    "round_coders",
    metadata,
    Column("round_id", _ID, ForeignKey("rounds.id"), primary_key=True),
    Column("person_id", _ID, ForeignKey("people.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("replaces", _ID),
    Index("ix_round_coders_person_id", "person_id"),
)
round_events = Table(
    "round_events",
    metadata,
    _id(),
    _to("round_id", "rounds"),
    Column("sequence", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    _time("at"),
    _to("by", "people", nullable=True),
    Column("digest", _HASH),
    UniqueConstraint("round_id", "sequence"),
)
assignments = Table(
    "assignments",
    metadata,
    _id(),
    _to("round_id", "rounds"),
    _to("person_id", "people"),
    _to("excerpt_id", "excerpts"),
    Column("occasion", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("arm", String(10)),
    UniqueConstraint("round_id", "person_id", "excerpt_id", "occasion"),
    UniqueConstraint("round_id", "person_id", "position"),
)
ledger = Table(
    "ledger",
    metadata,
    _id(),
    _to("round_id", "rounds"),
    Column("person_id", _ID, nullable=False),
    Column("sequence", Integer, nullable=False),
    _time("at"),
    Column("kind", String(20), nullable=False),
    Column("commitment", _HASH, nullable=False),
    Column("previous", _HASH, nullable=False),
    Column("head", _HASH, nullable=False),
    UniqueConstraint("round_id", "person_id", "sequence"),
)
ledger_contents = Table(
    "ledger_contents",
    metadata,
    Column("entry_id", _ID, ForeignKey("ledger.id"), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
codings = Table(
    "codings",
    metadata,
    _id(),
    Column("entry_id", _ID, ForeignKey("ledger.id"), nullable=False, unique=True),
    _to("round_id", "rounds"),
    _to("person_id", "people"),
    _to("assignment_id", "assignments"),
    Column("sequence", Integer, nullable=False),
    _time("at"),
    _to("supersedes", "codings", nullable=True),
    Column("provenance", String(20), nullable=False),
    Index("ix_codings_round_id_person_id", "round_id", "person_id"),
    Index("ix_codings_assignment_id", "assignment_id"),
)
adjudications = Table(
    "adjudications",
    metadata,
    _id(),
    Column("entry_id", _ID, ForeignKey("ledger.id"), nullable=False, unique=True),
    _to("round_id", "rounds"),
    _to("excerpt_id", "excerpts"),
    _to("person_id", "people"),
    Column("sequence", Integer, nullable=False),
    _time("at"),
    Index("ix_adjudications_round_id", "round_id"),
    Index("ix_adjudications_excerpt_id", "excerpt_id"),
)
model_coders = Table(
    "model_coders",
    metadata,
    _id(),
    Column("entry_id", _ID, ForeignKey("ledger.id"), nullable=False, unique=True),
    _to("round_id", "rounds"),
    Column("configuration", _HASH, nullable=False),
    _time("at"),
    UniqueConstraint("round_id", "configuration"),
)
model_codings = Table(
    "model_codings",
    metadata,
    Column("entry_id", _ID, ForeignKey("ledger.id"), primary_key=True),
    _to("model_coder_id", "model_coders"),
    _to("round_id", "rounds"),
    _to("excerpt_id", "excerpts"),
    Index("ix_model_codings_round_id", "round_id"),
    Index("ix_model_codings_excerpt_id", "excerpt_id"),
)
requests = Table(
    "requests",
    metadata,
    Column("principal", String(80), primary_key=True),
    Column("operation", String(100), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", _HASH, nullable=False),
    Column("made", Text, nullable=False),
    _time("at"),
)
vectors = Table(
    "vectors",
    metadata,
    Column("text_sha256", _HASH, primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("model_revision", String(100), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)
snapshots = Table(
    "snapshots",
    metadata,
    _id(),
    _to("study_id", "studies"),
    _to("revision_id", "codebook_revisions"),
    Column("sequence", Integer, nullable=False),
    _time("at"),
    UniqueConstraint("study_id", "sequence"),
)
snapshot_resolved = Table(
    "snapshot_resolved",
    metadata,
    Column("snapshot_id", _ID, ForeignKey("snapshots.id"), primary_key=True),
    Column("excerpt_id", _ID, ForeignKey("excerpts.id"), primary_key=True),
    Column("variable", String(200), primary_key=True),
    Column("codes", Text, nullable=False),
    Index("ix_snapshot_resolved_excerpt_id", "excerpt_id"),
)
suggestion_fits = Table(
    "suggestion_fits",
    metadata,
    Column("id", _HASH, primary_key=True),
    _to("study_id", "studies"),
    Column("configuration", Text, nullable=False),
    _time("at"),
    Index("ix_suggestion_fits_study_id", "study_id"),
)
language_models = Table(
    "language_models",
    metadata,
    _id(),
    _to("study_id", "studies"),
    Column("sequence", Integer, nullable=False),
    _time("at"),
    _to("by", "people"),
    Column("state", String(10), nullable=False),
    UniqueConstraint("study_id", "sequence"),
)
language_model_terms = Table(
    "language_model_terms",
    metadata,
    Column("setting_id", _ID, ForeignKey("language_models.id"), primary_key=True),
    Column("terms", Text, nullable=False),
)
language_model_calls = Table(
    "language_model_calls",
    metadata,
    _id(),
    _to("study_id", "studies"),
    _time("at"),
    Column("principal", String(80), nullable=False),
    Column("model", String(200), nullable=False),
    Column("parameters", _HASH, nullable=False),
    Column("asked", _HASH, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("tokens_sent", Integer, nullable=False),
    Column("tokens_received", Integer, nullable=False),
    Index("ix_language_model_calls_study_id_at", "study_id", "at"),
)
language_model_replies = Table(
    "language_model_replies",
    metadata,
    Column("id", _HASH, primary_key=True),
    _to("study_id", "studies"),
    Column("reply", Text, nullable=False),
    _time("at"),
    Index("ix_language_model_replies_study_id", "study_id"),
)
erasures = Table(
    "erasures",
    metadata,
    Column("subject_id", _ID, primary_key=True),
    Column("subject", String(30), nullable=False),
    _time("at"),
    Column("by", _ID, nullable=False),
)
audits = Table(
    "audits",
    metadata,
    _id(),
    _time("at"),
    Column("person_id", _ID),
    Column("act", String(40), nullable=False),
    Column("subject_id", _ID, nullable=False),
)
material_salts = Table(
    "material_salts",
    metadata,
    Column("round_id", _ID, ForeignKey("rounds.id"), primary_key=True),
    Column("subject_id", _ID, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
)
audit_reasons = Table(
    "audit_reasons",
    metadata,
    Column("audit_id", _ID, ForeignKey("audits.id"), primary_key=True),
    Column("reason", Text, nullable=False),
)

APPEND_ONLY = (
    codebook_revisions,
    round_events,
    ledger,
    codings,
    adjudications,
    model_coders,
    model_codings,
    snapshots,
    language_models,
    language_model_calls,
    erasures,
    audits,
)
"""Never updated, never deleted from."""

ERASABLE = {
    ledger_contents: "entry_id",
    revision_contents: "revision_id",
    material_salts: "subject_id",
    audit_reasons: "audit_id",
    snapshot_resolved: "excerpt_id",
    language_model_terms: "setting_id",
}
"""Never updated; a row may go only after an ``erasures`` row names it."""
