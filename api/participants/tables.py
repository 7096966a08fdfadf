"""The tables of people and evidence. What is personal stands in sealed columns; the rest are ids and moments."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from api.audit.chain import BIG
from api.record.database import METADATA, Moment, sealed_for

PARTICIPANTS: Final = Table(
    "participants",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("organisation_id", String(24), ForeignKey("organisations.id"), nullable=False),
    Column("mentor_id", String(24), ForeignKey("accounts.id"), nullable=False),
    Column("sealed", LargeBinary, info=sealed_for("contact")),  # {name, nik, phone, own_id: the id that an import gave}
    Column("version", Integer, nullable=False),  # counts every change to the person, their evidence and their consents
    Column("frozen", Boolean, nullable=False),  # an objection waits for a person
    Column("created_at", Moment, nullable=False),
    Column("erased_at", Moment),
    Column("withdrawn_at", Moment),  # when they took back that they are kept
    Index("ix_participants_mentor_id", "mentor_id"),
    Index("ix_participants_withdrawn_at", "withdrawn_at"),
    info={"person": "id"},
)

EVIDENCE: Final = Table(
    "evidence",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("participant_id", String(24), ForeignKey("participants.id"), nullable=False),
    Column("place", Integer, nullable=False),  # the order in which facts became known
    Column("known_at", Moment, nullable=False),
    Column("account_id", String(24), ForeignKey("accounts.id")),
    Column("sealed", LargeBinary, info=sealed_for("record")),  # {signal, value, on, proof, said_by}
    UniqueConstraint("participant_id", "place"),
    info={"person": "participant_id"},
)

DECLINES: Final = Table(
    "declines",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("referral_id", String(24), nullable=False),
    Column("participant_id", String(24), ForeignKey("participants.id"), nullable=False),
    Column("product", String(60), nullable=False),  # that was asked for
    Column("products", Text, nullable=False),  # that are shut, with blanks between them
    Column("reason", String(60), nullable=False),
    Column("on", Date, nullable=False),
    Column("until", Date),  # the last day on which they are
    Column("signal", String(60)),  # until this is known to be at least so much
    Column("at_least", BIG),
    Column("intervention", String(60)),  # until what this brings is there
    Column("starts_with", String(60)),
    Index("ix_declines_participant_id", "participant_id"),
    info={"person": "participant_id", "erased": "rows"},
)
"""What a lender's no shuts, and until when. Codes and days: a row a reason that has a consequence."""
