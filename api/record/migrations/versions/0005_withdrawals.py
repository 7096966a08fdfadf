"""Who took back that they are kept is erased within three days: when they did."""

from __future__ import annotations

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
        sa.column("recorded_at", sa.DateTime),
    )
    people = sa.table(
        "participants",
        sa.column("id", sa.String),
        sa.column("erased_at", sa.DateTime),
        sa.column("withdrawn_at", sa.DateTime),
    )
    said = sa.select(consents.c.given, consents.c.recorded_at, consents.c.person_id, consents.c.seq).where(
        consents.c.purpose == "record"
    )
    last = said.with_only_columns(sa.func.max(consents.c.seq)).group_by(consents.c.person_id)
    moment = (
        sa.select(consents.c.recorded_at)
        .where(consents.c.seq.in_(last), consents.c.person_id == people.c.id, consents.c.given.is_(False))
        .scalar_subquery()
    )
    op.execute(sa.update(people).where(people.c.erased_at.is_(None)).values(withdrawn_at=moment))


def downgrade() -> None:
    op.drop_index("ix_participants_withdrawn_at", table_name="participants")
    op.drop_column("participants", "withdrawn_at")
