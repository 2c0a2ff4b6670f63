"""Randomised suggestions: each assignment's arm and the seed that drew it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("rounds", sa.Column("arm_seed", sa.Integer()))
    op.add_column("assignments", sa.Column("arm", sa.String(10)))
