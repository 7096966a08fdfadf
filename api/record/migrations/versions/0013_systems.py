"""What a lender's own system needs: a number for each change that a lender learns of, in the order in which it does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SAYS_ONLY = ("note", "still_lives", "asked_if_it_lives", "asked_for_good")  # what left the version as it was


def upgrade() -> None:
    op.add_column("referral_events", sa.Column("lender_id", sa.String(length=24), nullable=True))
    op.add_column("referral_events", sa.Column("number", _BIG, nullable=True))
    op.add_column("referral_events", sa.Column("version", sa.Integer(), nullable=True))
    _number()
    op.create_index("ix_referral_events_number", "referral_events", ["lender_id", "number"], unique=True)


def _number() -> None:
    """Number what lenders have learnt until now, of each referral since it was sent."""
    sql = op.get_bind()
    asked = sa.text(
        "SELECT e.id, e.referral_id, e.place, e.move, r.lender_id FROM referral_events e JOIN referrals r"
        " ON r.id = e.referral_id WHERE r.sent_at IS NOT NULL ORDER BY e.at, e.referral_id, e.place"
    )
    change = sa.text(
        "UPDATE referral_events SET lender_id = :lender, number = :number, version = :version WHERE id = :id"
    )
    numbers: dict[str, int] = {}
    versions: dict[str, int] = {}
    for row in sql.execute(asked).all():
        versions[row.referral_id] = versions.get(row.referral_id, 0) + (row.move not in _SAYS_ONLY)
        if row.place > 1:
            numbers[row.lender_id] = number = numbers.get(row.lender_id, 0) + 1
            given = {"lender": row.lender_id, "number": number, "version": versions[row.referral_id], "id": row.id}
            sql.execute(change, given)


def downgrade() -> None:
    op.drop_index("ix_referral_events_number", table_name="referral_events")
    with op.batch_alter_table("referral_events") as batch:
        for column in ("version", "number", "lender_id"):
            batch.drop_column(column)
