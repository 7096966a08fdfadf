"""Referrals to lenders, what was said of them, what a no shuts; quotas, room, and for which providers a lender lends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _ids(table: str, *columns: tuple[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}")) for column, to in columns
    ]


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=24), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "referrals",
        _id("id"),
        _id("participant_id"),
        _id("organisation_id"),
        _id("lender_id"),
        sa.Column("product", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("heard_at", sa.DateTime(), nullable=False),
        sa.Column("quiet_at", sa.DateTime(), nullable=True),
        sa.Column("queued_at", sa.DateTime(), nullable=False),
        sa.Column("amount_idr", _BIG, nullable=False),
        sa.Column("area", sa.String(length=60), nullable=False),
        sa.Column("complete", _BIG, nullable=False),
        sa.Column("quota_month", sa.String(length=7), nullable=True),
        sa.Column("quota_idr", _BIG, nullable=False),
        sa.Column("pack", sa.LargeBinary(), nullable=True),
        *_ids(
            "referrals",
            ("participant_id", "participants"),
            ("organisation_id", "organisations"),
            ("lender_id", "organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
    )
    op.create_index("ix_referrals_participant_id", "referrals", ["participant_id"])
    op.create_index("ix_referrals_organisation_id", "referrals", ["organisation_id", "state", "since"])
    op.create_index("ix_referrals_lender_id", "referrals", ["lender_id", "state"])
    for column in ("queued_at", "amount_idr", "area", "complete"):
        op.create_index(f"ix_referrals_{column}", "referrals", ["lender_id", column, "id"])
    op.create_index("ix_referrals_quota", "referrals", ["lender_id", "product", "quota_month"])
    op.create_index("ix_referrals_due_at", "referrals", ["due_at"])
    op.create_table(
        "referral_events",
        _id("id"),
        _id("referral_id"),
        _id("participant_id"),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _id("account_id", nullable=True),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("move", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reasons", sa.String(length=300), nullable=True),
        sa.Column("amount_idr", _BIG, nullable=True),
        sa.Column("on", sa.Date(), nullable=True),
        sa.Column("days_late", sa.Integer(), nullable=True),
        sa.Column("said", sa.LargeBinary(), nullable=True),
        *_ids(
            "referral_events",
            ("referral_id", "referrals"),
            ("participant_id", "participants"),
            ("account_id", "accounts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_events")),
        sa.UniqueConstraint("referral_id", "place", name=op.f("uq_referral_events_referral_id_place")),
    )
    op.create_index("ix_referral_events_participant_id", "referral_events", ["participant_id"])
    op.create_table(
        "declines",
        _id("id"),
        _id("referral_id"),
        _id("participant_id"),
        _id("lender_id"),
        sa.Column("product", sa.String(length=60), nullable=False),
        sa.Column("products", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("signal", sa.String(length=60), nullable=True),
        sa.Column("at_least", _BIG, nullable=True),
        sa.Column("intervention", sa.String(length=60), nullable=True),
        sa.Column("starts_with", sa.String(length=60), nullable=True),
        *_ids(
            "declines", ("referral_id", "referrals"), ("participant_id", "participants"), ("lender_id", "organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declines")),
    )
    op.create_index("ix_declines_participant_id", "declines", ["participant_id"])
    op.create_index("ix_declines_referral_id", "declines", ["referral_id"])
    op.create_table(
        "quotas",
        _id("lender_id"),
        sa.Column("product", sa.String(length=60), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("most_idr", _BIG, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_ids("quotas", ("lender_id", "organisations")),
        sa.PrimaryKeyConstraint("lender_id", "product", "month", name=op.f("pk_quotas")),
    )
    op.create_table(
        "capacities",
        _id("lender_id"),
        sa.Column("product", sa.String(length=60), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=True),
        sa.Column("said_at", sa.DateTime(), nullable=False),
        *_ids("capacities", ("lender_id", "organisations")),
        sa.PrimaryKeyConstraint("lender_id", "product", name=op.f("pk_capacities")),
    )
    op.create_table(
        "lender_providers",
        _id("organisation_id"),
        sa.Column("provider", sa.String(length=200), nullable=False),
        sa.Column("bound_at", sa.DateTime(), nullable=False),
        *_ids("lender_providers", ("organisation_id", "organisations")),
        sa.PrimaryKeyConstraint("organisation_id", "provider", name=op.f("pk_lender_providers")),
    )


def downgrade() -> None:
    for name in ("lender_providers", "capacities", "quotas", "declines", "referral_events", "referrals"):
        op.drop_table(name)
