"""Guesses get slower: of a counter the last try is kept, not the begin of a window."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("tries", "since", new_column_name="last")
    op.create_index("ix_tries_last", "tries", ["last"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_tries_last", table_name="tries")
    op.alter_column("tries", "last", new_column_name="since")
