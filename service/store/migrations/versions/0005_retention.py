"""Retention and proof: reasons stand apart from audits, a round is bound to its texts, a study may have a date to be erased."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "material_salts",
        sa.Column("round_id", sa.String(36), sa.ForeignKey("rounds.id", name="fk_material_salts_round_id"), nullable=False),
        sa.Column("subject_id", sa.String(36), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "subject_id", name="pk_material_salts"),
    )
    op.create_table(
        "audit_reasons",
        sa.Column("audit_id", sa.String(36), sa.ForeignKey("audits.id", name="fk_audit_reasons_audit_id"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit_reasons"),
    )
    op.execute("INSERT INTO audit_reasons (audit_id, reason) SELECT id, reason FROM audits WHERE reason <> ''")
    op.drop_column("audits", "reason")
    op.add_column("studies", sa.Column("retention_days", sa.Integer()))
    op.add_column("studies", sa.Column("retention_until", sa.String(27)))
    op.add_column("studies", sa.Column("retention_by", sa.String(36)))
