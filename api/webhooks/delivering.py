"""Delivering: what a lender learnt goes to its webhooks, in order for each referral, until it was taken or days are over.

The history of the referrals is what is delivered from: a change stands in it in the transaction that made it, so none can
be lost, and a webhook keeps how far it is. Nothing is locked while something is on its way. It is noted as delivered only
afterwards: who is killed in between sends it once more, with the same id.

A webhook is one worker's at a time, by a lease, since several hosts may serve one record, and one thread's of it, so that a
slow receiver keeps nobody else waiting. It waits longer after each failure, and so does the delivery that failed; others go
on meanwhile, but for the same referral.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, delete, exists, insert, or_, select, update

from api import __version__
from api.record.transaction import Record, Transaction, new_id
from api.referrals.changes import Change, changes_of
from api.referrals.tables import EVENTS
from api.webhooks.addresses import host_of
from api.webhooks.sending import Outcome, Sender
from api.webhooks.signing import SIGNATURE, key_name, numbers_of, signature
from api.webhooks.tables import DELIVERIES, FAILED, HOSTS, WAITING, WEBHOOKS

log = logging.getLogger("kail")
AT_ONCE: Final = 50
"""How many of one webhook are delivered before others have its thread."""
TURN_SECONDS: Final = 5.0
"""How long it has the thread, if that comes first: else a few that are slow and take all keep everybody waiting."""
ENTERED_AT_ONCE: Final = 200
THREADS: Final = 8
LOOK_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 2.0
LEASE: Final = timedelta(seconds=120)
"""How long nobody else delivers where a worker was lost: longer than looking a host up and sending may take."""
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_OF_WEBHOOK: Final = timedelta(minutes=5)
"""At the latest so long after a receiver is there again it is told."""
LONGEST_PAUSE: Final = timedelta(hours=6)
TRIED_FOR: Final = timedelta(days=3)
"""After so long a delivery that fails once more is listed as failed: our choice."""
LEAST_TRIES: Final = 12
"""And not before so many, about six hours of them: Kail itself may have stood still, or its clock have jumped ahead."""


@dataclass(frozen=True)
class Delivery:
    """What is to be sent: a change, to which URL, signed by which secrets; whether its host is still allowed."""

    webhook_id: str
    url: str
    change: Change
    secrets: list[int]
    allowed: bool

    @property
    def body(self) -> bytes:
        """What is sent: the change as it is answered, and which webhook it is for."""
        return msgspec.json.encode(self.change.told | {"webhook": self.webhook_id})


def pause(failures: int, longest: timedelta) -> timedelta:
    """How long to wait after so many failures: five seconds, and twice as long each time."""
    return min(FIRST_PAUSE * (1 << min(failures - 1, 20)), longest)


# -- which, and in which order -----------------------------------------------------------------------------------------


def _is_due(column: Any, now: datetime, longest: timedelta) -> ColumnElement[bool]:
    """Whether a moment has come; one too far ahead was set by a clock that went back since."""
    return or_(column.is_(None), column <= now, column > now + longest)


def _may_go(now: datetime) -> ColumnElement[bool]:
    """Of deliveries: those that are due, with nothing of the same referral waiting before them."""
    before = DELIVERIES.alias()
    same = (before.c.webhook_id == DELIVERIES.c.webhook_id) & (before.c.referral_id == DELIVERIES.c.referral_id)
    earlier = exists().where(same, before.c.state == WAITING, before.c.number < DELIVERIES.c.number)
    return (DELIVERIES.c.state == WAITING) & _is_due(DELIVERIES.c.next_at, now, LONGEST_PAUSE) & ~earlier


def _is_free(now: datetime) -> ColumnElement[bool]:
    c = WEBHOOKS.c
    return or_(c.lease_ends.is_(None), c.lease_ends <= now, c.lease_ends > now + LEASE)


def due(record: Record) -> list[tuple[str, str]]:
    """The webhooks that have something to deliver now, each with its lender."""
    c = WEBHOOKS.c
    with record.read() as tx:
        new = exists().where(EVENTS.c.lender_id == c.lender_id, EVENTS.c.number > c.reached)
        old = exists().where(DELIVERIES.c.webhook_id == c.id, _may_go(tx.now))
        ready = c.stopped_at.is_(None) & _is_due(c.next_at, tx.now, LONGEST_OF_WEBHOOK) & _is_free(tx.now)
        return [(row.id, row.lender_id) for row in tx.all(select(c.id, c.lender_id).where(ready, or_(new, old)))]


# -- one webhook -------------------------------------------------------------------------------------------------------


def deliver(record: Record, webhook_id: str, lender_id: str, sender: Sender) -> int:
    """Deliver what is due of a webhook, one after the other, until one fails; return how many were taken."""
    lease, taken, tried, began = new_id(), 0, 0, time.monotonic()
    last: tuple[Delivery, Outcome] | None = None
    while True:
        with record.write(lender_id) as tx:
            in_turn = tried == 0 or (tried < AT_ONCE and time.monotonic() - began < TURN_SECONDS)
            goes_on = in_turn and not (last and last[1].trouble)
            now, delivery = tx.now, _step(tx, webhook_id, lease, last, goes_on=goes_on)
        if delivery is None:
            return taken
        last = delivery, _send(record, delivery, now, sender)
        tried, taken = tried + 1, taken + (not last[1].trouble)


def _step(
    tx: Transaction, webhook_id: str, lease: str, last: tuple[Delivery, Outcome] | None, *, goes_on: bool
) -> Delivery | None:
    """Note what became of the last one, and take the next, if there is one, in one transaction."""
    mine = WEBHOOKS.c.lease == lease if last else _is_free(tx.now)
    here = (WEBHOOKS.c.id == webhook_id) & WEBHOOKS.c.stopped_at.is_(None) & mine
    webhook = tx.one(select(WEBHOOKS).where(here))
    if webhook is None:
        return None
    values = _note(tx, webhook, *last) if last else {"reached": _enter(tx, webhook)}
    following = _following(tx, webhook) if goes_on else None
    leased = {"lease": lease, "lease_ends": tx.now + LEASE} if following else {"lease": None, "lease_ends": None}
    tx.run(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook_id).values(values | leased))
    return following


def _enter(tx: Transaction, webhook: Row[Any]) -> int:
    """Enter what is new among what waits; return how far that is."""
    new = changes_of(tx, webhook.lender_id, webhook.reached, ENTERED_AT_ONCE)
    for one in new:
        values = {"webhook_id": webhook.id, "number": one.number, "referral_id": one.referral, "state": WAITING}
        tx.run(insert(DELIVERIES).values(**values, since=tx.now, tries=0, next_at=tx.now))
    return new[-1].number if new else int(webhook.reached)


def _following(tx: Transaction, webhook: Row[Any]) -> Delivery | None:
    asked = select(DELIVERIES.c.number).where(DELIVERIES.c.webhook_id == webhook.id, _may_go(tx.now))
    # What failed comes after what was not tried yet, or one that is never taken would keep all others waiting.
    row = tx.one(asked.order_by(DELIVERIES.c.tries, DELIVERIES.c.number).limit(1))
    if row is None:
        return None
    [change] = changes_of(tx, webhook.lender_id, row.number - 1, 1)
    allowed = tx.one(select(HOSTS.c.host).where(HOSTS.c.host == host_of(webhook.url))) is not None
    return Delivery(webhook.id, webhook.url, change, numbers_of(webhook, tx.now), allowed)


def _note(tx: Transaction, webhook: Row[Any], delivery: Delivery, outcome: Outcome) -> dict[str, Any]:
    """Note what became of a delivery; return what changes of its webhook."""
    here = (DELIVERIES.c.webhook_id == webhook.id) & (DELIVERIES.c.number == delivery.change.number)
    if not outcome.trouble:
        tx.run(delete(DELIVERIES).where(here))
        return {"told_at": tx.now, "failures": 0, "next_at": None, "trouble": None, "status": None, "trouble_at": None}
    before = tx.one(select(DELIVERIES.c.tries, DELIVERIES.c.since).where(here))
    why = {"trouble": outcome.trouble, "status": outcome.status}
    if before is not None:
        is_over = tx.now - before.since >= TRIED_FOR and before.tries + 1 >= LEAST_TRIES
        state = FAILED if is_over else WAITING
        later = tx.now + pause(before.tries + 1, LONGEST_PAUSE)
        tx.run(update(DELIVERIES).where(here).values(**why, state=state, tries=before.tries + 1, next_at=later))
    failures = webhook.failures + 1
    later = tx.now + pause(failures, LONGEST_OF_WEBHOOK)
    return {**why, "trouble_at": tx.now, "failures": failures, "next_at": later}


def _send(record: Record, delivery: Delivery, now: datetime, sender: Sender) -> Outcome:
    if not delivery.allowed:
        return Outcome("host_not_allowed")
    names = [key_name(delivery.webhook_id, number) for number in delivery.secrets]
    found = record.vault.keys_of(names)
    keys = [found[name] for name in names if name in found]
    if not keys:
        return Outcome("no_secret")
    body = delivery.body
    headers = {
        "content-type": "application/json",
        "user-agent": f"kail/{__version__}",
        SIGNATURE: signature(keys, int(now.timestamp()), body),
    }
    return sender.post(delivery.url, body, headers)


# -- all of them, beside the jobs --------------------------------------------------------------------------------------


@contextmanager
def delivering(record: Record, sender: Sender, hold: Callable[[], bool]) -> Iterator[None]:
    """Deliver in threads of their own as long as this lasts; nothing while it is to hold."""
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(record, sender, hold, over), name="kail-webhooks", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _keep(record: Record, sender: Sender, hold: Callable[[], bool], over: threading.Event) -> None:
    pool, busy = ThreadPoolExecutor(THREADS, "kail-webhook"), set[str]()

    def work(webhook_id: str, lender_id: str) -> None:
        try:
            deliver(record, webhook_id, lender_id, sender)
        except Exception as error:  # away, busy or full, or a mistake of ours: it goes on where it was
            log.warning("a webhook waits: %s", type(error).__name__)
            time.sleep(AGAIN_SECONDS)
        finally:
            busy.discard(webhook_id)

    while not over.wait(LOOK_SECONDS):
        try:
            for found in [] if hold() else due(record):
                if found[0] not in busy:
                    busy.add(found[0])
                    pool.submit(work, *found)
        except Exception as error:  # as above; without this thread nothing would ever be delivered, and nobody told
            log.warning("webhooks wait: %s", type(error).__name__)
            over.wait(AGAIN_SECONDS)
    pool.shutdown(cancel_futures=True)
