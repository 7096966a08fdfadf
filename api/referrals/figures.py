"""Figures of a lender: for which reasons it declined, this quarter of Jakarta's calendar."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from api.consents.service import today_of
from api.record.actor import Actor
from api.record.transaction import Transaction
from api.referrals.tables import EVENTS, REFERRALS
from matcher.programme.rules import Rules


def quarter_of(day: date) -> date:
    """The first day of the quarter in which a day lies."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def reasons_of(tx: Transaction, actor: Actor, rules: Rules) -> list[tuple[str, int]]:
    """For each reason how many of the asking lender's referrals were declined for it this quarter, the commonest first.

    Of whom was erased since no reason is kept.
    """
    first = quarter_of(today_of(tx))
    begins = datetime(first.year, first.month, 1, tzinfo=ZoneInfo(rules.programme.timezone)).astimezone(UTC)
    noes = [one.id for one in rules.referrals.transitions if one.reasons == "decline"]
    mine = (REFERRALS.c.lender_id == actor.organisation_id) & (EVENTS.c.at >= begins) & EVENTS.c.move.in_(noes)
    asked = select(EVENTS.c.reasons).join(REFERRALS, REFERRALS.c.id == EVENTS.c.referral_id)
    counted = Counter(code for row in tx.all(asked.where(mine)) for code in (row.reasons or "").split())
    return counted.most_common()
