"""Quotas: how many a lender takes of a product in a month of Jakarta, and for how much. A place is taken by accepting.

What is taken is counted from the referrals themselves, under their lender's lock: there is no counter that could differ.
A place that is given back is free at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from api.audit.service import note
from api.consents.service import today_of
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.referrals.lenders import products_of
from api.referrals.sweeping import gone_without
from api.referrals.tables import QUOTAS, REFERRALS
from matcher.programme.rules import Rules

MOST_AHEAD: Final = 12


@dataclass(frozen=True)
class Quota:
    """A lender's quota of a product in a month; None: no bound. `taken`, `taken_idr`: what is promised of it by now."""

    product: str
    month: str
    most: int | None
    most_idr: int | None
    taken: int
    taken_idr: int
    version: int

    @property
    def left(self) -> int | None:
        """How many are left."""
        return None if self.most is None else max(self.most - self.taken, 0)


def this_month(tx: Transaction) -> str:
    """The month that it is in Jakarta: 2026-12."""
    return f"{today_of(tx):%Y-%m}"


def quota_of(tx: Transaction, rules: Rules, lender_id: str, product: str, month: str) -> Quota:
    """A lender's quota of a product, and what of it is taken; version 0 where none was set for that month.

    Then the one set last for a month before goes on. What time or a lost consent has ended takes no place any more, whether
    that is written down yet or not.
    """
    here = (QUOTAS.c.lender_id == lender_id) & (QUOTAS.c.product == product) & (QUOTAS.c.month <= month)
    row = tx.one(select(QUOTAS).where(here).order_by(QUOTAS.c.month.desc()).limit(1))
    c = REFERRALS.c
    promised = (c.lender_id == lender_id) & (c.product == product) & (c.quota_month == month)
    freed = [one.id for one in rules.referrals.states if one.then and not rules.referrals.state(one.then).holds_quota]
    promised &= ~(c.state.in_(freed) & (c.due_at <= tx.now))
    if gone := gone_without(tx, rules, promised):
        promised &= c.id.not_in(gone)
    asked = select(func.count(), func.coalesce(func.sum(c.quota_idr), 0)).select_from(REFERRALS)
    count, amount = tx.sql.execute(asked.where(promised)).one()
    most, most_idr = (row.most, row.most_idr) if row else (None, None)
    version = row.version if row and row.month == month else 0
    return Quota(product, month, most, most_idr, int(count), int(amount), version)


def check_room(tx: Transaction, rules: Rules, lender_id: str, product: str, amount_idr: int) -> str:
    """See that there is a place in this month's quota; return the month.

    Raises:
        Refused: 409 where it is full, in number or in rupiah.
    """
    quota = quota_of(tx, rules, lender_id, product, this_month(tx))
    if quota.most is not None and quota.taken >= quota.most:
        raise Refused(409, Trouble("quota", "quota_full", quota.most, month=quota.month))
    if quota.most_idr is not None and quota.taken_idr + amount_idr > quota.most_idr:
        left = max(quota.most_idr - quota.taken_idr, 0)
        raise Refused(409, Trouble("quota", "quota_full_idr", amount_idr, month=quota.month, left_idr=left))
    return quota.month


def set_quota(
    tx: Transaction,
    actor: Actor,
    rules: Rules,
    product: str,
    month: str,
    version: int,
    *,
    most: int | None,
    most_idr: int | None,
) -> int:
    """Set the quota of one of the asking lender's products in a month; return its new version.

    Raises:
        Refused: 400 for another lender's product or a month that is over or far ahead; 409 where it was set meanwhile, or
            less would be left than is promised already.
    """
    troubles = []
    if product not in products_of(tx, rules, actor.organisation_id):
        troubles.append(Trouble("product", "not_your_product", product))
    is_month = re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month)
    if not is_month or not this_month(tx) <= month <= _ahead(this_month(tx)):
        troubles.append(Trouble("month", "no_quota_month", month, first=this_month(tx), last=_ahead(this_month(tx))))
    if troubles:
        raise Refused(400, *troubles)
    quota = quota_of(tx, rules, actor.organisation_id, product, month)
    if version != quota.version:
        raise Refused(409, Trouble("version", "stale", version))
    if most is not None and most < quota.taken:
        troubles.append(Trouble("most", "quota_below_promised", most, promised=quota.taken))
    if most_idr is not None and most_idr < quota.taken_idr:
        troubles.append(Trouble("most_idr", "quota_below_promised_idr", most_idr, promised_idr=quota.taken_idr))
    if troubles:
        raise Refused(409, *troubles)
    values: dict[str, Any] = {"most": most, "most_idr": most_idr, "version": version + 1}
    here = (QUOTAS.c.lender_id == actor.organisation_id) & (QUOTAS.c.product == product) & (QUOTAS.c.month == month)
    if not tx.run(update(QUOTAS).where(here).values(values)):
        tx.run(insert(QUOTAS).values(lender_id=actor.organisation_id, product=product, month=month, **values))
    note(tx, actor, "set_quota", "organisation", actor.organisation_id, product=product, month=month, most=most)
    return version + 1


def _ahead(month: str) -> str:
    year, number = map(int, month.split("-"))
    number += MOST_AHEAD
    return f"{year + (number - 1) // 12}-{(number - 1) % 12 + 1:02d}"


def quotas_of(tx: Transaction, rules: Rules, lender_id: str, month: str) -> list[Quota]:
    """A lender's quotas in a month, of each product that it lends."""
    return [quota_of(tx, rules, lender_id, product, month) for product in products_of(tx, rules, lender_id)]
