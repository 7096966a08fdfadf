"""Declines: what a lender's no shuts to a participant, as the matcher reads it. Written by referrals, which lie above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from api.participants.tables import DECLINES
from api.record.transaction import Transaction
from matcher.facts.declines import Decline

_IN_ORDER = select(DECLINES).order_by(DECLINES.c.on, DECLINES.c.id)


def declines_of(tx: Transaction, person_id: str) -> tuple[Decline, ...]:
    """Every no of a lender about a participant, the oldest first; whether it is over by now is the matcher's to say."""
    return declines_of_each(tx, [person_id]).get(person_id, ())


def declines_of_each(tx: Transaction, persons: Sequence[str]) -> dict[str, tuple[Decline, ...]]:
    """`declines_of` for many: only those of whom there is one."""
    found: dict[str, tuple[Decline, ...]] = {}
    for start in range(0, len(persons), 500):
        for row in tx.all(_IN_ORDER.where(DECLINES.c.participant_id.in_(persons[start : start + 500]))):
            found[row.participant_id] = (*found.get(row.participant_id, ()), _read(row))
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


def _read(row: Row[Any]) -> Decline:
    return Decline(
        products=tuple(row.products.split()),
        reason=row.reason,
        on=row.on,
        until=row.until,
        signal=row.signal or "",
        at_least=row.at_least,
        intervention=row.intervention or "",
        starts_with=row.starts_with or "",
    )
