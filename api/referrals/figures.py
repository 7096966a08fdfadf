"""Figures of a lender, of this quarter of Jakarta's calendar: for which reasons it declined, what each condition costs.

They name nobody, and are exact however small: of whom something is counted the lender has the pack before it anyway. Whoever
took their consent back, or was erased, is in none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from api.audit.service import note
from api.consents.service import today_of
from api.record.actor import Actor
from api.record.transaction import Transaction
from api.referrals.lenders import products_of
from api.referrals.queue import packs_of
from api.referrals.tables import EVENTS, REFERRALS
from matcher.facts.participant import Fact, Known, Participant, know, read_value
from matcher.programme.rules import Rules
from matcher.relaxing import Relaxed, relaxed
from words.telling import teller

MOST_OPENED: Final = 2_000
"""Referrals of a quarter whose packs are opened to count: our bound."""


def quarter_of(day: date) -> date:
    """The first day of the quarter in which a day lies."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def begin_of(tx: Transaction, rules: Rules) -> datetime:
    """When this quarter began."""
    first = quarter_of(today_of(tx))
    return datetime(first.year, first.month, 1, tzinfo=ZoneInfo(rules.programme.timezone)).astimezone(UTC)


def reasons_of(tx: Transaction, actor: Actor, rules: Rules) -> list[tuple[str, int]]:
    """For each reason how many of the asking lender's referrals were declined for it this quarter, the commonest first.

    Of whom was erased since no reason is kept.
    """
    begins = begin_of(tx, rules)
    noes = [one.id for one in rules.referrals.transitions if one.reasons == "decline"]
    mine = (REFERRALS.c.lender_id == actor.organisation_id) & (EVENTS.c.at >= begins) & EVENTS.c.move.in_(noes)
    asked = select(EVENTS.c.reasons).join(REFERRALS, REFERRALS.c.id == EVENTS.c.referral_id)
    counted = Counter(code for row in tx.all(asked.where(mine)) for code in (row.reasons or "").split())
    return counted.most_common()


# -- what each condition costs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """A published condition made one step easier, and how many more of the referrals would then meet all of them."""

    condition: Relaxed
    more: int


@dataclass(frozen=True)
class Costs:
    """Of a product: how many referrals were counted, how many of them meet all, and what each condition costs.

    `otherwise`: made under conditions that are no longer those of today, and not counted.
    """

    product: str
    counted: int
    met: int
    otherwise: int
    conditions: tuple[Cost, ...]


def costs_of(tx: Transaction, actor: Actor, rules: Rules) -> tuple[list[Costs], bool]:
    """What each condition of the asking lender's products costs; and whether there are more referrals than were counted.

    Counted are those of this quarter that it may open today, whatever became of them, the latest MOST_OPENED. How the
    conditions stand is what their packs say; a relaxed one is asked of the facts in the pack as they were that day. Somebody
    is one more where all the others are met, or count as met.
    """
    products = products_of(tx, rules, actor.organisation_id)
    c = REFERRALS.c
    mine = (c.lender_id == actor.organisation_id) & (c.sent_at >= begin_of(tx, rules)) & c.product.in_(products)
    rows = tx.all(select(REFERRALS).where(mine).order_by(c.sent_at.desc(), c.id).limit(MOST_OPENED + 1))
    _, packs = packs_of(tx, rules, actor.organisation_id, rows[:MOST_OPENED])
    note(tx, actor, "counted_conditions", "organisation", actor.organisation_id)
    found: dict[str, list[Mapping[str, Any]]] = {product: [] for product in products}
    for row in rows[:MOST_OPENED]:
        if pack := packs.get(row.id):
            found[row.product].append(pack)
    return [_costs(rules, product, some) for product, some in found.items()], len(rows) > MOST_OPENED


@dataclass(frozen=True)
class Figures:
    """All figures of a lender since the first day of the quarter. `left_out`: there are more referrals than were counted."""

    since: date
    declined: list[tuple[str, int]]
    products: list[Costs]
    left_out: bool


def figures_of(tx: Transaction, actor: Actor, rules: Rules) -> Figures:
    """The figures of the asking lender."""
    costs, left_out = costs_of(tx, actor, rules)
    return Figures(quarter_of(today_of(tx)), reasons_of(tx, actor, rules), costs, left_out)


def _costs(rules: Rules, product: str, packs: Iterable[Mapping[str, Any]]) -> Costs:
    criteria = [rule.criterion for rule in rules.product_ids[product].criteria]
    tellers = {language: teller(rules, language) for language in rules.programme.languages}
    told = [{language: t.criterion(one) for language, t in tellers.items()} for one in criteria]
    easier = [relaxed(rules, one) for one in criteria]
    counted = met = otherwise = 0
    more = [0] * len(criteria)
    for pack in packs:
        if [one["condition"] for one in pack["conditions"]] != told:
            otherwise += 1
            continue
        counted += 1
        lacking = [place for place, one in enumerate(pack["conditions"]) if one["state"] not in ("met", "assumed")]
        met += not lacking
        if len(lacking) == 1:
            [place] = lacking
            more[place] += easier[place].to is None or easier[place].truth(known_then(rules, pack)) is True
    costs = tuple(Cost(one, many) for one, many in zip(easier, more, strict=True))
    return Costs(product, counted, met, otherwise, costs)


def known_then(rules: Rules, pack: Mapping[str, Any]) -> Known:
    """What the facts of a pack say by today's rules, as old as they were when it was made: time alone changes nothing."""
    passed = rules.day - date.fromisoformat(pack["as_of"])
    facts = {}
    for one in pack["evidence"]:
        signal = rules.signals.get(one["signal"])
        if signal is None or signal.derived or one["value"] is None:
            continue
        value, _ = read_value(signal, one["value"])
        if isinstance(value, date):
            value += passed
        if value is not None:
            sure = one.get("sure", False)
            facts[signal.id] = Fact(value, rules.day - timedelta(days=one["age_days"]), sure=sure)
    participant = Participant(rules.day, facts)
    asked = rules.roles.get("amount_asked")
    return know(rules, participant.with_facts(**{asked: pack["amount_idr"]}) if asked else participant)
