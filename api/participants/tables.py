"""The tables of people and evidence. What is personal stands in sealed columns; the rest are ids and moments."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

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
    Column("sealed", LargeBinary, info=sealed_for("record")),  # {signal, value, on, proof, said_by, sure where it is}
    UniqueConstraint("participant_id", "place"),
    info={"person": "participant_id"},
)
