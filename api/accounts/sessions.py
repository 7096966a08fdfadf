"""Sessions and API keys: who is asking, found by what they bring along."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, delete, insert, select, update

from api.accounts.tables import ACCOUNTS, API_KEYS, ORGANISATIONS, SESSIONS
from api.record.actor import Actor
from api.record.live import SKEW
from api.record.transaction import Transaction

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use of a session is kept: writing it on every request would make every reader a writer."""
KEY_PREFIX: Final = "kail_"
TEST_PREFIX: Final = "kail_test_"
"""With this the keys of a sandbox begin."""


def _of_account(*more: Any) -> Select[Any]:
    columns = (ACCOUNTS.c.id, ACCOUNTS.c.organisation_id, ACCOUNTS.c.role, ACCOUNTS.c.name, ACCOUNTS.c.one_time)
    home = ACCOUNTS.join(ORGANISATIONS, ORGANISATIONS.c.id == ACCOUNTS.c.organisation_id)
    return select(*columns, ORGANISATIONS.c.sandbox, *more).select_from(home).where(ACCOUNTS.c.active)


# Asked with every request: put together once.
_OF_SESSION: Final = (
    _of_account(SESSIONS.c.id_hash, SESSIONS.c.created_at, SESSIONS.c.seen_at)
    .join(SESSIONS, SESSIONS.c.account_id == ACCOUNTS.c.id)
    .where(SESSIONS.c.id_hash == bindparam("hash"))
)


def hashed(secret: str) -> str:
    """The hash under which a session id or an API key is stored. They have 256 random bits: no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def open_session(tx: Transaction, account_id: str, old: str = "") -> str:
    """Begin a session and end the one that was there before; return the new id, which is stored nowhere."""
    secret = secrets.token_urlsafe(32)
    if old:
        close_session(tx, hashed(old))
    tx.run(delete(SESSIONS).where(SESSIONS.c.created_at < tx.now - ABSOLUTE))
    tx.run(insert(SESSIONS).values(id_hash=hashed(secret), account_id=account_id, created_at=tx.now, seen_at=tx.now))
    return secret


def close_session(tx: Transaction, id_hash: str) -> None:
    """End one session."""
    tx.run(delete(SESSIONS).where(SESSIONS.c.id_hash == id_hash))


def close_sessions(tx: Transaction, account_id: str) -> int:
    """End every session of an account; return how many there were."""
    return tx.run(delete(SESSIONS).where(SESSIONS.c.account_id == account_id))


def actor_of_session(tx: Transaction, secret: str) -> tuple[Actor, datetime] | None:
    """Return who has a session and when it was last seen; None if it is unknown, over or of a closed account."""
    found = tx.sql.execute(_OF_SESSION, {"hash": hashed(secret)}).first()
    if found is None or not _lives(found, tx.now):
        return None
    return _actor(found, session=found.id_hash), found.seen_at


def still_acts(tx: Transaction, actor: Actor) -> bool:
    """Whether the session of whoever asks is still there, and opens the same account in the same role."""
    found = tx.sql.execute(_OF_SESSION, {"hash": actor.session}).first()
    return found is not None and (found.id, found.role) == (actor.account_id, actor.role)


def _lives(session: Row[Any], now: datetime) -> bool:
    first, last = now - ABSOLUTE, now + SKEW
    return bool(first <= session.created_at <= last and now - IDLE <= session.seen_at <= last)


def touch_session(tx: Transaction, id_hash: str) -> None:
    """Keep that a session was used just now."""
    tx.run(update(SESSIONS).where(SESSIONS.c.id_hash == id_hash).values(seen_at=tx.now))


def actor_of_key(tx: Transaction, secret: str) -> Actor | None:
    """Return whose API key it is; None if it is unknown, expired, revoked or of a closed account."""
    c = API_KEYS.c
    valid = c.revoked_at.is_(None) & (c.created_at <= tx.now + SKEW) & (c.expires_at > tx.now)
    found = tx.one(
        _of_account(c.scopes).join(API_KEYS, c.account_id == ACCOUNTS.c.id).where(c.key_hash == hashed(secret), valid)
    )
    return _actor(found, scopes=frozenset(found.scopes.split())) if found else None


def actor_of_account(tx: Transaction, account_id: str) -> Actor | None:
    """Return who an account is, for what is done in its name without a session; None if it is closed."""
    found = tx.one(_of_account().where(ACCOUNTS.c.id == account_id))
    return _actor(found) if found else None


def actor_of_login(tx: Transaction, login: str) -> Actor | None:
    """Return who has a name to sign in with, for a command; None if nobody does, or their account is closed."""
    found = tx.one(_of_account().where(ACCOUNTS.c.login == login.strip().casefold()))
    return _actor(found) if found else None


def _actor(row: Row[Any], **more: Any) -> Actor:
    return Actor(row.id, row.organisation_id, row.role, row.name, must_change=row.one_time, sandbox=row.sandbox, **more)
