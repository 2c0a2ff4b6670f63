"""Suggestions: what excerpts were resolved to goes into a snapshot, and what was fitted to them is kept; a round names its snapshot."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "snapshot_resolved",
        sa.Column("snapshot_id", sa.String(36), sa.ForeignKey("snapshots.id", name="fk_snapshot_resolved_snapshot_id"), nullable=False),
        sa.Column("excerpt_id", sa.String(36), sa.ForeignKey("excerpts.id", name="fk_snapshot_resolved_excerpt_id"), nullable=False),
        sa.Column("variable", sa.String(200), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", "excerpt_id", "variable", name="pk_snapshot_resolved"),
    )
    with op.batch_alter_table("snapshot_resolved") as table:
        table.create_index("ix_snapshot_resolved_excerpt_id", ["excerpt_id"])
    op.create_table(
        "suggestion_fits",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("study_id", sa.String(36), sa.ForeignKey("studies.id", name="fk_suggestion_fits_study_id"), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suggestion_fits"),
    )
    with op.batch_alter_table("suggestion_fits") as table:
        table.create_index("ix_suggestion_fits_study_id", ["study_id"])
    with op.batch_alter_table("rounds") as table:
        table.add_column(sa.Column("snapshot_id", sa.String(36)))
