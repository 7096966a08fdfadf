"""The clock of the machine: where it goes back nothing lives longer by it, and everybody who runs the record is told.

The worker keeps the latest moment that it saw. One that is later than now was seen before the clock went back: whoever is
signed in signs in again, and what counts the time since something was done is moved back as far.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, ColumnElement, Integer, Table, delete, insert, select, update

from api.accounts.sessions import SKEW
from api.accounts.tables import API_KEYS, ORGANISATIONS, SESSIONS
from api.audit.service import note
from api.participants.tables import PARTICIPANTS
from api.record.answered import ANSWERS
from api.record.database import METADATA, Moment
from api.record.jobs import JOBS
from api.record.transaction import Record, Transaction

KEPT_EVERY: Final = timedelta(minutes=1)
"""How exactly the latest moment is kept: our choice. By so much something may live longer."""
CLOCK: Final = Table(
    "clock",
    METADATA,
    Column("id", Integer, primary_key=True),  # 1: there is one
    Column("latest", Moment, nullable=False),
)
_COUNTED: Final = ((PARTICIPANTS, PARTICIPANTS.c.withdrawn_at), (JOBS, JOBS.c.ended_at))
"""Moments from which it is counted how long something stays, each with its table, whose rows have an id."""

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
    tx.run(delete(ANSWERS).where(ANSWERS.c.at > tx.now))
    for table, column in _COUNTED:
        _move_back(tx, table, column, latest - tx.now)
    for organisation in tx.all(select(ORGANISATIONS.c.id)):
        detail = {"organisation_id": organisation.id, "minutes": round((latest - tx.now) / timedelta(minutes=1))}
        note(tx, None, "clock_went_back", "organisation", organisation.id, **detail)


def _move_back(tx: Transaction, table: Table, column: ColumnElement[datetime], by: timedelta) -> None:
    """Let as much time have passed since a moment as before. Row by row: there are few, and databases write spans apart."""
    for row in tx.all(select(table.c.id, column.label("moment")).where(column.is_not(None))):
        tx.run(update(table).where(table.c.id == row.id).values({column: row.moment - by}))
