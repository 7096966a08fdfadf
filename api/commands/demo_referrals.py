"""The referrals of a demo: to every lender, in every state to which people bring one, each with its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from api.consents.purposes import documents
from api.consents.service import today_of
from api.participants import agreements
from api.record.actor import Actor
from api.record.live import Live
from api.record.refusals import Refused
from api.record.transaction import Record
from api.referrals.lenders import products_of, say_room
from api.referrals.said import Said, Why
from api.referrals.service import draft, look_ahead, move
from api.referrals.stored import Referral
from matcher.programme.entries import Transition
from matcher.programme.rules import Rules

MOST_TRIED: Final = 12
"""How many people are tried for a referral: not everybody may ask for what a lender lends."""
AGO: Final = timedelta(days=3)


def refer_some(
    record: Record,
    live: Live,
    lenders: Sequence[Sequence[Actor]],
    mentors: Mapping[Actor, Sequence[str]],
    just_sent: int = 0,
) -> int:
    """Refer people of these mentors so that a referral is in every state that can be come to; return how many there are.

    `just_sent`: how many more that wait for an answer.
    """
    people = [(mentor, person) for mentor, some in mentors.items() for person in some]
    then = replace(record, clock=lambda: record.clock() - AGO)
    rules, count = live.rules, 0
    for number, officers in enumerate(lenders):
        with then.write() as tx:
            for product in products_of(tx, rules, officers[0].organisation_id)[:2]:
                say_room(
                    tx, officers[0], rules, product, ("yes", "weeks", "no")[number % 3], 3 if number % 3 == 1 else None
                )
    for number, way in enumerate([*ways(rules), *[[rules.referrals.sending]] * just_sent]):
        officers = lenders[number % len(lenders)]
        for _ in range(MOST_TRIED):
            if not people:
                return count
            mentor, person = people.pop(0)
            if _went(then, rules, mentor, person, officers, way):
                count += 1
                break
    return count


def ways(rules: Rules) -> Iterator[list[Transition]]:
    """For each state the shortest way to it by what people do, and the draft alone."""
    first = rules.referrals.first
    found: dict[str, list[Transition]] = {first.to: []}
    waiting = [first.to]
    while waiting:
        state = waiting.pop(0)
        for one in rules.referrals.transitions:
            by_people = [side for side in one.by if side in ("mentor", "lender")]
            if state in one.begins and by_people and one.to not in found:
                found[one.to] = [*found[state], one]
                waiting.append(one.to)
    yield from found.values()


def _went(
    record: Record, rules: Rules, mentor: Actor, person: str, officers: Sequence[Actor], way: Sequence[Transition]
) -> bool:
    """Refer somebody and go that way; whether it could be done."""
    lender = officers[0].organisation_id
    try:
        with record.write() as tx:
            said = {"channel": "paper", "said_on": today_of(tx), "text_version": list(documents())[-1]}
            entry = {"purpose": "referral", "recipient": lender, "given": True, "expires_on": None, **said}
            agreements.say(tx, mentor, person, entry)
            product = products_of(tx, rules, lender)[0]
            referral = draft(tx, mentor, rules, person, product, lender, None)
            for number, one in enumerate(way):
                who = mentor if "mentor" in one.by else officers[number % len(officers)]
                said_with = _said(rules, one, tx.now)
                if "pack" in one.asks:
                    packed = look_ahead(tx, mentor, rules, person, product, lender, referral.amount_idr or None)
                    said_with = replace(said_with, shown=packed.shown)
                found = move(tx, who, rules, referral.id, one.id, referral.version, said_with)
                assert isinstance(found, Referral)
                referral = found
    except Refused:
        return False
    return True


def _said(rules: Rules, one: Transition, now: datetime) -> Said:
    """What a transition asks for."""
    known = [reason for reason in rules.referrals.reasons if reason.kind == one.reasons and not reason.for_good]
    reasons = tuple(Why(reason.id, "Contoh" if reason.needs_text else "") for reason in known[:2])
    return Said(
        reasons=reasons,
        documents=("Foto tempat usaha (contoh)",) if "documents" in one.asks else (),
        amount_idr=3_000_000 if "amount" in one.asks else None,
        on=now.date() - timedelta(days=1) if "day" in one.asks else None,
        days_late=0 if "repayment" in one.asks else None,
    )
