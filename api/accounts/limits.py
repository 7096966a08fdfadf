"""Guesses get slower and slower, across workers too, instead of shutting the owner of the account out.

After the first tries, which are free, each one must wait longer than the one before, up to a longest wait. A try that comes
too early is not looked at and makes nobody wait longer. Somebody who never stops guessing still takes most of the turns
at a name, or at an address that they share with its owner.

The wait of one name from one address is the one that matters; the wider ones slow many addresses on one name and one
address on many names. The address is the one that connected, or what a proxy says that the operator trusts.

Whoever came in last in a browser has a wait of their own there: however much is guessed at their name, from however many
addresses, they are not slowed (OWASP calls this a device cookie).
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from api.accounts.tables import TRIES
from api.record.key_file import Keys
from api.record.transaction import Record, Transaction


@dataclass(frozen=True)
class Pace:
    """How many tries are free, and the longest wait between two after them: it begins with a second and doubles."""

    free: int
    longest: timedelta

    def wait(self, count: int) -> timedelta:
        """How long after the last of so many tries the next one may come."""
        over = count - self.free
        return min(self.longest, timedelta(seconds=2 ** min(over, 30))) if over >= 0 else timedelta()


PACES: Final = {
    "name and address": Pace(10, timedelta(minutes=15)),
    "browser": Pace(10, timedelta(minutes=15)),
    "name": Pace(100, timedelta(minutes=1)),
    "address": Pace(200, timedelta(seconds=10)),
}
"""Our choice. The wider ones end in a short wait, since others come through them: even then a name is guessed at no more
than 1,440 times a day, and an address guesses no more than 8,640."""
ANEW: Final = timedelta(days=1)
"""How long after the last try the count begins anew: our choice."""
KNOWN_FOR: Final = timedelta(days=180)
"""How long a browser is known after somebody came in there: our choice."""
_NUMBER: Final = 32  # how long the number of a mark is, its day included
_BROWSER: Final = re.compile(r"[0-9]{8}([0-9a-f]{12})[0-9a-f]{12}")  # of that number, the browser's name
_NEIGHBOURS: Final = 64  # of IPv6 a household gets a whole network: changing the rest costs nothing


def browser_mark(tx: Transaction, login: str, password_hash: str, old: str = "") -> str:
    """What a browser keeps after somebody came in there. It opens nothing, and ends with the password.

    `old`: the mark that was there. Of it the name of the browser stays, so that it is seen where two accounts share one.
    """
    browser = browser_of(old) or secrets.token_hex(6)
    return _mark(tx.keys, f"{tx.now:%Y%m%d}{browser}{secrets.token_hex(6)}", login, password_hash)


def browser_of(mark: str) -> str:
    """The name of a browser that stands in its mark, "" where that is none; nobody has to be believed who sends one."""
    found = _BROWSER.match(mark)
    return found[1] if found else ""


def _mark(keys: Keys, number: str, login: str, password_hash: str) -> str:
    return f"{number}{keys.blind('browser', json.dumps([number, login, password_hash]))}"


def is_known(tx: Transaction, login: str, password_hash: str, mark: str) -> bool:
    """Whether this is a mark that a browser got for this name and password, not too long ago.

    One of a clock that went back since is good too: it opens nothing, and without it the owner would be slowed.
    """
    number = mark[:_NUMBER]
    if not secrets.compare_digest(mark.encode(), _mark(tx.keys, number, login, password_hash).encode()):
        return False
    return tx.now - datetime.strptime(number[:8], "%Y%m%d").replace(tzinfo=UTC) < KNOWN_FOR


def buckets(login: str, address: str, mark: str = "") -> dict[str, str]:
    """The counters of a try, the closest first, as hashes: a mistyped name may be a password."""
    from_here = _neighbourhood(address)
    wider = {"name": login, "address": f"\n{from_here}"}
    written = {"browser": mark} if mark else {"name and address": f"{login}\n{from_here}", **wider}
    return {kind: hashlib.sha256(f"{kind}:{text}".encode()).hexdigest() for kind, text in written.items()}


def _neighbourhood(address: str) -> str:
    """An address as it is counted: of IPv6 its network, and IPv4 written as IPv6 as what it is."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), _NEIGHBOURS), strict=False))


def count_try(tx: Transaction, login: str, address: str, mark: str = "") -> timedelta:
    """Count a try; return how long it has to wait, in which case it is not counted. `mark`: of an `is_known` browser."""
    return _count(tx, {bucket: PACES[kind] for kind, bucket in buckets(login, address, mark).items()})


def count_own_try(tx: Transaction, account_id: str) -> timedelta:
    """Count a try at the old password by whoever has a session, which may be stolen; return how long it has to wait."""
    return _count(tx, {_own(account_id): PACES["name and address"]})


def forget_own_tries(tx: Transaction, account_id: str) -> None:
    """Begin anew after the old password was right."""
    tx.run(delete(TRIES).where(TRIES.c.bucket == _own(account_id)))


def _own(account_id: str) -> str:
    return hashlib.sha256(f"own password:{account_id}".encode()).hexdigest()


def _count(tx: Transaction, paces: dict[str, Pace]) -> timedelta:
    """Count in all of these counters or in none; the one writer's lock keeps anybody else from counting meanwhile."""
    asked = select(TRIES.c.bucket, TRIES.c.last, TRIES.c["count"]).where(TRIES.c.bucket.in_(list(paces)))
    # A clock that went back must not make anybody wait for the moment to come again.
    held = {bucket: (min(last, tx.now), count) for bucket, last, count in tx.all(asked) if tx.now - last <= ANEW}
    waits = [paces[bucket].wait(count) - (tx.now - last) for bucket, (last, count) in held.items()]
    wait = max(timedelta(), *waits) if waits else timedelta()
    for bucket in paces:
        count = held[bucket][1] if bucket in held else 0
        if not wait:
            _keep(tx, bucket, count + 1)
        elif bucket in held:
            _keep_now(tx, bucket)
    return wait


def _keep_now(tx: Transaction, bucket: str) -> None:
    """Let the last try of a clock that went back since be now."""
    tx.run(update(TRIES).where(TRIES.c.bucket == bucket, TRIES.c.last > tx.now).values(last=tx.now))


def _keep(tx: Transaction, bucket: str, count: int) -> None:
    dialect = sqlite if tx.sql.dialect.name == "sqlite" else postgresql
    new = dialect.insert(TRIES).values(bucket=bucket, last=tx.now, count=count)
    tx.run(new.on_conflict_do_update(index_elements=[TRIES.c.bucket], set_={"last": tx.now, "count": count}))


def forget_tries(tx: Transaction, login: str, address: str, mark: str = "") -> None:
    """Begin anew for a name at an address or in a browser after its owner came in; the wider counters get this try back.

    A training room or a proxy is one address for many people.
    """
    own, *wider = buckets(login, address, mark).values()
    tx.run(delete(TRIES).where(TRIES.c.bucket == own))
    tx.run(update(TRIES).where(TRIES.c.bucket.in_(wider), TRIES.c.count > 0).values(count=TRIES.c.count - 1))


def forget_old_tries(record: Record) -> int:
    """Forget the counters that begin anew; return how many. Of names that nobody has nobody ever comes in."""
    old = TRIES.c.last < record.clock() - ANEW
    with record.read() as tx:
        if tx.one(select(TRIES.c.bucket).where(old).limit(1)) is None:
            return 0
    with record.write() as tx:
        return tx.run(delete(TRIES).where(old))
