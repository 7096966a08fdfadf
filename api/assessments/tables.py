"""The tables of stored recommendations, of disagreement with them, and of the operator's switch for randomisation."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, LargeBinary, String, Table

from api.audit.chain import BIG
from api.record.database import METADATA, Moment, sealed_for

ASSESSMENTS: Final = Table(
    "assessments",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("participant_id", String(24), ForeignKey("participants.id"), nullable=False),
    Column("place", BIG, nullable=False),  # which one of this participant's it is, from 1
    Column("at", Moment, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("account_id", String(24), ForeignKey("accounts.id")),
    Column("cause", String(20), nullable=False),  # asked, rescreened
    Column("programme_digest", String(64), nullable=False),
    Column("model_version", String(100), nullable=False),
    Column("model_digest", String(64), nullable=False),
    Column("kail_version", String(40), nullable=False),
    Column("propensity", Float),  # only where recorded randomisation was switched on
    Column("inputs", LargeBinary, info=sealed_for("recommended")),  # {signals, as_of, goal, first, declines, digest}
    Column("result", LargeBinary, info=sealed_for("recommended")),  # the core, byte for byte, compressed
    Column("summary", LargeBinary, info=sealed_for("recommended")),  # what a work list shows
    Index("ix_assessments_participant_id", "participant_id", "place", unique=True),
    info={"person": "participant_id"},
)

OVERRIDES: Final = Table(
    "overrides",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("assessment_id", String(24), ForeignKey("assessments.id"), nullable=False),
    Column("participant_id", String(24), ForeignKey("participants.id"), nullable=False),
    Column("account_id", String(24), ForeignKey("accounts.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("suggested", String(60), nullable=False),
    Column("chosen", String(60), nullable=False),
    Column("code", String(40), nullable=False),
    Column("note", LargeBinary, info=sealed_for("recommended")),
    Index("ix_overrides_assessment_id", "assessment_id"),
    info={"person": "participant_id", "erased": "rows"},
)

OBJECTIONS: Final = Table(
    "objections",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("assessment_id", String(24), ForeignKey("assessments.id"), nullable=False),
    Column("participant_id", String(24), ForeignKey("participants.id"), nullable=False),
    Column("account_id", String(24), ForeignKey("accounts.id"), nullable=False),  # who wrote it down
    Column("at", Moment, nullable=False),
    Column("words", LargeBinary, info=sealed_for("contact")),
    Column("decided_at", Moment),
    Column("decided_by", String(24), ForeignKey("accounts.id")),
    Column("decision", String(20)),
    Column("reason", LargeBinary, info=sealed_for("contact")),
    Index("ix_objections_participant_id", "participant_id"),
    info={"person": "participant_id", "erased": "rows"},
)

SWITCHES: Final = Table(
    "switches",
    METADATA,
    Column("seq", BIG, primary_key=True, autoincrement=False),
    Column("organisation_id", String(24), ForeignKey("organisations.id"), nullable=False),
    Column("name", String(40), nullable=False),
    Column("on", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("account_id", String(24), ForeignKey("accounts.id"), nullable=False),
)
