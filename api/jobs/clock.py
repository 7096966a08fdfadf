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
    Column("id", Integer, primary_key=True),
    Column("latest", Moment, nullable=False),
)
LATEST, JUMPED, UNJUMPED = 1, 2, 3
"""The rows of it: the latest moment; when the clock jumped last, and what moment that would have been without it."""
HELD: Final = timedelta(days=1)
"""How long nobody is erased by themselves after the clock jumped: our choice, so that somebody may look at it first."""

log = logging.getLogger("kail")


def look_at_clock(record: Record) -> bool:
    """Keep the latest moment; return whether the clock went back since it was kept, in which case all is put right."""
    with record.read() as tx:
        latest, now = _kept(tx, LATEST), tx.now
    if latest is not None and latest - SKEW <= now < latest + KEPT_EVERY:
        return False
    with record.write() as tx:
        latest = _kept(tx, LATEST)
        went_back = latest is not None and tx.now < latest - SKEW
        if latest is not None and went_back:
            _put_right(tx, latest)
        _keep(tx, LATEST, tx.now)
    if went_back:
        log.warning("the clock went back: everybody signs in again; see that it is right now")
    return went_back


def _kept(tx: Transaction, which: int) -> datetime | None:
    row = tx.one(select(CLOCK.c.latest).where(CLOCK.c.id == which))
    return row.latest if row else None


def _keep(tx: Transaction, which: int, moment: datetime) -> None:
    if not tx.run(update(CLOCK).where(CLOCK.c.id == which).values(latest=moment)):
        tx.run(insert(CLOCK).values(id=which, latest=moment))


def _put_right(tx: Transaction, latest: datetime) -> None:
    tx.run(delete(SESSIONS))
    is_over = (API_KEYS.c.expires_at <= latest) | (API_KEYS.c.created_at > tx.now + SKEW)  # else it would live longer
    tx.run(update(API_KEYS).where(is_over, API_KEYS.c.revoked_at.is_(None)).values(revoked_at=tx.now))
    tx.run(
        update(ANSWERS).where(ANSWERS.c.at > tx.now).values(at=tx.now)
    )  # what was done under a key is not done again
    for job in tx.all(select(JOBS.c.id, JOBS.c.ended_at).where(JOBS.c.ended_at.is_not(None))):
        tx.run(update(JOBS).where(JOBS.c.id == job.id).values(ended_at=job.ended_at - (latest - tx.now)))
    set_back(tx, latest - tx.now)
    keep_standing(tx, latest - _undone(tx, latest - tx.now))
    for organisation in tx.all(select(ORGANISATIONS.c.id)):
        detail = {"organisation_id": organisation.id, "minutes": round((latest - tx.now) / timedelta(minutes=1))}
        note(tx, None, "clock_went_back", "organisation", organisation.id, **detail)


def _undone(tx: Transaction, back: timedelta) -> timedelta:
    """Of a way back how much only undoes a jump forward: so long nobody was there, though the clock passed it."""
    jumped, unjumped = _kept(tx, JUMPED), _kept(tx, UNJUMPED)
    if jumped is None or unjumped is None or jumped <= tx.now:
        return timedelta()
    return jumped - unjumped if timedelta() < jumped - unjumped <= back + SKEW else timedelta()


def since_boot() -> float:
    """Seconds that only count, those too in which the machine sleeps, where the system counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Jumps:
    """Notices where the clock jumps beside one that only counts: then nobody is erased by themselves for a day.

    When it did is kept: a worker that begins anew holds on.
    """

    def __init__(self, record: Record, counted: Callable[[], float] = since_boot) -> None:
        self._record, self._counted = record, counted
        self._before: timedelta | None = None

    def may_erase(self) -> bool:
        """Look at the clock; whether it went on as it should for long enough, as far as anybody saw."""
        with self._record.read() as tx:
            jumped, now = _kept(tx, JUMPED), tx.now
        ahead = now - datetime.fromtimestamp(self._counted(), UTC)
        by = timedelta() if self._before is None else ahead - self._before
        if abs(by) > SKEW or (jumped is not None and jumped > now + SKEW):  # it went back while nobody looked
            with self._record.write() as tx:
                _keep(tx, JUMPED, now)
                _keep(tx, UNJUMPED, now - by)
            jumped = now
        self._before = ahead  # not before it is kept
        return jumped is None or now - jumped > HELD
