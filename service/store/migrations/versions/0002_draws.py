"""Draws, designs, replacements, and keys of training rounds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("rounds", sa.Column("draw", sa.Text()))
    op.add_column("rounds", sa.Column("design", sa.Text()))
    op.add_column("round_coders", sa.Column("replaces", sa.String(36)))
    op.create_table(
        "round_keys",
        sa.Column("round_id", sa.String(36), nullable=False),
        sa.Column("key_round_id", sa.String(36), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_round_keys_round_id"),
        sa.ForeignKeyConstraint(["key_round_id"], ["rounds.id"], name="fk_round_keys_key_round_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_round_keys_person_id"),
        sa.PrimaryKeyConstraint("round_id", name="pk_round_keys"),
    )
