"""The audit table: one row for every time somebody saw or changed something."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, String, Table, Text

from api.audit.chain import chained
from api.record.database import METADATA, Moment

AUDIT: Final = Table(
    "audit",
    METADATA,
    *chained(
        Column("at", Moment, nullable=False),
        Column("account_id", String(24)),
        Column("organisation_id", String(24)),
        Column("action", String(60), nullable=False),
        Column("kind", String(40), nullable=False),
        Column("object_id", String(64), nullable=False),
        Column("detail", Text, nullable=False),
    ),
    Index("ix_audit_object_id", "object_id"),
)
