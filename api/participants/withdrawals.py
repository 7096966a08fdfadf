"""Withdrawals: who takes back that they are kept is erased within three days, by itself if nobody does it before.

UU 27/2022 ends processing within 3 x 24 hours of the moment at which we are told (https://mustikarajalaw.id/wp/?p=463), and
has whoever took their consent back erased (art. 43 (1) b;
https://preprod.justisio.com/regulation/indonesia/sjl9k22zlhhkpa0r87j2itst), both read on 2026-11-29. That the erasure
has the same three days is our reading.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select, update

from api.audit.service import note
from api.participants import rights
from api.participants.gate import CONTACT, ERASED_WITHIN, may_each
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.transaction import Record, Transaction

BEFORE: Final = timedelta(hours=1)
"""So long before the end it is done by itself: whoever does it looks every ten minutes and may be at something else."""

log = logging.getLogger("kail")


def start_or_stop(tx: Transaction, person_id: str, entry: Mapping[str, Any]) -> None:
    """Start the clock where somebody takes back that they are kept, and stop it where they agree again."""
    if entry["purpose"] == "record":
        begun = None if entry["given"] else tx.now
        tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(withdrawn_at=begun))


def see_withdrawals(tx: Transaction, actor: Actor) -> list[dict[str, Any]]:
    """Who in the organisation is to be erased, the next first: participant, name, mentor_id, withdrawn_at, erased_by.

    It is noted that somebody looked.
    """
    ours = (PARTICIPANTS.c.organisation_id == actor.organisation_id) & PARTICIPANTS.c.withdrawn_at.is_not(None)
    rows = tx.all(
        select(PARTICIPANTS).where(ours, PARTICIPANTS.c.sealed.is_not(None)).order_by(PARTICIPANTS.c.withdrawn_at)
    )
    people = may_each(tx, actor, rows, CONTACT)
    note(tx, actor, "saw_withdrawals", "account", actor.account_id, participants=list(people))
    return [
        {
            "participant": person.id,
            "name": person.identity.get("name", ""),
            "mentor_id": person.mentor_id,
            "withdrawn_at": person.withdrawn_at,
            "erased_by": person.erased_by,
        }
        for person in people.values()
    ]


def erase_due(record: Record) -> int:
    """Erase everybody whose time has come, each in a transaction of their own; return how many."""
    count = 0
    while rights.erase_one(record, _is_due):
        count += 1
    if count:
        log.info("%d erased who took back that they are kept", count)
    return count


def _is_due(tx: Transaction) -> Any:
    return PARTICIPANTS.c.withdrawn_at <= tx.now - ERASED_WITHIN + BEFORE
