"""The clock of the machine: where it goes back nothing lives longer by it, and everybody who runs the record is told.

The worker keeps the latest moment that it saw. One that is later than now was seen before the clock went back: whoever is
signed in signs in again, and what is kept for a while ends no later. Whom an erasure waits for is left as it was: one that
is done too early because a clock was wrong for a minute cannot be undone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Column, Integer, Table, delete, insert, select, update

from api.accounts.second_person import keep_standing
from api.accounts.tables import API_KEYS, ORGANISATIONS, SESSIONS
from api.audit.service import note
from api.record.answered import ANSWERS
from api.record.approvals import set_back
from api.record.database import METADATA, Moment
from api.record.jobs import JOBS
from api.record.live import SKEW
from api.record.transaction import Record, Transaction

KEPT_EVERY: Final = timedelta(minutes=1)
"""How exactly the latest moment is kept: our choice. By so much something may live longer."""
CLOCK: Final = Table(
    "clock",
    METADATA,
    Column("id", Integer, primary_key=True),  # 1: there is one
    Column("latest", Moment, nullable=False),
)
HELD: Final = timedelta(days=1)
"""How long nobody is erased by themselves after the clock jumped: our choice, so that somebody may look at it first."""

log = logging.getLogger("kail")


def look_at_clock(record: Record) -> bool:
    """Keep the latest moment; return whether the clock went back since it was kept, in which case all is put right."""
    with record.read() as tx:
        latest, now = _latest(tx), tx.now
    if latest is not None and latest - SKEW <= now < latest + KEPT_EVERY:
        return False
    with record.write() as tx:
        latest = _latest(tx)
        went_back = latest is not None and tx.now < latest - SKEW
        if latest is None:
            tx.run(insert(CLOCK).values(id=1, latest=tx.now))
        else:
            tx.run(update(CLOCK).values(latest=tx.now))
        if latest is not None and went_back:
            _put_right(tx, latest)
    if went_back:
        log.warning("the clock went back: everybody signs in again; see that it is right now")
    return went_back


def _latest(tx: Transaction) -> datetime | None:
    row = tx.one(select(CLOCK.c.latest))
    return row.latest if row else None


def _put_right(tx: Transaction, latest: datetime) -> None:
    tx.run(delete(SESSIONS))
    is_over = API_KEYS.c.revoked_at.is_(None) & (API_KEYS.c.expires_at <= latest)
    tx.run(update(API_KEYS).where(is_over).values(revoked_at=tx.now))
    tx.run(
        update(ANSWERS).where(ANSWERS.c.at > tx.now).values(at=tx.now)
    )  # what was done under a key is not done again
    for job in tx.all(select(JOBS.c.id, JOBS.c.ended_at).where(JOBS.c.ended_at.is_not(None))):
        tx.run(update(JOBS).where(JOBS.c.id == job.id).values(ended_at=job.ended_at - (latest - tx.now)))
    set_back(tx, latest - tx.now)
    keep_standing(tx, latest)
    for organisation in tx.all(select(ORGANISATIONS.c.id)):
        detail = {"organisation_id": organisation.id, "minutes": round((latest - tx.now) / timedelta(minutes=1))}
        note(tx, None, "clock_went_back", "organisation", organisation.id, **detail)


class Jumps:
    """Notices where the clock jumps beside one that only counts: then nobody is erased by themselves for a day."""

    def __init__(self, counted: Callable[[], float] = time.monotonic) -> None:
        self._counted = counted
        self._before: timedelta | None = None
        self._jumped: timedelta | None = None

    def may_erase(self, now: datetime) -> bool:
        """Look at the clock; whether it went on as it should for long enough, or since this began."""
        counted = timedelta(seconds=self._counted())
        ahead = now - datetime.fromtimestamp(0, UTC) - counted
        if self._before is not None and abs(ahead - self._before) > SKEW:
            self._jumped = counted
        self._before = ahead
        return self._jumped is None or counted - self._jumped > HELD
