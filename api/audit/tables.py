"""The audit's tables: one row for every time somebody changed something, and for every time somebody looked at something."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, String, Table, Text

from api.audit.chain import Chain, chained
from api.record.database import METADATA, Moment


def _entries(name: str) -> Table:
    return Table(
        name,
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
        Index(f"ix_{name}_object_id", "object_id", "at"),
        Index(f"ix_{name}_organisation_id", "organisation_id", "at"),
        sqlite_with_rowid=False,  # of a log's file: a page less to write for every look
    )


AUDIT: Final = _entries("audit")
LOOKS: Final = _entries("looks")
"""Who looked at what: on SQLite in the logs of looks, which are files beside the database, where this table stays empty."""
INSTALLATION: Final = Chain(AUDIT)
"""What concerns no organisation. What was noted before each had a chain stands in it, too."""
