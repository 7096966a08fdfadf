"""Whose a kept answer is, as a blind index: so that only theirs are emptied when somebody may not be in one any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM answers")  # they are kept for a day: whose they are is not known
    op.add_column("answers", sa.Column("whose", sa.String(length=64), nullable=True))
    op.create_index("ix_answers_whose", "answers", ["whose"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_answers_whose", table_name="answers")
    op.drop_column("answers", "whose")
