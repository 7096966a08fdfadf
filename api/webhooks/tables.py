"""The tables of webhooks. What is to be sent stands in the referrals' own history; here, how far each webhook is with it.

A secret lies in the key store, like a job's key, and nowhere else.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from api.audit.chain import BIG
from api.record.database import METADATA, Moment

LONGEST_URL: Final = 500
LONGEST_HOST: Final = 260

WEBHOOKS: Final = Table(
    "webhooks",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("lender_id", String(24), ForeignKey("organisations.id"), nullable=False),
    Column("url", String(LONGEST_URL), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("stopped_at", Moment),
    Column("secret", Integer, nullable=False),  # which one counts: the first, or the one after so many rotations
    Column("rotated_at", Moment),
    Column("reached", BIG, nullable=False),  # up to which of the lender's changes all is delivered or entered below
    Column("failures", Integer, nullable=False),  # since the last success
    Column("next_at", Moment),  # before that nothing is tried
    Column("told_at", Moment),  # the last success
    Column("trouble", String(40)),  # why the last try failed: a code, and the status that was answered, if one was
    Column("status", Integer),
    Column("trouble_at", Moment),
    Column("lease", String(24)),  # who delivers just now, and until when nobody else does
    Column("lease_ends", Moment),
    Index("ix_webhooks_lender_id", "lender_id"),
)

DELIVERIES: Final = Table(
    "webhook_deliveries",
    METADATA,
    Column("webhook_id", String(24), ForeignKey("webhooks.id"), primary_key=True),
    Column("number", BIG, primary_key=True, autoincrement=False),  # of the lender's change
    Column("referral_id", String(24), nullable=False),
    Column("state", String(10), nullable=False),
    Column("since", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("trouble", String(40)),
    Column("status", Integer),
    Index("ix_webhook_deliveries_referral_id", "webhook_id", "referral_id", "number"),
    Index("ix_webhook_deliveries_state", "webhook_id", "state", "next_at"),
)
"""What is not delivered yet. What was is taken out: the history of the referral has it."""

HOSTS: Final = Table(
    "webhook_hosts",
    METADATA,
    Column("host", String(LONGEST_HOST), primary_key=True),  # with its port, where that is not 443
    Column("allowed_at", Moment, nullable=False),
)
"""To which hosts the installation lets webhooks go."""

WAITING, FAILED = "waiting", "failed"
