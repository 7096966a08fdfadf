"""News: what lenders did that a mentor has to know of or to answer, for the work list and the participant's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from api.record.transaction import Transaction
from api.referrals.lenders import names_of
from api.referrals.stored import Referral, referral_of, state_of, who_agree
from api.referrals.tables import EVENTS, REFERRALS
from matcher.programme.rules import Rules
from words.telling import Teller

WAITS, QUIET, DECLINED, MOVED = "referral_waits", "referral_quiet", "referral_declined", "referral_moved"
NEWS: Final = timedelta(days=30)
"""How long something is news: our choice."""
ORDER: Final = (WAITS, QUIET, DECLINED, MOVED)


@dataclass(frozen=True)
class News:
    """One thing about one referral. `kind`: it waits for the mentor, is silent, was declined, or came to another state."""

    kind: str
    referral: Referral
    lender: str
    reasons: tuple[str, ...] = ()

    def said(self, t: Teller) -> str:
        """The news in a sentence: who, what, why and what to begin with."""
        rules = t.rules
        args: dict[str, Any] = {"lender": self.lender, "product": self.referral.product}
        if self.kind != DECLINED:
            return t.sentence("work_list", self.kind, **args, state=state_of(rules, self.referral.state).name)
        known = {one.id: one for one in rules.referrals.reasons}
        why = " ".join(t.text(known[code].says) if code in known else t.word("refusal", code) for code in self.reasons)
        first = [known[code].consequence.starts_with for code in self.reasons if code in known]
        begins = next((name for name in first if name in rules.intervention_ids), None)
        if begins is None:
            return t.sentence("work_list", self.kind, **args, why=why)
        return t.sentence("work_list", "referral_declined_begin", **args, why=why, intervention=begins)


def news_of(
    tx: Transaction, rules: Rules, persons: Sequence[str], since: dict[str, datetime] | None = None
) -> dict[str, list[News]]:
    """What there is to know of each of these people's referrals, what has to be answered first.

    `since`: of somebody who was worked out then, what a lender did before is no news, unless it is still the mentor's turn.
    """
    found: dict[str, list[News]] = {}
    rows = [
        row
        for start in range(0, len(persons), 500)
        for row in tx.all(
            select(REFERRALS).where(
                REFERRALS.c.participant_id.in_(persons[start : start + 500]), REFERRALS.c.sent_at.is_not(None)
            )
        )
    ]
    if not rows:
        return found
    names = names_of(tx, *{row.lender_id for row in rows})
    agree = who_agree(tx, rows)
    told: list[tuple[str, Referral]] = []
    old = tx.now - NEWS
    for row in rows:
        referral = referral_of(rules, row, tx.now, agreed=row.id in agree)
        if kind := _kind(rules, referral, max((since or {}).get(row.participant_id, old), old)):
            told.append((kind, referral))
    reasons = _reasons(tx, [referral.id for kind, referral in told if kind == DECLINED])
    for kind, referral in told:
        why = reasons.get(referral.id, ()) if kind == DECLINED else ()
        news = News(kind, referral, names[referral.lender_id], why)
        found.setdefault(referral.participant_id, []).append(news)
    for some in found.values():
        some.sort(key=lambda one: (ORDER.index(one.kind), one.referral.since))
    return found


def _kind(rules: Rules, referral: Referral, then: datetime) -> str:
    state = state_of(rules, referral.state)
    if not state.ends and state.turn == "mentor":
        return WAITS
    if not state.ends and referral.quiet_at is not None:
        return QUIET
    if referral.since < then:
        return ""
    is_no = any(one.to == state.id and one.reasons == "decline" for one in rules.referrals.transitions)
    return DECLINED if is_no else MOVED if referral.since > (referral.sent_at or referral.since) else ""


def _reasons(tx: Transaction, referrals: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For which codes each of these was declined last."""
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(referrals), 500):
        some = EVENTS.c.referral_id.in_(referrals[start : start + 500]) & EVENTS.c.reasons.is_not(None)
        asked = select(EVENTS.c.referral_id, EVENTS.c.reasons).where(some)
        for row in tx.all(asked.order_by(EVENTS.c.place)):
            found[row.referral_id] = tuple(row.reasons.split())
    return found
