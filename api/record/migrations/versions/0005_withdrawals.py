"""Who took back that they are kept is erased within three days: when they did."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participants", sa.Column("withdrawn_at", sa.DateTime(), nullable=True))
    op.create_index("ix_participants_withdrawn_at", "participants", ["withdrawn_at"], unique=False)
    consents = sa.table(
        "consents",
        sa.column("seq", sa.BigInteger),
        sa.column("person_id", sa.String),
        sa.column("purpose", sa.String),
        sa.column("given", sa.Boolean),
    )
    people = sa.table(
        "participants",
        sa.column("id", sa.String),
        sa.column("erased_at", sa.DateTime),
        sa.column("withdrawn_at", sa.DateTime),
    )
    last = sa.select(sa.func.max(consents.c.seq)).where(consents.c.purpose == "record").group_by(consents.c.person_id)
    gone = sa.select(consents.c.person_id).where(consents.c.seq.in_(last), consents.c.given.is_(False))
    now = datetime.now(UTC).replace(tzinfo=None)  # not when they said so: an operator has three days to see the list
    op.execute(sa.update(people).where(people.c.erased_at.is_(None), people.c.id.in_(gone)).values(withdrawn_at=now))


def downgrade() -> None:
    op.drop_index("ix_participants_withdrawn_at", table_name="participants")
    op.drop_column("participants", "withdrawn_at")
