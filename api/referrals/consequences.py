"""Consequences: what a lender's no shuts to the participant, and what opens it again, as the programme's reasons say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert

from api.consents.service import today_of
from api.participants.tables import DECLINES
from api.record.transaction import Transaction, new_id
from api.referrals.lenders import products_of
from api.referrals.said import Why
from api.referrals.stored import Referral
from matcher.programme.entries import Reason
from matcher.programme.rules import Rules


def for_good(rules: Rules, reasons: Iterable[Why]) -> list[str]:
    """The codes among these that would shut a door for good, for which one officer is not enough."""
    known = {one.id: one for one in rules.referrals.reasons}
    return [why.code for why in reasons if known[why.code].for_good]


def keep(tx: Transaction, rules: Rules, referral: Referral, reasons: Iterable[Why]) -> None:
    """Keep what a no shuts: a row for each reason that shuts anything."""
    known = {one.id: one for one in rules.referrals.reasons}
    for why in reasons:
        reason = known[why.code]
        values = _values(rules, referral, reason, why, today_of(tx))
        if values is None:
            continue
        whole = reason.consequence.kind == "not_this_lender"
        shut = products_of(tx, rules, referral.lender_id) if whole else [referral.product]
        row: dict[str, Any] = {"id": new_id(), "referral_id": referral.id, "participant_id": referral.participant_id}
        row |= {"product": referral.product, "products": " ".join(shut), "reason": reason.id, "on": today_of(tx)}
        tx.run(insert(DECLINES).values(row | values))


def _values(rules: Rules, referral: Referral, reason: Reason, why: Why, today: date) -> dict[str, Any] | None:
    """What opens it again; None where nothing is shut."""
    consequence = reason.consequence
    found: dict[str, Any] = {"starts_with": consequence.starts_with or None}
    if consequence.kind == "more":
        have = _value_in(referral, consequence.signal)
        return found | {"signal": consequence.signal, "at_least": have + (why.more or consequence.more)}
    if consequence.kind == "first":
        return found | {"intervention": consequence.intervention}
    if consequence.days is not None:
        found["until"] = today + timedelta(days=consequence.days.value)
    return None if consequence.kind == "none" else found


def _value_in(referral: Referral, signal: str) -> int:
    """What the lender was told of a signal; of what nobody knew, nothing counts."""
    for fact in (referral.pack or {}).get("evidence", ()):
        if fact["signal"] == signal and isinstance(fact["value"], int):
            return int(fact["value"])
    return 0
