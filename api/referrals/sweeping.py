"""What becomes of referrals by itself: time and a consent that is gone end them; a silent one asks whether it still lives.

That they are over is told at every request anyway (`stored.state_now`); here it is written down, with what follows from it,
so that a place in a quota is free again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, exists, or_, select, update

from api.audit.service import note
from api.consents.service import today_of
from api.consents.tables import CONSENTS
from api.participants.tables import PARTICIPANTS
from api.record.live import Live
from api.record.transaction import Record, Transaction
from api.referrals.stored import add_event, due_after, referral_of, state_of, who_agree
from api.referrals.tables import REFERRALS
from matcher.programme.rules import Rules

AT_ONCE: Final = 20
"""How many are written down in one transaction, so that nobody waits for long."""
ASKED: Final = "asked_if_it_lives"

log = logging.getLogger("kail")


def sweep(record: Record, live: Live) -> int:
    """End what is over and ask about what is silent, some at a time; return how many that were."""
    count = 0
    while found := _some(record, live):
        count += len(found)
    if count:
        log.info("%d referrals ended by themselves or were asked about", count)
    return count


def _some(record: Record, live: Live) -> list[Row[Any]]:
    with record.read() as tx:
        if not _due(tx, live.rules):
            return []
    with record.write() as tx:
        rows = _due(tx, live.rules)
        for row in rows:
            _see_to(tx, live.rules, row)
    return rows


def _due(tx: Transaction, rules: Rules) -> list[Row[Any]]:
    """Some of which something is to be written down."""
    first = tx.all(select(REFERRALS).where(or_(_over(tx, rules), _silent(tx, rules))).limit(AT_ONCE))
    if first:
        return list(first)
    maybe = tx.all(select(REFERRALS).where(may_lack_consent(tx, rules)))
    agree = _who_agree(tx, maybe)
    return [row for row in maybe if row.id not in agree][:AT_ONCE]


def _over(tx: Transaction, rules: Rules) -> ColumnElement[bool]:
    ending = [state.id for state in rules.referrals.states if state.then]
    return REFERRALS.c.state.in_(ending) & (REFERRALS.c.due_at <= tx.now)


def _silent(tx: Transaction, rules: Rules) -> ColumnElement[bool]:
    under_way = [state.id for state in rules.referrals.states if not state.ends]
    long_ago = tx.now - timedelta(days=rules.referrals.quiet_days.value)
    sent = REFERRALS.c.state.in_(under_way) & REFERRALS.c.sent_at.is_not(None)
    return sent & (REFERRALS.c.heard_at <= long_ago) & REFERRALS.c.quiet_at.is_(None)


def may_lack_consent(tx: Transaction, rules: Rules) -> ColumnElement[bool]:
    """Of whom something was said since it was sent that it may hang on, or has run out, or who are erased."""
    sent = REFERRALS.c.state.in_(rules.referrals.without_consent.begins) & REFERRALS.c.sent_at.is_not(None)
    theirs = CONSENTS.c.person_id == REFERRALS.c.participant_id
    about = (CONSENTS.c.purpose == "record") | (CONSENTS.c.recipient == REFERRALS.c.lender_id)
    since = (CONSENTS.c.recorded_at >= REFERRALS.c.sent_at) | (CONSENTS.c.expires_on < today_of(tx))
    erased = exists().where(PARTICIPANTS.c.id == REFERRALS.c.participant_id, PARTICIPANTS.c.sealed.is_(None))
    return sent & or_(exists().where(theirs, about, since), erased)


def _who_agree(tx: Transaction, rows: Sequence[Row[Any]]) -> set[str]:
    """Those of these referrals whose participants are there and agree."""
    persons = {row.participant_id for row in rows}
    asked = select(PARTICIPANTS.c.id).where(PARTICIPANTS.c.id.in_(persons), PARTICIPANTS.c.sealed.is_not(None))
    there = {row.id for row in tx.all(asked)}
    return who_agree(tx, [row for row in rows if row.participant_id in there])


def gone_without(tx: Transaction, rules: Rules, *which: ColumnElement[bool]) -> set[str]:
    """The ids of referrals whose consent is gone although that is not written down yet."""
    maybe = tx.all(select(REFERRALS).where(may_lack_consent(tx, rules), *which))
    return {row.id for row in maybe} - _who_agree(tx, maybe)


def _see_to(tx: Transaction, rules: Rules, row: Row[Any]) -> None:
    agreed = bool(_who_agree(tx, [row]))
    referral = referral_of(rules, row, tx.now, agreed=agreed)
    values: dict[str, Any] = {"version": row.version + 1}
    if referral.state == referral.stored:
        move, values = ASKED, {"quiet_at": tx.now}
    else:
        ended = rules.referrals.without_consent
        by_time = next(
            (one for one in rules.referrals.transitions if "kail" in one.by and one.to == referral.state), ended
        )
        move = ended.id if not agreed and referral.state == ended.to else by_time.id
        values |= {"state": referral.state, "since": tx.now, "due_at": due_after(rules, referral.state, tx.now)}
        values |= {"quiet_at": None, "heard_at": tx.now}
        if not state_of(rules, referral.state).holds_quota:
            values |= {"quota_month": None, "quota_idr": 0}
    tx.run(update(REFERRALS).where(REFERRALS.c.id == row.id).values(values))
    add_event(tx, None, referral, move, referral.state)
    whose = {"organisation_id": row.organisation_id, "participants": [row.participant_id]}
    note(tx, None, move, "referral", row.id, **whose)
