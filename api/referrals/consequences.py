"""Consequences: what a lender's no shuts to the participant, and what opens it again, as the programme's reasons say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import delete, insert

from api.consents.service import today_of
from api.record.transaction import Transaction, new_id
from api.referrals.lenders import products_of
from api.referrals.said import Why
from api.referrals.stored import Referral
from api.referrals.tables import DECLINES
from matcher.programme.entries import Reason
from matcher.programme.rules import Rules

MOST_TIMES: Final = 10


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
        shut = (products_of(tx, rules, referral.lender_id) if whole else []) or [referral.product]
        whose = {"referral_id": referral.id, "participant_id": referral.participant_id, "lender_id": referral.lender_id}
        row: dict[str, Any] = {"id": new_id(), **whose, "product": referral.product, "products": " ".join(shut)}
        row |= {"reason": reason.id, "on": today_of(tx)}
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


def told_of(rules: Rules, referral: Referral) -> dict[str, list[tuple[str, Any]]]:
    """By reason that asks for something to be done first what its pack says of that: whoever declines for it sees it."""
    told = {fact["signal"]: fact["value"] for fact in (referral.pack or {}).get("evidence", ())}
    found: dict[str, list[tuple[str, Any]]] = {}
    for reason in rules.referrals.reasons:
        step = rules.intervention_ids.get(reason.consequence.intervention)
        names = rules.signals_in(step.changes | step.reveals) if step else ()
        if known := [(name, told[name]) for name in names if told.get(name) is not None]:
            found[reason.id] = known
    return found


def take_back(tx: Transaction, referral: Referral) -> None:
    """Open again what a no shut that was a mistake. What two officers shut for good one does not open."""
    for_ever = DECLINES.c.until.is_(None) & DECLINES.c.signal.is_(None) & DECLINES.c.intervention.is_(None)
    tx.run(delete(DECLINES).where(DECLINES.c.referral_id == referral.id, ~for_ever))


def most_of(rules: Rules, referral: Referral, reason: Reason) -> int:
    """How much more of a number may be asked for: what can be come to, at most ten times what the programme says: ours."""
    consequence = reason.consequence
    signal = rules.signals.get(consequence.signal)
    if consequence.kind != "more" or signal is None:
        return 0
    return min(signal.maximum - _value_in(referral, consequence.signal), MOST_TIMES * consequence.more)


def _value_in(referral: Referral, signal: str) -> int:
    """What the lender was told of a signal; of what nobody knew, nothing counts."""
    for fact in (referral.pack or {}).get("evidence", ()):
        if fact["signal"] == signal and isinstance(fact["value"], int):
            return int(fact["value"])
    return 0
