"""Limits on guessing that hold across workers: every try is counted by one statement before the password is looked at.

The limit of one name from one address is the one that matters; the wider ones stop many addresses on one name and one
address on many names. The address is the one that connected: what a header claims counts for nothing.

Whoever has come in before in the same browser has limits of their own there: however much is guessed at a name, from
however many addresses, its owner is not shut out (OWASP calls this a device cookie). Elsewhere the owner still gets in
while others guess, until the limit of the name is reached.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from api.accounts.tables import TRIES
from api.crypto import Keys
from api.record import Transaction

WINDOW: Final = timedelta(minutes=15)
ALLOWED: Final = {"name and address": 10, "name": 100, "address": 200, "browser": 10}
"""Tries in a window: our choice."""
_HALF: Final = 12  # bytes of a mark's number, half its digits


def browser_mark(keys: Keys, login: str) -> str:
    """What a browser keeps after somebody came in there: it says whose it is to nobody but us, and opens nothing."""
    number = secrets.token_hex(_HALF)
    return f"{number}{keys.blind('browser', f'{number}{login}')}"


def _is_known(keys: Keys, login: str, mark: str) -> bool:
    number, proof = mark[: 2 * _HALF], mark[2 * _HALF :]
    return secrets.compare_digest(proof.encode(), keys.blind("browser", f"{number}{login}").encode())


def buckets(keys: Keys, login: str, address: str, mark: str = "") -> dict[str, str]:
    """The counters of a try, the closest first, as hashes: a mistyped name may be a password."""
    written = {"name and address": f"{login}\n{address}", "name": login, "address": f"\n{address}"}
    if _is_known(keys, login, mark):
        written = {"browser": mark}
    return {kind: hashlib.sha256(f"{kind}:{text}".encode()).hexdigest() for kind, text in written.items()}


def count_try(tx: Transaction, login: str, address: str, mark: str = "") -> bool:
    """Count a try; return whether it is still allowed. `mark`: what the browser kept from before."""
    # One after the other: a try that is not let through must not use up the wider limits of the name's owner.
    return all(_count(tx, bucket) <= ALLOWED[kind] for kind, bucket in buckets(tx.keys, login, address, mark).items())


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
    own, *wider = buckets(tx.keys, login, address, mark).values()
    tx.run(delete(TRIES).where(TRIES.c.bucket == own))
    tx.run(update(TRIES).where(TRIES.c.bucket.in_(wider), TRIES.c.count > 0).values(count=TRIES.c.count - 1))
    tx.run(delete(TRIES).where(TRIES.c.since < tx.now - WINDOW))
