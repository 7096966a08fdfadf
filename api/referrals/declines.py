"""Declines: what lenders' noes shut to a participant, as the matcher reads it.

A no is one lender's. Where several lend a product, a recommendation holds it back only while each of them does; whoever is
asked by a referral is asked about their own noes alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Row, bindparam, select

from api.consents.service import today_of
from api.record.transaction import Transaction
from api.referrals.lenders import lenders_by_product
from api.referrals.tables import DECLINES
from matcher.facts.declines import Decline
from matcher.programme.rules import Rules

_IN_ORDER = select(DECLINES).order_by(DECLINES.c.on, DECLINES.c.id)
_OF_ONE = _IN_ORDER.where(DECLINES.c.participant_id == bindparam("person"))
_OF_SOME = _IN_ORDER.where(DECLINES.c.participant_id.in_(bindparam("persons", expanding=True)))


def declines_of(tx: Transaction, rules: Rules, person_id: str) -> tuple[Decline, ...]:
    """The noes about a participant that hold a product back from a recommendation, the oldest first.

    Whether one is over by what is known now is the matcher's to say.
    """
    return declines_of_each(tx, rules, [person_id]).get(person_id, ())


def declines_of_each(tx: Transaction, rules: Rules, persons: Sequence[str]) -> dict[str, tuple[Decline, ...]]:
    """`declines_of` for many: only those of whom there is one."""
    rows = _rows(tx, persons)
    lend = lenders_by_product(tx, rules) if rows else {}
    found = {}
    for person, some in rows.items():
        shut: dict[str, set[str]] = {}
        for row in some:
            for product in row.products.split():
                shut.setdefault(product, set()).add(row.lender_id)
        by_all = {product for product, lenders in shut.items() if lenders >= lend.get(product, set())}
        noes = [one for row in some if (one := _read(row, by_all))]
        if noes:
            found[person] = tuple(noes)
    return found


def declines_by(tx: Transaction, person_id: str, lender_id: str) -> tuple[Decline, ...]:
    """The noes of one lender about a participant."""
    rows = _rows(tx, [person_id]).get(person_id, [])
    return tuple(one for row in rows if row.lender_id == lender_id and (one := _read(row)))


def _rows(tx: Transaction, persons: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """What has not ended by its day."""
    found: dict[str, list[Row[Any]]] = {}
    today = today_of(tx)
    some = [{"persons": persons[start : start + 500]} for start in range(0, len(persons), 500)]
    asked = [(_OF_ONE, {"person": persons[0]})] if len(persons) == 1 else [(_OF_SOME, one) for one in some]
    for statement, given in asked:
        for row in tx.sql.execute(statement, given):
            if row.until is None or row.until >= today:
                found.setdefault(row.participant_id, []).append(row)
    return found


def written(declines: Iterable[Decline]) -> list[dict[str, Any]]:
    """Declines as the inputs of a recommendation keep them, without what they do not say."""
    return [
        {name: v.isoformat() if isinstance(v, date) else v for name, v in asdict(one).items() if v not in (None, "")}
        for one in declines
    ]


def read(kept: Iterable[Mapping[str, Any]]) -> tuple[Decline, ...]:
    """What `written` wrote."""
    return tuple(
        Decline(
            **{
                **one,
                "products": tuple(one["products"]),
                "on": date.fromisoformat(one["on"]),
                "until": date.fromisoformat(one["until"]) if "until" in one else None,
            }
        )
        for one in kept
    )


def _read(row: Row[Any], only: Collection[str] | None = None) -> Decline | None:
    """A row as the matcher reads it, of these products alone; None where none is left."""
    products = tuple(one for one in row.products.split() if only is None or one in only)
    if not products:
        return None
    return Decline(
        products=products,
        reason=row.reason,
        on=row.on,
        until=row.until,
        signal=row.signal or "",
        at_least=row.at_least,
        intervention=row.intervention or "",
        starts_with=row.starts_with or "",
    )
