"""The table of imports: which file was imported by whom, known again by a keyed hash."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint

from api.record.database import METADATA, Moment

IMPORTS: Final = Table(
    "imports",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("account_id", String(24), ForeignKey("accounts.id"), nullable=False),
    Column("file_index", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("rows_taken", Integer, nullable=False),
    Column("rows_rejected", Integer, nullable=False),
    UniqueConstraint("account_id", "file_index"),
)
