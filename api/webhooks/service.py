"""What can be done with webhooks: set up, given a new secret, tried again, stopped; and to which hosts they may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update

from api.audit.service import note
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id
from api.referrals.changes import newest
from api.referrals.lenders import check_no_lender
from api.referrals.tables import EVENTS
from api.webhooks.addresses import Network, read_host, troubles_of
from api.webhooks.signing import BOTH, key_name, secret_of
from api.webhooks.tables import DELIVERIES, FAILED, HOSTS, WAITING, WEBHOOKS

MOST: Final = 5
"""Of one lender at once."""
MOST_SHOWN: Final = 50
STATES: Final = ("works", "fails", "stopped")
TROUBLES: Final = (
    "unknown_host",
    "closed_address",
    "no_connection",
    "no_tls",
    "slow",
    "no_answer",
    "redirects",
    "not_taken",
    "host_not_allowed",
    "no_secret",
)
"""Why a delivery fails, as a code; of what a receiver answered no more than its status is kept."""


@dataclass(frozen=True)
class Lost:
    """A delivery that was tried for days, with what it is about, and why it failed last."""

    id: str
    referral: str
    move: str
    at: datetime
    tries: int
    trouble: str
    status: int | None


@dataclass(frozen=True)
class Webhook:
    """A webhook as its lender sees it. `failed`: the first of those that failed for good, `lost` how many there are."""

    id: str
    url: str
    state: str
    made_at: datetime
    stopped_at: datetime | None
    told_at: datetime | None
    trouble: str | None
    status: int | None
    trouble_at: datetime | None
    next_at: datetime | None
    old_secret_until: datetime | None
    waiting: int
    lost: int
    failed: Sequence[Lost]


def webhooks_of(tx: Transaction, actor: Actor) -> list[Webhook]:
    """The asking lender's webhooks, the latest first."""
    mine = select(WEBHOOKS).where(WEBHOOKS.c.lender_id == actor.organisation_id)
    return [_seen(tx, row) for row in tx.all(mine.order_by(WEBHOOKS.c.made_at.desc(), WEBHOOKS.c.id))]


def _seen(tx: Transaction, row: Row[Any]) -> Webhook:
    c = DELIVERIES.c
    counted = select(c.state, func.count()).where(c.webhook_id == row.id).group_by(c.state)
    many = {state: count for state, count in tx.all(counted)}
    behind = select(func.count()).where(EVENTS.c.lender_id == row.lender_id, EVENTS.c.number > row.reached)
    new = int(tx.sql.execute(behind).scalar_one()) if row.stopped_at is None else 0
    kept = ("id", "url", "made_at", "stopped_at", "told_at", "trouble", "status", "trouble_at", "next_at")
    until = row.rotated_at + BOTH if row.rotated_at else None
    return Webhook(
        **{name: getattr(row, name) for name in kept},
        state="stopped" if row.stopped_at else "fails" if row.failures else "works",
        old_secret_until=until if until and until > tx.now else None,
        waiting=many.get(WAITING, 0) + new,
        lost=many.get(FAILED, 0),
        failed=_failed(tx, row) if many.get(FAILED) else (),
    )


def _failed(tx: Transaction, row: Row[Any]) -> list[Lost]:
    e, d = EVENTS.c, DELIVERIES.c
    asked = select(e.id, e.referral_id, e.move, e.at, d.tries, d.trouble, d.status).join(
        EVENTS, (e.number == d.number) & (e.lender_id == row.lender_id)
    )
    mine = (d.webhook_id == row.id) & (d.state == FAILED)
    return [Lost(*one) for one in tx.all(asked.where(mine).order_by(d.number).limit(MOST_SHOWN))]


def _find(tx: Transaction, actor: Actor, webhook_id: str) -> Row[Any]:
    mine = (WEBHOOKS.c.id == webhook_id) & (WEBHOOKS.c.lender_id == actor.organisation_id)
    row = tx.one(select(WEBHOOKS).where(mine))
    if row is None:
        raise Refused(404, Trouble("webhook", "not_found"))
    return row


def _find_live(tx: Transaction, actor: Actor, webhook_id: str) -> Row[Any]:
    row = _find(tx, actor, webhook_id)
    if row.stopped_at is not None:
        raise Refused(409, Trouble("webhook", "webhook_stopped"))
    return row


# -- a lender's own ----------------------------------------------------------------------------------------------------


def add(tx: Transaction, actor: Actor, url: str, networks: Sequence[Network]) -> tuple[str, str]:
    """Have the asking lender's changes from now on sent to a URL; return the webhook's id and its secret, told once.

    Raises:
        Refused: 400 for a URL to which nothing may be sent, with every reason; 409 where it has that one, or too many.
    """
    if troubles := troubles_of(url, hosts(tx), networks):
        raise Refused(400, *troubles)
    live = (WEBHOOKS.c.lender_id == actor.organisation_id) & WEBHOOKS.c.stopped_at.is_(None)
    there = tx.all(select(WEBHOOKS.c.url).where(live))
    if url in [row.url for row in there]:
        raise Refused(409, Trouble("url", "webhook_there", url))
    if len(there) >= MOST:
        raise Refused(409, Trouble("url", "many_webhooks", most=MOST))
    webhook = new_id()
    values = {"id": webhook, "lender_id": actor.organisation_id, "url": url, "made_at": tx.now, "secret": 1}
    tx.run(insert(WEBHOOKS).values(**values, reached=newest(tx, actor.organisation_id), failures=0))
    note(tx, actor, "added", "webhook", webhook)
    return webhook, secret_of(tx.vault.make(key_name(webhook, 1)))


def rotate(tx: Transaction, actor: Actor, webhook_id: str) -> str:
    """Give a webhook a new secret, told once. The one before it signs for a day more, any older one no longer.

    Raises:
        Refused: 404; 409 where it was stopped.
    """
    row = _find_live(tx, actor, webhook_id)
    number = row.secret + 1
    tx.run(update(WEBHOOKS).where(WEBHOOKS.c.id == row.id).values(secret=number, rotated_at=tx.now))
    note(tx, actor, "rotated_secret", "webhook", row.id)
    # The new one may be there: told to nobody, by a rotation that was cut off. Nothing else would ever get past it.
    tx.vault.destroy([key_name(row.id, number - 2), key_name(row.id, number)])
    return secret_of(tx.vault.make(key_name(row.id, number)))


def try_again(tx: Transaction, actor: Actor, webhook_id: str) -> int:
    """Send again what failed, and at once what waits for its turn; return how much had failed.

    Raises:
        Refused: 404; 409 where it was stopped.
    """
    row = _find_live(tx, actor, webhook_id)
    here = DELIVERIES.c.webhook_id == row.id
    anew = {"state": WAITING, "since": tx.now, "tries": 0}
    many = tx.run(update(DELIVERIES).where(here, DELIVERIES.c.state == FAILED).values(anew))
    tx.run(update(DELIVERIES).where(here).values(next_at=tx.now))
    tx.run(update(WEBHOOKS).where(WEBHOOKS.c.id == row.id).values(next_at=None))
    note(tx, actor, "sent_again", "webhook", row.id, count=many)
    return many


def stop(tx: Transaction, actor: Actor, webhook_id: str) -> None:
    """Send nothing more to a webhook, for good. Once more it changes nothing.

    Raises:
        Refused: 404.
    """
    row = _find(tx, actor, webhook_id)
    if row.stopped_at is None:
        tx.run(update(WEBHOOKS).where(WEBHOOKS.c.id == row.id).values(stopped_at=tx.now, lease=None, lease_ends=None))
        tx.run(delete(DELIVERIES).where(DELIVERIES.c.webhook_id == row.id))
        note(tx, actor, "stopped", "webhook", row.id)
        tx.vault.destroy([key_name(row.id, number) for number in (row.secret, row.secret - 1)])


# -- where they may go -------------------------------------------------------------------------------------------------


def hosts(tx: Transaction) -> list[str]:
    """To which hosts webhooks may go."""
    return [row.host for row in tx.all(select(HOSTS.c.host).order_by(HOSTS.c.host))]


def see_hosts(tx: Transaction, actor: Actor) -> list[str]:
    """`hosts`, for an operator.

    Raises:
        Refused: 403 for an operator of an organisation that lends.
    """
    check_no_lender(tx, actor)
    return hosts(tx)


def allow(tx: Transaction, actor: Actor, text: str) -> str:
    """Let webhooks go to a host; return how it is written. Once more it changes nothing.

    Raises:
        Refused: 400 for what is no host; 403 for an operator of an organisation that lends.
    """
    check_no_lender(tx, actor)
    host = read_host(text)
    if not host:
        raise Refused(400, Trouble("host", "no_host", text))
    if host not in hosts(tx):
        tx.run(insert(HOSTS).values(host=host, allowed_at=tx.now))
        note(tx, actor, "allowed_host", "installation", "webhooks", host=host)
    return host


def disallow(tx: Transaction, actor: Actor, text: str) -> None:
    """Let webhooks no longer go to a host; what waits for it fails until it is allowed again.

    Raises:
        Refused: 404; 403 for an operator of an organisation that lends.
    """
    check_no_lender(tx, actor)
    if not tx.run(delete(HOSTS).where(HOSTS.c.host == text.strip().lower())):
        raise Refused(404, Trouble("host", "not_found"))
    note(tx, actor, "disallowed_host", "installation", "webhooks", host=text.strip().lower())
