"""Columns of metadata that samples are drawn by: their names by study, and each excerpt's values."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "metadata_columns",
        sa.Column("study_id", sa.String(36), sa.ForeignKey("studies.id", name="fk_metadata_columns_study_id"), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("study_id", "place", name="pk_metadata_columns"),
        sa.UniqueConstraint("study_id", "name", name="uq_metadata_columns_study_id_name"),
    )
    op.create_table(
        "metadata_values",
        sa.Column("excerpt_id", sa.String(36), sa.ForeignKey("excerpts.id", name="fk_metadata_values_excerpt_id"), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("excerpt_id", "place", name="pk_metadata_values"),
    )
