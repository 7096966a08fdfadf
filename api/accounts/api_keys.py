"""API keys: by which the systems of a lender come in. A key is told once; only its hash is kept."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select, update

from api.accounts.sessions import KEY_PREFIX, TEST_PREFIX, hashed
from api.accounts.tables import API_KEYS, ORGANISATIONS
from api.audit.service import note
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id

SCOPES: Final = ("me", "programme", "read", "decide", "report")
"""What an API key may be allowed: to see whose it is, to read the programme of the day, and of referrals to read what its
account may see, to make the moves that answer, and to tell what became of what was accepted."""
LONGEST_KEY: Final = timedelta(days=365)


def add_key(tx: Transaction, actor: Actor, name: str, scopes: list[str], expires_at: datetime) -> tuple[str, str]:
    """Make an API key for the asking account; return its id and the key, which is told once.

    Raises:
        Refused: 400 if it would end in the past or only after more than a year.
    """
    if not tx.now < expires_at <= tx.now + LONGEST_KEY:
        raise Refused(400, Trouble("expires_on", "key_expiry", expires_at.date().isoformat(), days=LONGEST_KEY.days))
    home = tx.one(select(ORGANISATIONS.c.sandbox).where(ORGANISATIONS.c.id == actor.organisation_id))
    key, prefix = new_id(), TEST_PREFIX if home is not None and home.sandbox else KEY_PREFIX
    secret = prefix + secrets.token_urlsafe(32)
    values = {
        "id": key,
        "account_id": actor.account_id,
        "name": name,
        "key_hash": hashed(secret),
        "scopes": " ".join(scopes),
        "created_at": tx.now,
        "expires_at": expires_at,
    }
    tx.run(insert(API_KEYS).values(values))
    note(tx, actor, "added", "api_key", key, scopes=scopes)
    return key, secret


def check_scope(actor: Actor, *needed: str) -> None:
    """See that the key by which somebody came has one of these scopes; none: no key may.

    Raises:
        Refused: 403, with the scopes that would do.
    """
    if not actor.scopes & {*needed}:
        if not needed:
            raise Refused(403, Trouble("key", "not_by_key"))
        raise Refused(403, Trouble("key", "no_scope", allowed=list(needed)))


def keys_of(tx: Transaction, actor: Actor) -> list[dict[str, Any]]:
    """The API keys of the asking account, without the keys themselves."""
    c = API_KEYS.c
    mine = select(c.id, c.name, c.scopes, c.created_at, c.expires_at, c.revoked_at).where(
        c.account_id == actor.account_id
    )
    return [dict(row._mapping) | {"scopes": row.scopes.split()} for row in tx.all(mine.order_by(c.created_at))]


def revoke_key(tx: Transaction, actor: Actor, key_id: str) -> None:
    """Take back one of one's own API keys.

    Raises:
        Refused: 404 if there is none of that id.
    """
    mine = (API_KEYS.c.id == key_id) & (API_KEYS.c.account_id == actor.account_id)
    if not tx.one(select(API_KEYS.c.id).where(mine)):
        raise Refused(404, Trouble("key", "not_found"))
    tx.run(update(API_KEYS).where(mine, API_KEYS.c.revoked_at.is_(None)).values(revoked_at=tx.now))
    note(tx, actor, "revoked", "api_key", key_id)


def revoke_keys(tx: Transaction, account_id: str) -> None:
    """Take back every API key of an account."""
    mine = (API_KEYS.c.account_id == account_id) & API_KEYS.c.revoked_at.is_(None)
    tx.run(update(API_KEYS).where(mine).values(revoked_at=tx.now))
