"""Lists of referrals: a lender's queue, what a mentor sent, and what the office has to ask about since nobody answered.

A page opens no more people than it shows. Of whom the consent is gone the name is closed, and the state is that of now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, case, func, select

from api.audit.service import note
from api.participants.gate import CONTACT, let_lender, may_each, unseal_json
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.listed import (
    MOMENT,
    MOST_COUNTED,
    WHOLE,
    WORDS,
    Between,
    Choice,
    Filter,
    ListColumn,
    Listing,
    Page,
    View,
    page_in,
)
from api.record.transaction import Transaction
from api.referrals.lenders import names_of
from api.referrals.stored import Referral, closed, referral_of, state_now, state_of, who_agree
from api.referrals.tables import REFERRALS
from matcher.programme.rules import Rules

SOON: Final = timedelta(days=7)
"""What ends by itself within so long is said to end soon: our choice, a week."""
_NEXT: Final = 10
_COLUMNS: Final = (
    ListColumn("person"),
    ListColumn("product", "product", sorts=WORDS),
    ListColumn("amount_idr", "rupiah", sorts=WHOLE),
    ListColumn("area", "area", sorts=WORDS),
    ListColumn("complete", "whole", sorts=WHOLE),
    ListColumn("queued_at", "moment", sorts=MOMENT),
    ListColumn("state", "state"),
)


@dataclass(frozen=True, repr=False)
class Line:
    """A referral as a list shows it: whom it is about (None: closed), and the other organisation."""

    referral: Referral
    person: str | None
    lender: str
    pack: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        """What stands in a column."""
        return self.person if key == "person" else getattr(self.referral, key)

    @property
    def id(self) -> str:
        """The referral's id."""
        return self.referral.id


@dataclass(frozen=True)
class Day:
    """A lender's or mentor's day: how many are new, wait for them, and end within a week."""

    new: int
    ours: int
    soon: int


@lru_cache(maxsize=16)
def listing_of(rules: Rules) -> Listing:
    """What may be asked of a list of referrals."""
    products = tuple(sorted(rules.product_ids))
    states = tuple(one.id for one in rules.referrals.states if one.id != rules.referrals.first.to)
    area = rules.signals.get(rules.referrals.area)
    areas = tuple(area.values) if area else ()
    filters: list[Filter] = [
        Choice("turn", ("mentor", "lender", "nobody"), "whose_turn"),
        Choice("soon", ("soon",), "soon"),
        Choice("state", states, "state"),
        Choice("product", products, "product"),
        *([Choice("area", areas, "area")] if areas else []),
        Between("amount_idr"),
        Between("complete"),
    ]
    return Listing(_COLUMNS, "queued_at", tuple(filters))


def _by(tx: Transaction, rules: Rules) -> Mapping[str, ColumnElement[Any]]:
    turns = {one.id: one.turn for one in rules.referrals.states}
    c = REFERRALS.c
    return {
        **{name: c[name] for name in ("product", "amount_idr", "area", "complete", "queued_at", "state")},
        "turn": case(turns, value=c.state, else_="nobody"),
        "soon": case((c.due_at <= tx.now + SOON, "soon"), else_=""),
    }


def _asked(tx: Transaction, actor: Actor, rules: Rules) -> Select[Any]:
    """The referrals that an account lists: a lender's, those of a mentor's people, those that the office has to see to."""
    asked = select(REFERRALS)
    if actor.role == "lender":
        return asked.where(REFERRALS.c.lender_id == actor.organisation_id, REFERRALS.c.sent_at.is_not(None))
    ours = asked.where(REFERRALS.c.organisation_id == actor.organisation_id)
    if actor.role == "mentor":
        mine = PARTICIPANTS.c.mentor_id == actor.account_id
        return ours.join(PARTICIPANTS, PARTICIPANTS.c.id == REFERRALS.c.participant_id).where(mine)
    long_ago = tx.now - timedelta(days=rules.referrals.office_days.value)
    under_way = [one.id for one in rules.referrals.states if not one.ends]
    return ours.where(REFERRALS.c.quiet_at <= long_ago, REFERRALS.c.state.in_(under_way))


def list_referrals(tx: Transaction, actor: Actor, rules: Rules, view: View) -> Page[Line]:
    """A page of what an account lists, noted as a look at whom it shows."""
    page = page_in(tx, _asked(tx, actor, rules), _by(tx, rules), REFERRALS.c.id, view)
    rows: list[Any] = list(page.rows)
    persons = list(dict.fromkeys(row.participant_id for row in rows))
    agree = who_agree(tx, rows)
    packs: dict[str, Mapping[str, Any]] = {}
    if actor.role == "lender":
        agree, packs = packs_of(tx, rules, actor.organisation_id, rows)
        names = {number: pack.get("person", {}).get("name") or "" for number, pack in packs.items()}
    else:
        names = _names_of_ours(tx, actor, rows, persons)
    called = names_of(tx, *{row.lender_id for row in rows})
    shown = []
    for row in rows:
        referral = referral_of(rules, row, tx.now, agreed=row.id in agree)
        if actor.role == "operator" or (actor.role == "lender" and not referral.agreed):
            referral = closed(referral)
        shown.append(Line(referral, names.get(row.id), called.get(row.lender_id, ""), packs.get(row.id, {})))
    note(tx, actor, "listed_referrals", "account", actor.account_id, participants=persons)
    return page.of(shown)


FILE: Final = (
    "name",
    "phone",
    "nik",
    "product",
    "amount_idr",
    "area",
    "complete_percent",
    "state",
    "sent_at",
    "due_at",
    "id",
)


def read_out(tx: Transaction, actor: Actor, rules: Rules, view: View) -> list[list[Any]]:
    """What a lender's list shows, whom it may see, as rows of FILE: at most as many as a list counts.

    Everybody who is in it is noted.
    """
    rows: list[list[Any]] = []
    while len(rows) < MOST_COUNTED:
        page = list_referrals(tx, actor, rules, view)
        for line in page.rows:
            one, who = line.referral, line.pack.get("person", {})
            row = [who.get("name"), who.get("phone"), who.get("nik"), one.product, one.amount_idr or None, one.area]
            rows.append([*row, one.complete, one.state, one.sent_at, one.due_at, one.id])
        if page.next is None:
            break
        view = replace(view, mark=page.next)
    return rows


def to_decide(rules: Rules) -> set[str]:
    """The states in which a lender has to decide: from which it may accept, but for those in which it holds somebody."""
    held = {one.to for one in rules.referrals.transitions if one.reasons == "hold"}
    return {name for one in rules.referrals.transitions if "quota" in one.asks for name in one.begins} - held


def next_to_decide(tx: Transaction, actor: Actor, rules: Rules, after: Referral) -> str | None:
    """The id of what the asking lender has to decide next in line after a referral; at the end of the line the first.

    Looked for among the few that stand next, which are open to it today and not over.
    """
    c = REFERRALS.c
    mine = (c.lender_id == actor.organisation_id) & c.state.in_(to_decide(rules)) & (c.id != after.id)
    line = select(REFERRALS).where(mine).order_by(c.queued_at, c.id).limit(_NEXT)
    later = (c.queued_at > after.queued_at) | ((c.queued_at == after.queued_at) & (c.id > after.id))
    for some in (line.where(later), line):
        rows = tx.all(some)
        agree = who_agree(tx, rows)
        for row in rows:
            if row.id in agree and state_now(rules, row, tx.now, agreed=True) == row.state:
                return str(row.id)
    return None


def packs_of(
    tx: Transaction, rules: Rules, lender_id: str, rows: Sequence[Row[Any]]
) -> tuple[set[str], dict[str, Mapping[str, Any]]]:
    """Those of these referrals to a lender that are open to it today, and by id what it was sent of each.

    What should never have been sent, and what was taken away, is empty.
    """
    agree = who_agree(tx, rows)
    sent = {row.participant_id: row.sent_at for row in sorted(rows, key=lambda row: row.sent_at) if row.id in agree}
    there = let_lender(tx, lender_id, sent)
    found = {row.id: _pack(tx, rules, row) for row in rows if row.id in agree and row.participant_id in there}
    return set(found), found


def _pack(tx: Transaction, rules: Rules, row: Row[Any]) -> Mapping[str, Any]:
    """What a lender was sent; empty where it was taken away, or should never have been sent."""
    if row.pack is None or state_of(rules, row.state).hl7 == "entered-in-error":
        return {}
    pack: Mapping[str, Any] = unseal_json(tx, row.participant_id, REFERRALS.c.pack, row.id, row.pack)
    return pack


def _names_of_ours(tx: Transaction, actor: Actor, rows: list[Any], persons: list[str]) -> dict[str, str]:
    """The names of a mentor's own people; an operator is shown none."""
    if actor.role != "mentor" or not persons:
        return {}
    found = may_each(tx, actor, tx.all(select(PARTICIPANTS).where(PARTICIPANTS.c.id.in_(persons))), CONTACT)
    return {row.id: found[row.participant_id].identity.get("name", "") for row in rows if row.participant_id in found}


def day_of(tx: Transaction, actor: Actor, rules: Rules) -> Day:
    """What is new, what waits for whoever asks, and what ends within a week."""
    by = _by(tx, rules)
    asked = _asked(tx, actor, rules)
    side = "lender" if actor.role == "lender" else "mentor"
    under_way = REFERRALS.c.state.in_([one.id for one in rules.referrals.states if not one.ends])

    def count(*more: ColumnElement[bool]) -> int:
        counted = asked.where(under_way, *more).with_only_columns(func.count(), maintain_column_froms=True)
        return int(tx.sql.execute(counted.order_by(None)).scalar_one())

    return Day(
        new=count(REFERRALS.c.state == rules.referrals.sending.to),
        ours=count(by["turn"] == side),
        soon=count(by["soon"] == "soon"),
    )
