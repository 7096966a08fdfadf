"""Limits on guessing that hold across workers: every try is counted by one statement before the password is looked at.

The limit of one name from one address is the one that matters; the wider ones stop many addresses on one name and one
address on many names. The address is the one that connected: what a header claims counts for nothing.

Whoever came in last in a browser has a limit of their own there: however much is guessed at their name, from however many
addresses, they are not shut out (OWASP calls this a device cookie). Elsewhere they still get in while others guess, until
the limit of the name is reached.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from api.accounts.tables import TRIES
from api.record.key_store import Keys
from api.record.transaction import Transaction

WINDOW: Final = timedelta(minutes=15)
ALLOWED: Final = {"name and address": 10, "name": 100, "address": 200, "browser": 10}
"""Tries in a window: our choice."""
KNOWN_FOR: Final = timedelta(days=180)
"""How long a browser is known after somebody came in there: our choice."""
_NUMBER: Final = 32  # how long the number of a mark is, its day included


def browser_mark(tx: Transaction, login: str, password_hash: str) -> str:
    """What a browser keeps after somebody came in there. It opens nothing, and ends with the password."""
    return _mark(tx.keys, f"{tx.now:%Y%m%d}{secrets.token_hex(12)}", login, password_hash)


def _mark(keys: Keys, number: str, login: str, password_hash: str) -> str:
    return f"{number}{keys.blind('browser', json.dumps([number, login, password_hash]))}"


def is_known(tx: Transaction, login: str, password_hash: str, mark: str) -> bool:
    """Whether this is a mark that a browser got for this name and password, not too long ago."""
    number = mark[:_NUMBER]
    if not secrets.compare_digest(mark.encode(), _mark(tx.keys, number, login, password_hash).encode()):
        return False
    return tx.now - datetime.strptime(number[:8], "%Y%m%d").replace(tzinfo=UTC) < KNOWN_FOR


def buckets(login: str, address: str, mark: str = "") -> dict[str, str]:
    """The counters of a try, the closest first, as hashes: a mistyped name may be a password."""
    wider = {"name": login, "address": f"\n{address}"}
    written = {"browser": mark} if mark else {"name and address": f"{login}\n{address}", **wider}
    return {kind: hashlib.sha256(f"{kind}:{text}".encode()).hexdigest() for kind, text in written.items()}


def count_try(tx: Transaction, login: str, address: str, mark: str = "") -> bool:
    """Count a try; return whether it is still allowed. `mark`: of a browser that `is_known`, else ""."""
    # One after the other: a try that is not let through must not use up the wider limits of the name's owner.
    return all(_count(tx, bucket) <= ALLOWED[kind] for kind, bucket in buckets(login, address, mark).items())


def count_own_try(tx: Transaction, account_id: str) -> bool:
    """Count a try at the old password by whoever has a session: it may be a stolen one. Return whether it is allowed."""
    return _count(tx, _own(account_id)) <= ALLOWED["name and address"]


def forget_own_tries(tx: Transaction, account_id: str) -> None:
    """Begin anew after the old password was right."""
    tx.run(delete(TRIES).where(TRIES.c.bucket == _own(account_id)))


def _own(account_id: str) -> str:
    return hashlib.sha256(f"own password:{account_id}".encode()).hexdigest()


def _count(tx: Transaction, bucket: str) -> int:
    dialect = sqlite if tx.sql.dialect.name == "sqlite" else postgresql
    over = TRIES.c.since < tx.now - WINDOW
    statement = (
        dialect.insert(TRIES)
        .values(bucket=bucket, since=tx.now, count=1)
        .on_conflict_do_update(
            index_elements=[TRIES.c.bucket],
            set_={
                "count": case((over, 1), else_=TRIES.c.count + 1),
                "since": case((over, tx.now), else_=TRIES.c.since),
            },
        )
        .returning(TRIES.c.count)
    )
    return int(tx.sql.execute(statement).scalar_one())


def forget_tries(tx: Transaction, login: str, address: str, mark: str = "") -> None:
    """Begin anew for a name at an address or in a browser after its owner came in; the wider limits get this try back.

    A training room or a proxy is one address for many people.
    """
    own, *wider = buckets(login, address, mark).values()
    tx.run(delete(TRIES).where(TRIES.c.bucket == own))
    tx.run(update(TRIES).where(TRIES.c.bucket.in_(wider), TRIES.c.count > 0).values(count=TRIES.c.count - 1))
    tx.run(delete(TRIES).where(TRIES.c.since < tx.now - WINDOW))
