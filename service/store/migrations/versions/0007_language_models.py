"""A language model: what leads turned on, study by study; one row a call without content; answers kept so that a run can be repeated."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "language_models",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("study_id", sa.String(36), sa.ForeignKey("studies.id", name="fk_language_models_study_id"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("by", sa.String(36), sa.ForeignKey("people.id", name="fk_language_models_by"), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_language_models"),
        sa.UniqueConstraint("study_id", "sequence", name="uq_language_models_study_id_sequence"),
    )
    op.create_table(
        "language_model_terms",
        sa.Column(
            "setting_id", sa.String(36), sa.ForeignKey("language_models.id", name="fk_language_model_terms_setting_id"), nullable=False
        ),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("setting_id", name="pk_language_model_terms"),
    )
    op.create_table(
        "language_model_calls",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("study_id", sa.String(36), sa.ForeignKey("studies.id", name="fk_language_model_calls_study_id"), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("principal", sa.String(80), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("parameters", sa.String(64), nullable=False),
        sa.Column("asked", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("tokens_sent", sa.Integer(), nullable=False),
        sa.Column("tokens_received", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_language_model_calls"),
    )
    op.create_table(
        "language_model_replies",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("study_id", sa.String(36), sa.ForeignKey("studies.id", name="fk_language_model_replies_study_id"), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_language_model_replies"),
    )
    op.create_index("ix_language_model_calls_study_id_at", "language_model_calls", ["study_id", "at"])
    op.create_index("ix_language_model_replies_study_id", "language_model_replies", ["study_id"])
