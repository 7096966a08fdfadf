"""The tables of referrals. What a lender was sent and what was said lies sealed with the participant's key.

By what a lender's queue is sorted and filtered (amount, area, completeness) lies open, since sealed values cannot be
sorted by a database; it is emptied at an erasure, as are the codes of reasons. An old copy holds it beside an id.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from api.audit.chain import BIG
from api.record.database import METADATA, Moment, gone_as, sealed_for

REFERRALS: Final = Table(
    "referrals",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("participant_id", String(24), ForeignKey("participants.id"), nullable=False),
    Column("organisation_id", String(24), ForeignKey("organisations.id"), nullable=False),  # the mentor's
    Column("lender_id", String(24), ForeignKey("organisations.id"), nullable=False),
    Column("product", String(60), nullable=False),
    Column("state", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("drafted_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("since", Moment, nullable=False),  # when it came to the state in which it is
    Column("due_at", Moment),  # when that state is over by itself
    Column("heard_at", Moment, nullable=False),  # when anything was last said or done
    Column("quiet_at", Moment),  # when it was asked whether it still lives, since nothing was for long
    Column("queued_at", Moment, nullable=False),  # by which it stands in line: when it was sent, before that drafted
    Column("amount_idr", BIG, nullable=False, info=gone_as(0)),  # 0: not said
    Column("area", String(60), nullable=False, info=gone_as("")),  # where they live, as the programme's signal says it
    Column("complete", BIG, nullable=False, info=gone_as(0)),  # of the published conditions those met, in percent
    Column("quota_month", String(7)),  # of whose quota it takes a place, while it does
    Column("quota_idr", BIG, nullable=False),  # and how much: what is promised stays so after an erasure
    Column("pack", LargeBinary, info=sealed_for("referral")),
    Index("ix_referrals_participant_id", "participant_id"),
    Index("ix_referrals_organisation_id", "organisation_id", "state", "since"),
    Index("ix_referrals_lender_id", "lender_id", "state"),
    Index("ix_referrals_queued_at", "lender_id", "queued_at", "id"),
    Index("ix_referrals_amount_idr", "lender_id", "amount_idr", "id"),
    Index("ix_referrals_area", "lender_id", "area", "id"),
    Index("ix_referrals_complete", "lender_id", "complete", "id"),
    Index("ix_referrals_quota", "lender_id", "product", "quota_month"),
    Index("ix_referrals_due_at", "due_at"),
    info={"person": "participant_id"},
)

EVENTS: Final = Table(
    "referral_events",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("referral_id", String(24), ForeignKey("referrals.id"), nullable=False),
    Column("participant_id", String(24), ForeignKey("participants.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("account_id", String(24), ForeignKey("accounts.id")),  # none: Kail itself
    Column("side", String(10), nullable=False),  # mentor, lender, operator, kail
    Column("move", String(40), nullable=False),  # a transition of the programme, or "note"
    Column("state", String(20), nullable=False),  # in which it was after it
    Column("reasons", String(300), info=gone_as(None)),  # codes, with blanks between them
    Column("amount_idr", BIG, info=gone_as(None)),
    Column("on", Date, info=gone_as(None)),
    Column("days_late", Integer, info=gone_as(None)),
    Column("said", LargeBinary, info=sealed_for("referral")),  # what is in words: {texts, more, documents, note}
    Column("lender_id", String(24)),  # of what a lender learns: which one, in which order among all that it learns, and
    Column("number", BIG),  # the referral's version after it
    Column("version", Integer),
    UniqueConstraint("referral_id", "place"),
    Index("ix_referral_events_number", "lender_id", "number", unique=True),
    Index("ix_referral_events_participant_id", "participant_id"),
    info={"person": "participant_id"},
)

DECLINES: Final = Table(
    "declines",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("referral_id", String(24), ForeignKey("referrals.id"), nullable=False),
    Column("participant_id", String(24), ForeignKey("participants.id"), nullable=False),
    Column("lender_id", String(24), ForeignKey("organisations.id"), nullable=False),
    Column("product", String(60), nullable=False),  # that was asked for
    Column("products", Text, nullable=False),  # that this lender shuts, with blanks between them
    Column("reason", String(60), nullable=False),
    Column("on", Date, nullable=False),
    Column("until", Date),  # the last day on which they are
    Column("signal", String(60)),  # until this is known to be at least so much
    Column("at_least", BIG),
    Column("intervention", String(60)),  # until what this brings is there
    Column("starts_with", String(60)),
    Index("ix_declines_participant_id", "participant_id"),
    Index("ix_declines_referral_id", "referral_id"),
    info={"person": "participant_id", "erased": "rows"},
)
"""What a lender's no shuts, and until when. Codes and days: a row a reason that has a consequence."""

QUOTAS: Final = Table(
    "quotas",
    METADATA,
    Column("lender_id", String(24), ForeignKey("organisations.id"), primary_key=True),
    Column("product", String(60), primary_key=True),
    Column("month", String(7), primary_key=True),  # in Jakarta: 2026-12
    Column("most", Integer),
    Column("most_idr", BIG),
    Column("version", Integer, nullable=False),
)

CAPACITIES: Final = Table(
    "capacities",
    METADATA,
    Column("lender_id", String(24), ForeignKey("organisations.id"), primary_key=True),
    Column("product", String(60), primary_key=True),
    Column("answer", String(10), nullable=False),  # yes, no, weeks
    Column("weeks", Integer),
    Column("said_at", Moment, nullable=False),
)
"""Whether a lender has room for more just now, as it said itself, without seeing anybody."""

PROVIDERS: Final = Table(
    "lender_providers",
    METADATA,
    Column("organisation_id", String(24), ForeignKey("organisations.id"), primary_key=True),
    Column("provider", String(200), primary_key=True),
    Column("bound_at", Moment, nullable=False),
)
"""For which of the programme's providers an organisation lends."""
