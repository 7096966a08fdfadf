"""The ledger's table: one row for every time somebody agreed or took it back."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Date, Index, String, Table

from api.audit.chain import chained
from api.record.database import METADATA, Moment

CONSENTS: Final = Table(
    "consents",
    METADATA,
    *chained(
        Column("person_id", String(24), nullable=False),
        Column("purpose", String(40), nullable=False),
        Column("recipient", String(24), nullable=False),
        Column("given", Boolean, nullable=False),
        Column("text_version", String(40), nullable=False),
        Column("channel", String(20), nullable=False),
        Column("said_on", Date, nullable=False),
        Column("expires_on", Date),
        Column("recorded_at", Moment, nullable=False),
        Column("account_id", String(24)),
    ),
    Index("ix_consents_person_id", "person_id", "purpose", "recipient"),
    info={"person": "person_id"},
)
