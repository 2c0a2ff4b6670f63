"""Adjudication, names hidden from adjudicators, and what an edit of a codebook means."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "adjudications",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("entry_id", sa.String(36), sa.ForeignKey("ledger.id", name="fk_adjudications_entry_id"), nullable=False),
        sa.Column("round_id", sa.String(36), sa.ForeignKey("rounds.id", name="fk_adjudications_round_id"), nullable=False),
        sa.Column("excerpt_id", sa.String(36), sa.ForeignKey("excerpts.id", name="fk_adjudications_excerpt_id"), nullable=False),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("people.id", name="fk_adjudications_person_id"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_adjudications"),
        sa.UniqueConstraint("entry_id", name="uq_adjudications_entry_id"),
    )
    op.create_index("ix_adjudications_round_id", "adjudications", ["round_id"])
    op.create_index("ix_adjudications_excerpt_id", "adjudications", ["excerpt_id"])
    op.add_column("rounds", sa.Column("names_hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("codebook_revisions", sa.Column("edit", sa.String(10), nullable=False, server_default="meaning"))
    op.add_column("revision_contents", sa.Column("operations", sa.Text(), nullable=False, server_default="[]"))
