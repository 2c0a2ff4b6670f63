"""A model configuration that codes a round's sample: what each is, and which excerpt each of its ledger entries is about."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "model_coders",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("entry_id", sa.String(36), sa.ForeignKey("ledger.id", name="fk_model_coders_entry_id"), nullable=False),
        sa.Column("round_id", sa.String(36), sa.ForeignKey("rounds.id", name="fk_model_coders_round_id"), nullable=False),
        sa.Column("configuration", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_coders"),
        sa.UniqueConstraint("entry_id", name="uq_model_coders_entry_id"),
        sa.UniqueConstraint("round_id", "configuration", name="uq_model_coders_round_id_configuration"),
    )
    op.create_table(
        "model_codings",
        sa.Column("entry_id", sa.String(36), sa.ForeignKey("ledger.id", name="fk_model_codings_entry_id"), nullable=False),
        sa.Column(
            "model_coder_id", sa.String(36), sa.ForeignKey("model_coders.id", name="fk_model_codings_model_coder_id"), nullable=False
        ),
        sa.Column("round_id", sa.String(36), sa.ForeignKey("rounds.id", name="fk_model_codings_round_id"), nullable=False),
        sa.Column("excerpt_id", sa.String(36), sa.ForeignKey("excerpts.id", name="fk_model_codings_excerpt_id"), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_model_codings"),
    )
    op.create_index("ix_model_codings_round_id", "model_codings", ["round_id"])
    op.create_index("ix_model_codings_excerpt_id", "model_codings", ["excerpt_id"])
