"""What needs two people waits as a row; since when an account has its role, and what an organisation lets one do alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("role_since", sa.DateTime(), nullable=True))
    op.execute("UPDATE accounts SET role_since = created_at")
    op.add_column("organisations", sa.Column("mentor_reset_alone_from", sa.DateTime(), nullable=True))
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("organisation_id", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("object_id", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=24), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("asked_in", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=24), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("same_browser", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["accounts.id"], name=op.f("fk_approvals_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name=op.f("fk_approvals_decided_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_approvals_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_object_id", "approvals", ["object_id"], unique=False)
    op.create_index("ix_approvals_organisation_id_state", "approvals", ["organisation_id", "state"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_approvals_organisation_id_state", table_name="approvals")
    op.drop_index("ix_approvals_object_id", table_name="approvals")
    op.drop_table("approvals")
    op.drop_column("organisations", "mentor_reset_alone_from")
    op.drop_column("accounts", "role_since")
