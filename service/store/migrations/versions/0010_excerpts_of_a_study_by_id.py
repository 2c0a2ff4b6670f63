"""A study's excerpts are found in the order of their ids, so that a page of them costs no more in a database of many studies."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_index("ix_excerpts_study_id_id", "excerpts", ["study_id", "id"])
    op.drop_index("ix_excerpts_study_id", "excerpts")
