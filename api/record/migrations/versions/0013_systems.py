"""What a lender's own system needs: a number for each change that a lender learns of; webhooks; sandboxes."""

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
    op.add_column("organisations", sa.Column("sandbox", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("referral_events", sa.Column("lender_id", sa.String(length=24), nullable=True))
    op.add_column("referral_events", sa.Column("number", _BIG, nullable=True))
    op.add_column("referral_events", sa.Column("version", sa.Integer(), nullable=True))
    _number()
    op.create_index("ix_referral_events_number", "referral_events", ["lender_id", "number"], unique=True)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lender_id", sa.String(length=24), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(), nullable=True),
        sa.Column("secret", sa.Integer(), nullable=False),
        sa.Column("rotated_at", sa.DateTime(), nullable=True),
        sa.Column("reached", _BIG, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=True),
        sa.Column("told_at", sa.DateTime(), nullable=True),
        sa.Column("trouble", sa.String(length=40), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("trouble_at", sa.DateTime(), nullable=True),
        sa.Column("lease", sa.String(length=24), nullable=True),
        sa.Column("lease_ends", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["lender_id"], ["organisations.id"], name=op.f("fk_webhooks_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_lender_id", "webhooks", ["lender_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.String(length=24), nullable=False),
        sa.Column("number", _BIG, autoincrement=False, nullable=False),
        sa.Column("referral_id", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("trouble", sa.String(length=40), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id")),
        sa.PrimaryKeyConstraint("webhook_id", "number", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("ix_webhook_deliveries_referral_id", "webhook_deliveries", ["webhook_id", "referral_id", "number"])
    op.create_index("ix_webhook_deliveries_state", "webhook_deliveries", ["webhook_id", "state", "next_at"])
    op.create_table(
        "webhook_hosts",
        sa.Column("host", sa.String(length=260), nullable=False),
        sa.Column("allowed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_webhook_hosts")),
    )


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
    for name in ("webhook_hosts", "webhook_deliveries", "webhooks"):
        op.drop_table(name)
    op.drop_index("ix_referral_events_number", table_name="referral_events")
    with op.batch_alter_table("referral_events") as batch:
        for column in ("version", "number", "lender_id"):
            batch.drop_column(column)
    op.drop_column("organisations", "sandbox")
