"""The tables of who may come in. Of passwords, session ids and API keys only hashes are stored."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, false, select

from api.record.database import METADATA, Moment

ROLES: Final = ("mentor", "lender", "analyst", "operator")

ORGANISATIONS: Final = Table(
    "organisations",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("sandbox", Boolean, nullable=False, server_default=false()),  # of people who never lived, for a bank to try
    Column(
        "mentor_reset_alone_from", Moment
    ),  # from when on one operator may give a mentor a new password; none: never
)

SANDBOXES: Final = select(ORGANISATIONS.c.id).where(ORGANISATIONS.c.sandbox)
"""The organisations that nothing of others' may see, count or read out."""

ACCOUNTS: Final = Table(
    "accounts",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("organisation_id", String(24), ForeignKey("organisations.id"), nullable=False),
    Column("login", String(100), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("role_since", Moment),  # since when they may use it: made, changed or opened again
    Column("password_hash", String(200), nullable=False),
    Column("one_time", Boolean, nullable=False, server_default=false()),  # somebody else made the password
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("role IN ('mentor', 'lender', 'analyst', 'operator')", name="role"),
    Index("ix_accounts_organisation_id", "organisation_id"),
)

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("id_hash", String(64), primary_key=True),
    Column("account_id", String(24), ForeignKey("accounts.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("ix_sessions_account_id", "account_id"),
)

API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("account_id", String(24), ForeignKey("accounts.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("scopes", String(400), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index("ix_api_keys_account_id", "account_id"),
)

TRIES: Final = Table(
    "tries",
    METADATA,
    Column("bucket", String(64), primary_key=True),
    Column("last", Moment, nullable=False),
    Column("count", Integer, nullable=False),
    Index("ix_tries_last", "last"),
)
