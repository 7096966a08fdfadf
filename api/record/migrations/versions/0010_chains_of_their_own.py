"""Chains of their own: one an organisation, beside the first one, which goes on as the installation's; looks apart.

What was entered until now stays as it is, in the first chain, whose hashes do not tell which one it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("audit", "consents"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("chain", sa.String(length=24), server_default="", nullable=False))
            batch.drop_constraint(op.f(f"pk_{table}"), type_="primary")
            batch.create_primary_key(op.f(f"pk_{table}"), ["chain", "seq"])
    op.drop_index("ix_audit_object_id", table_name="audit")
    op.create_table(
        "looks",
        sa.Column("chain", sa.String(length=24), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("account_id", sa.String(length=24), nullable=True),
        sa.Column("organisation_id", sa.String(length=24), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_looks")),
    )
    op.create_table(
        "chain_checks",
        sa.Column("chain", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_chain_checks")),
    )
    for table in ("audit", "looks"):
        op.create_index(f"ix_{table}_object_id", table, ["object_id", "at"], unique=False)
        op.create_index(f"ix_{table}_organisation_id", table, ["organisation_id", "at"], unique=False)


def downgrade() -> None:
    for table in ("audit", "consents", "looks"):
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table} WHERE chain <> '' LIMIT 1")).first():
            raise ValueError(f"{table} has chains of their own, for which there is no room in a table of one chain")
    op.drop_table("chain_checks")
    op.drop_table("looks")
    for index in ("ix_audit_object_id", "ix_audit_organisation_id"):
        op.drop_index(index, table_name="audit")
    for table in ("audit", "consents"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"pk_{table}"), type_="primary")
            batch.drop_column("chain")
            batch.create_primary_key(op.f(f"pk_{table}"), ["seq"])
    op.create_index("ix_audit_object_id", "audit", ["object_id"], unique=False)
